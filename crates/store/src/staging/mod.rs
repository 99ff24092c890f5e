//! A transaction's private folder: contents, kegs and records wait here until they are committed.
//!
//! Contents are named by our own digests; no name from an archive is ever used here. The folder
//! disappears with its [`Staging`]; what a killed process left is swept by the next one.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs::{File, Permissions},
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::{AtFlags, FlockOperation, Mode, flock, fstat},
    io::Errno,
};

use crate::{
    Content, Layout,
    disk::{
        self, OPEN_FOLDER, PRIVATE_FOLDER, STORED, fchmod, futimens, mkdirat, open_folder,
        open_folder_at, renameat, unlinkat,
    },
    removal,
};

/// Why something could not be staged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The private folder could not be made.
    #[error("cannot make a folder for the transaction in `{}`", path.display())]
    Begin {
        /// The folder of all transactions.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written; `StorageFull` says that the disk is full.
    #[error("cannot write to `{}`", path.display())]
    Write {
        /// The transaction's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that was to be copied could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file, or the transaction's folder that it is in.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What an earlier process left could not be removed.
    #[error("cannot remove what an interrupted transaction left in `{}`", path.display())]
    Sweep {
        /// The folder that is left.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A transaction's private folder, removed when this is dropped.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    /// Open and flocked for as long as we live: a sweep leaves a locked folder alone.
    folder: OwnedFd,
    files: OwnedFd,
    shelves: [AtomicBool; 256],
    staged: Mutex<HashSet<Content>>,
    /// Whether shelves may hold more than what is staged.
    unwanted: AtomicBool,
    /// Whether the umask takes away bits that a stored file needs.
    masked: bool,
    names: AtomicU64,
}

impl Staging {
    /// Makes a private folder with a random name; the root's folders must exist.
    pub fn begin(layout: &Layout) -> Result<Self, Error> {
        let failed = |source| Error::Begin { path: layout.staging(), source };
        loop {
            let made = tempfile::Builder::new()
                .prefix("t-")
                .rand_bytes(12)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(layout.staging())
                .map_err(failed)?;
            let path = made.keep();
            match Self::open(&path) {
                // A sweep took the folder between its making and its locking.
                Err(Errno::NOENT | Errno::WOULDBLOCK) => {}
                Err(errno) => return Err(failed(errno.into())),
                Ok(staging) => return Ok(staging),
            }
        }
    }

    fn open(path: &Path) -> rustix::io::Result<Self> {
        let folder = open_folder(path)?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            // Where folders cannot be locked, the writer's lock must do.
            Ok(()) | Err(Errno::BADF | Errno::NOLCK | Errno::NOTSUP | Errno::INVAL) => {}
            Err(errno) => return Err(errno),
        }
        mkdirat(&folder, "files", Mode::from_raw_mode(0o777))?;
        let files = open_folder_at(&folder, "files")?;
        let masked = fstat(&files)?.st_mode & 0o555 != 0o555;
        fchmod(&files, PRIVATE_FOLDER)?;
        mkdirat(&folder, "kegs", PRIVATE_FOLDER)?;
        mkdirat(&folder, "trash", PRIVATE_FOLDER)?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            files,
            shelves: [const { AtomicBool::new(false) }; 256],
            staged: Mutex::default(),
            unwanted: AtomicBool::new(false),
            masked,
            names: AtomicU64::new(0),
        })
    }

    /// Removes what killed processes left; call it when the writer's lock is held.
    ///
    /// Folders of processes that still live are locked and stay.
    pub fn sweep(layout: &Layout) -> Result<(), Error> {
        let path = layout.staging();
        let failed = |errno: Errno| Error::Sweep { path: path.clone(), source: errno.into() };
        let parent = open_folder(&path).map_err(failed)?;
        let entries = fs_err::read_dir(&path)
            .map_err(|source| Error::Sweep { path: path.clone(), source })?;
        for entry in entries {
            let entry = entry.map_err(|source| Error::Sweep { path: path.clone(), source })?;
            sweep_one(parent.as_fd(), &entry.file_name())
                .map_err(|errno| Error::Sweep { path: entry.path(), source: errno.into() })?;
        }
        Ok(())
    }

    /// The folder's path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this content waits here; empty files count, as they need no bytes.
    pub fn contains(&self, content: &Content) -> bool {
        content.is_empty() || self.staged().contains(content)
    }

    /// Writes a whole file whose digest is known; once more is fine.
    ///
    /// The caller answers for `content` being that of `bytes`.
    pub fn put(&self, content: &Content, bytes: &[u8]) -> Result<(), Error> {
        debug_assert_eq!(content.size, bytes.len() as u64, "{content:?}");
        if self.contains(content) {
            return Ok(());
        }
        let path = content.shelf_path();
        self.make_shelf(content).map_err(|errno| self.failed(errno))?;
        let file = match disk::create(self.files.as_fd(), &path, content.executable) {
            Ok(file) => file,
            Err(Errno::EXIST) => return Ok(()),
            Err(errno) => return Err(self.failed(errno)),
        };
        let mut file = File::from(file);
        let written =
            disk::write_all(&mut file, bytes).and_then(|()| self.seal(&file, content.executable));
        if let Err(source) = written {
            // A name that says what the file does not hold must not stay, nor go to the store.
            self.unwanted.store(true, Ordering::Release);
            let _ = unlinkat(&self.files, &path, AtFlags::empty());
            return Err(Error::Write { path: self.path.clone(), source });
        }
        self.staged().insert(*content);
        Ok(())
    }

    /// Begins a file whose digest is known only at its end.
    pub fn stream(&self, executable: bool) -> Result<Incoming<'_>, Error> {
        let name = self.fresh_name("incoming");
        let file = disk::create(self.folder.as_fd(), &name, executable)
            .map_err(|errno| self.failed(errno))?;
        Ok(Incoming { staging: self, name, file: File::from(file), executable, kept: false })
    }

    /// Takes a copy of a file that was opened at `path`.
    ///
    /// The caller answers for `content` being what it holds.
    pub fn copy(&self, path: &Path, mut file: File, content: &Content) -> Result<(), Error> {
        let mut incoming = self.stream(content.executable)?;
        let mut buffer = vec![0; 256 << 10];
        let failed = |source| Error::Read { path: path.to_owned(), source };
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => return incoming.finish(content),
                read => incoming.write(&buffer[..read])?,
            }
        }
    }

    /// Opens a staged file for reading.
    pub fn read(&self, content: &Content) -> Result<File, Error> {
        disk::read(self.files.as_fd(), content.shelf_path())
            .map(File::from)
            .map_err(|errno| self.failed(errno))
    }

    /// Forgets the contents that are not wanted; they never reach the store.
    pub fn retain(&self, wanted: impl FnMut(&Content) -> bool) {
        self.unwanted.store(true, Ordering::Release);
        self.staged().retain(wanted);
    }

    /// Whether every file in the folder of contents is one that [`Staging::staged`] lists.
    pub(crate) fn all_wanted(&self) -> bool {
        !self.unwanted.load(Ordering::Acquire)
    }

    /// Takes note that a shelf was moved away as a whole.
    pub(crate) fn forget_shelf(&self, first: u8) {
        self.shelves[usize::from(first)].store(false, Ordering::Release);
    }

    /// The contents that wait here.
    pub(crate) fn staged(&self) -> MutexGuard<'_, HashSet<Content>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open folder of the contents.
    pub(crate) fn files(&self) -> BorrowedFd<'_> {
        self.files.as_fd()
    }

    /// The open folder itself.
    pub(crate) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// A name that nothing else in this folder has.
    pub(crate) fn fresh_name(&self, what: &str) -> String {
        format!("{what}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether files need their mode set again after their making.
    pub(crate) fn masked(&self) -> bool {
        self.masked
    }

    fn make_shelf(&self, content: &Content) -> rustix::io::Result<()> {
        let first = content.sha256.as_bytes()[0];
        let shelf = &self.shelves[usize::from(first)];
        if !shelf.load(Ordering::Acquire) {
            match mkdirat(&self.files, format!("{first:02x}"), OPEN_FOLDER) {
                Ok(()) | Err(Errno::EXIST) => shelf.store(true, Ordering::Release),
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Gives a file the mode and time of every stored file.
    fn seal(&self, file: &File, executable: bool) -> io::Result<()> {
        if self.masked {
            fchmod(file, disk::mode(executable))?;
        }
        futimens(file, &STORED)?;
        Ok(())
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::Write { path: self.path.clone(), source: errno.into() }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return;
        };
        let removed = open_folder(parent).and_then(|parent| removal::remove(parent.as_fd(), name));
        if let Err(errno) = removed {
            tracing::debug!(path = %self.path.display(), %errno, "staging stays for the next sweep");
        }
    }
}

/// A file on its way into staging, removed unless it is finished.
#[derive(Debug)]
pub struct Incoming<'a> {
    staging: &'a Staging,
    name: String,
    file: File,
    executable: bool,
    kept: bool,
}

impl Incoming<'_> {
    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        disk::write_all(&mut self.file, bytes)
            .map_err(|source| Error::Write { path: self.staging.path.clone(), source })
    }

    /// Gives the file its name: the caller answers for `content` being what was written.
    pub fn finish(mut self, content: &Content) -> Result<(), Error> {
        debug_assert_eq!(content.executable, self.executable, "{content:?}");
        let staging = self.staging;
        if staging.contains(content) {
            return Ok(());
        }
        staging
            .seal(&self.file, content.executable)
            .map_err(|source| Error::Write { path: staging.path.clone(), source })?;
        staging.make_shelf(content).map_err(|errno| staging.failed(errno))?;
        renameat(&staging.folder, &self.name, &staging.files, content.shelf_path())
            .map_err(|errno| staging.failed(errno))?;
        self.kept = true;
        staging.staged().insert(*content);
        Ok(())
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // If this fails the file goes with the whole folder.
            let _ = unlinkat(&self.staging.folder, &self.name, AtFlags::empty());
        }
    }
}

fn sweep_one(parent: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<()> {
    match open_folder_at(parent, name) {
        Ok(folder) => {
            if flock(&folder, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
                return Ok(());
            }
            removal::remove(parent, name)
        }
        Err(Errno::NOENT) => Ok(()),
        Err(_) => removal::remove(parent, name),
    }
}

#[cfg(test)]
mod tests;
