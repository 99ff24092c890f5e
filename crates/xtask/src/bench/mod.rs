//! `cargo xtask bench`: the release program against what one would type by hand.
//!
//! Everything is measured in one run from one registry on loopback, and in pairs: peer, program,
//! peer, program. Absolute times drift on shared machines, so what counts is the ratio of each
//! pair. How to read the table, and a real one, stand in `docs/performance.md`.

mod cases;
mod payload;
mod place;
mod report;
mod run;
mod tap;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use test_registry::TestRegistry;

use cases::Bench;
use payload::{Payload, Shape};
use place::Place;
use report::Report;

/// Measures the release program against what one would type by hand.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo xtask bench")]
pub struct Options {
    /// A quarter of the bytes and fewer rounds
    #[arg(long)]
    quick: bool,
    /// Only the measurements whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The program to measure; without it the release program is built first
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Measure in this folder instead of a tmpfs
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Options {
    fn rounds(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}

/// Measures everything that is wanted and prints a table, in Markdown that reads well as text.
///
/// # Errors
/// The program cannot be built, a peer is missing or fails, or there is not enough space.
pub fn bench(options: &Options) -> anyhow::Result<()> {
    let program = match &options.program {
        Some(program) => fs_err::canonicalize(program)?,
        None => build()?,
    };
    let place = match &options.folder {
        Some(folder) => Place::at(folder)?,
        None => Place::fastest()?,
    };
    say(&format!("measuring `{}` in {place}", program.display()))?;
    let registry = TestRegistry::start();
    let mut report = Report::default();
    let measured = measure(options, &program, &place, &registry, &mut report);
    // What was measured before a failure is worth reading too.
    writeln!(io::stdout(), "\n{report}")?;
    measured
}

fn measure(
    options: &Options,
    program: &Path,
    place: &Place,
    registry: &TestRegistry,
    report: &mut Report,
) -> anyhow::Result<()> {
    let disk = place.disk()?;
    let bench = Bench { options, program, registry, place, disk: disk.as_ref() };
    for shape in Shape::ALL {
        if !cases::names(shape).iter().any(|name| options.wants(name)) {
            continue;
        }
        say(&format!("making the payload: {}", shape.name()))?;
        let payload = Payload::make(shape, if options.quick { 4 } else { 1 })?;
        say(&payload.to_string())?;
        bench.payload(&payload, report)?;
    }
    bench.commands(report)?;
    tap::measure(&bench, report)
}

/// Builds the program as users get it.
fn build() -> anyhow::Result<PathBuf> {
    say("building the release program")?;
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--package", "pkg-cli"])
        .current_dir(&workspace)
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the program cannot be built");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(workspace.join("target"), Into::into);
    Ok(fs_err::canonicalize(target.join("release/pkg"))?)
}

/// Says what is being done, on the stream that is not the table's.
fn say(line: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{line}")
}
