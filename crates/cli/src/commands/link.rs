//! `pkg link`, `pkg unlink` and `pkg use`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg link openssl", "though it is keg-only, or was unlinked"),
]))]
pub struct Link {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub links: super::change::Links,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg unlink uv", "installed, and out of the way"),
]))]
pub struct Unlink {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg use openssl@3.1", "the other slots stay installed"),
]))]
pub struct Use {
    /// NAME@SLOT
    #[arg(value_name = "NAME@SLOT")]
    pub target: String,
}
