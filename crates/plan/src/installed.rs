//! What is installed already, as the planner sees it.

use formula::{Constraint, Name, Version};

use crate::{Candidate, Dependency, Key, Release};

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The package's name.
    pub name: Name,
    /// The slot; `None` for a package that has one line of versions only.
    pub slot: Option<String>,
    /// The tap that it was installed from.
    pub tap: String,
    /// The version.
    pub version: Version,
    /// The rebuild of that version, counted from 0.
    pub revision: u32,
    /// What it needs, as it was when it was installed.
    pub depends: Vec<Dependency>,
    /// Names that cannot be installed beside it, each with the reason.
    pub conflicts: Vec<(Name, String)>,
    /// Aliases and former names: a dependency on one of them means this package.
    pub other_names: Vec<Name>,
    /// The constraint that the user asked for it with; `None` if something else needed it.
    pub requested: Option<Constraint>,
    /// Whether it must stay exactly as it is.
    pub pinned: bool,
}

impl Installed {
    /// A candidate as it stands once its step is carried out.
    pub fn new(candidate: Candidate, requested: Option<Constraint>, pinned: bool) -> Self {
        let Candidate {
            name, tap, version, revision, slot, depends, conflicts, other_names, ..
        } = candidate;
        Self {
            name,
            slot,
            tap,
            version,
            revision,
            depends,
            conflicts,
            other_names,
            requested,
            pinned,
        }
    }

    /// The name and slot.
    pub fn key(&self) -> Key {
        Key { name: self.name.clone(), slot: self.slot.clone() }
    }

    /// What tells it apart from other releases of its key.
    pub fn release(&self) -> Release {
        Release { version: self.version.clone(), revision: self.revision, tap: self.tap.clone() }
    }

    /// The package as a candidate: nothing speaks against what is installed already.
    pub(crate) fn to_candidate(&self) -> Candidate {
        Candidate {
            revision: self.revision,
            slot: self.slot.clone(),
            depends: self.depends.clone(),
            conflicts: self.conflicts.clone(),
            other_names: self.other_names.clone(),
            ..Candidate::new(self.name.clone(), self.tap.clone(), self.version.clone())
        }
    }
}
