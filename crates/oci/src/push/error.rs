//! Why something could not be pushed, listed by subject, or deleted.

use std::{io, path::PathBuf};

use digest::Digest;

use crate::{error::Kind, verify};

/// A failure of writing to a registry that reading does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// The place is one that is not written to by requests.
    #[error("{place} is not in a registry")]
    NoRegistry {
        /// The place.
        place: String,
    },
}

impl Error {
    /// What sort of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::NoRegistry { .. } => Kind::Invalid,
            Self::Content { .. } => Kind::Integrity,
        }
    }
}
