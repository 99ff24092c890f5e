//! The client: what one may ask a place for.

use std::{fmt, sync::Arc};

use digest::Digest;

use crate::{
    Body, Descriptor, Error, Manifest, Place, Pushed, Reference,
    blob::{Download, Start},
    config::Config,
    delete,
    exchange::{Exchange, web_url},
    flight::Flights,
    layout::Layout,
    pages, push, referrers, registry,
    scope::Scope,
    upload,
};

/// Asks registries, layouts and web servers; clones share connections, tokens and back-off.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    exchange: Arc<Exchange>,
    resolving: Flights<Descriptor>,
    fetching: Flights<Manifest>,
}

impl Client {
    /// A client that behaves as configured; certificates are read at the first request.
    pub fn new(config: Config) -> Result<Self, Error> {
        let exchange = Arc::new(Exchange::new(config)?);
        let (resolving, fetching) = (Flights::default(), Flights::default());
        Ok(Self(Arc::new(Inner { exchange, resolving, fetching })))
    }

    pub(crate) fn exchange(&self) -> &Arc<Exchange> {
        &self.0.exchange
    }

    /// What the place's tag or digest names now: type, digest and size.
    ///
    /// The size is the server's word; who fetches the manifest counts for himself.
    pub async fn resolve(&self, place: &Place) -> Result<Descriptor, Error> {
        match place {
            Place::Registry(reference) => {
                let work = registry::resolve(&self.0.exchange, reference);
                self.0.resolving.share(&reference.to_string(), work).await
            }
            Place::Layout { path, .. } => {
                let found = Layout::open(path).and_then(|layout| layout.resolve(place.wanted()));
                found.map_err(Error::Layout)
            }
        }
    }

    /// The manifest or index that the place's tag or digest names, verified.
    pub async fn manifest(&self, place: &Place) -> Result<Manifest, Error> {
        match place {
            Place::Registry(reference) => {
                let work = registry::manifest(&self.0.exchange, reference);
                self.0.fetching.share(&reference.to_string(), work).await
            }
            Place::Layout { path, .. } => {
                let found = Layout::open(path).and_then(|layout| layout.manifest(place.wanted()));
                found.map_err(Error::Layout)
            }
        }
    }

    /// The bytes of a blob of the place's repository or layout: those that `start` expects.
    ///
    /// Content that the descriptor carries itself is taken from there.
    pub async fn blob(
        &self,
        place: &Place,
        descriptor: &Descriptor,
        start: Start,
    ) -> Result<Download, Error> {
        if let Some(data) = descriptor.data.as_ref().filter(|_| descriptor.digest == start.expected)
        {
            return Download::of_bytes(data.clone(), start);
        }
        let what = || format!("blob {} of {place}", descriptor.digest);
        match place {
            Place::Registry(reference) => {
                let ask = registry::blob(&self.0.exchange, reference, &start.expected)?;
                let download =
                    Download::begin(Arc::clone(&self.0.exchange), vec![ask], start).await;
                download.map_err(|error| error.about(&what()))
            }
            Place::Layout { path, .. } => {
                let found = Layout::open(path).and_then(|layout| layout.blob(&start.expected));
                let (path, file) = found.map_err(Error::Layout)?;
                Download::of_file(path, file, start)
            }
        }
    }

    /// The size of a blob in bytes, if the place has it.
    pub async fn blob_size(&self, place: &Place, digest: &Digest) -> Result<Option<u64>, Error> {
        match place {
            Place::Registry(reference) => {
                let scope = Scope::pull(reference.repository());
                registry::blob_size(&self.0.exchange, reference, digest, scope).await
            }
            Place::Layout { path, .. } => {
                let found = Layout::open(path).and_then(|layout| layout.blob_size(digest));
                found.map_err(Error::Layout)
            }
        }
    }

    /// Bytes from plain web servers: each URL is tried in turn, and none ever sees credentials.
    pub async fn download(&self, urls: &[String], start: Start) -> Result<Download, Error> {
        let exchange = &self.0.exchange;
        let asks = urls.iter().map(|text| {
            let mut ask = exchange.ask(reqwest::Method::GET, web_url(text)?);
            ask.is_stream = true;
            Ok(ask)
        });
        let asks = asks.collect::<Result<Vec<_>, Error>>()?;
        let what = asks.first().map(|ask| crate::shown::Shown(&ask.url).to_string());
        let download = Download::begin(Arc::clone(exchange), asks, start).await;
        download.map_err(|error| error.about(&what.unwrap_or_default()))
    }

