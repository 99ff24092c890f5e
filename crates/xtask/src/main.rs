//! `cargo xtask TASK`: regenerates what is committed but not written by hand.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
};

use xtask::layout;

const USAGE: &str = "usage: cargo xtask layout [--check]";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let formulas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../formulas");
    match arguments[..] {
        ["layout"] => {
            let digest = layout::write(&formulas)?;
            writeln!(io::stdout(), "any = \"{digest}\"")?;
        }
        ["layout", "--check"] => layout::check(&formulas)?,
        _ => anyhow::bail!(USAGE),
    }
    Ok(())
}
