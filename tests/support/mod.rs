//! What the tests of the program stand on: a home of their own, a registry, and tidy output.

mod output;
mod recipe;
mod sandbox;

use std::path::Path;

pub(crate) use recipe::Recipe;
pub(crate) use sandbox::Sandbox;

/// The project's folder.
pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
