//! `pkg why`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg why library", "the ways from what was asked for to it"),
]))]
pub struct Why {
    /// NAME or NAME@SLOT
    pub name: String,
}
