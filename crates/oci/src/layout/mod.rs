//! Image layouts: folders, archives and memory that hold what a registry would (image-spec,
//! image-layout.md).
//!
//! What a layout says is told here once for all of them; each kind only keeps files (`shelf`).
//! Files that the specification does not name are not looked at, and no path is made of
//! anything but a digest.

mod archive;
mod error;
mod folder;
mod listing;
mod memory;
mod only;
mod shelf;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use digest::Digest;
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::{
    Body, Descriptor, Document, Download, Event, Manifest, Pushed, Reference, Start, Wanted,
    excerpt::excerpt,
    manifest, push, reference, referrers,
    source::{Listed, Source, Target},
    subject,
    verify::{self, Verifier},
};

pub(crate) use archive::{Archive, Section, pack};
pub use error::Error;
pub(crate) use folder::{Folder, unwritable};
pub use memory::Memory;
pub(crate) use shelf::Reader;

use listing::{Edit, Listing};
use shelf::{Held, Shelf};

/// The only version of layouts that there is.
const VERSION: &str = "1.0.0";

/// The file that marks a layout, and what it holds.
const MARKER: &str = "oci-layout";
const MARKER_TEXT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// Longest marker that is read, in bytes.
const MARKER_BYTES_MAX: u64 = 64 << 10;

/// The file that lists the manifests.
const INDEX: &str = "index.json";

/// The folder below which the blobs are.
const BLOBS: &str = "blobs";

/// Takes what is told while bytes are written.
pub(crate) type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// An image layout, in whatever it is kept.
pub(crate) struct Layout {
    shelf: Arc<dyn Shelf>,
    events: Listener,
}

impl Layout {
    pub(crate) fn new(shelf: Arc<dyn Shelf>, events: Listener) -> Self {
        Self { shelf, events }
    }

    fn find(&self, wanted: Option<Wanted<'_>>) -> Result<Descriptor, Error> {
        let listing = self.shelf.listing()?;
        match wanted {
            None => self.only(&listing),
            Some(Wanted::Tag(tag)) => {
                listing.named(tag).cloned().ok_or_else(|| self.unknown(&listing, tag))
            }
            Some(Wanted::Digest(digest)) => match listing.listed(digest) {
                Some(entry) => Ok(entry.clone()),
                // What only an index in here names says its type itself.
                None => {
                    let manifest = self.read(&listing, digest, None)?;
                    let size = manifest.bytes.len() as u64;
                    Ok(Descriptor::new(&manifest.media_type, manifest.digest, size))
                }
            },
        }
    }

    /// The manifest of a digest, verified; its type is the one `known`, else its own.
    fn read(
        &self,
        listing: &Listing,
        digest: &Digest,
        known: Option<&str>,
    ) -> Result<Manifest, Error> {
        let held = self.held(listing, digest)?;
        let path = held.path.clone();
        let bytes = held.read(manifest::BYTES_MAX as u64)?;
        verify::check(&bytes, digest).map_err(|source| Error::Damaged { path, source })?;
        let media_type = known.map_or_else(|| manifest::own_type(&bytes), str::to_owned);
        Ok(Manifest { bytes, media_type, digest: digest.clone() })
    }

    fn held(&self, listing: &Listing, digest: &Digest) -> Result<Held, Error> {
        let held = self.shelf.open(digest)?;
        held.ok_or_else(|| self.unknown(listing, digest.as_str()))
    }

