//! What is carried to where there is no network, as `mirror`, `export` and `import` answer it.

use std::path::Path;

use catalog::{closure, refresh};
use publish::{
    export,
    mirror::{Missing, Outcome},
};
use serde::Serialize;

/// A tap that was mirrored.
#[derive(Debug, Serialize)]
pub(crate) struct Mirror {
    schema: u32,
    tap: String,
    /// Where it is now.
    location: String,
    serial: u64,
    published_at: String,
    digest: String,
    /// Formulas that were looked at; the others are as they were.
    looked_at: usize,
    /// Artifacts that were new.
    artifacts: usize,
    /// Archives from outside of registries that were new.
    archives: usize,
    /// Artifacts and archives that were there before.
    present: usize,
    sent_bytes: u64,
    /// What was left out as asked for.
    skipped: Vec<Left>,
    /// What could not be had.
    missing: Vec<Left>,
}

/// Something that is not in the mirror.
#[derive(Debug, Serialize)]
struct Left {
    name: String,
    place: String,
    why: Option<String>,
}

impl Mirror {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let left = |missing: &Missing| Left {
            name: missing.named.clone(),
            place: missing.place.clone(),
            why: missing.why(),
        };
        Self {
            schema: 1,
            tap: outcome.tap.clone(),
            location: outcome.place.clone(),
            serial: outcome.serial,
            published_at: outcome.published.to_string(),
            digest: outcome.digest.to_string(),
            looked_at: outcome.looked_at,
            artifacts: outcome.figures.artifacts,
            archives: outcome.figures.archives,
            present: outcome.figures.present,
            sent_bytes: outcome.figures.sent_bytes,
            skipped: outcome.skipped.iter().map(left).collect(),
            missing: outcome.missing.iter().map(left).collect(),
        }
    }
}

/// An archive that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Export {
    schema: u32,
    path: String,
    bytes: u64,
    /// The taps whose editions it has.
    taps: Vec<Edition>,
    packages: Vec<Package>,
}

#[derive(Debug, Serialize)]
struct Edition {
    name: String,
    location: String,
    digest: String,
}

/// A package of an archive.
#[derive(Debug, Serialize)]
struct Package {
    tap: String,
    name: String,
    version: String,
    revision: u32,
    platforms: Vec<String>,
}

impl Package {
    fn of(package: &closure::Package) -> Self {
        Self {
            tap: package.tap.clone(),
            name: package.name.to_string(),
            version: package.version.clone(),
            revision: package.revision,
            platforms: package.platforms.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Export {
    pub(crate) fn of(outcome: &export::Outcome, path: &Path) -> Self {
        let closure = &outcome.closure;
        let edition = |edition: &closure::Edition| Edition {
            name: edition.name.clone(),
            location: edition.location.clone(),
            digest: edition.digest.to_string(),
        };
        Self {
            schema: 1,
            path: path.to_string_lossy().into_owned(),
            bytes: outcome.bytes,
            taps: closure.taps.iter().map(edition).collect(),
            packages: closure.packages.iter().map(Package::of).collect(),
        }
    }
}

/// An archive that was brought in.
#[derive(Debug, Serialize)]
pub(crate) struct Import {
    schema: u32,
    taps: Vec<Tap>,
    /// What can be installed now.
    packages: Vec<Package>,
    /// What was not imported: it is damaged, or does not fit to the taps as they are here.
    left: Vec<Package>,
    /// What is there for other platforms only.
    other_packages: Vec<Package>,
}

#[derive(Debug, Serialize)]
struct Tap {
    name: String,
    /// `added`, `updated`, `same`, `newer` where a newer edition stays, or `kept`.
    state: &'static str,
}

impl Import {
    pub(crate) fn of(imported: &install::import::Imported) -> Self {
        let tap = |(name, taken): &(String, refresh::Imported)| Tap {
            name: name.clone(),
            state: match taken {
                refresh::Imported::Added(_) => "added",
                refresh::Imported::Updated(_) => "updated",
                refresh::Imported::Same => "same",
                refresh::Imported::Newer(_) => "newer",
                refresh::Imported::Kept => "kept",
            },
        };
        Self {
            schema: 1,
            taps: imported.taps.iter().map(tap).collect(),
            packages: imported.packages.iter().map(Package::of).collect(),
            left: imported.left.iter().map(|(package, _)| Package::of(package)).collect(),
            other_packages: imported.others.iter().map(Package::of).collect(),
        }
    }
}
