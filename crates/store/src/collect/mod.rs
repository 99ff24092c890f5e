//! Finding what nothing needs any more, and deleting it.
//!
//! First all of it is found, then it is deleted, so that a dry run and a real one say the same.
//! The order of deletion is that of need: generations, receipts, kegs, contents, plans; a crash
//! in between leaves things without use, never things without what they need.

mod found;

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use digest::Digest;

use crate::{Content, Layout, disk::rmdir, generation, in_use, keg, removal};

use found::Found;

/// Why garbage could not be collected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A generation that is kept could not be read, so what it needs is not known.
    #[error("cannot tell what generation {number} needs")]
    Generation {
        /// The generation.
        number: u64,
        /// Why.
        source: generation::Error,
    },
    /// The generations could not be listed or removed.
    #[error("cannot clear old generations")]
    Generations {
        /// Why.
        source: generation::Error,
    },
    /// What a kept keg needs is not known.
    #[error("cannot tell which files `{keg}` needs")]
    Needs {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file or folder could not be looked at.
    #[error("cannot look at `{}`", path.display())]
    Look {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder could not be removed.
    #[error("cannot remove `{}`", path.display())]
    Remove {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is kept, besides the current generation and kegs in use.
pub struct Keep<'a> {
    /// Generations that can be gone back to; their kegs are kept.
    pub generations: BTreeSet<u64>,
    /// More kegs.
    pub kegs: BTreeSet<keg::Id>,
    /// What the kegs of guests need of the store.
    pub guests: Needed,
    /// Roots of guests that go as well, for a dry run to count what only they hold.
    pub leaving: Vec<PathBuf>,
    /// Downloads to resume are kept when they were written since.
    pub partials_since: SystemTime,
    /// What of the store a kept keg needs.
    pub needs: &'a Needs<'a>,
}

/// What of the store one keg needs.
#[derive(Debug, Clone, Default)]
pub struct Needed {
    /// The contents that it consists of.
    ///
    /// Where kegs are hard links the filesystem knows this as well; where they are clones or
    /// copies nobody else does.
    pub contents: Vec<Content>,
    /// The blobs whose plans say what it must hold.
    pub plans: Vec<Digest>,
}

/// Says what of the store a kept keg needs.
pub type Needs<'a> =
    dyn Fn(&keg::Id) -> Result<Needed, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// What was freed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freed {
    /// Generations that cannot be gone back to any more.
    pub generations: Vec<u64>,
    /// Kegs that nothing needs.
    pub kegs: Vec<keg::Id>,
    /// Kegs that only a running program needs; they stay.
    pub in_use: Vec<keg::Id>,
    /// How many files of the store.
    pub files: u64,
    /// How many plans of archives.
    pub plans: u64,
    /// How many downloads to resume.
    pub partials: u64,
    /// Bytes of all files that disappear; clones of a stored file count once.
    pub bytes: u64,
}

/// Finds what nothing needs, and deletes it unless `dry`; the writer's lock must be held.
///
/// Of a guest's store nothing is deleted: only its host knows who else needs it.
pub fn collect(layout: &Layout, keep: &Keep<'_>, dry: bool) -> Result<Freed, Error> {
    let found = Found::new(layout, keep)?;
    if !dry {
        delete(layout, &found)?;
    }
    Ok(found.freed)
}

fn delete(layout: &Layout, found: &Found) -> Result<(), Error> {
    for &number in &found.freed.generations {
        generation::remove(layout, number).map_err(|source| Error::Generations { source })?;
    }
    let mut stay = BTreeSet::new();
    for keg in &found.freed.kegs {
        let path = layout.keg(&keg.name, &keg.leaf);
        let receipt = layout.receipt(&keg.name, &keg.leaf);
        let taken = in_use::take(layout, keg)
            .map_err(|source| Error::Look { path: path.clone(), source })?;
        // Somebody may have begun to use it since it was found.
        if taken.is_some() {
            remove(layout, &receipt)?;
            remove(layout, &path)?;
        } else {
            stay.insert(receipt);
        }
    }
    for receipt in found.receipts.iter().filter(|receipt| !stay.contains(*receipt)) {
        remove(layout, receipt)?;
    }
    for path in found.files.iter().chain(&found.plans).chain(&found.partials) {
        remove(layout, path)?;
    }
    // Folders that hold something else stay.
    for folder in &found.folders {
        let _ = rmdir(folder);
    }
    Ok(())
}

fn remove(layout: &Layout, path: &Path) -> Result<(), Error> {
    removal::discard(layout, path).map_err(|source| Error::Remove { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
