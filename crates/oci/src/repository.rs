//! A repository of a registry as the end of a copy: every verb is some requests.

use std::sync::Arc;

use async_trait::async_trait;
use digest::Digest;

use crate::{
    Body, Descriptor, Download, Error, Kind, Manifest, Pushed, Reference, Start, Wanted, delete,
    error,
    exchange::Exchange,
    flight::Flights,
    pages, push, referrers, registry,
    scope::Scope,
    sites::{self, Asked, Site},
    source::{Listed, Source, Target},
    upload,
};

/// What all repositories of a client share.
pub(crate) struct Shared {
    pub(crate) exchange: Arc<Exchange>,
    /// For mirrors, whom another can be asked instead of.
    hasty: Arc<Exchange>,
    resolving: Flights<Descriptor>,
    fetching: Flights<Manifest>,
}

impl Shared {
    pub(crate) fn new(exchange: Arc<Exchange>) -> Self {
        let hasty = Arc::new(exchange.hasty());
        Self { exchange, hasty, resolving: Flights::default(), fetching: Flights::default() }
    }
}

/// Whether a reference names its content itself.
fn asked(reference: &Reference) -> Asked {
    match reference.wanted() {
        Wanted::Digest(_) => Asked::Digest,
        Wanted::Tag(_) => Asked::Word,
    }
}

/// One repository.
pub(crate) struct Repository {
    shared: Arc<Shared>,
    reference: Reference,
    /// Whether mirrors may stand for it; never when it is to be written.
    is_mirrored: bool,
}

impl Repository {
    /// The repository itself.
    pub(crate) fn new(shared: Arc<Shared>, reference: Reference) -> Self {
        Self { shared, reference, is_mirrored: false }
    }

    /// The repository, to be read from mirrors where it has them.
    pub(crate) fn mirrored(shared: Arc<Shared>, reference: Reference) -> Self {
        Self { shared, reference, is_mirrored: true }
    }

    fn sites(&self, reference: &Reference, asked: Asked) -> Result<Vec<Site>, Error> {
        if self.is_mirrored {
            return self.shared.exchange.sites.of(reference, asked);
        }
        Ok(vec![Site { reference: reference.clone(), is_mirror: false }])
    }

    /// Asks one after the other until one answers.
    async fn read<T, F>(
        &self,
        reference: &Reference,
        asked: Asked,
        ask: impl Fn(Arc<Exchange>, Reference) -> F + Send,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let sites = self.sites(reference, asked)?;
        let mut failed = None;
        for (site, next) in sites.iter().zip(sites.iter().skip(1).map(Some).chain([None])) {
            let exchange = if next.is_some() { &self.shared.hasty } else { &self.shared.exchange };
            let error = match ask(Arc::clone(exchange), site.reference.clone()).await {
                Err(error) if !error.is_of_ours() => error,
                answer => return answer,
            };
            if let Some(next) = next {
                exchange.pass_over(&site.reference, next.reference.host(), &error);
            }
            failed = Some(sites::graver(failed, site, error));
        }
        Err(failed.unwrap_or_else(|| Error::NoMirror { host: reference.host().to_owned() }))
    }

    /// By what requests on their way are known.
    fn flight(&self, reference: &Reference) -> String {
        format!("{} {reference}", self.is_mirrored)
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
        let work = self.read(&reference, asked(&reference), async |exchange, at| {
            registry::resolve(&exchange, &at).await
        });
        self.shared.resolving.share(&self.flight(&reference), work).await
    }

    async fn manifest(&self, wanted: Option<Wanted<'_>>) -> Result<Manifest, Error> {
        let reference = self.at(wanted)?;
        let work = self.read(&reference, asked(&reference), async |exchange, at| {
            registry::manifest(&exchange, &at).await
        });
        self.shared.fetching.share(&self.flight(&reference), work).await
    }

    async fn blob(&self, start: Start) -> Result<Download, Error> {
        let what = format!("blob {} of oci://{}", start.expected, self.reference);
        let exchange = Arc::clone(&self.shared.exchange);
        let sites = self.sites(&self.reference, Asked::Digest)?;
        let mut asks = Vec::with_capacity(sites.len());
        for (number, site) in sites.iter().enumerate() {
            let mut ask = registry::blob(&exchange, &site.reference, &start.expected)?;
            ask.mirror = Some(site.reference.clone()).filter(|_| number + 1 < sites.len());
            asks.push(ask);
        }
        let download = Download::begin(exchange, asks, start).await;
        download.map_err(|error| error.about(&what))
    }

    async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let found = self.read(&self.reference, Asked::Digest, async |exchange, at| {
            let scope = Scope::pull(at.repository());
            let size = registry::blob_size(&exchange, &at, digest, scope).await?;
            let missing = || Error::NotFound { what: format!("{at}, blob {digest}"), source: None };
            size.ok_or_else(missing)
        });
        error::found(found.await)
    }

    async fn tags(&self) -> Result<Vec<String>, Error> {
        self.read(&self.reference, Asked::Word, async |exchange, at| {
            pages::tags(&exchange, &at).await
        })
        .await
    }

    async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        self.read(&self.reference, Asked::Word, async |exchange, at| {
            referrers::referrers(&exchange, &at, subject, artifact_type).await
        })
        .await
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
