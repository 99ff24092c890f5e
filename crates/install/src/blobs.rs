//! Downloads that stay in the cache as they came, for other roots and jobs that share the folder.
//!
//! No lock is taken: a blob appears whole, by a rename, and is verified each time that it is read,
//! so whatever is killed or written at the same time, at worst something is downloaded again.
//! What is not used for long goes when the folder is larger than it may be.

use std::{
    fs::File,
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use digest::Digest;
use fs_err as fs;
use tempfile::NamedTempFile;

use crate::regular;

/// The folder's name in the cache.
const FOLDER: &str = "blobs";
/// How the names of files that are being written begin.
const UNFINISHED: &str = ".new-";
/// When a file that is being written is taken for one whose writer died.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The blobs of a cache.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    folder: PathBuf,
    bytes_max: u64,
    /// Whether what is here is read, not only written.
    reads: bool,
}

/// A blob that is being written; dropping it leaves nothing behind.
pub(crate) struct Receiving {
    file: NamedTempFile,
    folder: PathBuf,
    /// Bytes that may still come.
    left: u64,
}

/// So many blobs with so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// How many.
    pub blobs: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Blobs {
    /// Those of the cache `cache`, which may have so many bytes in all.
    pub(crate) fn new(cache: &Path, bytes_max: u64) -> Self {
        Self { folder: cache.join(FOLDER), bytes_max, reads: true }
    }

    /// Opens a blob, if it is here; what it holds is for the reader to verify.
    pub(crate) fn open(&self, digest: &Digest) -> Option<File> {
        let file = self.reads.then(|| regular::open(&self.path(digest)).ok())??;
        // Only a help to tell what is used; another user's file may not be touched.
        let _ = file.set_modified(SystemTime::now()).is_ok();
        Some(file)
    }

    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).exists()
    }

    /// The same blobs, where one that holds other bytes is gone and comes anew.
    pub(crate) fn anew(&self, digest: &Digest) -> Self {
        // Another job may have been faster.
        let _ = fs::remove_file(self.path(digest)).is_ok();
        Self { reads: false, ..self.clone() }
    }

    /// Begins to keep a blob; a cache that cannot be written keeps nothing, nor one that is too
    /// small for it: everything else would have to go.
    pub(crate) fn receive(&self, digest: &Digest, size: Option<u64>) -> Option<Receiving> {
        if size.is_some_and(|size| size > self.bytes_max) {
            return None;
        }
        let folder = self.folder.join(digest.algorithm());
        let begin = || {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&folder)
        };
        match begin() {
            Ok(file) => Some(Receiving { file, folder, left: self.bytes_max }),
            Err(error) => {
                tracing::debug!(%error, "cannot keep a download");
                None
            }
        }
    }

    /// Removes those that were not used for longest, until the rest is as large as it may be.
    pub(crate) fn trim(&self) {
        if let Err(error) = self.drop_old(|_, left| left > self.bytes_max, false) {
            tracing::debug!(%error, "cannot look through kept downloads");
        }
    }

    /// Removes those that were not used since `since`, or with `dry` only counts them.
    pub(crate) fn drop_unused(&self, since: SystemTime, dry: bool) -> io::Result<Dropped> {
        self.drop_old(|used, _| used < since, dry)
    }

    /// Removes blobs, those first that were used longest ago, for as long as it `goes`: by the
    /// time that one was used, and the bytes that are left.
    fn drop_old(&self, goes: impl Fn(SystemTime, u64) -> bool, dry: bool) -> io::Result<Dropped> {
        let mut all = Vec::new();
        for folder in entries(&self.folder)? {
            for file in entries(&folder)? {
                // Another job may have removed it.
                let Ok(found) = fs::symlink_metadata(&file) else { continue };
                all.push((found.modified()?, found.len(), file));
            }
        }
        all.sort();
        let (mut left, mut dropped) =
            (all.iter().map(|(_, size, _)| size).sum(), Dropped::default());
        for (used, size, file) in all {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let goes = match name.starts_with(UNFINISHED) {
                true => used.elapsed().is_ok_and(|age| age > ABANDONED),
                false => goes(used, left),
            };
            if !goes {
                continue;
            }
            let removed = if dry { Ok(()) } else { fs::remove_file(&file) };
            match removed {
                Ok(()) => {
                    dropped.blobs += 1;
                    dropped.bytes += size;
                }
                // Another job was faster: there is as much less all the same.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => continue,
            }
            left -= size;
        }
        Ok(dropped)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.algorithm()).join(digest.encoded())
    }
}

