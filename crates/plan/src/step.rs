//! The plan: steps in the order they are carried out, and what will be remembered.
//!
//! How a step is done is deliberately not known here.

use std::collections::BTreeMap;

use formula::Constraint;

use crate::{Candidate, Key, Note, Release};

/// What leads from what is installed to what is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Installs first, each after what it needs; then removals, each before what it needed.
    pub steps: Vec<Step>,
    /// Every request once the plan is carried out; it may change though no step is needed.
    pub requests: BTreeMap<Key, Constraint>,
    /// What the user should know besides.
    pub notes: Vec<Note>,
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// The release that comes; with [`Action::Remove`] the one that goes, as it was installed.
    pub candidate: Candidate,
    /// Why it is done.
    pub reason: Reason,
    /// Whether it changes an installed package that no wish named: to be confirmed.
    pub beyond: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A key comes that was not there.
    Install,
    /// A newer release takes the place of another.
    Upgrade {
        /// What is installed.
        from: Release,
    },
    /// An older release takes the place of another; only where its constraint was named.
    Downgrade {
        /// What is installed.
        from: Release,
    },
    /// The same version comes again, or from another tap.
    Reinstall,
    /// A key goes.
    Remove,
}

/// Why a step is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The user asked to have it.
    Requested,
    /// The user named it, to upgrade, reinstall or uninstall it.
    Named,
    /// Another package needs it.
    Dependency {
        /// The package that needs it.
        of: Key,
    },
    /// The installed release does not go with what another package becomes.
    Adapts {
        /// The package that changes.
        to: Key,
    },
    /// Nothing that was requested needs it any more.
    NoLongerNeeded,
}

impl Step {
    /// The name and slot that the step is about.
    pub fn key(&self) -> Key {
        self.candidate.key()
    }
}
