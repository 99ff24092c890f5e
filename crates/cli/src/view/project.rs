//! A project's lock and what is had of it, and the lists of a machine.

use std::path::Path;

use install::Home;
use project::locking;
use serde::Serialize;

use super::change::Step;
use crate::{failure::Result, session::shown};

/// What was locked.
#[derive(Debug, Serialize)]
pub(crate) struct Locked {
    schema: u32,
    #[serde(flatten)]
    lock: Lock,
}

#[derive(Debug, Serialize)]
struct Lock {
    platforms: Vec<String>,
    /// What is locked otherwise than before.
    changes: Vec<Change>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Change {
    /// `name` or `name@slot`.
    name: String,
    /// Versions; several where platforms differ, none where it was not locked.
    before: Vec<String>,
    after: Vec<String>,
}

/// What a project has.
#[derive(Debug, Serialize)]
pub(crate) struct Synced {
    schema: u32,
    #[serde(flatten)]
    lock: Lock,
    platform: String,
    /// The project's own prefix.
    prefix: String,
    steps: Vec<Step>,
    packages: Vec<Package>,
}

#[derive(Debug, Serialize)]
struct Package {
    name: String,
    version: String,
    slot: Option<String>,
    tap: String,
    /// What it was asked for with; null for a dependency.
    requested: Option<String>,
    /// The digest of its manifest or file.
    digest: String,
    path: String,
}

impl Lock {
    fn of(locked: &locking::Locked) -> Self {
        let change = |change: &locking::Change| Change {
            name: change.name.clone(),
            before: change.before.iter().cloned().collect(),
            after: change.after.iter().cloned().collect(),
        };
        Self {
            platforms: locked.lock.platforms.iter().map(ToString::to_string).collect(),
            changes: locked.changes.iter().map(change).collect(),
            notes: locked.notes.clone(),
        }
    }
}

impl Locked {
    pub(crate) fn of(locked: &locking::Locked) -> Self {
        Self { schema: 1, lock: Lock::of(locked) }
    }
}

impl Synced {
    pub(crate) fn of(
        home: &Home,
        outcome: &install::Outcome,
        locked: &locking::Locked,
    ) -> Result<Self> {
        let installed = home.installed()?;
        let package = |package: &install::Package| {
            Ok(Package {
                name: package.name.clone(),
                version: package.shown_version(),
                slot: package.slot.clone(),
                tap: package.tap.clone(),
                requested: package.requested.clone(),
                digest: home.receipt(package)?.artifact.to_string(),
                path: shown(&package.path),
            })
        };
        Ok(Self {
            schema: 1,
            lock: Lock::of(locked),
            platform: home.host().platform().to_string(),
            prefix: shown(&home.layout().current()),
            steps: outcome.steps.iter().map(Step::of).collect(),
            packages: installed.packages().iter().map(package).collect::<Result<_>>()?,
        })
    }
}

/// What would be removed from a project.
#[derive(Debug, Serialize)]
pub(crate) struct Removed {
    schema: u32,
    file: String,
    names: Vec<String>,
}

impl Removed {
    pub(crate) fn of(names: &[String], file: &Path) -> Self {
        Self { schema: 1, file: shown(file), names: names.to_vec() }
    }
}

/// What came of a list of packages.
#[derive(Debug, Serialize)]
pub(crate) struct Bundled {
    schema: u32,
    file: String,
    steps: Vec<Step>,
    /// What no tap has.
    missing: Vec<Left>,
    /// What is no package here.
    skipped: Vec<Left>,
}

#[derive(Debug, Serialize)]
struct Left {
    name: String,
    why: String,
}

impl Bundled {
    pub(crate) fn of(
        file: &Path,
        outcome: &install::Outcome,
        missing: &[(String, String)],
        skipped: &[(String, String)],
    ) -> Self {
        let left = |list: &[(String, String)]| {
            let left =
                |(name, why): &(String, String)| Left { name: name.clone(), why: why.clone() };
            list.iter().map(left).collect()
        };
        Self {
            schema: 1,
            file: shown(file),
            steps: outcome.steps.iter().map(Step::of).collect(),
            missing: left(missing),
            skipped: left(skipped),
        }
    }
}
