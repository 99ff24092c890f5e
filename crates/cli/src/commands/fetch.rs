//! `pkg fetch`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg fetch jaq hyperfine", "so that `pkg --offline install jaq hyperfine` works later"),
]))]
pub struct Fetch {
    /// Packages as `pkg install` takes them
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
}
