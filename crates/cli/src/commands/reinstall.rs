//! `pkg reinstall`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, targets};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg reinstall jaq", "the installed version, once more"),
]))]
pub struct Reinstall {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
    #[command(flatten)]
    pub links: Links,
    #[command(flatten)]
    pub dry: Dry,
}

impl Reinstall {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Reinstall(targets(&self.names)), self.links, self.dry)
    }
}
