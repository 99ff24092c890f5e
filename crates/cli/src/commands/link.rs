//! `pkg link`, `pkg unlink` and `pkg use`

use clap::Args;
use install::{Request, Target};

use super::change::{Dry, Links, change, targets};
use crate::{
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg link openssl", "though it is keg-only, or was unlinked")]))]
pub struct Link {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
    #[command(flatten)]
    pub links: Links,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg unlink uv", "installed, and out of the way")]))]
pub struct Unlink {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg use openssl@3.1", "the other slots stay installed")]))]
pub struct Use {
    /// NAME@SLOT
    #[arg(value_name = "NAME@SLOT")]
    pub target: String,
    #[command(flatten)]
    pub links: Links,
}

impl Link {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Link(targets(&self.names), true);
        change(session, &request, self.links, Dry::default())?;
        session.printer.status("Linked", self.names.join(", "));
        Ok(())
    }
}

impl Unlink {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Link(targets(&self.names), false);
        change(session, &request, Links::default(), Dry::default())?;
        session.printer.status("Unlinked", self.names.join(", "));
        Ok(())
    }
}

impl Use {
    pub(crate) fn run(self, session: &Session) -> Result {
        let target = Target::parse(&self.target);
        if target.slot.is_none() {
            let sentence = format!("`{}` names no slot", self.target);
            let failure = Failure::told(Exit::Usage, sentence);
            return Err(failure.hint("write NAME@SLOT; `pkg list` shows the slots"));
        }
        change(session, &Request::Use(target), self.links, Dry::default())?;
        session.printer.status("Using", &self.target);
        Ok(())
    }
}
