//! Files that are hashed piece by piece, so that nobody holds them whole for it.

use std::io::{self, BufReader, Read, Write};

use digest::{Digest, Hasher, Hashing};

/// Size of the pieces that files are read in, in bytes.
const PIECE_BYTES: usize = 256 << 10;

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