    /// How many bytes plain web servers say that they would send; the first that says it counts.
    ///
    /// Only a help to tell beforehand what a download takes: whatever fails is no answer.
    pub async fn length(&self, urls: &[String]) -> Option<u64> {
        let exchange = &self.0.exchange;
        for text in urls {
            let ask = exchange.ask(reqwest::Method::HEAD, web_url(text).ok()?);
            if let Ok(answer) = exchange.once(&ask).await
                && let Some(length) = registry::length(answer.response.headers())
            {
                return Some(length);
            }
        }
        None
    }

    /// All tags of the place's repository or layout, sorted by their text.
    pub async fn tags(&self, place: &Place) -> Result<Vec<String>, Error> {
        match place {
            Place::Registry(reference) => pages::tags(&self.0.exchange, reference).await,
            Place::Layout { path, .. } => {
                Layout::open(path).map(|layout| layout.tags()).map_err(Error::Layout)
            }
        }
    }

    /// The names of all repositories of a registry, where it tells them.
    pub async fn repositories(&self, host: &str) -> Result<Vec<String>, Error> {
        pages::repositories(&self.0.exchange, host).await
    }

    /// Stores a blob where the place is, sending no byte that is there already.
    ///
    /// `mount_from` is a place that is known to have it, from which a registry may take it.
    pub async fn push_blob(
        &self,
        place: &Place,
        descriptor: &Descriptor,
        body: &Body,
        mount_from: Option<&Place>,
    ) -> Result<Pushed, Error> {
        let from = mount_from.and_then(|place| in_registry(place).ok());
        let reference = in_registry(place)?;
        upload::push_blob(&self.0.exchange, reference, descriptor, body, from).await
    }

    /// Stores a blob though the place may say that it has it: a manifest was refused for its lack.
    pub async fn push_blob_again(
        &self,
        place: &Place,
        descriptor: &Descriptor,
        body: &Body,
    ) -> Result<Pushed, Error> {
        let reference = in_registry(place)?;
        upload::push_blob_again(&self.0.exchange, reference, descriptor, body).await
    }

    /// Stores a manifest under the place's tag, or under its own digest where there is no tag.
    ///
    /// The bytes are stored as they are; what they name must be there before.
    pub async fn push_manifest(&self, place: &Place, manifest: &Manifest) -> Result<(), Error> {
        push::push_manifest(&self.0.exchange, in_registry(place)?, manifest).await
    }

    /// Stores a manifest under all of `tags` of the place's repository; without any, under its
    /// digest.
    pub async fn push_tagged(
        &self,
        place: &Place,
        manifest: &Manifest,
        tags: &[&str],
    ) -> Result<(), Error> {
        push::push_tagged(&self.0.exchange, in_registry(place)?, manifest, tags).await
    }

    /// The manifests that refer to `subject`, of one type where `artifact_type` names it.
    pub async fn referrers(
        &self,
        place: &Place,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let reference = in_registry(place)?;
        referrers::referrers(&self.0.exchange, reference, subject, artifact_type).await
    }

    /// Takes the place's tag away and leaves the manifest.
    pub async fn delete_tag(&self, place: &Place) -> Result<(), Error> {
        delete::delete_tag(&self.0.exchange, in_registry(place)?).await
    }

    /// Deletes a manifest with all tags that point at it.
    ///
    /// Unless `force` is set, it is kept where tags other than the place's point at it.
    pub async fn delete_manifest(
        &self,
        place: &Place,
        digest: &Digest,
        force: bool,
    ) -> Result<(), Error> {
        delete::delete_manifest(&self.0.exchange, in_registry(place)?, digest, force).await
    }

    /// Deletes a blob of the place's repository.
    pub async fn delete_blob(&self, place: &Place, digest: &Digest) -> Result<(), Error> {
        delete::delete_blob(&self.0.exchange, in_registry(place)?, digest).await
    }
}

fn in_registry(place: &Place) -> Result<&Reference, Error> {
    match place {
        Place::Registry(reference) => Ok(reference),
        Place::Layout { .. } => {
            Err(Error::Push(push::Error::NoRegistry { place: place.to_string() }))
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.exchange.config).finish()
    }
}
