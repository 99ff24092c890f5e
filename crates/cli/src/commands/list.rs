//! `pkg list` and `pkg leaves`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Default, Args)]
#[command(after_help = examples(&[
    ("pkg list", "everything"),
    ("pkg list --requested", "what was asked for"),
    ("pkg ls --json", "for a script"),
]))]
pub struct List {
    /// Only what was asked for
    #[arg(long)]
    pub requested: bool,
    /// Only what is pinned
    #[arg(long)]
    pub pinned: bool,
    /// Only what no other package needs
    #[arg(long)]
    pub leaves: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg leaves", "the same as `pkg list --leaves`")]))]
pub struct Leaves {}
