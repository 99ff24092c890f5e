//! All tests of the program as a user runs it.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test that cannot go on fails, and a transcript is long"
)]

mod commands;
mod formulas;
mod pages;
mod readme;
mod reference;
mod support;
mod tidy;

/// What lies in the folder and is no module of this binary: roots, data, and the interop tests.
const NO_MODULES: &[&str] = &["main", "mod", "data", "interop"];

/// A file that no `mod` names would be tests that never run.
#[test]
fn no_forgotten_files() {
    let folder = support::workspace().join("tests");
    for (modules, below) in [
        (include_str!("main.rs"), ""),
        (include_str!("commands/mod.rs"), "commands"),
        (include_str!("interop.rs"), "interop"),
    ] {
        for entry in fs_err::read_dir(folder.join(below)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let stem = name.strip_suffix(".rs").unwrap_or(&name);
            let is_named = modules.lines().any(|line| line.trim() == format!("mod {stem};"));
            let is_data = stem.contains('.') || NO_MODULES.contains(&stem);
            assert!(is_named || is_data, "tests/{below}/{name} is in no `mod` line");
        }
    }
}