impl Receiving {
    /// Takes the next bytes; after an error, of the disk or because of the size, nothing is kept.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.file.write_all(bytes)
    }

    /// Keeps what was taken as `digest`, which it was verified to be.
    pub(crate) fn keep(self, digest: &Digest) {
        if let Err(error) = self.file.persist(self.folder.join(digest.encoded())) {
            tracing::debug!(error = %error.error, "cannot keep a download");
        }
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn keep(blobs: &Blobs, text: &str, seconds: u64) -> Digest {
        let digest = Digest::sha256(text.as_bytes());
        let mut receiving = blobs.receive(&digest, None).unwrap();
        receiving.take(text.as_bytes()).unwrap();
        receiving.keep(&digest);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(blobs.path(&digest)).unwrap().set_modified(time).unwrap();
        digest
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let cache = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(cache.path(), 8);
        let [one, two, three] = [("one.", 3), ("two.", 2), ("six.", 1)].map(|(text, seconds)| {
            let digest = keep(&blobs, text, seconds);
            (digest, text)
        });
        // Reading is using.
        let mut text = String::new();
        blobs.open(&three.0).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, three.1);
        drop(blobs.receive(&one.0, None));
        blobs.trim();
        assert_eq!([&one, &two, &three].map(|(digest, _)| blobs.has(digest)), [true, false, true]);
        let anew = blobs.anew(&one.0);
        assert!(!blobs.has(&one.0) && anew.open(&three.0).is_none());
        let hour = SystemTime::now() - Duration::from_secs(3600);
        assert_eq!(blobs.drop_unused(hour, true).unwrap(), Dropped::default());
        let later = SystemTime::now() + Duration::from_secs(3600);
        let all = Dropped { blobs: 1, bytes: 4 };
        assert_eq!(blobs.drop_unused(later, true).unwrap(), all);
        assert_eq!(blobs.drop_unused(later, false).unwrap(), all);
        assert_eq!(blobs.drop_unused(later, false).unwrap(), Dropped::default());
        assert!(Blobs::new(&cache.path().join("none"), 1).drop_unused(later, false).is_ok());
    }
    #[test]
    fn what_another_job_dropped_counts_no_more() {
        let cache = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(cache.path(), 8);
        let all = [("one.", 1), ("two.", 2), ("six.", 3)];
        let [one, two, three] = all.map(|(text, seconds)| keep(&blobs, text, seconds));
        let goes = |_: SystemTime, left: u64| {
            // The other job looked at the same files.
            let _ = fs::remove_file(blobs.path(&one)).is_ok();
            left > 8
        };
        assert_eq!(blobs.drop_old(goes, false).unwrap(), Dropped::default());
        assert_eq!([&one, &two, &three].map(|digest| blobs.has(digest)), [false, true, true]);
    }

    #[test]
    fn what_is_larger_than_the_cache_drives_nothing_out() {
        let cache = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(cache.path(), 8);
        let small = keep(&blobs, "small", 1);
        let large = Digest::sha256(b"larger than all");
        assert!(blobs.receive(&large, Some(9)).is_none());
        let mut receiving = blobs.receive(&large, None).unwrap();
        receiving.take(b"larger ").unwrap();
        assert!(receiving.take(b"than all").is_err());
        drop(receiving);
        blobs.trim();
        assert!(blobs.has(&small) && !blobs.has(&large));
    }

    #[test]
    fn nothing_waits_for_what_is_no_file() {
        let cache = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(cache.path(), 8);
        let digest = keep(&blobs, "one.", 1);
        fs::remove_file(blobs.path(&digest)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(blobs.path(&digest)).status().unwrap();
        assert!(made.success() && blobs.open(&digest).is_none());
    }
}
