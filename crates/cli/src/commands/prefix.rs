//! `pkg prefix`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg prefix", "what has bin, lib and share"),
    ("pkg prefix jaq", "jaq's own folder"),
]))]
pub struct Prefix {
    /// NAME or NAME@SLOT
    pub name: Option<String>,
}
