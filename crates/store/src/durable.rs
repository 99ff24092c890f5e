//! Making sure that what was written survives a loss of power.
//!
//! One sync of the whole filesystem stands for a transaction's thousands of files; after the
//! renames only folders are left to sync.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use crate::disk::{fsync, open_folder, sync_filesystem};

/// Waits until the names in one folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    Ok(fsync(open_folder(path)?)?)
}

/// The folders in which names changed, synced together at the end.
#[derive(Debug, Default)]
pub(crate) struct Folders(BTreeSet<PathBuf>);

/// With more folders than this one sync of the filesystem is cheaper: each flushes the disk.
const FOLDERS_MAX: usize = 8;

impl Folders {
    /// Remembers a folder in which a name came or went.
    pub(crate) fn add(&mut self, path: &Path) {
        if !self.0.contains(path) {
            self.0.insert(path.to_owned());
        }
    }

    /// Waits until all of them are on the disk; an error names the folder.
    pub(crate) fn sync(self) -> Result<(), (PathBuf, io::Error)> {
        let Some(first) = self.0.first().cloned() else { return Ok(()) };
        if self.0.len() > FOLDERS_MAX {
            return open_folder(&first)
                .and_then(sync_filesystem)
                .map_err(|errno| (first, errno.into()));
        }
        self.0
            .into_iter()
            .try_for_each(|folder| sync_folder(&folder).map_err(|error| (folder, error)))
    }
}
