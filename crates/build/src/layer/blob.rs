//! A blob while it is written: a file without its name, which is the digest.

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use digest::{Digest, Hasher, Hashing};
use tempfile::NamedTempFile;

/// A blob that is being written; it is gone if it is not kept.
pub(super) struct Blob {
    file: Hashing<BufWriter<NamedTempFile>>,
}

impl Blob {
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(".layer-")
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(folder)?;
        let file = BufWriter::with_capacity(256 << 10, file);
        Ok(Self { file: Hashing::new(file, Hasher::sha256()) })
    }

    /// The bytes so far, which is where the next one will stand.
    pub(super) fn position(&self) -> u64 {
        self.file.count
    }

    /// Gives the file its name; an equal one that is there already is replaced by it.
    pub(super) fn keep(self, folder: &Path) -> io::Result<(Digest, u64, PathBuf)> {
        let Hashing { inner, hasher, count } = self.file;
        let digest = hasher.finish();
        let path = folder.join(digest.encoded());
        inner.into_inner()?.persist(&path)?;
        Ok((digest, count, path))
    }
}

impl Write for Blob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
