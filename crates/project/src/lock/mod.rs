//! `pkg.lock`: every byte of a project's packages, for all its platforms at once.
//!
//! One fact to a line, sorted, so that git merges by line; a line is complete in itself, so that
//! no half of one can meet half of another. The lines hold all that installing takes: a tap may
//! move on or be gone, a tag may be pushed again, and the same bytes come.

mod check;
mod compare;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use digest::Digest;
use formula::{
    Constraint, Depend, Expose, FullName, Key, Name, Platform, Requires, Scheme, Service, Setup,
    Source, Version,
};
use serde::{Deserialize, Serialize};

pub(crate) use check::closure;
pub use compare::Difference;
pub use text::{Error, Refused};

/// The file's name.
pub const FILE: &str = "pkg.lock";
/// Version of the file's shape.
pub const SCHEMA: u32 = 1;

/// What a project is locked to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lock {
    /// The platforms that it is for.
    pub platforms: BTreeSet<Platform>,
    /// The taps that packages are from, and where each is.
    pub taps: BTreeMap<String, String>,
    /// What was asked for, by name.
    pub requests: BTreeMap<Name, Request>,
    /// The packages, by name, slot and platforms.
    pub packages: Vec<Entry>,
}

/// What `pkg.toml` asked for when it was locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The name as it was asked for.
    pub request: Name,
    /// The package that it means, where that has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Name>,
    /// The group that it is in.
    pub group: String,
    /// A constraint, a channel or a slot; `*` for any version.
    pub version: String,
    /// The tap that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap: Option<String>,
    /// The reference or the formula file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// One release of a package with all that installing it takes, for the platforms that it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name of the package.
    pub package: Name,
    /// The line of versions that it belongs to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slot: Option<String>,
    /// The version, as text.
    pub version: String,
    /// The rebuild of this version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revision: u32,
    /// The platforms that it serves, in order.
    pub platforms: Vec<Platform>,
    /// Whether it was asked for, and is not only needed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requested: bool,
    /// The tap that it was chosen from.
    pub tap: String,
    /// The edition of the tap that said so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub edition: Option<Edition>,
    /// The reference or the formula file, for a package of no tap.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Option<String>,
    /// Where its bytes are, and what they are; relative paths start at the project's folder.
    pub source: Source,
    /// Bytes to download.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size: Option<u64>,
    /// The key of the formula whose bytes these are, where it is not the platform itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key: Option<Key>,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// License, as an SPDX expression.
    #[serde(default, skip_serializing_if = "is_default")]
    pub license: String,
    /// What the package is, in a few words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub summary: String,
    /// Why nothing of it is linked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keg_only: Option<String>,
    /// What the machine must have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requires: Requires,
    /// What must be installed with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depends: BTreeMap<FullName, Depend>,
    /// Packages that cannot be installed beside it, and why.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conflicts: BTreeMap<Name, String>,
    /// Names that it had before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replaces: Vec<Name>,
    /// Other names that it is found by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aliases: Vec<Name>,
    /// What of it is linked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expose: Expose,
    /// Environment variables; values are install-time templates.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
    /// Steps after installing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub setup: Vec<Setup>,
    /// The service that it can run as.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: Option<Service>,
    /// What the user is told after installing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub caveats: Option<String>,
}

/// An edition of a tap in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Its number.
    pub serial: u64,
    /// Its manifest.
    pub digest: Digest,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Lock {
    /// The packages of one platform.
    pub fn on(&self, platform: Platform) -> impl Iterator<Item = &Entry> {
        self.packages.iter().filter(move |entry| entry.platforms.contains(&platform))
    }

    /// Puts the packages in order, those that serve several platforms with one line.
    pub(crate) fn sort(&mut self) {
        let mut grouped: Vec<(Entry, BTreeSet<Platform>)> = Vec::new();
        for mut entry in std::mem::take(&mut self.packages) {
            let platforms = std::mem::take(&mut entry.platforms);
            match grouped.iter_mut().find(|(other, _)| *other == entry) {
                Some((_, others)) => others.extend(platforms),
                None => grouped.push((entry, platforms.into_iter().collect())),
            }
        }
        let whole = |(entry, platforms): (Entry, BTreeSet<Platform>)| Entry {
            platforms: platforms.into_iter().collect(),
            ..entry
        };
        self.packages = grouped.into_iter().map(whole).collect();
        let order = |e: &Entry| (e.package.clone(), e.slot.clone(), e.platforms.clone());
        self.packages.sort_by_key(order);
    }
}

impl Request {
    /// The package's own name.
    pub fn package(&self) -> &Name {
        self.means.as_ref().unwrap_or(&self.request)
    }
}

impl Entry {
    /// `name` or `name@slot`.
    pub fn shown_name(&self) -> String {
        match &self.slot {
            Some(slot) => format!("{}@{slot}", self.package),
            None => self.package.to_string(),
        }
    }

    /// `<version>[_<revision>]`.
    pub fn shown_version(&self) -> String {
        formula::shown_version(&self.version, self.revision)
    }

    /// Whether it is what a request asks for: of that name, and from where it says.
    pub(crate) fn answers(&self, request: &Request) -> bool {
        self.requested
            && self.package == *request.package()
            && request.tap.as_ref().is_none_or(|tap| *tap == self.tap)
            && self.from == request.from
    }

    /// Whether it is what a dependency asks for; a tap counts only where that names one.
    pub(crate) fn meets(&self, full: &FullName, depend: &Depend) -> bool {
        self.is_called(full)
            && (depend.slot.is_none() || depend.slot == self.slot)
            && self.is_within(&depend.constraint)
    }

    /// Whether it is of that name, and of the tap that it names.
    pub(crate) fn is_called(&self, full: &FullName) -> bool {
        let mut names = std::iter::once(&self.package).chain(&self.aliases).chain(&self.replaces);
        names.any(|name| *name == full.name)
            && full.tap.as_ref().is_none_or(|tap| tap.as_str() == self.tap)
    }

    fn is_within(&self, constraint: &Constraint) -> bool {
        let version = Version::parse(&self.version, self.scheme);
        version.is_ok_and(|version| constraint.matches(&version))
    }
}
