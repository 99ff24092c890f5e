//! `pkg mark`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg mark --requested oniguruma", "autoremove leaves it"),
    ("pkg mark --dependency oniguruma", "autoremove may take it"),
]))]
pub struct Mark {
    /// As asked for: it stays until it is uninstalled
    #[arg(long, required_unless_present = "dependency", conflicts_with = "dependency")]
    pub requested: bool,
    /// As only needed: it goes with the last one that needs it
    #[arg(long)]
    pub dependency: bool,
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}
