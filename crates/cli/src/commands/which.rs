//! `pkg which`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg which cargo-nextest", "its file and its package"),
]))]
pub struct Which {
    /// The command as it is typed
    pub command: String,
}
