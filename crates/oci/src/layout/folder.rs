//! A layout in a folder, as other tools read and write it.
//!
//! Every file comes into being beside the others under a name of its own, is synced and then
//! renamed, so that a crash or a reader never meets half of one. Writers take turns at the index
//! by a lock on `oci-layout`, which is always there and never replaced: no file is left that the
//! specification does not name.

use std::{
    fs::{DirEntry, File},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use digest::Digest;
use rustix::fs::{FlockOperation, OFlags, flock};
use tempfile::NamedTempFile;

use super::{
    BLOBS, Error, INDEX, MARKER, MARKER_BYTES_MAX, MARKER_TEXT, blob_path, check_marker,
    listing::{Edit, Listing},
    shelf::{Held, Incoming, Shelf, is_absent},
};
use crate::manifest;

/// How the names of files that are being written begin.
const UNFINISHED: &str = ".incoming-";

/// When a file that is being written is taken for one whose writer died.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The permissions of new files, less what the umask takes away.
const MODE: u32 = 0o644;

/// A layout in a folder, which need not exist yet to be written to.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder a layout, if it is none yet; the marker comes last.
    fn make(&self) -> Result<(), Error> {
        if self.exists() {
            return Ok(());
        }
        let blobs = self.0.join(BLOBS);
        std::fs::create_dir_all(&self.0).map_err(unwritable(&self.0))?;
        let entries = std::fs::read_dir(&self.0).map_err(unreadable(&self.0))?;
        for entry in entries {
            if !is_ours(&entry.map_err(unreadable(&self.0))?) {
                return Err(Error::NotEmpty { path: self.0.clone() });
            }
        }
        std::fs::create_dir_all(&blobs).map_err(unwritable(&blobs))?;
        let index = Listing::default().to_bytes(&self.0)?;
        for (name, bytes) in [(INDEX, &index[..]), (MARKER, MARKER_TEXT.as_bytes())] {
            let path = self.0.join(name);
            match self.unfinished(bytes)?.persist_noclobber(&path) {
                Ok(_) => {}
                // Somebody else makes it at the same time.
                Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(failed) => return Err(unwritable(&path)(failed.error)),
            }
        }
        sync(&self.0)
    }

    /// The files of all blobs.
    pub(super) fn blobs(&self) -> Result<Vec<(Digest, PathBuf)>, Error> {
        let blobs = self.0.join(BLOBS);
        let mut found = Vec::new();
        for algorithm in std::fs::read_dir(&blobs).map_err(unreadable(&blobs))? {
            let algorithm = algorithm.map_err(unreadable(&blobs))?;
            let folder = algorithm.path();
            for file in std::fs::read_dir(&folder).map_err(unreadable(&folder))? {
                let file = file.map_err(unreadable(&folder))?;
                let (algorithm, encoded) = (algorithm.file_name(), file.file_name());
                let text = format!("{}:{}", algorithm.display(), encoded.display());
                found.extend(text.parse().ok().map(|digest| (digest, file.path())));
            }
        }
        Ok(found)
    }

    /// A file with these bytes, synced and without a name of its own yet.
    fn unfinished(&self, bytes: &[u8]) -> Result<NamedTempFile, Error> {
        let mut file = begin(&self.0)?;
        let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
        written.map_err(unwritable(file.path()))?;
        Ok(file)
    }

    /// Waits until nobody else changes the index.
    fn lock(&self) -> Result<File, Error> {
        let path = self.0.join(MARKER);
        // A lock on NFS needs a file that is open for writing; elsewhere reading is enough.
        let options = |write| File::options().read(true).write(write).open(&path);
        let file = options(true).or_else(|_| options(false)).map_err(unreadable(&path))?;
        lock(&file, &path)?;
        Ok(file)
    }

    /// Removes what writers that died left behind.
    fn sweep(&self) {
        let old = |entry: &DirEntry| {
            let modified = entry.metadata()?.modified()?;
            let age = SystemTime::now().duration_since(modified).unwrap_or_default();
            io::Result::Ok(age > ABANDONED)
        };
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if is_unfinished(&entry) && old(&entry).unwrap_or(false) {
                // It is in nobody's way; the next one tries again.
                drop(std::fs::remove_file(entry.path()));
            }
        }
    }
}

