//! `pkg outdated`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg outdated", "newer inside what was asked for, and newest of all"),
]))]
pub struct Outdated {
    /// Only these
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}
