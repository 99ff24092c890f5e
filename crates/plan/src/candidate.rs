//! What can be installed: candidates, their dependencies, and the trait that offers them.
//!
//! A candidate is one release of a package for this machine. Where it comes from, and how it is
//! fetched, is deliberately not known here.

use std::cmp::Ordering;
use std::fmt;

use formula::{Constraint, Name, Scheme, Version};

/// What a generation holds at most one release of: a name and its slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The package's name.
    pub name: Name,
    /// The slot; `None` for a package that has one line of versions only.
    pub slot: Option<String>,
}

/// What tells two releases of one key apart; ordered by version, then revision, then tap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The rebuild of that version, counted from 0.
    pub revision: u32,
    /// The tap that the release is from.
    pub tap: String,
}

/// One release of a package, as a tap offers it for this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The package's name; differs from the name asked for where that is an alias or was replaced.
    pub name: Name,
    /// The tap that offers it.
    pub tap: String,
    /// The version.
    pub version: Version,
    /// The rebuild of that version, counted from 0.
    pub revision: u32,
    /// The slot; `None` for a package that has one line of versions only.
    pub slot: Option<String>,
    /// What it needs at run time.
    pub depends: Vec<Dependency>,
    /// Names that cannot be installed beside it, each with the reason.
    pub conflicts: Vec<(Name, String)>,
    /// Aliases and former names: a dependency on one of them means this package.
    pub other_names: Vec<Name>,
    /// Why the release was withdrawn, if it was.
    pub yanked: Option<String>,
    /// Why the package should no longer be used, if so.
    pub deprecated: Option<String>,
    /// Why the package can no longer be installed, if so.
    pub disabled: Option<String>,
    /// Why this machine cannot use it, if so: a clause, like "it needs glibc >=2.35".
    pub obstacle: Option<String>,
    /// Bytes to download, where they are known.
    pub download_bytes: Option<u64>,
    /// Bytes of the unpacked files, where they are known.
    pub unpacked_bytes: Option<u64>,
}

/// What a package needs of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name of what is needed.
    pub name: Name,
    /// The tap that it must be from; `None` for the dependent's own tap.
    pub tap: Option<String>,
    /// The versions that will do.
    pub constraint: Constraint,
    /// The slot that is needed; `None` for any.
    pub slot: Option<String>,
    /// Whether it only limits the version of what happens to be installed.
    ///
    /// Of a package with slots it limits the named one; without a slot it limits none.
    pub optional: bool,
}

/// Where candidates come from: the taps, seen from this machine.
pub trait Candidates {
    /// Every release of `name` in `tap`, in any order; none where the tap does not have it, or
    /// where there is no such tap any more.
    ///
    /// Without a tap the name is bare, and one tap answers or the name is ambiguous, which is an
    /// error. For an alias, or a name that a formula replaces, the answer is that formula's
    /// releases under its own name. For a tap that only knows what was installed from it (a
    /// package straight from a registry), other names may be answered as bare ones.
    fn candidates(
        &self,
        name: &Name,
        tap: Option<&str>,
    ) -> Result<Vec<Candidate>, Box<dyn std::error::Error + Send + Sync>>;

    /// Every name there is, to suggest from when one is mistyped.
    fn names(&self) -> Vec<Name>;
}

impl Release {
    /// Which is newer, tap aside; versions of different schemes are compared as loose ones.
    ///
    /// A formula may change its scheme while an older version is installed. No order over all
    /// releases: sort by [`Ord`] instead.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let loose = |release: &Self| Version::parse(release.version.as_str(), Scheme::Loose).ok();
        let versions = if self.version.scheme() == other.version.scheme() {
            self.version.cmp(&other.version)
        } else {
            loose(self).cmp(&loose(other))
        };
        versions.then(self.revision.cmp(&other.revision))
    }
}

impl Candidate {
    /// A release without dependencies, in the package's only slot, that nothing speaks against.
    pub fn new(name: Name, tap: impl Into<String>, version: Version) -> Self {
        Self {
            name,
            tap: tap.into(),
            version,
            revision: 0,
            slot: None,
            depends: Vec::new(),
            conflicts: Vec::new(),
            other_names: Vec::new(),
            yanked: None,
            deprecated: None,
            disabled: None,
            obstacle: None,
            download_bytes: None,
            unpacked_bytes: None,
        }
    }

    /// The name and slot.
    pub fn key(&self) -> Key {
        Key { name: self.name.clone(), slot: self.slot.clone() }
    }

    /// What tells it apart from other candidates of its key.
    pub fn release(&self) -> Release {
        Release { version: self.version.clone(), revision: self.revision, tap: self.tap.clone() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.slot {
            Some(slot) => write!(f, "{}@{slot}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// The version, and `_` and the revision where there is one.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&formula::shown_version(self.version.as_str(), self.revision))
    }
}

/// As on a command line: `lib`, `lib 2`, `lib <2`, `acme/lib@1.1`.
impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tap) = &self.tap {
            write!(f, "{tap}/")?;
        }
        write!(f, "{}", self.name)?;
        if let Some(slot) = &self.slot {
            write!(f, "@{slot}")?;
        }
        if self.constraint.is_any() { Ok(()) } else { write!(f, " {}", self.constraint) }
    }
}
