//! What of a package somebody should look at, although it can be packed.

use std::fmt;

use crate::staged::Staged;

/// Something of a package that may be meant, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Two paths are one where the filesystem folds letters.
    Folds {
        /// The path that comes first.
        first: String,
        /// The other one.
        second: String,
    },
    /// A compiled file of Python does not belong to its source.
    StaleBytecode {
        /// The compiled file.
        path: String,
    },
}

impl Warning {
    pub(super) fn of_folded(staged: &Staged) -> impl Iterator<Item = Self> {
        staged
            .folded()
            .iter()
            .map(|(first, second)| Self::Folds { first: first.clone(), second: second.clone() })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folds { first, second } => write!(
                f,
                "`{first}` and `{second}` are one file where letters are folded, as on macOS; \
                 there the package is refused"
            ),
            Self::StaleBytecode { path } => write!(
                f,
                "`{path}` was compiled from a source of another time or size, so Python compiles \
                 it again at each start; compile it anew, with SOURCE_DATE_EPOCH set"
            ),
        }
    }
}
