//! A whole machine's packages in one file, and the lists of other programs.
//!
//! The file is a `pkg.toml` whose packages may be pinned. What others write is read as names and
//! versions; whether a tap has them is deliberately not known here.

mod brewfile;
mod mise;
mod tool_versions;

use std::path::{Path, PathBuf};

use catalog::{Found, Spec, Taps, spec, taps};
use formula::Name;
use install::{Home, Origin};

use crate::{
    edit, place,
    wants::{self, ANY, DEFAULT, Kind, Want, Wants},
};

/// The names that are looked for where nobody names a file, in this order.
pub const FILES: &[&str] =
    &["bundle.toml", "Brewfile", "mise.toml", ".mise.toml", ".tool-versions"];

/// What a list asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Taps and packages.
    pub wants: Wants,
    /// What is in it and is left out, each with the reason.
    pub skipped: Vec<(String, String)>,
}

/// A machine's packages cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is installed cannot be read.
    #[error("cannot read what is installed")]
    Read(#[from] store::generation::Error),
    /// The receipt of a package cannot be read.
    #[error(transparent)]
    Receipt(#[from] install::receipt::Error),
    /// The taps cannot be read.
    #[error(transparent)]
    Taps(#[from] taps::Error),
    /// The file cannot be written.
    #[error(transparent)]
    Edit(#[from] edit::Error),
}

/// What was asked for on this machine, as the text of a bundle.
pub fn dump(home: &Home) -> Result<String, Error> {
    let installed = home.installed()?;
    let mut text =
        String::from("# What this machine has; `pkg bundle install -f FILE` has it again.\n");
    let (mut wants, mut left) = (Vec::<Want>::new(), Vec::new());
    for package in installed.packages() {
        let Some(version) = &package.requested else { continue };
        let Ok(name) = Name::parse(&package.name) else { continue };
        if wants.iter().any(|want| want.name == name) {
            left.push(package.shown_name());
            continue;
        }
        let (from, tap) = match home.receipt(package)?.origin {
            Origin::Tap => (None, Some(package.tap.clone())),
            Origin::File(path) => (Some(path.display().to_string()), None),
            Origin::Reference(reference) => (Some(reference), None),
        };
        let version = package.slot.clone().unwrap_or_else(|| version.clone());
        // What was pinned is had at that version again.
        let version = if package.pinned { format!("={}", package.version) } else { version };
        let version = if from.is_some() { ANY.to_owned() } else { version };
        let tap = tap.filter(|tap| tap != catalog::BUILTIN);
        wants.push(Want {
            name,
            group: DEFAULT.to_owned(),
            version,
            tap,
            from,
            pin: package.pinned,
        });
    }
    let taps = home.taps()?;
    let added: Vec<_> = taps.iter().filter(|tap| tap.name() != catalog::BUILTIN).collect();
    if !added.is_empty() {
        text.push_str("\n[taps]\n");
        for tap in added {
            let at = toml_edit::Value::from(tap.location());
            text.push_str(&format!("{} = {at}\n", tap.name()));
        }
    }
    text.push('\n');
    if !left.is_empty() {
        let left = left.join(", ");
        text.push_str(&format!("# Left out, as a list has each name once: {left}\n"));
    }
    text.push_str("[packages]\n");
    for want in &wants {
        text = edit::add(&text, want)?;
    }
    Ok(text)
}

/// Reads a list, by its file's name.
pub fn read(file: &Path) -> Result<Bundle, wants::Error> {
    let text = Wants::text(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    if name == "Brewfile" || name.ends_with(".Brewfile") || name.starts_with("Brewfile.") {
        return Ok(brewfile::read(&text));
    }
    if name.starts_with(".tool-versions") {
        return Ok(tool_versions::read(&text));
    }
    if name.ends_with("mise.toml") {
        return mise::read(&text, file);
    }
    let wants = Wants::parse_as(Kind::Bundle, &text, file)?;
    Ok(Bundle { wants, skipped: Vec::new() })
}

/// The first list that a folder has.
pub fn find(folder: &Path) -> Option<PathBuf> {
    FILES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// Names, each with the reason against it.
pub type Missing = Vec<(String, String)>;

impl Bundle {
    /// The taps of the list, and where each is; folders in it start at `folder`.
    pub fn taps(&self, folder: &Path) -> impl Iterator<Item = (&str, PathBuf)> {
        let at = move |at: &str| match wants::is_in_registry(at) {
            true => PathBuf::from(at),
            false => place::below(&folder.join(at), Path::new("")),
        };
        self.wants.taps.iter().map(move |(name, place)| (name.as_str(), at(place)))
    }

    /// What of the list `taps` have, and what they have not; paths in it start at `folder`.
    pub fn found(&self, taps: &Taps, folder: &Path) -> Result<(Vec<Spec>, Missing), taps::Error> {
        let (mut specs, mut missing) = (Vec::new(), Vec::new());
        for want in &self.wants.packages {
            let spec = want.spec(folder);
            let spec::Kind::Name { tap, name } = &spec.kind else {
                specs.push(spec);
                continue;
            };
            let why = match taps.find(tap.as_deref(), name.as_str()) {
                Ok(found) => match has(&found, spec.at.as_deref()) {
                    true => None,
                    false => Some(format!("there is no version {}", want.shown_version())),
                },
                Err(error @ taps::Error::Ambiguous { .. }) => Some(error.to_string()),
                Err(taps::Error::NoFormula { .. } | taps::Error::NoTap { .. }) => {
                    Some("no tap has it".to_owned())
                }
                Err(error) => return Err(error),
            };
            match why {
                None => specs.push(spec),
                Some(why) => missing.push((name.to_string(), why)),
            }
        }
        Ok((specs, missing))
    }

    /// Adds a package that another program's list names.
    fn add(&mut self, name: &str, version: Option<&str>) {
        let Ok(parsed) = Name::parse(&name.to_ascii_lowercase()) else {
            self.skip(name, "it is no name that a formula can have");
            return;
        };
        if self.wants.want(parsed.as_str()).is_some() {
            return;
        }
        let version = version.filter(|version| *version != "latest").unwrap_or(ANY);
        if !wants::is_version(version) {
            self.skip(name, "its version cannot be asked for");
            return;
        }
        self.wants.packages.push(Want {
            name: parsed,
            group: DEFAULT.to_owned(),
            version: version.to_owned(),
            tap: None,
            from: None,
            pin: false,
        });
    }

    fn skip(&mut self, what: &str, why: &str) {
        let what = what.chars().filter(|c| !c.is_control()).take(80).collect();
        self.skipped.push((what, why.to_owned()));
    }
}

/// Whether a formula has a release that `@X` means.
fn has(found: &Found, at: Option<&str>) -> bool {
    let Some(at) = at else { return true };
    let mut releases = found.formula.releases().iter();
    found.at(at).is_ok_and(|at| releases.any(|release| found.takes(&at, release)))
}
