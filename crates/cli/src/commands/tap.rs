//! `pkg tap`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg tap add ~/formulas", "its name is in its tap.toml, else the folder's"),
    ("pkg tap list", "the built-in tap `core` and the added ones"),
    ("pkg tap remove formulas", "what was installed from it stays"),
]))]
pub struct Tap {
    #[command(subcommand)]
    pub command: Option<TapCommand>,
}

#[derive(Debug, Subcommand)]
pub enum TapCommand {
    /// Add a folder of formulas
    Add {
        /// The folder
        location: PathBuf,
        /// Another name than its own
        #[arg(long)]
        name: Option<String>,
    },
    /// List the taps
    List,
    /// Forget a tap
    Remove {
        /// Its name
        name: String,
    },
}
