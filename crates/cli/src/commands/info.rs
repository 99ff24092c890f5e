//! `pkg info`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg info jq", "the newest version"),
    ("pkg info jq@1.7 --json", "where each platform's bytes come from, and their digests"),
]))]
pub struct Info {
    /// A package as `pkg install` takes it
    pub spec: String,
}
