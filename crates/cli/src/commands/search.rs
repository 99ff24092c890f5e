//! `pkg search`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg search json", "by name and summary"),
    ("pkg search line diff", "both words"),
    ("pkg search", "everything"),
]))]
pub struct Search {
    /// Words that a name, an alias or a summary holds; all formulas when none is given
    pub words: Vec<String>,
}
