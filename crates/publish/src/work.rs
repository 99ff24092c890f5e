//! Folders in which packages are made, below one folder that all commands of a user share.
//!
//! Whoever uses a folder holds a flock on it, which the kernel drops when its holder dies: what
//! nobody holds was left by a command that was interrupted, and is swept away.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs::{File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use build::run;
use fs_err as fs;

/// How the names of folders begin that are gone in the end.
const PASSING: &str = "b";
/// How the names of folders begin that somebody wants to look at.
const KEPT: &str = "k";

/// The folder of one command, held while it is used, and removed when it is dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    is_kept: bool,
    _held: File,
}

impl Folder {
    /// A folder below `work`, which is made where it is missing; what others left goes first.
    pub fn new(work: &Path, is_kept: bool) -> io::Result<Self> {
        if let Some(above) = work.parent() {
            fs::create_dir_all(above)?;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(work) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sweep(work)?,
        }
        let _turn = turn(work)?;
        let prefix = if is_kept { KEPT } else { PASSING };
        let path = tempfile::Builder::new().prefix(prefix).tempdir_in(work)?.keep();
        let held = File::open(&path)?;
        held.lock()?;
        Ok(Self { path, is_kept, _held: held })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays all the same is swept by a later command.
        if !self.is_kept
            && let Err(error) = run::discard(&self.path)
        {
            tracing::debug!(%error, "a folder of a build stays");
        }
    }
}

/// What interrupted commands left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// How many folders.
    pub folders: u64,
    /// What the files in them hold, in bytes.
    pub bytes: u64,
}

/// Removes the folders that nobody uses any more, but for those that were to be kept.
pub fn sweep(work: &Path) -> io::Result<()> {
    for (path, _held) in unused(work)? {
        if let Err(error) = run::discard(&path) {
            tracing::debug!(%error, "a folder of a build stays");
        }
    }
    Ok(())
}

/// What [`sweep`] would remove.
pub fn left(work: &Path) -> io::Result<Left> {
    let unused = unused(work)?;
    let mut bytes = 0;
    let mut waiting: Vec<PathBuf> = unused.iter().map(|(path, _)| path.clone()).collect();
    let mut seen = HashSet::new();
    while let Some(folder) = waiting.pop() {
        // What cannot be looked into can be removed all the same.
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        for (path, metadata) in entries.filter_map(|it| Some((it.path(), it.metadata().ok()?))) {
            match metadata.is_dir() {
                true => waiting.push(path),
                false if seen.insert(metadata.ino()) => bytes += metadata.len(),
                false => {}
            }
        }
    }
    Ok(Left { folders: unused.len() as u64, bytes })
}

/// The folders that nobody uses any more, held so that nobody begins to.
fn unused(work: &Path) -> io::Result<Vec<(PathBuf, File)>> {
    let mut unused = Vec::new();
    let _turn = turn(work)?;
    for entry in fs::read_dir(work)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && is_passing(&entry.file_name()) {
            let held = match File::open(entry.path()) {
                // Whoever had it was done with it a moment ago.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                held => held?,
            };
            match held.try_lock() {
                Ok(()) => unused.push((entry.path(), held)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
    Ok(unused)
}

fn is_passing(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(PASSING.as_bytes())
}

/// Between making a folder and holding it nobody may sweep.
fn turn(work: &Path) -> io::Result<File> {
    let turn = File::open(work)?;
    turn.lock()?;
    Ok(turn)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_nobody_holds_is_swept_and_the_rest_stays() {
        let base = tempfile::tempdir().unwrap();
        let work = base.path().join("cache/work");
        let held = Folder::new(&work, false).unwrap();
        let mode = fs::metadata(&work).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "nobody else looks in");
        let kept = Folder::new(&work, true).unwrap().path().to_owned();
        let left = work.join("bleft");
        fs::create_dir_all(left.join("cellar/tool")).unwrap();
        let closed = std::fs::Permissions::from_mode(0o500);
        fs::set_permissions(left.join("cellar"), closed).unwrap();
        fs::write(work.join("tool-1.0.0.log"), "why").unwrap();
        fs::write(left.join("file"), "1234567").unwrap();
        fs::hard_link(left.join("file"), left.join("again")).unwrap();
        assert_eq!(super::left(&work).unwrap(), Left { folders: 1, bytes: 7 });
        sweep(&work).unwrap();
        assert_eq!(super::left(&work).unwrap(), Left::default());
        assert!(!left.exists(), "nobody holds it");
        assert!(held.path().exists() && kept.exists() && work.join("tool-1.0.0.log").exists());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
    #[test]
    fn folders_come_and_go_in_several_processes_at_once() {
        let base = tempfile::tempdir().unwrap();
        let work = base.path().join("work");
        let come_and_go = || (0..100).for_each(|_| drop(Folder::new(&work, false).unwrap()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
        assert_eq!(super::left(&work).unwrap(), Left::default());
    }
}
