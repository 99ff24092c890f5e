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

/// Bytes that no compressor makes smaller, other ones for another seed.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    // The constants of Knuth's MMIX generator; the high bits are the good ones.
    let step = |state: &u64| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    let states = std::iter::successors(step(&seed), step);
    states.map(|state| state.to_be_bytes()[0]).take(count).collect()
}

/// Says on the terminal that this test was not carried out, or a part of it.
pub(crate) fn skipped(why: &str) {
    say(&format!("skipped: {}: {why}", std::thread::current().name().unwrap_or_default()));
}

/// Says something on the terminal even when the test passes: the harness keeps only what the
/// print macros say.
pub(crate) fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
