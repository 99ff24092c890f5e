//! Why something could not be pushed, listed by subject, or deleted.

use std::{io, path::PathBuf};

use digest::Digest;

use crate::{Refusal, error::Kind, manifest, verify};

/// A failure of writing to a registry that reading does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Other clients could not pull it.
    #[error("`{name}` has {length} characters; more than 255 cannot be pulled by other clients")]
    LongName {
        /// Host and repository.
        name: String,
        /// Their length together, in bytes.
        length: usize,
    },
    /// What is to be sent cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// What is to be sent is not what its descriptor says; nothing of it was kept.
    #[error("the content to push as {digest} is something else")]
    Content {
        /// The descriptor's digest.
        digest: Digest,
        /// How they differ.
        #[source]
        source: verify::Error,
    },
    /// A registry begins an upload and says nowhere to send the bytes.
    #[error("{url} does not say where to send the bytes")]
    NoLocation {
        /// The URL that was asked.
        url: String,
    },
    /// A registry forgets each upload that it begins.
    #[error("{host} does not know the upload of {digest} that was begun")]
    Lost {
        /// Who was asked to take the bytes.
        host: String,
        /// What was to be sent.
        digest: Digest,
        /// What it answered.
        #[source]
        source: Box<Refusal>,
    },
    /// A registry took the bytes, and has them not.
    #[error("{host} accepted {digest}, but does not have it")]
    NotStored {
        /// The registry.
        host: String,
        /// What was sent.
        digest: Digest,
    },
    /// A registry says that it stored something else.
    #[error("{host} stored {found}, and not {expected} as it was sent")]
    StoredAs {
        /// The registry.
        host: String,
        /// What was sent.
        expected: Digest,
        /// What the registry says that it has.
        found: Digest,
    },
    /// The manifest is none that is pushed.
    #[error("cannot push a manifest that cannot be read")]
    Manifest(#[source] manifest::Error),
    /// The manifest is another one than its place says.
    #[error("the manifest {digest} cannot be stored as {asked}")]
    Other {
        /// The digest that the place names.
        asked: Digest,
        /// The manifest's digest.
        digest: Digest,
    },
    /// The manifest is larger than registries take.
    #[error("the manifest {digest} is too large for {host}: it has {size} bytes")]
    TooLarge {
        /// Who refuses it.
        host: String,
        /// The manifest.
        digest: Digest,
        /// Its size in bytes.
        size: usize,
        /// What the registry answered, if it was asked.
        #[source]
        source: Option<Box<Refusal>>,
    },
    /// The registry does not have what the manifest names.
    #[error("{host} misses content of the manifest {digest}")]
    Missing {
        /// The registry.
        host: String,
        /// The manifest.
        digest: Digest,
        /// What is missing, as far as the registry says; empty where it does not.
        missing: Vec<Digest>,
        /// What the registry answered.
        #[source]
        source: Box<Refusal>,
    },
    /// The registry takes no manifest that refers to another one.
    #[error("{host} takes no manifest that has a subject")]
    Subject {
        /// The registry.
        host: String,
        /// What the registry answered.
        #[source]
        source: Box<Refusal>,
    },
    /// The tag that should list referrers is taken by something else.
    #[error("the tag `{tag}` should be a list of referrers, and is none")]
    NoList {
        /// The tag.
        tag: String,
    },
    /// Others change the list of referrers all the time.
    #[error("the list of referrers `{tag}` is changed by others all the time; try again later")]
    Contended {
        /// The list's tag.
        tag: String,
    },
    /// The lock between processes cannot be taken.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The registry does not let this be taken away.
    #[error("{host} does not delete {what}")]
    Undeletable {
        /// The registry.
        host: String,
        /// What was to be deleted, as `tags`.
        what: &'static str,
        /// What the registry answered.
        #[source]
        source: Box<Refusal>,
    },
    /// A tag was to be deleted, and none is named.
    #[error("{reference} names no tag")]
    NoTag {
        /// The reference.
        reference: String,
    },
    /// Other tags would go with the manifest.
    #[error("{digest} is not deleted, as it has other tags too: {}", tags.join(", "))]
    Shared {
        /// The manifest.
        digest: Digest,
        /// The other tags that point at it, sorted.
        tags: Vec<String>,
    },
}

impl Error {
    /// What sort of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::LongName { .. }
            | Self::Read { .. }
            | Self::Manifest(_)
            | Self::Other { .. }
            | Self::TooLarge { source: None, .. }
            | Self::NoTag { .. }
            | Self::Lock { .. }
            | Self::Shared { .. } => Kind::Invalid,
            Self::Content { .. } | Self::StoredAs { .. } => Kind::Integrity,
            Self::NoLocation { .. }
            | Self::Lost { .. }
            | Self::TooLarge { source: Some(_), .. }
            | Self::NotStored { .. }
            | Self::Missing { .. }
            | Self::Subject { .. }
            | Self::NoList { .. }
            | Self::Contended { .. }
            | Self::Undeletable { .. } => Kind::Registry,
        }
    }
}