    /// What a listed manifest says as a referrer of `subject`; `None` if it is none.
    fn referrer(
        &self,
        listing: &Listing,
        entry: &Descriptor,
        subject: &Digest,
    ) -> Result<Option<Descriptor>, Error> {
        let manifest = match self.read(listing, &entry.digest, Some(&entry.media_type)) {
            Ok(manifest) => manifest,
            // A layout may list what it does not hold.
            Err(Error::Unknown { .. } | Error::TooLarge { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(subject::described(&manifest, subject))
    }

    fn unknown(&self, listing: &Listing, wanted: &str) -> Error {
        let (path, wanted) = (self.shelf.path().to_owned(), excerpt(wanted));
        Error::Unknown { path, wanted, names: listing.names() }
    }

    /// Does work that blocks with the shelf.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Shelf) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, crate::Error> {
        let shelf = Arc::clone(&self.shelf);
        blocking(move || work(&*shelf)).await
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>, crate::Error> {
        let size = if self.shelf.exists() { self.shelf.size(digest) } else { Ok(None) };
        size.map_err(crate::Error::Layout)
    }
}

#[async_trait]
impl Source for Layout {
    async fn resolve(&self, wanted: Option<Wanted<'_>>) -> Result<Descriptor, crate::Error> {
        self.find(wanted).map_err(crate::Error::Layout)
    }

    async fn manifest(&self, wanted: Option<Wanted<'_>>) -> Result<Manifest, crate::Error> {
        let found = self.find(wanted).and_then(|found| {
            self.read(&self.shelf.listing()?, &found.digest, Some(&found.media_type))
        });
        found.map_err(crate::Error::Layout)
    }

    async fn blob(&self, start: Start) -> Result<Download, crate::Error> {
        let held = self.shelf.listing().and_then(|listing| self.held(&listing, &start.expected));
        let held = held.map_err(crate::Error::Layout)?;
        Download::of_reader(held.path, held.reader, start)
    }

    async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, crate::Error> {
        let size = self.shelf.listing().and_then(|_| self.shelf.size(digest));
        size.map_err(crate::Error::Layout)
    }

    async fn tags(&self) -> Result<Vec<String>, crate::Error> {
        let listing = self.shelf.listing().map_err(crate::Error::Layout)?;
        Ok(listing.names().into_iter().filter(|name| reference::is_tag(name)).collect())
    }

    async fn listed(&self) -> Result<Option<Vec<Descriptor>>, crate::Error> {
        let listing = self.shelf.listing().map_err(crate::Error::Layout)?;
        Ok(Some(listing.entries().to_vec()))
    }

    /// Those that are listed themselves, and those that an index in the subject's fallback tag
    /// lists, as some tools write it.
    async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, crate::Error> {
        let find = || {
            let listing = self.shelf.listing()?;
            let mut entries = listing.entries().to_vec();
            if let Some(fallback) = listing.named(&referrers::fallback::tag(subject)) {
                let index = self.read(&listing, &fallback.digest, Some(&fallback.media_type))?;
                if let Ok(Document::Index(index)) = index.document() {
                    entries.extend(index.manifests);
                }
            }
            entries.sort_by(|one, other| one.digest.cmp(&other.digest));
            entries.dedup_by(|one, other| one.digest == other.digest);
            let mut found = Vec::new();
            for entry in &entries {
                found.extend(self.referrer(&listing, entry, subject)?);
            }
            found.retain(|entry| {
                artifact_type.is_none_or(|wanted| entry.artifact_type.as_deref() == Some(wanted))
            });
            Ok(found)
        };
        find().map_err(crate::Error::Layout)
    }
}

#[async_trait]
impl Target for Layout {
    async fn holds(&self, wanted: Wanted<'_>) -> Result<Option<Descriptor>, crate::Error> {
        if !self.shelf.exists() {
            return Ok(None);
        }
        match self.find(Some(wanted)) {
            Ok(found) => Ok(Some(found)),
            Err(Error::Unknown { .. }) => Ok(None),
            Err(error) => Err(crate::Error::Layout(error)),
        }
    }

    /// A layout may name what it does not hold.
    fn is_whole(&self) -> bool {
        false
    }

    async fn push_blob(
        &self,
        descriptor: &Descriptor,
        body: &Body,
        _mount_from: Option<&Reference>,
    ) -> Result<Pushed, crate::Error> {
        let (digest, size) = (descriptor.digest.clone(), descriptor.size);
        if self.size(&digest)? == Some(size) {
            return Ok(Pushed::Present);
        }
        let wrong = |source| push::Error::Content { digest: descriptor.digest.clone(), source };
        let wrong = |source| crate::Error::Push(wrong(source));
        let mut verifier = Verifier::new(digest.clone(), Some(size)).map_err(wrong)?;
        let mut chunks = body.open().await?;
        let mut incoming = self.blocking(|shelf| shelf.receive()).await?;
        let host = self.shelf.path().display().to_string();
        (self.events)(Event::Sending { host, digest: digest.clone(), from: 0, size });
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            verifier.take(&chunk).map_err(wrong)?;
            let write = move || incoming.take(&chunk).map(|()| incoming);
            incoming = blocking(write).await?;
            (self.events)(Event::Sent { digest: digest.clone(), bytes: verifier.taken() });
        }
        verifier.finish().map_err(wrong)?;
        blocking(move || incoming.keep(&digest)).await?;
        Ok(Pushed::Sent { bytes: size })
    }

    async fn push_manifest(
        &self,
        manifest: &Manifest,
        listed: Listed<'_>,
    ) -> Result<(), crate::Error> {
        let unreadable = |source| crate::Error::Push(push::Error::Manifest(source));
        let document = manifest.document().map_err(unreadable)?;
        let size = manifest.bytes.len() as u64;
        let mut entry = Descriptor::new(&manifest.media_type, manifest.digest.clone(), size);
        entry.artifact_type = document.artifact_type().map(str::to_owned);
        let body = Body::Bytes(manifest.bytes.clone());
        self.push_blob(&entry, &body, None).await?;
        let name = match listed {
            Listed::Tag(tag) => Some(tag.to_owned()),
            Listed::Digest => None,
            Listed::Inside => return Ok(()),
        };
        self.blocking(|shelf| shelf.edit(Edit::List { entry: Box::new(entry), name })).await
    }

    async fn delete_tag(&self, tag: &str) -> Result<(), crate::Error> {
        self.find(Some(Wanted::Tag(tag))).map_err(crate::Error::Layout)?;
        let edit = Edit::Unname(tag.to_owned());
        self.blocking(|shelf| shelf.edit(edit)).await
    }

    async fn delete_manifest(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        force: bool,
    ) -> Result<(), crate::Error> {
        let listing = self.shelf.listing().map_err(crate::Error::Layout)?;
        let mut names = listing.names_of(digest);
        names.retain(|name| Some(name.as_str()) != tag);
        let path = || self.shelf.path().to_owned();
        if !force && !names.is_empty() {
            let error = Error::Named { path: path(), digest: digest.clone(), names };
            return Err(crate::Error::Layout(error));
        }
        let edit = Edit::Unlist(digest.clone());
        self.blocking(|shelf| shelf.edit(edit)).await?;
        self.delete_blob(digest).await
    }

    async fn delete_blob(&self, digest: &Digest) -> Result<(), crate::Error> {
        let gone = digest.clone();
        if self.blocking(move |shelf| shelf.remove(&gone)).await? {
            return Ok(());
        }
        let listing = self.shelf.listing().map_err(crate::Error::Layout)?;
        Err(crate::Error::Layout(self.unknown(&listing, digest.as_str())))
    }

    async fn commit(&self) -> Result<(), crate::Error> {
        self.blocking(|shelf| shelf.commit()).await
    }
}

/// Does work that blocks on a thread where that harms nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, crate::Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(crate::Error::Layout),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(crate::Error::Stopped),
        },
    }
}

/// Checks what the file that marks a layout says; `path` is the file, `home` the layout.
fn check_marker(bytes: &[u8], path: PathBuf, home: &std::path::Path) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marker {
        image_layout_version: String,
    }
    let marker: Marker =
        serde_json::from_slice(bytes).map_err(|source| Error::Marker { path, source })?;
    if marker.image_layout_version != VERSION {
        let found = excerpt(&marker.image_layout_version);
        return Err(Error::Version { path: home.to_owned(), found });
    }
    Ok(())
}

/// Where a blob is within a layout; a digest holds no character that leads elsewhere.
fn blob_path(digest: &Digest) -> PathBuf {
    [BLOBS, digest.algorithm(), digest.encoded()].iter().collect()
}
