//! `pkg oci manifest`

mod delete;
mod get;
mod put;

use clap::Subcommand;

use crate::{failure::Result, session::Session};

#[derive(Debug, Subcommand)]
pub enum Manifest {
    /// Print a manifest or index, byte for byte
    #[command(visible_aliases = ["fetch", "show"])]
    Get(get::Get),
    /// Print the config that a manifest names
    #[command(visible_aliases = ["fetch-config", "get-config"])]
    Config(get::Config),
    /// Store a manifest or index, byte for byte
    #[command(visible_alias = "push")]
    Put(put::Put),
    /// Delete a manifest with its tags
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(delete::Delete),
}

impl Manifest {
    pub(super) fn run(self, session: &Session) -> Result {
        match self {
            Self::Get(args) => args.run(session),
            Self::Config(args) => args.run(session),
            Self::Put(args) => args.run(session),
            Self::Delete(args) => args.run(session),
        }
    }
}
