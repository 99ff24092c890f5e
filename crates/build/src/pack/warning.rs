//! What of a package somebody should look at, although it can be packed.

use std::fmt;

use formula::Expose;

use super::{Audit, Audited, Facts};
use crate::staged::Staged;

/// What projects install below that were not told a prefix.
const OTHER_PREFIXES: &[&str] = &["usr/", "opt/"];

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
    /// A build put its files below a prefix of its own, where nothing is linked.
    OtherPrefix {
        /// The first folder or file of it.
        path: String,
    },
    /// A compiled file of Python does not belong to its source.
    StaleBytecode {
        /// The compiled file.
        path: String,
    },
}

impl Warning {
    /// Of what was built here and says nothing of what is linked.
    pub(super) fn of_prefix(staged: &Staged, facts: &Facts) -> Option<Self> {
        let is_meant = facts.audit == Audit::Warn || facts.annotation.expose != Expose::default();
        let is_below = |path: &&str| OTHER_PREFIXES.iter().any(|other| path.starts_with(other));
        let mut paths = staged.entries().iter().map(|entry| entry.path.as_str());
        let path = paths.find(is_below).filter(|_| !is_meant)?.to_owned();
        Some(Self::OtherPrefix { path })
    }

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
            Self::OtherPrefix { path } => write!(
                f,
                "`{path}` lies where nothing is linked: the build was configured for another \
                 prefix; say `--prefix={{keg}}` or the like"
            ),
            Self::StaleBytecode { path } => write!(
                f,
                "`{path}` was compiled from a source of another time or size, so Python compiles \
                 it again at each start; compile it anew, with SOURCE_DATE_EPOCH set"
            ),
        }
    }
}
