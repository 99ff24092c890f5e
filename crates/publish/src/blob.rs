//! Single blobs: from a registry to a file or a pipe, and from there into a registry.
//!
//! No blob is ever in memory whole, and a file appears only when its bytes are verified. What a
//! blob is for is deliberately not known here.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use digest::{Digest, Hasher};
use fs_err as fs;
use install::{Event, Home, network};
use oci::{Body, Client, Descriptor, Place, Pushed, Start};
use tempfile::NamedTempFile;

use crate::{hashing::hash, publisher};

/// What a blob that is put is called where nobody gives it a type.
pub const MEDIA_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
/// What a blob that is asked for by its digest is: only a manifest could say more.
const BYTES: &str = "application/octet-stream";

/// A blob is not brought, or not stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A blob is named by its digest alone.
    #[error("`{place}` names no blob: it has no digest")]
    NoDigest {
        /// What was named instead.
        place: String,
    },
    /// It is not there.
    #[error("{place} has no blob {digest}")]
    Missing {
        /// The repository or layout.
        place: String,
        /// The blob.
        digest: Digest,
    },
    /// A registry or layout does not do its part.
    #[error("cannot get the blob {digest}")]
    Get {
        /// The blob.
        digest: Digest,
        /// What it said.
        #[source]
        source: Box<oci::Error>,
    },
    /// A registry or layout does not take it.
    #[error("cannot push the blob {digest}")]
    Put {
        /// The blob.
        digest: Digest,
        /// What it said.
        #[source]
        source: Box<oci::Error>,
    },
    /// A file or pipe cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The bytes are not those that were named.
    #[error("`{path}` has the digest {found}, not {expected}")]
    Other {
        /// The file.
        path: String,
        /// Its digest.
        found: Digest,
        /// The digest that was named.
        expected: Digest,
    },
    /// The algorithm of a digest is not known here.
    #[error(transparent)]
    Unsupported(#[from] digest::Unsupported),
    /// There is no room for what comes out of a pipe.
    #[error(transparent)]
    Folder(#[from] publisher::Error),
}

/// Where the bytes of a blob go.
pub enum Sink<'a> {
    /// Into this file, once they are verified.
    File(&'a Path),
    /// To whoever takes them as they come; who says `false` wants no more.
    Pieces(&'a mut dyn FnMut(&[u8]) -> bool),
}

/// Where the bytes of a blob come from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A file, or a pipe with a name.
    File(&'a Path),
    /// Standard input.
    Stdin,
}

/// What a place says of the blob that its digest names.
pub fn head(home: &Home, place: &Place) -> Result<Descriptor, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(describe(client, place))
}

/// Brings the blob that the place's digest names; its size and digest are verified.
pub fn get(
    home: &Home,
    place: &Place,
    sink: Sink<'_>,
    tell: &dyn Fn(Event),
) -> Result<Descriptor, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(async {
        let descriptor = describe(client, place).await?;
        match sink {
            Sink::Pieces(take) => {
                pour(client, place, &descriptor, &mut |bytes| Ok(take(bytes)), tell).await?;
            }
            Sink::File(path) => save(client, place, &descriptor, path, tell).await?,
        }
        Ok(descriptor)
    })
}

/// Brings a document that a manifest of the place names, such as its config.
pub fn document(
    home: &Home,
    place: &Place,
    descriptor: &Descriptor,
    take: &mut dyn FnMut(&[u8]) -> bool,
    tell: &dyn Fn(Event),
) -> Result<(), Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(pour(client, place, descriptor, &mut |bytes| Ok(take(bytes)), tell))
}

