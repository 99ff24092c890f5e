//! `pkg mark`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, targets};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg mark --requested library", "autoremove leaves it"),
    ("pkg mark --dependency library", "autoremove may take it"),
]))]
pub struct Mark {
    #[command(flatten)]
    pub kind: Kind,
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Kind {
    /// As asked for: it stays until it is uninstalled
    #[arg(long)]
    pub requested: bool,
    /// As only needed: it goes with the last one that needs it
    #[arg(long)]
    pub dependency: bool,
}

impl Mark {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Mark(targets(&self.names), self.kind.requested);
        change(session, &request, Links::default(), Dry::default())?;
        let kind = if self.kind.requested { "as asked for" } else { "as only needed" };
        session.printer.status("Marked", format_args!("{} {kind}", self.names.join(", ")));
        Ok(())
    }
}
