//! What of a file would not work on another machine, or under another root.
//!
//! Each finding names the file, the place and what to do. Whether a package with findings is made
//! all the same is not known here.

mod compressed;
mod finding;
mod paths;
mod programs;

pub use finding::{Finding, Rule};

use crate::inspect::{self, Machine};

/// What a package may hold.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Where it shall run; none for a package that serves every platform.
    pub platform: Option<Platform>,
    /// `<name>/<version>[_<revision>]`: the keg that its files may name.
    pub keg: &'a str,
    /// Absolute folders of the build that must not be left in it, besides the placeholder's.
    pub forbidden: &'a [String],
}

/// Where a package shall run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// The operating system.
    pub system: System,
    /// The processor.
    pub machine: Machine,
}

/// An operating system and, where it has several, its C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with the GNU C library.
    LinuxGnu,
    /// Linux, with musl.
    LinuxMusl,
    /// Linux, whatever its C library: programs are static.
    Linux,
    /// macOS.
    Macos,
    /// Another, of which nothing is checked.
    Other,
}

impl System {
    /// The system of words as platforms have them: `linux` and `gnu`, `macos` and none.
    pub fn from_words(os: &str, libc: Option<&str>) -> Self {
        match (os, libc) {
            ("linux", Some("gnu")) => Self::LinuxGnu,
            ("linux", Some("musl")) => Self::LinuxMusl,
            ("linux", _) => Self::Linux,
            ("macos", _) => Self::Macos,
            _ => Self::Other,
        }
    }
}

/// Everything that is wrong with one file of a package; `mode` is as `stat` has it.
pub fn audit(path: &str, mode: u32, bytes: &[u8], rules: &Rules<'_>) -> Vec<Finding> {
    let mut report = finding::Report::new(path);
    modes(mode, &mut report);
    paths::check(bytes, rules, &mut report);
    compressed::check(bytes, rules, &mut report);
    match inspect::inspect(bytes) {
        Ok(inspect::File::Elf(elf)) => programs::elf(&elf, rules, &mut report),
        Ok(inspect::File::MachO(parts)) => programs::macho(&parts, bytes, rules, &mut report),
        Ok(inspect::File::Archive(archive)) => {
            programs::archive(archive, bytes, rules, &mut report);
        }
        Ok(inspect::File::Script(script)) if mode & 0o111 != 0 => {
            programs::script(&script, &mut report);
        }
        Ok(_) => {}
        Err(error) => {
            report.add(Rule::Unreadable, None, &error.to_string());
        }
    }
    report.findings
}

fn modes(mode: u32, report: &mut finding::Report<'_>) {
    if mode & 0o6000 != 0 {
        report.add(Rule::Privilege, None, &format!("{:o}", mode & 0o7777));
    }
    if mode & 0o002 != 0 {
        report.add(Rule::Writable, None, &format!("{:o}", mode & 0o7777));
    }
}

#[cfg(test)]
mod tests;
