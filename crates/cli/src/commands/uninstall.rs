//! `pkg uninstall`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, targets};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg uninstall jaq", "what only jaq needed goes with `pkg autoremove`"),
    ("pkg uninstall app library", "a package together with what needs it"),
    ("pkg rm openssl@1.1", "one slot of several"),
]))]
pub struct Uninstall {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
    #[command(flatten)]
    pub dry: Dry,
}

impl Uninstall {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Uninstall(targets(&self.names)), Links::default(), self.dry)
    }
}
