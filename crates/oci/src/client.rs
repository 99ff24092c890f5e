//! The client: what one may ask a place for, and put there.

use std::{fmt, path::Path, sync::Arc};

use digest::Digest;

use crate::{
    Body, Descriptor, Error, Manifest, Place, Platform, Pushed, Reference,
    blob::{Download, Start},
    check::{Checked, Standing},
    choose,
    config::Config,
    copy,
    credentials::{Credential, Key},
    exchange::Exchange,
    layout::{self, Archive, Folder, Layout, blocking},
    pages, push, registry,
    repository::{Repository, Shared},
    source::{Listed, Target},
};

/// Asks registries, layouts and web servers; clones share connections, tokens and back-off.
///
/// It reads a registry from its mirrors, and writes to the registry itself.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    is_direct: bool,
}

impl Client {
    /// A client that behaves as configured; certificates are read at the first request.
    pub fn new(config: Config) -> Result<Self, Error> {
        let shared = Arc::new(Shared::new(Arc::new(Exchange::new(config)?)));
        Ok(Self { shared, is_direct: false })
    }

    /// The same client, which also reads every registry itself: what is written next must not
    /// depend on what a mirror missed.
    #[must_use]
    pub fn direct(&self) -> Self {
        Self { is_direct: true, ..self.clone() }
    }

    pub(crate) fn exchange(&self) -> &Arc<Exchange> {
        &self.shared.exchange
    }

    /// What the place's tag or digest names now: type, digest and size.
    ///
    /// The size is the server's word; who fetches the manifest counts for himself.
    pub async fn resolve(&self, place: &Place) -> Result<Descriptor, Error> {
        self.open(place).await?.resolve(place.wanted()).await
    }

    /// The manifest or index that the place's tag or digest names, verified.
    pub async fn manifest(&self, place: &Place) -> Result<Manifest, Error> {
        self.open(place).await?.manifest(place.wanted()).await
    }

    /// The manifest that the place names; of an index the one that suits `platform` best, where
    /// a platform is named, with what the index says of it.
    pub async fn choose(
        &self,
        place: &Place,
        platform: Option<&Platform>,
    ) -> Result<(Descriptor, Manifest), Error> {
        choose::choose(&*self.open(place).await?, place, platform).await
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
        match &descriptor.data {
            Some(data) if descriptor.digest == start.expected => {
                Download::of_bytes(data.clone(), start)
            }
            _ => self.open(place).await?.blob(start).await,
        }
    }

    /// The size of a blob in bytes, if the place has it.
    pub async fn blob_size(&self, place: &Place, digest: &Digest) -> Result<Option<u64>, Error> {
        self.open(place).await?.blob_size(digest).await
    }

