//! `pkg env`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg env", "of everything that is linked"),
    ("pkg env openssl", "of one package, as NAME=VALUE"),
]))]
pub struct Env {
    /// Only what these ask for
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}
