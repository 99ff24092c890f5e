//! `pkg undo`, `pkg redo` and `pkg rollback`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg undo", "again goes further back"),
]))]
pub struct Undo {
    #[command(flatten)]
    pub dry: super::change::Dry,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg redo", "forward again, until something else is changed"),
]))]
pub struct Redo {
    #[command(flatten)]
    pub dry: super::change::Dry,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg rollback 12", "as it was then; `pkg undo` takes it back"),
]))]
pub struct Rollback {
    /// The number of a generation, from `pkg history`
    #[arg(value_name = "N")]
    pub generation: u64,
    #[command(flatten)]
    pub dry: super::change::Dry,
}