    /// Bytes from plain web servers: each URL is tried in turn, and none ever sees credentials.
    pub async fn download(&self, urls: &[String], start: Start) -> Result<Download, Error> {
        let exchange = &self.shared.exchange;
        let asks = urls.iter().map(|text| {
            let mut ask = exchange.ask_source(reqwest::Method::GET, text)?;
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
        let exchange = &self.shared.exchange;
        for text in urls {
            let ask = exchange.ask_source(reqwest::Method::HEAD, text).ok()?;
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
        self.open(place).await?.tags().await
    }

    /// What a layout lists, named and unnamed, in order; `None` of a registry, which lists nothing
    /// but names.
    pub async fn listed(&self, place: &Place) -> Result<Option<Vec<Descriptor>>, Error> {
        self.open(place).await?.listed().await
    }

    /// The names of all repositories of a registry, where it tells them.
    pub async fn repositories(&self, host: &str) -> Result<Vec<String>, Error> {
        pages::repositories(&self.shared.exchange, host).await
    }

    /// Tag and size of the list that pushing each of these would write, one after the other, in
    /// a registry that does not list what refers to `subject` itself; nothing is written.
    pub async fn lists_to_write(
        &self,
        place: &Place,
        subject: &Digest,
        about: &[Manifest],
    ) -> Result<Vec<Option<(String, usize)>>, Error> {
        match place {
            Place::Registry(reference) => {
                push::lists_to_write(self.exchange(), reference, subject, about).await
            }
            _ => Ok(about.iter().map(|_| None).collect()),
        }
    }

    /// The manifests that refer to `subject`, of one type where `artifact_type` names it.
    pub async fn referrers(
        &self,
        place: &Place,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        self.open(place).await?.referrers(subject, artifact_type).await
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
        let from = mount_from.and_then(|place| match place {
            Place::Registry(reference) => Some(reference),
            _ => None,
        });
        let target = self.open_itself(place).await?;
        let pushed = target.push_blob(descriptor, body, from).await?;
        target.commit().await?;
        Ok(pushed)
    }

    /// Stores a manifest under the place's tag, or under its own digest where there is no tag.
    ///
    /// The bytes are stored as they are; what they name must be there before.
    pub async fn push_manifest(&self, place: &Place, manifest: &Manifest) -> Result<(), Error> {
        if let Some(asked) = place.digest().filter(|digest| **digest != manifest.digest) {
            let (asked, digest) = (asked.clone(), manifest.digest.clone());
            return Err(Error::Push(push::Error::Other { asked, digest }));
        }
        let target = self.open_itself(place).await?;
        target.push_manifest(manifest, place.tag().map_or(Listed::Digest, Listed::Tag)).await?;
        target.commit().await
    }

    /// Stores a manifest under all of `tags` of the place's repository or layout; without any,
    /// under its digest.
    pub async fn push_tagged(
        &self,
        place: &Place,
        manifest: &Manifest,
        tags: &[&str],
    ) -> Result<(), Error> {
        let target = self.open_itself(place).await?;
        target.push_tagged(manifest, tags).await?;
        target.commit().await
    }

    /// Takes the place's tag away and leaves the manifest.
    pub async fn delete_tag(&self, place: &Place) -> Result<(), Error> {
        let Some(tag) = place.tag() else {
            let reference = place.to_string();
            return Err(Error::Push(push::Error::NoTag { reference }));
        };
        let target = self.open_itself(place).await?;
        target.delete_tag(tag).await?;
        target.commit().await
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
        let target = self.open_itself(place).await?;
        target.delete_manifest(digest, place.tag(), force).await?;
        target.commit().await
    }

    /// Deletes a blob of the place's repository or layout.
    pub async fn delete_blob(&self, place: &Place, digest: &Digest) -> Result<(), Error> {
        let target = self.open_itself(place).await?;
        target.delete_blob(digest).await?;
        target.commit().await
    }

    /// Copies an artifact, byte for byte and so with the digests that it has, from one place to
    /// another.
    ///
    /// Nothing is sent that the target has already. Its tag moves last, when all that it leads to
    /// is there; a copy that was cut off can simply be made again. A target without a tag keeps the
    /// artifact by its digest.
    pub async fn copy(
        &self,
        from: &Place,
        to: &Place,
        options: &copy::Options,
    ) -> Result<copy::Copied, Error> {
        let source = self.open(from).await.map_err(|error| copy::Error::from(from, error))?;
        let target = self.open_itself(to).await.map_err(|error| copy::Error::to(to, error))?;
        copy::copy((from, source), (to, target), options, &self.shared.exchange.config).await
    }

    /// Writes the layout in `folder` as the archive `file`, in place of whatever is there.
    pub async fn pack(&self, folder: &Path, file: &Path) -> Result<(), Error> {
        let (folder, file) = (Folder::new(folder), file.to_owned());
        blocking(move || layout::pack(&folder, &file)).await
    }

    /// Whether a credential is good for a registry, or a path of one; no other is tried.
    pub async fn check(&self, key: &Key, credential: &Credential) -> Result<Checked, Error> {
        self.shared.exchange.check(key, credential).await
    }

    /// The host that is asked for a registry, or a path of one; its own unless there is a mirror.
    pub fn asked_for(&self, key: &Key) -> Result<String, Error> {
        self.shared.exchange.asked_for(key)
    }

    /// Which credential a registry is asked with, and what it says.
    pub async fn standing_at(&self, key: &Key) -> Result<Standing, Error> {
        self.shared.exchange.standing_at(key).await
    }

    /// Which credential a reference is asked for with, and what comes of it.
    pub async fn standing_of(&self, reference: &Reference) -> Result<Standing, Error> {
        self.shared.exchange.standing_of(reference).await
    }

    /// The place to be read.
    async fn open(&self, place: &Place) -> Result<Arc<dyn Target>, Error> {
        match place {
            Place::Registry(reference) if !self.is_direct => {
                Ok(Arc::new(Repository::mirrored(Arc::clone(&self.shared), reference.clone())))
            }
            _ => self.open_itself(place).await,
        }
    }

    /// The one place where it matters what kind of place it is.
    async fn open_itself(&self, place: &Place) -> Result<Arc<dyn Target>, Error> {
        let events = || Arc::clone(&self.shared.exchange.config.events);
        let in_layout = |path: &Path| Arc::new(Layout::new(Arc::new(Folder::new(path)), events()));
        Ok(match place {
            Place::Registry(reference) => {
                Arc::new(Repository::new(Arc::clone(&self.shared), reference.clone()))
            }
            Place::Layout { path, .. } => in_layout(path),
            Place::Archive { path, .. } => {
                let path = path.clone();
                let archive = blocking(move || Archive::open(&path)).await?;
                Arc::new(Layout::new(Arc::new(archive), events()))
            }
            Place::Memory { memory, .. } => {
                Arc::new(Layout::new(Arc::new(memory.clone()), events()))
            }
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.shared.exchange.config).finish()
    }
}
