//! A layout in a tar archive.
//!
//! An archive is read where it lies. What is written is gathered in files without a name, and
//! `commit` writes the whole archive anew and renames it into place: until then nothing of it is
//! seen, and nothing is left if it never comes to that.

mod contents;
mod docker;
mod section;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Cursor, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use digest::Digest;
use rustix::io::Errno;

use super::{
    BLOBS, Error, INDEX, MARKER, MARKER_BYTES_MAX, blob_path, check_marker,
    folder::{Folder, lock, sync, unreadable, unwritable},
    listing::{Edit, Listing},
    shelf::{Held, Incoming, Reader, Shelf, is_absent},
};
use crate::manifest;

use contents::Contents;
pub(crate) use section::Section;

/// A layout in an archive, which need not exist yet to be written to.
pub(crate) struct Archive {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

/// What the archive is after the changes that were made.
struct State {
    /// `None` where there is no layout yet.
    listing: Option<Listing>,
    blobs: BTreeMap<Digest, Piece>,
    is_docker: bool,
    changes: Changes,
}

/// What is different from the file on disk.
#[derive(Default)]
struct Changes {
    edits: Vec<Edit>,
    added: BTreeMap<Digest, Piece>,
    removed: BTreeSet<Digest>,
}

/// Where the bytes of a blob are.
#[derive(Debug, Clone)]
enum Piece {
    Section(Section),
    Bytes(Bytes),
}

impl Piece {
    fn size(&self) -> u64 {
        match self {
            Self::Section(section) => section.size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    fn reader(&self) -> Box<dyn Reader> {
        match self {
            Self::Section(section) => Box::new(section.reader()),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        }
    }
}

impl Archive {
    /// Reads what the archive holds; one that does not exist holds nothing.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let state = Arc::new(Mutex::new(State::read(path)?));
        Ok(Self { path: path.to_owned(), state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of the archive.
    fn home(&self) -> &Path {
        self.path.parent().filter(|home| !home.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Keeps other writers away until the file is closed; the archive itself is replaced, so that
    /// a lock on it would hold nobody back.
    fn lock(&self) -> Result<File, Error> {
        let home = File::open(self.home()).map_err(unreadable(self.home()))?;
        match lock(&home, self.home()) {
            Ok(()) => Ok(home),
            // Some network file systems lock no folders; the last writer wins there.
            Err(Error::Lock { source, .. }) if is_unsupported(&source) => Ok(home),
            Err(error) => Err(error),
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [Errno::BADF, Errno::INVAL, Errno::NOLCK, Errno::NOTSUP];
    Errno::from_io_error(error).is_some_and(|errno| unsupported.contains(&errno))
}

/// Writes the layout in `folder` as an archive, in place of whatever `path` is; the same content
/// gives the same bytes, in whichever order it came into the folder.
pub(crate) fn pack(folder: &Folder, path: &Path) -> Result<(), Error> {
    let listing = folder.listing()?.sorted_by_name();
    let mut blobs = BTreeMap::new();
    for (digest, path) in folder.blobs()? {
        let file = File::open(&path).map_err(unreadable(&path))?;
        let size = file.metadata().map_err(unreadable(&path))?.len();
        blobs.insert(digest, Piece::Section(Section { file: Arc::new(file), start: 0, size }));
    }
    let home = path.parent().filter(|home| !home.as_os_str().is_empty());
    let home = home.unwrap_or(Path::new("."));
    write::archive(path, home, &listing, &blobs)?;
    sync(home)
}

impl State {
    fn read(path: &Path) -> Result<Self, Error> {
        let nothing = Self {
            listing: None,
            blobs: BTreeMap::new(),
            is_docker: false,
            changes: Changes::default(),
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(source) if is_absent(&source) => return Ok(nothing),
            Err(source) => return Err(unreadable(path)(source)),
        };
        // `mktemp` makes an empty file, for somebody to fill.
        if file.metadata().map_err(unreadable(path))?.len() == 0 {
            return Ok(nothing);
        }
        let contents = Contents::read(path, file)?;
        let Some(marker) = contents.open(MARKER)? else {
            if contents.find(docker::INDEX)?.is_none() {
                return Err(Error::Missing { path: path.to_owned() });
            }
            let (listing, blobs) = docker::read(&contents)?;
            return Ok(Self { listing: Some(listing), blobs, is_docker: true, ..nothing });
        };
        let name = marker.path.clone();
        check_marker(&marker.read(MARKER_BYTES_MAX)?, name, path)?;
        let Some(index) = contents.open(INDEX)? else {
            return Err(Error::Missing { path: path.to_owned() });
        };
        let name = index.path.clone();
        let listing = Listing::parse(index.read(manifest::BYTES_MAX as u64)?, &name)?;
        let blobs = contents.files().filter_map(|(name, section)| {
            Some((digest_of(name)?, Piece::Section(section.clone())))
        });
        Ok(Self { listing: Some(listing), blobs: blobs.collect(), ..nothing })
    }

    fn is_changed(&self) -> bool {
        let Changes { edits, added, removed } = &self.changes;
        !edits.is_empty() || !added.is_empty() || !removed.is_empty()
    }

    fn edit(&mut self, edit: &Edit) -> bool {
        self.listing.get_or_insert_default().apply(edit)
    }

    fn add(&mut self, digest: &Digest, piece: Piece) {
        self.blobs.insert(digest.clone(), piece);
    }

    fn remove(&mut self, digest: &Digest) -> bool {
        self.blobs.remove(digest).is_some()
    }
}

/// The digest of the blob that a file of an archive is; other files are none.
fn digest_of(name: &str) -> Option<Digest> {
    let (algorithm, encoded) = name.strip_prefix(BLOBS)?.strip_prefix('/')?.split_once('/')?;
    format!("{algorithm}:{encoded}").parse().ok()
}

impl Shelf for Archive {
    fn path(&self) -> &Path {
        &self.path
    }

    fn exists(&self) -> bool {
        self.state().listing.is_some()
    }

    fn listing(&self) -> Result<Listing, Error> {
        let absent = || unreadable(&self.path)(io::ErrorKind::NotFound.into());
        self.state().listing.clone().ok_or_else(absent)
    }

    fn open(&self, digest: &Digest) -> Result<Option<Held>, Error> {
        let path = self.path.join(blob_path(digest));
        let piece = self.state().blobs.get(digest).cloned();
        Ok(piece.map(|piece| Held { path, reader: piece.reader() }))
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        Ok(self.state().blobs.get(digest).map(Piece::size))
    }

    fn receive(&self) -> Result<Box<dyn Incoming>, Error> {
        if self.state().is_docker {
            return Err(Error::DockerTarget { path: self.path.clone() });
        }
        std::fs::create_dir_all(self.home()).map_err(unwritable(self.home()))?;
        let file = tempfile::tempfile_in(self.home()).map_err(unwritable(self.home()))?;
        let (path, state) = (self.path.clone(), Arc::clone(&self.state));
        Ok(Box::new(Unfinished { path, state, file, size: 0 }))
    }

    fn edit(&self, edit: Edit) -> Result<(), Error> {
        let mut state = self.state();
        if state.edit(&edit) {
            state.changes.edits.push(edit);
        }
        Ok(())
    }

    fn remove(&self, digest: &Digest) -> Result<bool, Error> {
        let mut state = self.state();
        let found = state.remove(digest);
        if found {
            state.changes.added.remove(digest);
            state.changes.removed.insert(digest.clone());
        }
        Ok(found)
    }

    fn commit(&self) -> Result<(), Error> {
        let mut state = self.state();
        if !state.is_changed() {
            return Ok(());
        }
        let _lock = self.lock()?;
        // Others may have written in the meantime.
        let mut now = State::read(&self.path)?;
        if now.is_docker {
            return Err(Error::DockerTarget { path: self.path.clone() });
        }
        let Changes { edits, added, removed } = std::mem::take(&mut state.changes);
        for (digest, piece) in added {
            now.add(&digest, piece);
        }
        for digest in &removed {
            now.remove(digest);
        }
        for edit in &edits {
            now.edit(edit);
        }
        let listing = now.listing.unwrap_or_default();
        write::archive(&self.path, self.home(), &listing, &now.blobs)?;
        sync(self.home())?;
        *state = State::read(&self.path)?;
        Ok(())
    }
}

/// A blob that is being written, in a file without a name.
struct Unfinished {
    path: PathBuf,
    state: Arc<Mutex<State>>,
    file: File,
    size: u64,
}

impl Incoming for Unfinished {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(unwritable(&self.path))
    }

    fn keep(self: Box<Self>, digest: &Digest) -> Result<(), Error> {
        let Self { state, file, size, .. } = *self;
        let piece = Piece::Section(Section { file: Arc::new(file), start: 0, size });
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.changes.removed.remove(digest);
        state.changes.added.insert(digest.clone(), piece.clone());
        state.add(digest, piece);
        Ok(())
    }
}
