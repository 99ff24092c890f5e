//! `pkg undo`, `pkg redo` and `pkg rollback`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change};
use crate::{args::examples, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg undo", "again goes further back")]))]
pub struct Undo {
    #[command(flatten)]
    pub dry: Dry,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg redo", "forward again, until something else is changed"),
]))]
pub struct Redo {
    #[command(flatten)]
    pub dry: Dry,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg rollback 12", "as it was then; `pkg undo` takes it back"),
]))]
pub struct Rollback {
    /// The number of a generation, from `pkg history`
    #[arg(value_name = "N")]
    pub generation: u64,
    #[command(flatten)]
    pub dry: Dry,
}

impl Undo {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Undo, Links::default(), self.dry)
    }
}

impl Redo {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Redo, Links::default(), self.dry)
    }
}

impl Rollback {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Rollback(self.generation), Links::default(), self.dry)
    }
}
