//! `pkg run`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg run hello", "fetched if need be, not linked, not remembered"),
    ("pkg run jaq@3.0 -- .name package.json", "another version than the installed one"),
    ("pkg run --bin fastfetch ./fetch.toml", "one program of several"),
]))]
pub struct Run {
    /// A package as `pkg install` takes it
    pub spec: String,
    /// The program, where the package has several
    #[arg(long, value_name = "PROGRAM")]
    pub bin: Option<String>,
    /// Passed to the program as they stand
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub args: Vec<std::ffi::OsString>,
}
