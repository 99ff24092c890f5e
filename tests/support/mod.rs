//! What the tests of the program stand on: a home of their own, a registry, and tidy output.

pub(crate) mod edition;
mod output;
mod recipe;
mod repository;
mod sandbox;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod tracer;
pub(crate) mod tree;

use std::{io::Write as _, path::Path};

pub(crate) use output::Output;
pub(crate) use recipe::Recipe;
pub(crate) use repository::Repository;
pub(crate) use sandbox::{Deadline, Sandbox};

/// The project's folder.
pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Says on the terminal that a test was not carried out; what the harness catches nobody would see.
pub(crate) fn skipped(test: &str, why: &str) {
    let mut terminal = std::io::stderr();
    writeln!(terminal, "skipped: {test}: {why}").unwrap();
}
