//! Puts the contents of files into staging, named by their digests.

use digest::{ContentHasher, Sha256};

use crate::{
    Content, Staging,
    staging::{self, Incoming},
};

use super::Error;

/// Files of at most this size are hashed before they are written, and then only if they are new.
pub(crate) const SMALL_BYTES_MAX: u64 = 1 << 20;

/// Puts contents into staging unless they are in the store.
pub(crate) struct Sink<'a> {
    staging: &'a Staging,
    present: &'a dyn Fn(&Content) -> bool,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(staging: &'a Staging, present: &'a dyn Fn(&Content) -> bool) -> Self {
        Self { staging, present }
    }

    /// Takes a whole file.
    pub(crate) fn small(&self, bytes: &[u8], executable: bool) -> Result<Content, Error> {
        let size = bytes.len() as u64;
        let content = Content { sha256: Sha256::of(bytes), size, executable };
        if !(self.present)(&content) {
            self.staging.put(&content, bytes).map_err(failed)?;
        }
        Ok(content)
    }

    /// Begins a file that comes in pieces.
    pub(crate) fn large(&self, executable: bool) -> Result<Large<'a>, Error> {
        let incoming = self.staging.stream(executable).map_err(failed)?;
        let (hasher, present) = (ContentHasher::default(), self.present);
        Ok(Large { incoming, present, hasher, size: 0, executable })
    }
}

/// A file that comes in pieces.
pub(crate) struct Large<'a> {
    incoming: Incoming<'a>,
    present: &'a dyn Fn(&Content) -> bool,
    hasher: ContentHasher,
    size: u64,
    executable: bool,
}

impl Large<'_> {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.incoming.write(bytes).map_err(failed)
    }

    pub(crate) fn finish(self) -> Result<Content, Error> {
        let Self { incoming, present, hasher, size, executable } = self;
        let content = Content { sha256: hasher.finish(), size, executable };
        if !present(&content) {
            incoming.finish(&content).map_err(failed)?;
        }
        Ok(content)
    }
}

fn failed(source: staging::Error) -> Error {
    Error::Stage { source }
}
