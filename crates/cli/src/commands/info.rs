//! `pkg info`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg info jaq", "the newest version"),
    ("pkg info jaq@3.0 --json", "where each platform's bytes come from, and their digests"),
]))]
pub struct Info {
    /// A package as `pkg install` takes it
    pub spec: String,
}
