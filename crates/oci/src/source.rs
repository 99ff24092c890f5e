//! The two ends of a copy: where artifacts are read, and where they are written as well.
//!
//! A repository of a registry is one kind of end, an image layout in a folder, an archive or
//! memory another. Who copies knows neither.

use async_trait::async_trait;
use digest::Digest;

use crate::{Body, Descriptor, Download, Error, Manifest, Pushed, Reference, Start, Wanted};

/// A repository or layout to read from.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// What a tag or digest names now; `None` asks a layout for the only thing that it holds.
    async fn resolve(&self, wanted: Option<Wanted<'_>>) -> Result<Descriptor, Error>;

    /// The manifest that a tag or digest names, verified.
    async fn manifest(&self, wanted: Option<Wanted<'_>>) -> Result<Manifest, Error>;

    /// The bytes of a blob, verified as they arrive.
    async fn blob(&self, start: Start) -> Result<Download, Error>;

    /// The size of a blob in bytes, if it is there.
    async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, Error>;

    /// All tags, sorted by their text.
    async fn tags(&self) -> Result<Vec<String>, Error>;

    /// The manifests that refer to `subject`, of one type where that is named.
    async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error>;

    /// What a layout lists, named and unnamed, in order; `None` of a registry, which lists nothing
    /// but names.
    async fn listed(&self) -> Result<Option<Vec<Descriptor>>, Error> {
        Ok(None)
    }

    /// The repository, where it is one of a registry.
    fn reference(&self) -> Option<&Reference> {
        None
    }
}

/// How a manifest is to be found where it is pushed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed<'a> {
    /// By this tag.
    Tag(&'a str),
    /// By its digest.
    Digest,
    /// Through an index that follows and names it.
    Inside,
}

/// A repository or layout to write to.
#[async_trait]
pub(crate) trait Target: Source {
    /// What a tag or digest names here; `None` where there is nothing, or no place yet.
    async fn holds(&self, wanted: Wanted<'_>) -> Result<Option<Descriptor>, Error>;

    /// Whether a manifest that is here proves that its config and layers are here too.
    fn is_whole(&self) -> bool;

    /// Stores a blob though the target seems to have it, as a manifest showed that it does not.
    async fn push_blob_again(&self, descriptor: &Descriptor, body: &Body) -> Result<Pushed, Error> {
        self.push_blob(descriptor, body, None).await
    }

    /// Stores a blob; `mount_from` is a repository that is known to have it.
    async fn push_blob(
        &self,
        descriptor: &Descriptor,
        body: &Body,
        mount_from: Option<&Reference>,
    ) -> Result<Pushed, Error>;

    /// Stores a manifest; what it names must be here before.
    async fn push_manifest(&self, manifest: &Manifest, listed: Listed<'_>) -> Result<(), Error>;

    /// Stores a manifest under all of `tags`; without any, under its digest.
    async fn push_tagged(&self, manifest: &Manifest, tags: &[&str]) -> Result<(), Error> {
        if tags.is_empty() {
            return self.push_manifest(manifest, Listed::Digest).await;
        }
        for tag in tags {
            self.push_manifest(manifest, Listed::Tag(tag)).await?;
        }
        Ok(())
    }

    /// Takes a tag away and leaves its manifest.
    async fn delete_tag(&self, tag: &str) -> Result<(), Error>;

    /// Deletes a manifest; unless `force` is set, only if no tag but `tag` points at it.
    async fn delete_manifest(
        &self,
        digest: &Digest,
        tag: Option<&str>,
        force: bool,
    ) -> Result<(), Error>;

    /// Deletes a blob.
    async fn delete_blob(&self, digest: &Digest) -> Result<(), Error>;

    /// Makes all that was written since the last time visible, where that is not so already.
    async fn commit(&self) -> Result<(), Error> {
        Ok(())
    }
}
