//! A layout in memory: for what is put together before it is pushed, and for tests.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
    io::Cursor,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{self, AtomicU64},
    },
};

use bytes::Bytes;
use digest::Digest;

use super::{
    Error,
    listing::{Edit, Listing},
    shelf::{Held, Incoming, Shelf},
};
use crate::Place;

/// An image layout in memory; it is gone with its last handle.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    number: u64,
    name: PathBuf,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    listing: Listing,
    blobs: BTreeMap<Digest, Bytes>,
}

/// How many there were until now.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl Memory {
    /// A layout that holds nothing.
    pub fn new() -> Self {
        let number = COUNT.fetch_add(1, atomic::Ordering::Relaxed) + 1;
        let name = format!("memory:{number}").into();
        Self(Arc::new(Inner { number, name, files: Mutex::default() }))
    }

    /// The place of what has this name in it, or shall have.
    pub fn place(&self, tag: &str) -> Place {
        Place::Memory { memory: self.clone(), tag: Some(tag.to_owned()), digest: None }
    }

    pub(crate) fn name(&self) -> &Path {
        &self.0.name
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf for Memory {
    fn path(&self) -> &Path {
        self.name()
    }

    fn exists(&self) -> bool {
        true
    }

    fn listing(&self) -> Result<Listing, Error> {
        Ok(self.files().listing.clone())
    }

    fn open(&self, digest: &Digest) -> Result<Option<Held>, Error> {
        let bytes = self.files().blobs.get(digest).cloned();
        let path = self.name().join(digest.as_str());
        Ok(bytes.map(|bytes| Held { path, reader: Box::new(Cursor::new(bytes)) }))
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        Ok(self.files().blobs.get(digest).map(|bytes| bytes.len() as u64))
    }

    fn receive(&self) -> Result<Box<dyn Incoming>, Error> {
        Ok(Box::new(Unfinished { home: self.clone(), bytes: Vec::new() }))
    }

    fn edit(&self, edit: Edit) -> Result<(), Error> {
        self.files().listing.apply(&edit);
        Ok(())
    }

    fn remove(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(self.files().blobs.remove(digest).is_some())
    }
}

struct Unfinished {
    home: Memory,
    bytes: Vec<u8>,
}

impl Incoming for Unfinished {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn keep(self: Box<Self>, digest: &Digest) -> Result<(), Error> {
        self.home.files().blobs.insert(digest.clone(), self.bytes.into());
        Ok(())
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&self.0.number).finish()
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

impl Eq for Memory {}

impl PartialOrd for Memory {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Memory {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.number.cmp(&other.0.number)
    }
}

impl Hash for Memory {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.number.hash(state);
    }
}
