//! The files of `hello` as one reproducible layer.

use std::io::Write as _;

use anyhow::Context as _;
use digest::Digest;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

/// 1980-01-02T00:00:00Z, the time of everything in an archive: 0 breaks zip writers.
const TIME: u64 = 315_619_200;

/// In order of path; a path that ends in `/` is a folder.
const ENTRIES: &[(&str, u32, &[u8])] = &[
    ("bin/", 0o755, b""),
    ("bin/hello", 0o755, include_bytes!("../hello/hello")),
    ("share/", 0o755, b""),
    ("share/man/", 0o755, b""),
    ("share/man/man1/", 0o755, b""),
    ("share/man/man1/hello.1", 0o644, include_bytes!("../hello/hello.1")),
];

/// A `tar+gzip` layer and what describes it.
pub(crate) struct Layer {
    pub(crate) bytes: Vec<u8>,
    /// The digest of the archive before compression.
    pub(crate) diff_id: Digest,
    pub(crate) entries: usize,
    /// Bytes of all files.
    pub(crate) unpacked_size: usize,
}

impl Layer {
    pub(crate) fn of_hello() -> anyhow::Result<Self> {
        let archive = archive().context("cannot write the archive")?;
        // The builder's header names no file and no time, and the system as unknown.
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        gzip.write_all(&archive)?;
        Ok(Self {
            bytes: gzip.finish()?,
            diff_id: Digest::sha256(&archive),
            entries: ENTRIES.len(),
            unpacked_size: ENTRIES.iter().map(|(_, _, bytes)| bytes.len()).sum(),
        })
    }
}

fn archive() -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, mode, bytes) in ENTRIES {
        let is_folder = path.ends_with('/');
        let mut header = Header::new_ustar();
        header.set_entry_type(if is_folder { EntryType::Directory } else { EntryType::Regular });
        header.set_mode(*mode);
        header.set_mtime(TIME);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, *bytes)?;
    }
    archive.into_inner()
}
