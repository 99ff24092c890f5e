//! `pkg doctor`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg doctor", "reads every installed byte"),
    ("pkg doctor --repair", "fetches again what the store has lost"),
]))]
pub struct Doctor {
    /// Bring damaged files back
    #[arg(long)]
    pub repair: bool,
    /// Look at names and sizes only, do not read the files
    #[arg(long)]
    pub quick: bool,
}
