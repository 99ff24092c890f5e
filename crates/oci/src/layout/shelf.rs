//! What a layout's files are kept in: a folder, an archive, or memory.
//!
//! Everything here blocks. What the files mean is not known here, and no digest is checked: who
//! reads or writes through a shelf does that.

use std::{
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use digest::Digest;

use super::{
    Error,
    listing::{Edit, Listing},
};

/// The files of one layout.
pub(crate) trait Shelf: Send + Sync {
    /// The folder or archive, for messages.
    fn path(&self) -> &Path;

    /// Whether there is a layout yet.
    fn exists(&self) -> bool;

    /// The layout's index.
    fn listing(&self) -> Result<Listing, Error>;

    /// Opens a blob, if it is there.
    fn open(&self, digest: &Digest) -> Result<Option<Held>, Error>;

    /// The size of a blob in bytes, if it is there.
    fn size(&self, digest: &Digest) -> Result<Option<u64>, Error>;

    /// Begins to write a blob.
    fn receive(&self) -> Result<Box<dyn Incoming>, Error>;

    /// Changes the index; no other change is lost, by whomever it is made.
    fn edit(&self, edit: Edit) -> Result<(), Error>;

    /// Removes a blob; `false` if it was not there.
    fn remove(&self, digest: &Digest) -> Result<bool, Error>;

    /// Makes all changes visible.
    fn commit(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A blob that is being written; dropping it leaves nothing behind.
pub(crate) trait Incoming: Send {
    /// Takes the next bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// Keeps what was taken as the content of `digest`.
    fn keep(self: Box<Self>, digest: &Digest) -> Result<(), Error>;
}

/// A file of a layout, open to be read.
pub(crate) struct Held {
    /// What it is called in messages.
    pub(crate) path: PathBuf,
    /// At its first byte.
    pub(crate) reader: Box<dyn Reader>,
}

/// Bytes that can be read from anywhere.
pub(crate) trait Reader: Read + Seek + Send {}

impl<T: Read + Seek + Send> Reader for T {}

impl Held {
    /// All bytes, which are at most `limit`.
    pub(crate) fn read(mut self, limit: u64) -> Result<Bytes, Error> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(limit + 1).read_to_end(&mut bytes);
        if let Err(source) = read {
            return Err(Error::Read { path: self.path, source });
        }
        if bytes.len() as u64 > limit {
            return Err(Error::TooLarge { path: self.path, limit });
        }
        Ok(bytes.into())
    }
}

/// Whether an error says only that there is no such file.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
