//! `pkg reinstall`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg reinstall jaq", "the installed version, once more"),
]))]
pub struct Reinstall {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub links: super::change::Links,
    #[command(flatten)]
    pub dry: super::change::Dry,
}
