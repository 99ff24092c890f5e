//! `pkg autoremove`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg autoremove --dry-run", "show what would go"),
]))]
pub struct Autoremove {
    #[command(flatten)]
    pub dry: super::change::Dry,
}
