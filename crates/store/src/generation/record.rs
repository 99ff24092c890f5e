//! What a generation consists of, as `<n>.json` keeps it.
//!
//! Requests and pins travel with the generation, so that going back to one brings them back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::keg;

/// The version of the file's shape that this program writes.
pub const SCHEMA: u32 = 1;

/// Everything that a generation consists of, but its links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the file's shape; see [`SCHEMA`].
    pub schema: u32,
    /// The command that made the generation, as the user typed it.
    pub command: String,
    /// When it was made, in seconds since 1970.
    pub time: i64,
    /// The generation whose content this one brought back, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
    /// The packages, in the order of name and slot.
    pub kegs: Vec<Keg>,
    /// What the user named, `name` or `name@slot`, with its constraint.
    pub requests: BTreeMap<String, String>,
    /// What stays at its version, `name` or `name@slot`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pins: BTreeSet<String>,
    /// Paths that two packages offer, and the name of the one that the user let win.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overwritten: BTreeMap<String, String>,
}

/// One package of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keg {
    /// The package's name.
    pub name: String,
    /// The line of versions it belongs to, for a formula that has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The tap that it came from.
    pub tap: String,
    /// Its version as written.
    pub version: String,
    /// The revision of that version.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The keg's folder below the name: `<version>[_<revision>]-<id>`.
    pub leaf: String,
    /// Whether this slot of the name is the one in `bin` and the like.
    pub linked: bool,
    /// Why it is not linked, for a package that never is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keg_only: Option<String>,
}

impl Keg {
    /// Which keg it is.
    pub fn id(&self) -> keg::Id {
        keg::Id { name: self.name.clone(), leaf: self.leaf.clone() }
    }
}

impl Record {
    /// A record of no packages.
    pub fn new(command: &str, time: i64) -> Self {
        Self {
            schema: SCHEMA,
            command: command.to_owned(),
            time,
            restores: None,
            kegs: Vec::new(),
            requests: BTreeMap::new(),
            pins: BTreeSet::new(),
            overwritten: BTreeMap::new(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
