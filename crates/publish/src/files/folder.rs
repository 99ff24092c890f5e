//! A folder as one layer: an archive, compressed, beside which nothing need be said of its files.
//!
//! Names, modes, links and times are kept as they are, so that the archive is the one that oras
//! makes; owners are not. The compressed bytes differ from those of Go's encoder.

use std::{
    fs::Metadata,
    io::{self, BufReader, BufWriter, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use build::archive::{END, padding};
use digest::{Digest, Hasher, Hashing};
use flate2::{Compression, GzBuilder, write::GzEncoder};
use fs_err as fs;

use super::header::{Header, Kind};

/// A folder that was packed.
pub(super) struct Archived {
    /// The compressed archive.
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// The digest of the archive itself.
    pub(super) content: Digest,
}

/// A folder cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in it cannot be read, or the archive not be written.
    #[error("cannot pack `{path}`")]
    Io {
        /// What it is about.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something in it is nothing that an archive takes along.
    #[error("`{path}` is neither a file, a folder nor a link")]
    Special {
        /// What it is.
        path: PathBuf,
    },
    /// A name in it is not UTF-8, and so no name on other machines.
    #[error("the name `{}` is not UTF-8", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A file changed while it was packed.
    #[error("`{path}` changed while it was packed")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Packs a folder, in which everything lies below `title`, into a file.
///
/// `times` says whether the times of files go along.
pub(super) fn archive(
    folder: &Path,
    title: &str,
    into: &Path,
    times: bool,
) -> Result<Archived, Error> {
    let failed = io_at(into);
    let file = BufWriter::new(fs::File::create(into).map_err(&failed)?);
    let file = Hashing::new(file, Hasher::sha256());
    // Neither a name nor a time in there, and the system unknown.
    let encoder = GzBuilder::new().write(file, Compression::default());
    let mut archive = Archive { output: Hashing::new(encoder, Hasher::sha256()), times };
    archive.add(folder, title)?;
    archive.output.write_all(&END).map_err(&failed)?;
    let Hashing { inner, hasher, .. } = archive.output;
    let mut file = inner.finish().map_err(&failed)?;
    file.flush().map_err(&failed)?;
    let (digest, size) = (file.hasher.finish(), file.count);
    Ok(Archived { digest, size, content: hasher.finish() })
}

/// An archive that is being written.
struct Archive {
    output: Hashing<GzEncoder<Hashing<BufWriter<fs::File>>>>,
    times: bool,
}

impl Archive {
    /// Adds what lies at a path, and what lies below it in the order of the names.
    fn add(&mut self, path: &Path, name: &str) -> Result<(), Error> {
        let failed = io_at(path);
        // Below the folder that was named, links stay links.
        let is_top = self.output.count == 0;
        let found = if is_top { fs::metadata(path) } else { fs::symlink_metadata(path) };
        let found = found.map_err(&failed)?;
        let (mode, mtime) = (found.permissions().mode() & 0o7777, self.mtime(&found));
        if found.is_symlink() {
            let target = fs::read_link(path).map_err(&failed)?;
            let target = target.to_str().ok_or_else(|| Error::Name { path: path.to_owned() })?;
            return self.header(path, &Header { name, kind: Kind::Link { target }, mode, mtime });
        }
        if found.is_file() {
            let kind = Kind::File { size: found.len() };
            self.header(path, &Header { name, kind, mode, mtime })?;
            return self.contents(path, found.len());
        }
        if !found.is_dir() {
            return Err(Error::Special { path: path.to_owned() });
        }
        self.header(path, &Header { name, kind: Kind::Folder, mode, mtime })?;
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(&failed)? {
            entries.push(entry.map_err(&failed)?.file_name());
        }
        entries.sort_unstable();
        for entry in entries {
            let path = path.join(&entry);
            match entry.to_str() {
                Some(entry) if name == "." => self.add(&path, entry)?,
                Some(entry) => self.add(&path, &format!("{name}/{entry}"))?,
                None => return Err(Error::Name { path }),
            }
        }
        Ok(())
    }

    fn header(&mut self, path: &Path, header: &Header<'_>) -> Result<(), Error> {
        self.output.write_all(&header.blocks()).map_err(io_at(path))
    }

    fn contents(&mut self, path: &Path, size: u64) -> Result<(), Error> {
        let failed = io_at(path);
        // One byte more than there should be, to see whether it grew.
        let file = fs::File::open(path).map_err(&failed)?.take(size.saturating_add(1));
        let copied = io::copy(&mut BufReader::with_capacity(256 << 10, file), &mut self.output);
        if copied.map_err(&failed)? != size {
            return Err(Error::Changed { path: path.to_owned() });
        }
        self.output.write_all(&END[..padding(size)]).map_err(&failed)
    }

    /// Whole seconds, rounded as Go rounds them.
    fn mtime(&self, found: &Metadata) -> i64 {
        let rounded = found.mtime() + i64::from(found.mtime_nsec() >= 500_000_000);
        if self.times { rounded } else { 0 }
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> Error {
    |source| Error::Io { path: path.to_owned(), source }
}
