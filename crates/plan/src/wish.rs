//! What a user can wish for.

use formula::{Constraint, Name};

use crate::Key;

/// One wish; a plan fulfils all of a command's wishes or says why it cannot.
///
/// A key without a slot, where the package has slots, means the one that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Have a package, and remember that it was asked for.
    ///
    /// What is installed and fits stays as it is. `*` keeps the constraint of an earlier request.
    Install {
        /// The name, an alias, or a former name.
        name: Name,
        /// The tap; `None` for the tap it is installed from, else the one that has the name.
        tap: Option<String>,
        /// The slot; `None` for an installed one that fits, else that of the newest release.
        slot: Option<String>,
        /// The versions that will do; the request that is remembered.
        constraint: Constraint,
    },
    /// Move a package to the newest release inside its request.
    Upgrade {
        /// What to move.
        key: Key,
        /// Replaces the request; only this can lead to an older release.
        constraint: Option<Constraint>,
    },
    /// Move everything that was requested to the newest release inside its request.
    UpgradeAll,
    /// Remove a package that nothing else needs.
    Uninstall {
        /// What to remove.
        key: Key,
    },
    /// Remove everything that no request needs.
    Autoremove,
    /// Install the same release again.
    Reinstall {
        /// What to install again.
        key: Key,
    },
}
