//! `pkg upgrade`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg upgrade jaq", "jaq alone, inside what was asked for"),
    ("pkg upgrade uv@0.12.4", "move to 0.12.4, and stay inside it from now on"),
    ("pkg upgrade --dry-run", "show what could be upgraded at all"),
]))]
pub struct Upgrade {
    /// NAME, NAME@VERSION or NAME@SLOT; all that was asked for when none is named
    #[arg(value_name = "SPEC")]
    pub specs: Vec<String>,
    #[command(flatten)]
    pub links: super::change::Links,
    #[command(flatten)]
    pub dry: super::change::Dry,
}
