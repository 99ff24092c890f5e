//! What of a package somebody should look at, although it can be packed.

use std::fmt;

use super::Audited;
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
    /// A file may not work on another machine.
    Audit(Audited),
    /// The formula takes a glibc that is too old for a file.
    Glibc {
        /// The formula's constraint.
        said: String,
        /// The version that is needed.
        needed: String,
        /// The file that needs it.
        path: String,
    },
    /// A library is needed that neither the package, a dependency nor the system brings.
    Unprovided {
        /// The library's name.
        library: String,
        /// The first file that needs it.
        path: String,
    },
    /// A dependency brings libraries, and none of them is needed.
    NeverLinked {
        /// The dependency.
        dependency: String,
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
            Self::Audit(audited) => audited.fmt(f),
            Self::Glibc { said, needed, path } => write!(
                f,
                "`{path}` needs glibc {needed}, and the formula takes older ones with `{said}`; \
                 write `glibc = \">={needed}\"`"
            ),
            Self::Unprovided { library, path } => write!(
                f,
                "`{path}` needs `{library}`, which no dependency brings; add the package that does \
                 to `depends`"
            ),
            Self::NeverLinked { dependency } => write!(
                f,
                "nothing links to a library of `{dependency}`; if it is not run or read either, \
                 take it out of `depends`"
            ),
            Self::StaleBytecode { path } => write!(
                f,
                "`{path}` was compiled from a source of another time or size, so Python compiles \
                 it again at each start; compile it anew, with SOURCE_DATE_EPOCH set"
            ),
        }
    }
}
