//! `pkg home`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg home jq", "the address alone"),
]))]
pub struct Home {
    /// A package as `pkg install` takes it
    pub spec: String,
}
