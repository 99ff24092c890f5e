//! The folder that files are pulled into, and the way into it.
//!
//! Titles are names that strangers wrote. Each part of one is opened by itself, and never through
//! a link, so that nothing comes to lie outside. What arrives is staged in the same file system
//! and renamed into place.

use std::{
    ffi::OsStr,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use fs_err as fs;
use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, RawMode, RenameFlags, Timespec, Timestamps},
    io::Errno,
};
use tempfile::TempDir;

/// A folder that is written into.
pub(super) struct Ground {
    root: OwnedFd,
    path: PathBuf,
    staging: TempDir,
}

/// A folder that was made, and what it is to be in the end; not held open, as there may be more
/// of them than a process may open.
pub(super) struct Made {
    path: String,
    mode: u32,
    mtime: i64,
}

impl Ground {
    /// Opens a folder, which is made where it is missing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let root = rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let staging = tempfile::Builder::new().prefix(".incoming-").tempdir_in(path)?;
        Ok(Self { root, path: path.to_owned(), staging })
    }

    /// Where files may lie until they are placed.
    pub(super) fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Where a path of the folder is.
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Whether something lies at a path.
    pub(super) fn holds(&self, path: &str) -> io::Result<bool> {
        let (above, name) = parts(path);
        let folder = match self.walk(above, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            folder => folder?,
        };
        match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Puts a staged file or link at a path, in place of a file or link that lies there.
    pub(super) fn place(&self, staged: &Path, path: &str, keeps: bool) -> io::Result<()> {
        let (above, name) = parts(path);
        let folder = self.walk(above, true)?;
        let flags = if keeps { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
        match rustix::fs::renameat_with(CWD, staged, &folder, name, flags) {
            // Some file systems know no flags; what lay there was looked for before.
            Err(Errno::INVAL) if keeps => Ok(rustix::fs::renameat(CWD, staged, &folder, name)?),
            renamed => Ok(renamed?),
        }
    }

    /// Makes a folder at a path; `None` where there is one.
    pub(super) fn make(&self, path: &str, mode: u32, mtime: i64) -> io::Result<Option<Made>> {
        let (above, name) = parts(path);
        let folder = self.walk(above, true)?;
        // Its owner has to write into it until everything is there.
        let is_new = match rustix::fs::mkdirat(&folder, name, raw(mode | 0o700)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(errno.into()),
        };
        enter(&folder, name)?;
        Ok(is_new.then(|| Made { path: path.to_owned(), mode, mtime }))
    }

    /// Gives a folder the rights and the time that it is to have.
    pub(super) fn finish(&self, made: &Made) -> io::Result<()> {
        let folder = self.walk(&made.path, false)?;
        if made.mode & 0o700 != 0o700 {
            let now = rustix::fs::fstat(&folder)?.st_mode;
            rustix::fs::fchmod(&folder, raw(now & made.mode & 0o777))?;
        }
        Ok(rustix::fs::futimens(&folder, &times(made.mtime))?)
    }

    /// The folder at a path, part by part; with `makes` those that are missing are made.
    fn walk(&self, path: &str, makes: bool) -> io::Result<OwnedFd> {
        let mut folder = self.root.try_clone()?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if makes {
                match rustix::fs::mkdirat(&folder, part, raw(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            folder = enter(&folder, OsStr::new(part))?;
        }
        Ok(folder)
    }
}

impl Made {
    /// Where it is.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// The same time for both that a file has.
pub(super) fn times(seconds: i64) -> Timestamps {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

fn raw(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as RawMode)
}

/// Opens a folder within a folder; a link is none.
fn enter(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty()).map_err(|errno| {
        let found = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        match found.map(|found| FileType::from_raw_mode(found.st_mode)) {
            Ok(FileType::Symlink) => {
                let name = name.display();
                io::Error::other(format!("`{name}` is a link, and nothing goes through links"))
            }
            _ => errno.into(),
        }
    })
}

/// The folders of a path, and its last part.
fn parts(path: &str) -> (&str, &OsStr) {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    (above, OsStr::new(name))
}
