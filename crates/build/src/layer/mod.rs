//! A layer: the canonical archive, compressed into one blob.
//!
//! Files are streamed from where they lie, and have to be what the survey of the tree saw. Which
//! members there are, and in which order, is for others to say.

mod blob;
mod chunked;
mod frames;
mod gzip;
mod tar_split;
mod toc;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use digest::{ContentHasher, Digest, Hasher, Sha256};
use oci::Descriptor;

use self::{blob::Blob, chunked::Chunked, gzip::Gzip};
use crate::archive::{self, Member};

/// As packages of distributions are: packed once, fetched often, and as fast to decode as any.
const LEVEL: i32 = 19;
const LEVEL_QUICK: i32 = 3;

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// zstd in frames that can be read alone, with a table of contents (`zstd:chunked`).
    #[default]
    Zstd,
    /// The same in a tenth of the time and larger, for what stays on this machine.
    Quick,
    /// gzip, for readers that know nothing else.
    Gzip,
}

impl Compression {
    fn media_type(self) -> &'static str {
        match self {
            Self::Zstd | Self::Quick => "application/vnd.oci.image.layer.v1.tar+zstd",
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
        }
    }

    /// How the name of such an archive ends.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Zstd | Self::Quick => "tar.zst",
            Self::Gzip => "tar.gz",
        }
    }
}

/// A member of the archive together with its bytes, if it has any.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) member: Member,
    pub(crate) contents: Option<Contents>,
}

/// The bytes of a file.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) source: Source,
    /// What they are known to be.
    pub(crate) sha256: Sha256,
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub(crate) enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// A layer that was written.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Says what the blob is, with the annotations of its compression.
    pub(crate) descriptor: Descriptor,
    /// The digest of the archive before compression.
    pub(crate) diff_id: Digest,
    /// The file that holds the blob.
    pub(crate) path: PathBuf,
}

/// Why a layer was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it was a moment ago.
    #[error("`{}` changed while it was packed; pack again when nothing writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The blob cannot be written.
    #[error("cannot write a layer to `{}`", folder.display())]
    Write {
        /// The folder of the blob.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What takes an archive piece by piece and compresses it.
trait Encoder: Sized {
    /// Takes the header of a member, after the padding of what stood before it.
    fn header(&mut self, member: &Member, bytes: &[u8]) -> io::Result<()>;

    /// Takes the next bytes of the file whose header came last.
    fn contents(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The bytes of the file are all there.
    fn end_contents(&mut self, sha256: Sha256) -> io::Result<()>;

    /// Takes the end of the archive; returns the blob and what its descriptor says of it.
    fn finish(self, end: &[u8]) -> io::Result<(Blob, BTreeMap<String, String>)>;
}

/// Writes a layer into `folder`, under the hexadecimal digits of its digest.
///
/// `tell` hears of the bytes of files that were read so far.
pub(crate) fn write(
    items: &[Item],
    compression: Compression,
    folder: &Path,
    tell: &dyn Fn(u64),
) -> Result<Layer, Error> {
    let failed = |source| Error::Write { folder: folder.to_owned(), source };
    let blob = Blob::create(folder).map_err(failed)?;
    let (diff_id, blob, annotations) = match compression {
        Compression::Gzip => encode(items, folder, Gzip::new(blob), tell)?,
        Compression::Zstd | Compression::Quick => {
            let level = if compression == Compression::Zstd { LEVEL } else { LEVEL_QUICK };
            encode(items, folder, Chunked::new(blob, level).map_err(failed)?, tell)?
        }
    };
    let (digest, size, path) = blob.keep(folder).map_err(failed)?;
    let mut descriptor = Descriptor::new(compression.media_type(), digest, size);
    descriptor.annotations = annotations;
    Ok(Layer { descriptor, diff_id, path })
}

type Encoded = (Digest, Blob, BTreeMap<String, String>);

fn encode<E: Encoder>(
    items: &[Item],
    folder: &Path,
    mut encoder: E,
    tell: &dyn Fn(u64),
) -> Result<Encoded, Error> {
    let failed = |source| Error::Write { folder: folder.to_owned(), source };
    let mut hasher = Hasher::sha256();
    let mut buffer = vec![0; 256 << 10];
    let (mut padding, mut done) = (0, 0);
    for Item { member, contents } in items {
        let mut bytes = vec![0; padding];
        bytes.append(&mut member.header());
        hasher.update(&bytes);
        encoder.header(member, &bytes).map_err(failed)?;
        padding = archive::padding(member.size());
        if let Some(contents) = contents
            && member.size() > 0
        {
            let mut reader = contents.open()?;
            let mut take = |bytes: &[u8]| {
                hasher.update(bytes);
                done += bytes.len() as u64;
                tell(done);
                encoder.contents(bytes).map_err(failed)
            };
            contents.copy(&mut reader, member.size(), &mut buffer, &mut take)?;
            encoder.end_contents(contents.sha256).map_err(failed)?;
        }
    }
    let mut end = vec![0; padding];
    end.extend_from_slice(&archive::END);
    hasher.update(&end);
    let (blob, annotations) = encoder.finish(&end).map_err(failed)?;
    Ok((hasher.finish(), blob, annotations))
}

impl Contents {
    /// The path for messages; what pkg itself adds has none.
    fn path(&self) -> PathBuf {
        match &self.source {
            Source::File(path) => path.clone(),
            Source::Bytes(_) => PathBuf::new(),
        }
    }

    fn open(&self) -> Result<Box<dyn Read + '_>, Error> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Box::new(&bytes[..])),
            Source::File(path) => {
                let file = open(path);
                let file = file.map_err(|source| Error::Read { path: path.clone(), source })?;
                Ok(Box::new(file))
            }
        }
    }

    /// Hands on the bytes, if they are as many as and what they should be.
    fn copy(
        &self,
        reader: &mut dyn Read,
        size: u64,
        buffer: &mut [u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut hasher = ContentHasher::default();
        let mut left = size;
        loop {
            let count =
                reader.read(buffer).map_err(|source| Error::Read { path: self.path(), source })?;
            let Some(still) = left.checked_sub(count as u64) else {
                return Err(Error::Changed { path: self.path() });
            };
            left = still;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            take(&buffer[..count])?;
        }
        if left == 0 && hasher.finish() == self.sha256 {
            Ok(())
        } else {
            Err(Error::Changed { path: self.path() })
        }
    }
}

/// Opens a file for reading; a symlink that took its place is none.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(test)]
mod tests;
