//! `pkg pin` and `pkg unpin`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg pin uv", "no command moves it until `pkg unpin uv`"),
]))]
pub struct Pin {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg unpin uv", "upgrades reach it again"),
]))]
pub struct Unpin {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}
