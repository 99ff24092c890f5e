//! Writes a layout as an archive: the same content gives the same bytes, on every machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use digest::Digest;
use tar::{Builder, EntryType, Header};

use super::Piece;
use crate::layout::{
    BLOBS, Error, INDEX, MARKER, MARKER_TEXT, blob_path, folder::unwritable, listing::Listing,
};

/// 1980-01-02T00:00:00Z, as zip writers know no time before 1980.
const MTIME: u64 = 315_619_200;

/// Writes the archive beside `path` and renames it into place; `home` is the folder of both.
pub(super) fn archive(
    path: &Path,
    home: &Path,
    listing: &Listing,
    blobs: &BTreeMap<Digest, Piece>,
) -> Result<(), Error> {
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    let index = listing.to_bytes(path)?;
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(&prefix).permissions(std::fs::Permissions::from_mode(0o644));
    let mut file = builder.tempfile_in(home).map_err(unwritable(home))?;
    let written = write(BufWriter::with_capacity(256 << 10, &mut file), &index, blobs);
    written.and_then(|()| file.as_file().sync_all()).map_err(unwritable(path))?;
    file.persist(path).map_err(|failed| unwritable(path)(failed.error))?;
    Ok(())
}

/// The entries come in the order of their names: `blobs`, `index.json`, `oci-layout`.
fn write(out: impl Write, index: &[u8], blobs: &BTreeMap<Digest, Piece>) -> io::Result<()> {
    let mut archive = Builder::new(out);
    folder(&mut archive, BLOBS)?;
    let mut sorted: Vec<_> =
        blobs.iter().map(|(digest, piece)| (blob_path(digest), digest, piece)).collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    let mut folders = BTreeSet::new();
    for (path, digest, piece) in sorted {
        if folders.insert(digest.algorithm()) {
            folder(&mut archive, &format!("{BLOBS}/{}", digest.algorithm()))?;
        }
        file(&mut archive, &path, piece.size(), piece.reader())?;
    }
    file(&mut archive, Path::new(INDEX), index.len() as u64, index)?;
    let marker = MARKER_TEXT.as_bytes();
    file(&mut archive, Path::new(MARKER), marker.len() as u64, marker)?;
    archive.into_inner()?.flush()
}

fn folder(archive: &mut Builder<impl Write>, name: &str) -> io::Result<()> {
    let mut header = header(EntryType::Directory, 0o755, 0);
    archive.append_data(&mut header, format!("{name}/"), io::empty())
}

fn file(
    archive: &mut Builder<impl Write>,
    path: &Path,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut counted = Counted { inner: content, left: size };
    archive.append_data(&mut header(EntryType::Regular, 0o644, size), path, &mut counted)?;
    // A shorter file would shift all that follows it.
    if counted.left > 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(MTIME);
    header
}

/// Reads no more than the size that was declared.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}
