//! `pkg deps`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg deps app", "one a line"),
    ("pkg deps --tree app", "down to the last"),
]))]
pub struct Deps {
    /// A package as `pkg install` takes it
    pub spec: String,
    /// Show what the needed ones need in turn
    #[arg(long)]
    pub tree: bool,
}
