//! `pkg autoremove`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change};
use crate::{args::examples, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg autoremove --dry-run", "show what would go"),
]))]
pub struct Autoremove {
    #[command(flatten)]
    pub dry: Dry,
}

impl Autoremove {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Autoremove, Links::default(), self.dry)
    }
}
