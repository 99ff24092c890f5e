//! `pkg oci blob`

mod get;
mod put;

use clap::Subcommand;

use crate::{failure::Result, session::Session};

#[derive(Debug, Subcommand)]
pub enum Blob {
    /// Print a blob, or write it to a file
    #[command(visible_alias = "fetch")]
    Get(get::Get),
    /// Store a blob
    #[command(visible_alias = "push")]
    Put(put::Put),
    /// Tell a blob's size, and whether it is there
    Head(get::Head),
    /// Delete a blob
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(put::Delete),
}

impl Blob {
    pub(super) fn run(self, session: &Session) -> Result {
        match self {
            Self::Get(args) => args.run(session),
            Self::Put(args) => args.run(session),
            Self::Head(args) => args.run(session),
            Self::Delete(args) => args.run(session),
        }
    }
}
