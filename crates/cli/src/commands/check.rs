//! `pkg check`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg check tool.toml", "every version on every platform"),
    ("pkg check formulas", "a whole tap"),
]))]
pub struct Check {
    /// Formula files, or folders of them; this folder when none is named
    #[arg(value_name = "PATH")]
    pub paths: Vec<std::path::PathBuf>,
}
