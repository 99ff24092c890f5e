//! What a build starts from: source code, writable in a folder, and patches.

use std::{
    io::{self, Read as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use catalog::{Layer, Origin, Placement};
use digest::{Digest, Hasher};
use formula::{Build, Expose, Format, Patch, PatchPlace, Resolved};
use fs_err as fs;
use install::{Around, Home, Realised, bring, regular, unpack};
use store::lock::Wait;

/// Largest patch, in bytes.
const PATCH_BYTES_MAX: u64 = 16 << 20;

/// A patch cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file cannot be read.
    #[error("cannot read the patch")]
    Read(#[source] io::Error),
    /// It cannot be fetched.
    #[error("cannot fetch `{url}`")]
    Fetch {
        /// Its address.
        url: String,
        /// What the server said.
        #[source]
        source: Box<bring::Error>,
    },
    /// It holds other bytes than the formula says.
    #[error("`{name}` has digest {found}; the formula says {expected}")]
    Other {
        /// Its file.
        name: String,
        /// The digest of what is there.
        found: Digest,
        /// The digest in the formula.
        expected: Digest,
    },
    /// Its digest is of an algorithm that cannot be verified.
    #[error(transparent)]
    Unsupported(#[from] digest::Unsupported),
    /// It is too large.
    #[error("`{name}` is larger than 16 MiB")]
    TooLarge {
        /// Its file or address.
        name: String,
    },
}

/// The source code, unpacked; nobody may write there. What is returned keeps it.
pub(crate) fn unpack(
    home: &Home,
    package: &Resolved,
    build: &Build,
    around: &Around,
    wait: &mut Wait<'_>,
) -> Result<(PathBuf, Realised), unpack::Error> {
    // Source code has none of what the finished package exposes.
    let mut bare = package.clone();
    bare.expose = Expose::default();
    bare.env.clear();
    bare.setup.clear();
    bare.source = build.source.clone();
    let unpacked = home.unpack(&bare, &build.source, around, wait)?;
    Ok((home.layout().keg(&unpacked.keg.name, &unpacked.keg.leaf), unpacked))
}

/// Copies a folder's contents into another one, for its owner to write.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = waiting.pop() {
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                fs::create_dir_all(&target)?;
                waiting.push((source, target));
            } else if kind.is_symlink() {
                symlink(fs::read_link(&source)?, &target)?;
            } else {
                fs::copy(&source, &target)?;
                let metadata = fs::metadata(&source)?;
                let mode = metadata.permissions().mode() | 0o200;
                fs::set_permissions(&target, std::fs::Permissions::from_mode(mode))?;
                // Makefiles compare times: all are equal, as the archive's names are.
                fs::OpenOptions::new()
                    .write(true)
                    .open(&target)?
                    .set_modified(metadata.modified()?)?;
            }
        }
    }
    Ok(())
}

/// The bytes of the patches, verified.
pub(crate) fn patches(
    home: &Home,
    package: &Resolved,
    build: &Build,
    around: &Around,
) -> Result<Vec<Vec<u8>>, Error> {
    let name = package.name.as_str();
    build.patches.iter().map(|patch| bytes(home, name, patch, around)).collect()
}

fn bytes(home: &Home, name: &str, patch: &Patch, around: &Around) -> Result<Vec<u8>, Error> {
    match &patch.place {
        PatchPlace::File(name) => {
            let folder = around.folder.as_deref();
            let path = folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
            let file = regular::open(&path).map_err(Error::Read)?;
            let mut bytes = Vec::new();
            file.take(PATCH_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(Error::Read)?;
            if bytes.len() as u64 > PATCH_BYTES_MAX {
                return Err(Error::TooLarge { name: name.clone() });
            }
            let mut hasher = Hasher::like(&patch.digest)?;
            hasher.update(&bytes);
            let found = hasher.finish();
            if found != patch.digest {
                let (name, expected) = (name.clone(), patch.digest.clone());
                return Err(Error::Other { name, found, expected });
            }
            Ok(bytes)
        }
        PatchPlace::Url(url) => {
            let layer = layer(url, &patch.digest, around);
            let mut bounded = Bounded(Vec::new());
            match home.bring(name, &layer, &mut bounded) {
                Ok(_) => Ok(bounded.0),
                Err(bring::Error::Write(_)) => Err(Error::TooLarge { name: url.clone() }),
                Err(source) => Err(Error::Fetch { url: url.clone(), source: Box::new(source) }),
            }
        }
    }
}

/// The bytes of one address, as they are.
pub(crate) fn layer(url: &str, digest: &Digest, around: &Around) -> Layer {
    Layer {
        digest: digest.clone(),
        size: None,
        media_type: None,
        format: Some(Format::Raw),
        origin: Origin::Urls(vec![url.to_owned()]),
        placement: Placement::File { path: "content".to_owned() },
        nearby: around.nearby.clone(),
    }
}

/// Takes no more than a patch may have.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.0.len() + bytes.len()) as u64 > PATCH_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
