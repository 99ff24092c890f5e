//! `cargo xtask TASK`: regenerates what is committed but not written by hand, and measures.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
};

use clap::Parser as _;
use xtask::{bench, layout, reference};

const USAGE: &str = "usage: cargo xtask layout [--check] | reference | bench [--help]";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let formulas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../formulas");
    match arguments[..] {
        ["layout"] => {
            let digest = layout::write(&formulas)?;
            writeln!(io::stdout(), "any = \"{digest}\"")?;
        }
        ["reference"] => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
            fs_err::create_dir_all(&folder)?;
            for (name, text) in reference::pages() {
                fs_err::write(folder.join(name), text)?;
            }
        }
        ["layout", "--check"] => layout::check(&formulas)?,
        ["bench", ..] => bench::bench(&bench::Options::parse_from(&arguments))?,
        _ => anyhow::bail!(USAGE),
    }
    Ok(())
}
