//! What is installed: the current generation, as commands read it.

use std::path::PathBuf;

use formula::Constraint;
use store::{
    Layout,
    generation::{self, Record},
    keg,
};

use crate::receipt::{self, Receipt};

/// One installed package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its slot, for a formula that has several lines of versions.
    pub slot: Option<String>,
    /// The tap that it came from.
    pub tap: String,
    /// Its version as written, without the revision.
    pub version: String,
    /// The rebuild of that version, counted from 0.
    pub revision: u32,
    /// The constraint that the user asked for it with, `*` for none; `None` for a dependency.
    pub requested: Option<String>,
    /// Whether it stays at its version.
    pub pinned: bool,
    /// Whether it is linked into `bin` and the like.
    pub linked: bool,
    /// Why it is not linked, for a package that never is by itself.
    pub keg_only: Option<String>,
    /// The keg.
    pub keg: keg::Id,
    /// The keg's folder, absolute.
    pub path: PathBuf,
}

impl Package {
    /// `<version>[_<revision>]`.
    pub fn shown_version(&self) -> String {
        formula::shown_version(&self.version, self.revision)
    }

    /// `name` or `name@slot`.
    pub fn shown_name(&self) -> String {
        shown(&self.name, self.slot.as_deref())
    }
}

/// `name` or `name@slot`, as requests and pins are remembered.
pub(crate) fn shown(name: &str, slot: Option<&str>) -> String {
    slot.map_or_else(|| name.to_owned(), |slot| format!("{name}@{slot}"))
}

/// The packages of the current generation.
#[derive(Debug, Clone)]
pub struct Installed {
    /// Number of the generation; `None` before the first change.
    pub generation: Option<u64>,
    pub(crate) record: Record,
    packages: Vec<Package>,
}

impl Installed {
    /// Reads the current generation; one file, whatever is installed.
    pub(crate) fn read(layout: &Layout) -> Result<Self, generation::Error> {
        let (generation, record) = match generation::current(layout)? {
            Some((number, record)) => (Some(number), record),
            None => (None, Record::new("", 0)),
        };
        Ok(Self { generation, ..Self::of(layout, record) })
    }

    /// The packages of a record that is no generation's yet.
    pub(crate) fn of(layout: &Layout, record: Record) -> Self {
        let packages = record.kegs.iter().map(|keg| package(layout, &record, keg)).collect();
        Self { generation: None, record, packages }
    }

    /// A root in which nothing is installed.
    pub(crate) fn nothing() -> Self {
        Self { generation: None, record: Record::new("", 0), packages: Vec::new() }
    }

    /// Generation `number`, whose record cannot be read: nothing is known of what is in it.
    pub(crate) fn unreadable(number: u64) -> Self {
        Self { generation: Some(number), ..Self::nothing() }
    }

    /// All packages, by name and slot.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The packages of that name, one per slot.
    pub fn named(&self, name: &str) -> Vec<&Package> {
        self.packages.iter().filter(|package| package.name == name).collect()
    }

    /// The package that a user means: of that slot; without one the linked, else the only one.
    pub fn meant(&self, name: &str, slot: Option<&str>) -> Option<&Package> {
        let named = self.named(name);
        let only = || named.first().filter(|_| named.len() == 1);
        let meant = match slot {
            Some(_) => named.iter().find(|package| package.slot.as_deref() == slot),
            None => named.iter().find(|package| package.linked).or_else(only),
        };
        meant.copied()
    }
}

fn package(layout: &Layout, record: &Record, keg: &generation::Keg) -> Package {
    let shown = shown(&keg.name, keg.slot.as_deref());
    Package {
        name: keg.name.clone(),
        slot: keg.slot.clone(),
        tap: keg.tap.clone(),
        version: keg.version.clone(),
        revision: keg.revision,
        requested: record.requests.get(&shown).cloned(),
        pinned: record.pins.contains(&shown),
        linked: keg.linked,
        keg_only: keg.keg_only.clone(),
        keg: keg.id(),
        path: layout.keg(&keg.name, &keg.leaf),
    }
}

/// An installed package with its receipt, as the planner sees it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) package: Package,
    pub(crate) receipt: Receipt,
}

impl Known {
    /// Every installed package with its receipt.
    pub(crate) fn all(layout: &Layout, installed: &Installed) -> Result<Vec<Self>, receipt::Error> {
        installed
            .packages
            .iter()
            .map(|package| {
                let receipt = Receipt::read(layout, &package.keg)?;
                Ok(Self { package: package.clone(), receipt })
            })
            .collect()
    }

    /// The package as the planner sees it; `requested` is the constraint that its request means.
    pub(crate) fn to_installed(&self, requested: Option<Constraint>) -> Option<plan::Installed> {
        let resolved = &self.receipt.package;
        let candidate = crate::offer::candidate(resolved, &self.package.tap)?;
        Some(plan::Installed::new(candidate, requested, self.package.pinned))
    }
}
