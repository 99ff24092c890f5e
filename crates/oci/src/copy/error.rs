//! Why an artifact was not copied, and which side is to blame.

use digest::Digest;

use crate::{Kind, Place};

/// A failure of a copy; what was copied before it stays where it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source does not give what is to be copied.
    #[error("cannot copy from {place}")]
    From {
        /// The source.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<crate::Error>,
    },
    /// The target does not take what is to be copied.
    #[error("cannot copy to {place}")]
    To {
        /// The target.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<crate::Error>,
    },
    /// There are more manifests, or referrers, than are copied at once.
    #[error("{place} leads to more than {limit} {what}")]
    Many {
        /// The source.
        place: String,
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The target is named by the digest of something else.
    #[error("{place} cannot hold {digest}, which is another digest")]
    Digest {
        /// The target.
        place: String,
        /// What is copied.
        digest: Digest,
    },
}

impl Error {
    /// An error of the source; an error that says already whose it is stays as it is.
    pub(crate) fn from(place: &Place, error: crate::Error) -> crate::Error {
        Self::sided(error, |source| Self::From { place: place.to_string(), source })
    }

    /// The same for the target.
    pub(crate) fn to(place: &Place, error: crate::Error) -> crate::Error {
        Self::sided(error, |source| Self::To { place: place.to_string(), source })
    }

    fn sided(error: crate::Error, side: impl FnOnce(Box<crate::Error>) -> Self) -> crate::Error {
        match error {
            crate::Error::Copy(_) => error,
            other => crate::Error::Copy(side(Box::new(other))),
        }
    }

    /// What sort of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::From { source, .. } | Self::To { source, .. } => source.kind(),
            Self::Many { .. } => Kind::Registry,
            Self::Digest { .. } => Kind::Invalid,
        }
    }
}