/// Stores a blob; where the place names a digest, only these bytes.
pub fn put(home: &Home, place: &Place, source: Source<'_>) -> Result<(Descriptor, Pushed), Error> {
    let work = publisher::scratch(home)?;
    let (file, digest, size) = regular(source, place.digest(), work.path())?;
    let descriptor = Descriptor::new(MEDIA_TYPE, digest.clone(), size);
    let (runtime, client) = home.online()?;
    let (place, body) = (place.bare(), Body::File(file));
    let pushed = runtime.block_on(client.push_blob(&place, &descriptor, &body, None));
    let pushed = pushed.map_err(|source| Error::Put { digest, source: Box::new(source) })?;
    Ok((descriptor, pushed))
}

async fn describe(client: &Client, place: &Place) -> Result<Descriptor, Error> {
    let named = || place.to_string();
    let digest = place.digest().ok_or_else(|| Error::NoDigest { place: named() })?;
    let size = client.blob_size(place, digest).await.map_err(got(digest))?;
    let missing = || Error::Missing { place: place.bare().to_string(), digest: digest.clone() };
    Ok(Descriptor::new(BYTES, digest.clone(), size.ok_or_else(missing)?))
}

fn got(digest: &Digest) -> impl Fn(oci::Error) -> Error {
    |source| Error::Get { digest: digest.clone(), source: Box::new(source) }
}

/// Hands the bytes of a blob on as they come.
pub(crate) async fn pour(
    client: &Client,
    place: &Place,
    descriptor: &Descriptor,
    take: &mut dyn FnMut(&[u8]) -> Result<bool, Error>,
    tell: &dyn Fn(Event),
) -> Result<(), Error> {
    let got = got(&descriptor.digest);
    let start = Start::of(descriptor).map_err(&got)?;
    let name = descriptor.title().unwrap_or(descriptor.digest.as_str()).to_owned();
    tell(Event::Download { id: 0, name, total: Some(descriptor.size) });
    let mut download = client.blob(place, descriptor, start).await.map_err(&got)?;
    while let Some(bytes) = download.next().await.map_err(&got)? {
        tell(Event::Progress { id: 0, bytes: bytes.len() as u64 });
        if !take(&bytes)? {
            break;
        }
    }
    tell(Event::Downloaded { id: 0 });
    Ok(())
}

/// Writes a blob beside where it goes, and puts it there when it is verified.
async fn save(
    client: &Client,
    place: &Place,
    descriptor: &Descriptor,
    path: &Path,
    tell: &dyn Fn(Event),
) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let mut file = beside(path).map_err(failed)?;
    let mut take = |bytes: &[u8]| file.write_all(bytes).map(|()| true).map_err(failed);
    pour(client, place, descriptor, &mut take, tell).await?;
    file.persist(path).map_err(|kept| failed(kept.error))?;
    Ok(())
}

/// A file in the same folder, with the mode of any new file.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    tempfile::Builder::new().prefix(".incoming-").permissions(mode).tempfile_in(folder)
}

/// The bytes as a file that can be read twice, with their digest and size.
fn regular(
    source: Source<'_>,
    expected: Option<&Digest>,
    work: &Path,
) -> Result<(PathBuf, Digest, u64), Error> {
    let hasher = expected.map_or(Ok(Hasher::sha256()), Hasher::like)?;
    let (named, path) = match source {
        Source::File(path) => (path.display().to_string(), Some(path)),
        Source::Stdin => ("-".to_owned(), None),
    };
    let read = |source| Error::Read { path: named.clone(), source };
    let input: Box<dyn Read> = match path {
        Some(path) => Box::new(fs::File::open(path).map_err(read)?),
        None => Box::new(io::stdin().lock()),
    };
    let lies = path.filter(|path| path.is_file());
    let spool = work.join("blob");
    let copy: Box<dyn Write> = match lies {
        Some(_) => Box::new(io::sink()),
        None => Box::new(fs::File::create(&spool).map_err(read)?),
    };
    let (found, size) = hash(input, copy, hasher).map_err(read)?;
    match expected.filter(|expected| **expected != found) {
        Some(expected) => Err(Error::Other { path: named, found, expected: expected.clone() }),
        None => Ok((lies.map_or(spool, Path::to_owned), found, size)),
    }
}
