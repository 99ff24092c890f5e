//! Bytes that are hashed and counted while they are written.

use std::io::{self, Write};

use crate::Hasher;

/// Hashes and counts what is written to another writer.
pub struct Hashing<W> {
    /// Where the bytes go.
    pub inner: W,
    /// Has seen all bytes so far.
    pub hasher: Hasher,
    /// How many those are.
    pub count: u64,
}

impl<W> Hashing<W> {
    /// Nothing is written yet.
    pub fn new(inner: W, hasher: Hasher) -> Self {
        Self { inner, hasher, count: 0 }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
