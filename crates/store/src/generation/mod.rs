//! Generations: immutable sets of links into kegs, one of which is the user's prefix.
//!
//! A generation counts once `current` has led to it: whatever has a higher number was left by a
//! crash. Numbers only grow, so going back is a new generation too. What the links should be
//! is decided in [`layout`]; which packages there should be is not known here.

mod compare;
mod links;
mod record;
mod write;

use std::{collections::BTreeSet, io, path::PathBuf};

use serde::Deserialize;

use crate::{Layout, keg, removal};

pub use compare::compare;
pub use links::{Claim, Conflict, Entries, Entry, Error as LayoutError, Links, layout};
pub use record::{Keg, Record, SCHEMA};
pub use write::{switch, write};

/// Why a generation could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `current` is not one of our links.
    #[error("`{}` leads to `{target}`, which is no generation", path.display())]
    Current {
        /// The link.
        path: PathBuf,
        /// What it leads to.
        target: String,
    },
    /// A file or folder could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record is not what this program writes.
    #[error("the record `{}` is damaged; `pkg rollback` to another generation", path.display())]
    Parse {
        /// The record.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A record was written by a newer program.
    #[error("the record `{}` has schema {schema}; a newer pkg wrote it", path.display())]
    Newer {
        /// The record.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
    /// A folder, link or record could not be made; `StorageFull` says that the disk is full.
    #[error("cannot make {}generation {number}", part(path))]
    Make {
        /// The path in the generation; empty for the folder itself.
        path: String,
        /// The generation.
        number: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk did not confirm what was written.
    #[error("cannot make sure that `{}` is on the disk", path.display())]
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `current` could not be changed.
    #[error("cannot switch to generation {number}")]
    Switch {
        /// The generation.
        number: u64,
        /// Why.
        source: io::Error,
    },
    /// A generation could not be removed.
    #[error("cannot remove `{}`", path.display())]
    Remove {
        /// Its folder or record.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The part of a generation that an error is about; nothing where that is all of it.
fn part(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}` of ") }
}

/// The current generation and its record; `None` before the first change.
pub fn current(layout: &Layout) -> Result<Option<(u64, Record)>, Error> {
    current_number(layout)?.map(|number| Ok((number, read(layout, number)?))).transpose()
}

/// The number of the current generation; `None` before the first change.
pub fn current_number(layout: &Layout) -> Result<Option<u64>, Error> {
    let path = layout.current();
    let target = match fs_err::read_link(&path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let number = target.to_str().and_then(|text| number(text.strip_prefix("generations/")?));
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(Error::Current { path, target: target.to_string_lossy().into_owned() }),
    }
}

/// The record of one generation.
pub fn read(layout: &Layout, number: u64) -> Result<Record, Error> {
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    let path = layout.record(number);
    let bytes = fs_err::read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let newer = || {
        let Schema { schema } = serde_json::from_slice(&bytes).ok()?;
        (schema > SCHEMA).then_some(schema)
    };
    match serde_json::from_slice::<Record>(&bytes) {
        Ok(record) if record.schema <= SCHEMA => Ok(record),
        Ok(Record { schema, .. }) => Err(Error::Newer { path, schema }),
        Err(source) => match newer() {
            Some(schema) => Err(Error::Newer { path, schema }),
            None => Err(Error::Parse { path, source }),
        },
    }
}

/// The numbers of all generations that were current once, oldest first.
pub fn list(layout: &Layout) -> Result<Vec<u64>, Error> {
    let Some(current) = current_number(layout)? else { return Ok(Vec::new()) };
    let Numbers { folders, records } = numbers(layout)?;
    Ok(folders.intersection(&records).copied().filter(|&number| number <= current).collect())
}

/// The numbers of all whole generations, also of one that was never current.
pub(crate) fn all(layout: &Layout) -> Result<BTreeSet<u64>, Error> {
    let Numbers { folders, records } = numbers(layout)?;
    Ok(&folders | &records)
}

/// What is in a folder of a keg in the cellar, to lay out generations by.
pub fn entries(layout: &Layout, keg: &keg::Id, path: &str) -> io::Result<Vec<Entry>> {
    read_entries(&layout.keg(&keg.name, &keg.leaf).join(path))
}

pub(crate) fn read_entries(path: &std::path::Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(path)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a name in it is not UTF-8"))?;
        found.push(Entry { name, folder: entry.file_type()?.is_dir() });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The newest whole generation where `current` leads to none although there are several.
///
/// # Errors
///
/// The folder of generations cannot be read.
pub fn lost(layout: &Layout) -> Result<Option<u64>, Error> {
    let all = all(layout)?;
    let is_lost = current_number(layout)?.is_none() && all.len() > 1;
    Ok(all.last().copied().filter(|_| is_lost))
}

/// Removes generations that a crash left half-made; call it when the writer's lock is held.
pub fn sweep(layout: &Layout) -> Result<(), Error> {
    let current = current_number(layout)?;
    let Numbers { folders, records } = numbers(layout)?;
    let counts = |number: u64| folders.contains(&number) && records.contains(&number);
    // One alone may be what the first command left half-made; several are a history whose link
    // was lost, and going back to them must stay possible.
    if current.is_none() && folders.union(&records).nth(1).is_some() {
        return Ok(());
    }
    for &number in folders.union(&records) {
        if Some(number) > current || !counts(number) && Some(number) != current {
            remove(layout, number)?;
        }
    }
    Ok(())
}

/// Removes a generation that is not the current one.
pub(crate) fn remove(layout: &Layout, number: u64) -> Result<(), Error> {
    let failed = |path: PathBuf| move |source| Error::Remove { path, source };
    let path = layout.generation(number);
    removal::discard(layout, &path).map_err(failed(path))?;
    let path = layout.record(number);
    removal::discard(layout, &path).map_err(failed(path))
}

/// The number that a new generation gets: above all that ever were.
fn next(layout: &Layout) -> Result<u64, Error> {
    let Numbers { folders, records } = numbers(layout)?;
    let highest = folders.last().max(records.last()).copied().max(current_number(layout)?);
    Ok(highest.unwrap_or(0) + 1)
}

struct Numbers {
    folders: BTreeSet<u64>,
    records: BTreeSet<u64>,
}

fn numbers(layout: &Layout) -> Result<Numbers, Error> {
    let path = layout.generations();
    let failed = |source| Error::Read { path: path.clone(), source };
    let mut found = Numbers { folders: BTreeSet::new(), records: BTreeSet::new() };
    let entries = match fs_err::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(source) => return Err(failed(source)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let Some(name) = name.to_str() else { continue };
        match name.strip_suffix(".json") {
            Some(name) => found.records.extend(number(name)),
            None => found.folders.extend(number(name)),
        }
    }
    Ok(found)
}

/// Reads a number as we write it, without sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests;