impl Shelf for Folder {
    fn path(&self) -> &Path {
        &self.0
    }

    fn exists(&self) -> bool {
        self.0.join(MARKER).exists()
    }

    fn listing(&self) -> Result<Listing, Error> {
        let path = self.0.join(MARKER);
        let marker = match open(&path).map_err(|source| (is_absent(&source), source)) {
            Ok(marker) => marker.read(MARKER_BYTES_MAX)?,
            Err((true, _)) => return Err(Error::Missing { path: self.0.clone() }),
            Err((false, source)) => return Err(Error::Read { path, source }),
        };
        check_marker(&marker, path, &self.0)?;
        let path = self.0.join(INDEX);
        let index = open(&path).map_err(unreadable(&path))?.read(manifest::BYTES_MAX as u64)?;
        Listing::parse(index, &path)
    }

    fn open(&self, digest: &Digest) -> Result<Option<Held>, Error> {
        let path = self.0.join(blob_path(digest));
        match open(&path) {
            Ok(held) => Ok(Some(held)),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let path = self.0.join(blob_path(digest));
        match std::fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    fn receive(&self) -> Result<Box<dyn Incoming>, Error> {
        self.make()?;
        let file = begin(&self.0)?;
        Ok(Box::new(Unfinished { home: self.0.clone(), file }))
    }

    fn edit(&self, edit: Edit) -> Result<(), Error> {
        self.make()?;
        let _lock = self.lock()?;
        let mut listing = self.listing()?;
        if !listing.apply(&edit) {
            return Ok(());
        }
        let path = self.0.join(INDEX);
        let file = self.unfinished(&listing.to_bytes(&path)?)?;
        file.persist(&path).map_err(|failed| unwritable(&path)(failed.error))?;
        sync(&self.0)?;
        self.sweep();
        Ok(())
    }

    fn remove(&self, digest: &Digest) -> Result<bool, Error> {
        let path = self.0.join(blob_path(digest));
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(source) if is_absent(&source) => Ok(false),
            Err(source) => Err(Error::Write { path, source }),
        }
    }
}

/// A blob that is being written.
struct Unfinished {
    home: PathBuf,
    file: NamedTempFile,
}

impl Incoming for Unfinished {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| Error::Write { path: self.file.path().to_owned(), source })
    }

    fn keep(self: Box<Self>, digest: &Digest) -> Result<(), Error> {
        let path = self.home.join(blob_path(digest));
        let folder = path.parent().unwrap_or(&self.home);
        let is_new = !folder.exists();
        std::fs::create_dir_all(folder).map_err(unwritable(folder))?;
        self.file.as_file().sync_all().map_err(unwritable(self.file.path()))?;
        self.file.persist(&path).map_err(|failed| unwritable(&path)(failed.error))?;
        sync(folder)?;
        if is_new { sync(&self.home.join(BLOBS)) } else { Ok(()) }
    }
}

fn begin(home: &Path) -> Result<NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(UNFINISHED).permissions(std::fs::Permissions::from_mode(MODE));
    builder.tempfile_in(home).map_err(unwritable(home))
}

fn is_unfinished(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
}

/// Whether an entry of a folder without a marker is of a layout that is being made.
fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    [BLOBS, INDEX, MARKER].iter().any(|ours| name == *ours) || is_unfinished(entry)
}

/// Opens a regular file; a named pipe, as an archive may bring along, would never answer.
fn open(path: &Path) -> io::Result<Held> {
    let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(without_waiting).open(path)?;
    if file.metadata()?.is_file() {
        Ok(Held { path: path.to_owned(), reader: Box::new(file) })
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

/// Waits for the lock on an open file or folder.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), Error> {
    let locked = rustix::io::retry_on_intr(|| flock(file, FlockOperation::LockExclusive));
    locked.map_err(|errno| Error::Lock { path: path.to_owned(), source: errno.into() })
}

/// Makes sure that the names in a folder outlive a loss of power.
pub(super) fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable(folder))
}

pub(super) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    |source| Error::Read { path: path.to_owned(), source }
}

pub(crate) fn unwritable(path: &Path) -> impl Fn(io::Error) -> Error {
    |source| Error::Write { path: path.to_owned(), source }
}
