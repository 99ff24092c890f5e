//! `pkg owns`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg owns ~/.local/share/pkg/current/bin/jaq", "through links, too"),
]))]
pub struct Owns {
    /// A file below the root folder
    pub path: std::path::PathBuf,
}
