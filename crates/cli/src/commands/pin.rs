//! `pkg pin` and `pkg unpin`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, targets};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg pin uv", "no command moves it until `pkg unpin uv`"),
]))]
pub struct Pin {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg unpin uv", "upgrades reach it again")]))]
pub struct Unpin {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
}

impl Pin {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Pin(targets(&self.names), true);
        change(session, &request, Links::default(), Dry::default())?;
        session.printer.status("Pinned", self.names.join(", "));
        Ok(())
    }
}

impl Unpin {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Pin(targets(&self.names), false);
        change(session, &request, Links::default(), Dry::default())?;
        session.printer.status("Unpinned", self.names.join(", "));
        Ok(())
    }
}
