//! The shapes of the answers under `--json`: a contract with other people's scripts.
//!
//! The rooms below have types of their own that change as they must; these only grow. Names are
//! snake_case, sizes are bytes, times are RFC 3339 in UTC. Every document has `schema`, which
//! counts up when a field goes away or means something else.

mod airgap;
mod artifact;
mod authoring;
mod change;
mod config;
mod event;
mod facts;
mod formula;
mod history;
mod login;
mod needs;
mod oci;
mod package;
mod project;
mod publishing;
mod taps;
mod test;
mod upkeep;

pub(crate) use airgap::{Export, Import, Mirror};
pub(crate) use artifact::{Artifact, Described, File, Inspected, Layer, Manifest};
pub(crate) use authoring::{Bump, Fetched, Formatted, New, Yanked};
pub(crate) use change::{Outcome, Plan};
pub(crate) use config::Config;
pub(crate) use event::{Answer, Event, Line};
pub(crate) use facts::{Info, Told, Versions};
pub(crate) use formula::{Cat, Check, Home, Search};
pub(crate) use history::{Change, History};
pub(crate) use login::{Login, Logout, Standing};
pub(crate) use needs::{Deps, Outdated, Uses, Why};
pub(crate) use oci::{
    Copied, Deleted, Discovered, Layout, Pulled, Repositories, Stored, Tagged, Tags, Verified,
    as_oras,
};
pub(crate) use package::{Files, List, Owner, Path};
pub(crate) use project::{Bundled, Locked, Removed, Synced};
pub(crate) use publishing::{Packs, Promotion, Publication, Requests, TapEdition};
use serde::Serialize;
pub(crate) use taps::{TapInfo, Taps, Update};
pub(crate) use test::{Tests, shown_command};
pub(crate) use upkeep::{Diagnosis, Freed, Problem, Variables, problems};

/// A text that is meant for another program.
#[derive(Debug, Serialize)]
pub(crate) struct Text {
    schema: u32,
    text: String,
}

impl Text {
    pub(crate) fn new(text: String) -> Self {
        Self { schema: 1, text }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}
