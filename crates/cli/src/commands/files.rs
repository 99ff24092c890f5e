//! `pkg files`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg files jaq", "absolute paths, one a line"),
]))]
pub struct Files {
    /// NAME or NAME@SLOT
    pub name: String,
}
