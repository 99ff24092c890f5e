//! The format as a formula writes it: every table and key, before merging and expanding.
//!
//! One declaration serves three: reading with places, the list of known keys in canonical order,
//! and the JSON schema. What keys mean together is checked elsewhere.

mod root;
mod run;
mod source;
mod vars;
mod version;

pub(crate) use root::{Depend, DependTable, ORDER, Root, Rules, Tap, When};
pub(crate) use run::{
    Build, EnvName, Expose, Notice, Patch, PathText, Paths, Service, Setup, Test,
};
pub(crate) use source::{Requires, SourceTable, Update};
pub(crate) use vars::{Variable, Variables};
pub(crate) use version::VersionTable;
