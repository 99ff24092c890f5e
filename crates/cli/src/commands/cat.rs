//! `pkg cat`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg cat jq", "as its author wrote it"),
]))]
pub struct Cat {
    /// NAME, TAP/NAME or ./FILE.toml
    pub spec: String,
}
