//! `pkg uses`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg uses library", "who would break without it"),
]))]
pub struct Uses {
    /// NAME or NAME@SLOT
    pub name: String,
}
