//! `pkg upgrade`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, specs};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg upgrade jaq", "jaq alone, inside what was asked for"),
    ("pkg upgrade uv@0.12.4", "move to 0.12.4, and stay inside it from now on"),
    ("pkg upgrade --dry-run", "show what could be upgraded at all"),
]))]
pub struct Upgrade {
    /// NAME, NAME@VERSION or NAME@SLOT; all that was asked for when none is named
    #[arg(value_name = "SPEC", add = complete::installed())]
    pub specs: Vec<String>,
    #[command(flatten)]
    pub links: Links,
    #[command(flatten)]
    pub dry: Dry,
}

impl Upgrade {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Upgrade(specs(&self.specs)?), self.links, self.dry)
    }
}
