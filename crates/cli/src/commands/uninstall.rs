//! `pkg uninstall`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg uninstall jaq", "what only jaq needed goes with `pkg autoremove`"),
    ("pkg uninstall app library", "a package together with what needs it"),
    ("pkg rm openssl@1.1", "one slot of several"),
]))]
pub struct Uninstall {
    /// NAME or NAME@SLOT
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub dry: super::change::Dry,
}
