//! `pkg install`

use clap::Args;
use install::Request;

use super::change::{Dry, Links, change, settle, specs, waiting};
use crate::{args::examples, complete, failure::Result, session::Session};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg install hyperfine", "the newest version"),
    ("pkg install hyperfine@1.19", "the newest 1.19; upgrades stay inside it"),
    ("pkg install 'jaq@>=3.0, <3.2'", "the newest of a range"),
    ("pkg install acme/tool", "from the tap `acme`"),
    ("pkg install ./tool.toml", "from a formula of your own"),
    ("pkg install oci://ghcr.io/acme/tool:1.2", "straight from a registry"),
    ("pkg install oci:folder:1.2", "straight from an OCI layout"),
    ("pkg install --build tool", "built here, where no package is published"),
]))]
pub struct Install {
    /// NAME[@VERSION], TAP/NAME[@VERSION], ./FILE.toml or oci://HOST/REPO[:TAG][@DIGEST];
    /// VERSION may be a constraint, a channel or a slot
    #[arg(required = true, value_name = "SPEC", add = complete::formulas())]
    pub specs: Vec<String>,
    /// Build from source code what is not published for this machine
    #[arg(long)]
    pub build: bool,
    /// How many commands of a build run at once
    #[arg(long, short, value_name = "N", requires = "build")]
    pub jobs: Option<u32>,
    /// Leave the folders of builds for a look
    #[arg(long, requires = "build")]
    pub keep: bool,
    #[command(flatten)]
    pub links: Links,
    #[command(flatten)]
    pub dry: Dry,
}

impl Install {
    pub(crate) fn run(self, session: &Session) -> Result {
        let request = Request::Install(specs(&self.specs)?);
        if !self.build {
            return change(session, &request, self.links, self.dry);
        }
        let home = session.home_that_builds()?;
        if self.dry.dry_run {
            let proposal = home.propose(&request)?;
            return settle(session, &home, proposal, self.links, self.dry);
        }
        // What was made lies in the builder's folder until it is installed.
        let builder = session.builder(self.jobs, self.keep)?;
        let proposal = builder.proposed(&home, &request, &mut waiting(session))?;
        settle(session, &home, proposal, self.links, self.dry)
    }
}
