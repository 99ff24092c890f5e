//! `pkg versions`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg versions jaq", "with platforms and dates"),
]))]
pub struct Versions {
    /// NAME or TAP/NAME
    pub spec: String,
}
