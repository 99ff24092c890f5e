//! A repository of a registry as the end of a copy: every verb is some requests.

use std::sync::Arc;

use async_trait::async_trait;
use digest::Digest;

use crate::{
    Body, Descriptor, Download, Error, Kind, Manifest, Pushed, Reference, Start, Wanted, delete,
    exchange::Exchange,
    flight::Flights,
    pages, push, referrers, registry,
    scope::Scope,
    source::{Listed, Source, Target},
    upload,
};

/// What all repositories of a client share.
pub(crate) struct Shared {
    pub(crate) exchange: Arc<Exchange>,
    resolving: Flights<Descriptor>,
    fetching: Flights<Manifest>,
}

impl Shared {
    pub(crate) fn new(exchange: Arc<Exchange>) -> Self {
        Self { exchange, resolving: Flights::default(), fetching: Flights::default() }
    }
}

/// One repository.
pub(crate) struct Repository {
    shared: Arc<Shared>,
    reference: Reference,
}

impl Repository {
    pub(crate) fn new(shared: Arc<Shared>, reference: Reference) -> Self {
        Self { shared, reference }
    }

    /// What is wanted of this repository; by default what the reference says.
    fn at(&self, wanted: Option<Wanted<'_>>) -> Result<Reference, Error> {
        match wanted {
            None => Ok(self.reference.clone()),
            Some(Wanted::Digest(digest)) => Ok(self.reference.with_digest(digest.clone())),
            Some(Wanted::Tag(tag)) => {
                let found = self.reference.with_tag(tag);
                found.map_err(|source| Error::Name { name: tag.to_owned(), source })
            }
        }
    }
}

#[async_trait]
impl Source for Repository {
    async fn resolve(&self, wanted: Option<Wanted<'_>>) -> Result<Descriptor, Error> {
        let reference = self.at(wanted)?;
        let work = registry::resolve(&self.shared.exchange, &reference);
        self.shared.resolving.share(&reference.to_string(), work).await
    }

    async fn manifest(&self, wanted: Option<Wanted<'_>>) -> Result<Manifest, Error> {
        let reference = self.at(wanted)?;
        let work = registry::manifest(&self.shared.exchange, &reference);
        self.shared.fetching.share(&reference.to_string(), work).await
    }

    async fn blob(&self, start: Start) -> Result<Download, Error> {
        let what = format!("blob {} of oci://{}", start.expected, self.reference);
        let ask = registry::blob(&self.shared.exchange, &self.reference, &start.expected)?;
        let exchange = Arc::clone(&self.shared.exchange);
        let download = Download::begin(exchange, vec![ask], start).await;
        download.map_err(|error| error.about(&what))
    }

    async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let scope = Scope::pull(self.reference.repository());
        registry::blob_size(&self.shared.exchange, &self.reference, digest, scope).await
    }

    async fn tags(&self) -> Result<Vec<String>, Error> {
        pages::tags(&self.shared.exchange, &self.reference).await
    }

    async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let exchange = &self.shared.exchange;
        referrers::referrers(exchange, &self.reference, subject, artifact_type).await
    }

    fn reference(&self) -> Option<&Reference> {
        Some(&self.reference)
    }
}

#[async_trait]
impl Target for Repository {
    /// Before the first push many registries say no more than that access is denied.
    async fn holds(&self, wanted: Wanted<'_>) -> Result<Option<Descriptor>, Error> {
        match self.resolve(Some(wanted)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Unauthorized) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Registries take no manifest before they have what it names.
    fn is_whole(&self) -> bool {
        true
    }

    async fn push_blob(
        &self,
        descriptor: &Descriptor,
        body: &Body,
        mount_from: Option<&Reference>,
    ) -> Result<Pushed, Error> {
        let exchange = &self.shared.exchange;
        upload::push_blob(exchange, &self.reference, descriptor, body, mount_from).await
    }

    async fn push_blob_again(&self, descriptor: &Descriptor, body: &Body) -> Result<Pushed, Error> {
        let exchange = &self.shared.exchange;
        upload::push_blob_again(exchange, &self.reference, descriptor, body).await
    }

    async fn push_manifest(&self, manifest: &Manifest, listed: Listed<'_>) -> Result<(), Error> {
        let reference = match listed {
            Listed::Tag(tag) => self.at(Some(Wanted::Tag(tag)))?,
            Listed::Digest | Listed::Inside => self.reference.bare(),
        };
        push::push_manifest(&self.shared.exchange, &reference, manifest).await
    }

    async fn push_tagged(&self, manifest: &Manifest, tags: &[&str]) -> Result<(), Error> {
        push::push_tagged(&self.shared.exchange, &self.reference.bare(), manifest, tags).await
    }

    async fn delete_tag(&self, tag: &str) -> Result<(), Error> {
        delete::delete_tag(&self.shared.exchange, &self.at(Some(Wanted::Tag(tag)))?).await
    }

    async fn delete_manifest(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        force: bool,
    ) -> Result<(), Error> {
        let reference = match tag {
            Some(tag) => self.at(Some(Wanted::Tag(tag)))?,
            None => self.reference.bare(),
        };
        delete::delete_manifest(&self.shared.exchange, &reference, digest, force).await
    }

    async fn delete_blob(&self, digest: &Digest) -> Result<(), Error> {
        delete::delete_blob(&self.shared.exchange, &self.reference, digest).await
    }
}
