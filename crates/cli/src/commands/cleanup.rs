//! `pkg cleanup`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg cleanup --dry-run", "show what would go, and how much that frees"),
]))]
pub struct Cleanup {
    #[command(flatten)]
    pub dry: super::change::Dry,
}
