//! Image layouts: folders that hold what a registry would (image-spec, image-layout.md).
//!
//! Only read here. Files of the folder that the specification does not name are not looked at,
//! and no path is made of anything but a digest.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use digest::Digest;
use rustix::fs::OFlags;
use serde::Deserialize;

use crate::{
    Descriptor, Document, Manifest, Wanted, excerpt::excerpt, manifest, media_type, reference,
    verify,
};

/// The annotation that names an entry of a layout's index.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The only version of layouts that there is.
const VERSION: &str = "1.0.0";

/// Longest `oci-layout` file, in bytes.
const MARKER_BYTES_MAX: u64 = 64 << 10;

/// Why a layout does not give what is asked of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is no layout.
    #[error("`{}` is no image layout: it has no file `oci-layout`", path.display())]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The file that marks a layout does not say so.
    #[error("`{}` does not mark an image layout", path.display())]
    Marker {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The layout is of another version.
    #[error("`{}` is an image layout of version `{found}`; {VERSION} is read", path.display())]
    Version {
        /// The folder.
        path: PathBuf,
        /// The version, shortened.
        found: String,
    },
    /// A file of the layout cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the layout is larger than what it should be.
    #[error("`{}` has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The index of the layout cannot be read as one.
    #[error("cannot read `{}`", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: manifest::Error,
    },
    /// The index of the layout is something else.
    #[error("`{}` is no index", path.display())]
    NoIndex {
        /// The file.
        path: PathBuf,
    },
    /// The layout has nothing of that name or digest.
    #[error("the layout `{}` has no `{wanted}`; it has {}", path.display(), Names(names))]
    Unknown {
        /// The folder.
        path: PathBuf,
        /// The name or digest.
        wanted: String,
        /// The names that it has, sorted.
        names: Vec<String>,
    },
    /// The layout holds other than one artifact, and none is named.
    #[error(
        "name one of the artifacts in the layout `{}`: it has {}",
        path.display(), Names(names)
    )]
    Several {
        /// The folder.
        path: PathBuf,
        /// The names that it has, sorted.
        names: Vec<String>,
    },
    /// A file does not hold what its name says.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How the bytes differ.
        #[source]
        source: verify::Error,
    },
}

/// Most names of a layout that a message lists.
const NAMES_SHOWN: usize = 8;

/// A list of names for a message.
struct Names<'a>(&'a [String]);

impl std::fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no names");
        }
        let shown: Vec<String> =
            self.0.iter().take(NAMES_SHOWN).map(|name| excerpt(name)).collect();
        write!(f, "`{}`", shown.join("`, `"))?;
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// An image layout on this machine.
pub(crate) struct Layout {
    folder: PathBuf,
    entries: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

impl Layout {
    /// Opens a folder that is marked as a layout, and reads its index.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("oci-layout");
        let marker = match read(&path, MARKER_BYTES_MAX) {
            Err(Error::Read { source, .. }) if is_absent(&source) => {
                return Err(Error::Missing { path: folder.to_owned() });
            }
            marker => marker?,
        };
        let marker: Marker =
            serde_json::from_slice(&marker).map_err(|source| Error::Marker { path, source })?;
        if marker.image_layout_version != VERSION {
            let found = excerpt(&marker.image_layout_version);
            return Err(Error::Version { path: folder.to_owned(), found });
        }
        Ok(Self { entries: entries(folder.join("index.json"))?, folder: folder.to_owned() })
    }

    /// The entry of a name, or what a digest names; without either, the only entry.
    pub(crate) fn resolve(&self, wanted: Option<Wanted<'_>>) -> Result<Descriptor, Error> {
        let digest = match wanted {
            None => return self.only(),
            // The same name given to something newer counts.
            Some(Wanted::Tag(tag)) => {
                let mut named = self.entries.iter().rev();
                let found = named.find(|entry| name(entry) == Some(tag));
                return found.cloned().ok_or_else(|| self.unknown(tag));
            }
            Some(Wanted::Digest(digest)) => digest,
        };
        if let Some(entry) = self.entries.iter().find(|entry| entry.digest == *digest) {
            return Ok(entry.clone());
        }
        // What only an index in here names says its type itself.
        let manifest = self.read_manifest(digest, None)?;
        Ok(Descriptor::new(&manifest.media_type, manifest.digest, manifest.bytes.len() as u64))
    }

    /// The manifest or index of that name or digest, verified.
    pub(crate) fn manifest(&self, wanted: Option<Wanted<'_>>) -> Result<Manifest, Error> {
        let found = self.resolve(wanted)?;
        self.read_manifest(&found.digest, Some(&found.media_type))
    }

    fn read_manifest(&self, digest: &Digest, known: Option<&str>) -> Result<Manifest, Error> {
        let path = self.path(digest);
        let bytes = match read(&path, manifest::BYTES_MAX as u64) {
            Err(Error::Read { source, .. }) if is_absent(&source) => {
                return Err(self.unknown(digest.as_str()));
            }
            bytes => bytes?,
        };
        verify::check(&bytes, digest).map_err(|source| Error::Damaged { path, source })?;
        let media_type = known.map_or_else(|| own_type(&bytes), str::to_owned);
        Ok(Manifest { bytes, media_type, digest: digest.clone() })
    }

    /// The file of a blob; its bytes are not verified yet.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<(PathBuf, File), Error> {
        let path = self.path(digest);
        match open(&path) {
            Ok(file) => Ok((path, file)),
            Err(source) if is_absent(&source) => Err(self.unknown(digest.as_str())),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// The size of a blob in bytes, if it is here.
    pub(crate) fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, Error> {
        let path = self.path(digest);
        match std::fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// The names that are tags, sorted.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| reference::is_tag(name)).collect()
    }

    fn only(&self) -> Result<Descriptor, Error> {
        let digests: BTreeSet<&Digest> = self.entries.iter().map(|entry| &entry.digest).collect();
        match (self.entries.first(), digests.len()) {
            (Some(entry), 1) => Ok(entry.clone()),
            _ => Err(Error::Several { path: self.folder.clone(), names: self.names() }),
        }
    }

    fn names(&self) -> Vec<String> {
        let names: BTreeSet<&str> = self.entries.iter().filter_map(name).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn unknown(&self, wanted: &str) -> Error {
        let (path, wanted) = (self.folder.clone(), excerpt(wanted));
        Error::Unknown { path, wanted, names: self.names() }
    }

    /// A digest holds no character that leads elsewhere.
    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs").join(digest.algorithm()).join(digest.encoded())
    }
}

fn entries(path: PathBuf) -> Result<Vec<Descriptor>, Error> {
    let bytes = read(&path, manifest::BYTES_MAX as u64)?;
    let digest = Digest::sha256(&bytes);
    let media_type = media_type::IMAGE_INDEX.to_owned();
    match (Manifest { bytes, media_type, digest }).document() {
        Ok(Document::Index(index)) => Ok(index.manifests),
        Ok(Document::Image(_)) => Err(Error::NoIndex { path }),
        Err(source) => Err(Error::Index { path, source }),
    }
}

fn name(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).map(String::as_str)
}

/// The type that a manifest gives itself; empty where it gives none, so that its form decides.
fn own_type(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Heading {
        media_type: Option<String>,
    }
    let heading = serde_json::from_slice::<Heading>(bytes).ok();
    heading.and_then(|heading| heading.media_type).unwrap_or_default()
}

fn read(path: &Path, limit: u64) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    let read = open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes.into())
}

/// Opens a regular file; a named pipe, as an archive may bring along, would never answer.
fn open(path: &Path) -> io::Result<File> {
    let without_waiting = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(without_waiting).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
