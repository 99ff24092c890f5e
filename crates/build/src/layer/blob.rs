//! A blob while it is written: a file without its name, which is the digest.

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use digest::{Digest, Hasher};
use tempfile::NamedTempFile;

/// A blob that is being written; it is gone if it is not kept.
pub(super) struct Blob {
    file: BufWriter<NamedTempFile>,
    hasher: Hasher,
    written: u64,
}

impl Blob {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(".layer-")
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(folder)?;
        let file = BufWriter::with_capacity(256 << 10, file);
        Ok(Self { file, hasher: Hasher::sha256(), written: 0 })
    }

    /// The bytes so far, which is where the next one will stand.
    pub(super) fn position(&self) -> u64 {
        self.written
    }

    /// Gives the file its name; an equal one that is there already is replaced by it.
    pub(super) fn keep(self, folder: &Path) -> io::Result<(Digest, u64, PathBuf)> {
        let digest = self.hasher.finish();
        let path = folder.join(digest.encoded());
        self.file.into_inner()?.persist(&path)?;
        Ok((digest, self.written, path))
    }
}

impl Write for Blob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
