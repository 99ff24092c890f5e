//! Bytes that are hashed and counted on their way, so that nobody holds them for it.

use std::io::{self, BufReader, Read, Write};

use digest::{Digest, Hasher};

/// Size of the pieces that files are read in, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Hashes and counts what is written.
pub(crate) struct Hashing<W> {
    pub(crate) inner: W,
    pub(crate) hasher: Hasher,
    pub(crate) count: u64,
}

impl<W> Hashing<W> {
    pub(crate) fn new(inner: W, hasher: Hasher) -> Self {
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

/// Reads to the end, and writes to `copy` what is read; the digest and the number of bytes.
pub(crate) fn hash(
    input: impl Read,
    copy: impl Write,
    hasher: Hasher,
) -> io::Result<(Digest, u64)> {
    let mut output = Hashing::new(copy, hasher);
    io::copy(&mut BufReader::with_capacity(PIECE_BYTES, input), &mut output)?;
    Ok((output.hasher.finish(), output.count))
}
