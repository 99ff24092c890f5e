//! `pkg install`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, specs};
use crate::{args::examples, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg install hyperfine", "the newest version"),
    ("pkg install hyperfine@1.19", "the newest 1.19; upgrades stay inside it"),
    ("pkg install 'jaq@>=3.0, <3.2'", "the newest of a range"),
    ("pkg install acme/tool", "from the tap `acme`"),
    ("pkg install ./tool.toml", "from a formula of your own"),
    ("pkg install oci://ghcr.io/acme/tool:1.2", "straight from a registry"),
    ("pkg install oci:folder:1.2", "straight from an OCI layout"),
]))]
pub struct Install {
    /// NAME[@VERSION], TAP/NAME[@VERSION], ./FILE.toml or oci://HOST/REPO[:TAG][@DIGEST];
    /// VERSION may be a constraint, a channel or a slot
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    #[command(flatten)]
    pub links: Links,
    #[command(flatten)]
    pub dry: Dry,
}

impl Install {
    pub(crate) fn run(self, session: &Session) -> Result {
        change(session, &Request::Install(specs(&self.specs)?), self.links, self.dry)
    }
}
