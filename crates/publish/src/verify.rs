//! Does each byte that a formula pins exist, and is it the one? `pkg check --fetch`.
//!
//! Everything is asked for once and hashed; nothing is kept.

use std::{
    collections::HashSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use digest::{Digest, Hasher};
use install::{Event, Home, git, network};
use oci::{Client, Descriptor, Document, Place, Start, index::DEPTH_MAX, media_type};
use tokio::runtime::Runtime;

use crate::{
    hashing::hash,
    parallel::in_parallel,
    wanted::{Wanted, What},
};

/// What became of one thing that is pinned: its size in bytes, or what is wrong.
pub type Verdict = Result<u64, Error>;

/// Something pinned does not exist, is something else, or cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server does not give it, or gives other bytes.
    #[error("cannot get {place}")]
    Ask {
        /// The address or reference.
        place: String,
        /// What the server said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The reference cannot be read.
    #[error("`{place}` is no reference")]
    Place {
        /// The reference.
        place: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// A manifest cannot be read.
    #[error("cannot use a manifest of {place}")]
    Manifest {
        /// The reference.
        place: String,
        /// What is wrong with it.
        #[source]
        source: oci::manifest::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds other bytes.
    #[error("`{}` has the digest {found}", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The digest is of an algorithm that cannot be computed.
    #[error("cannot verify {digest}")]
    Unsupported {
        /// The digest.
        digest: Digest,
        /// What is supported.
        #[source]
        source: digest::Unsupported,
    },
    /// The tree of a commit cannot be had.
    #[error("cannot get commit {commit}")]
    Tree {
        /// The commit.
        commit: String,
        /// What is wrong.
        #[source]
        source: Box<git::Error>,
    },
    /// The commit has another tree.
    #[error("the tree has the digest {found}")]
    OtherTree {
        /// The digest of its tree.
        found: Digest,
    },
}

/// What sort of verdict it is, for exit codes and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// It is there and the one.
    Right,
    /// It is not there.
    Missing,
    /// It could not be looked at.
    Failed,
    /// It is something else.
    Differs,
}

impl Finding {
    /// The sort of a verdict.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Ok(_) => Self::Right,
            Err(Error::Differs { .. } | Error::OtherTree { .. }) => Self::Differs,
            Err(Error::Tree { source, .. }) => match **source {
                git::Error::NoCommit { .. } => Self::Missing,
                _ => Self::Failed,
            },
            Err(Error::Ask { source, .. }) => match source.kind() {
                oci::Kind::NotFound => Self::Missing,
                oci::Kind::Integrity => Self::Differs,
                _ => Self::Failed,
            },
            Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::Missing
            }
            Err(_) => Self::Failed,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "ok",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Differs => "differs",
        }
    }
}

/// Looks at everything that is wanted, several at once; the verdicts are in its order.
pub fn verify(home: &Home, wanted: &[Wanted]) -> Result<Vec<Verdict>, network::Error> {
    let (runtime, client) = home.online_directly()?;
    let look = Look { home, runtime, client, seen: Mutex::default() };
    Ok(in_parallel(home.jobs(), wanted, |one| look.one(one)))
}

struct Look<'a> {
    home: &'a Home,
    runtime: &'a Runtime,
    client: &'a Client,
    /// Blobs and manifests that were right already, by repository.
    seen: Mutex<HashSet<(String, Digest)>>,
}

impl Look<'_> {
    fn one(&self, wanted: &Wanted) -> Verdict {
        let name = wanted.named.first().cloned().unwrap_or_default();
        match &wanted.what {
            What::Url(url) => self
                .shown(name, None, |id| self.runtime.block_on(self.url(url, &wanted.digest, id))),
            What::File(path) => file(path, &wanted.digest),
            What::Artifact(text) => {
                let place = Place::parse(text)
                    .map_err(|source| Error::Place { place: text.clone(), source })?;
                let place = place.with_digest(wanted.digest.clone());
                self.shown(name, None, |id| self.runtime.block_on(self.artifact(&place, id)))
            }
            What::Tree { url, commit } => {
                self.shown(name, None, |_| self.tree(url, commit, &wanted.digest))
            }
        }
    }

    /// Does work that downloads, with a line for it.
    fn shown(
        &self,
        name: String,
        total: Option<u64>,
        work: impl FnOnce(u64) -> Verdict,
    ) -> Verdict {
        let id = self.home.next_download();
        self.home.tell(Event::Download { id, name, total });
        let verdict = work(id);
        self.home.tell(Event::Downloaded { id });
        verdict
    }

    fn tree(&self, url: &str, commit: &str, pinned: &Digest) -> Verdict {
        let commit = || commit.to_owned();
        let hasher = Hasher::like(pinned)
            .map_err(|source| Error::Unsupported { digest: pinned.clone(), source })?;
        let found = self
            .home
            .commit(url, &commit(), hasher)
            .map_err(|source| Error::Tree { commit: commit(), source: Box::new(source) })?;
        match found.digest == *pinned {
            true => Ok(found.size),
            false => Err(Error::OtherTree { found: found.digest }),
        }
    }

    async fn url(&self, url: &str, digest: &Digest, id: u64) -> Verdict {
        let failed = |source| Error::Ask { place: url.to_owned(), source: Box::new(source) };
        let start = Start::new(digest.clone(), None).map_err(failed)?;
        let download = self.client.download(&[url.to_owned()], start).await.map_err(failed)?;
        if let Some(total) = download.size() {
            self.home.tell(Event::Sized { id, total });
        }
        self.drain(download, id).await.map_err(failed)
    }

    async fn drain(&self, mut download: oci::Download, id: u64) -> Result<u64, oci::Error> {
        let mut size = 0;
        while let Some(bytes) = download.next().await? {
            size += bytes.len() as u64;
            self.home.tell(Event::Progress { id, bytes: bytes.len() as u64 });
        }
        Ok(size)
    }

    /// A manifest with all blobs, or an index with all that it lists.
    async fn artifact(&self, place: &Place, id: u64) -> Verdict {
        let (mut open, mut size) = (vec![(place.clone(), 0)], 0);
        // Indexes that list each other again and again are read once.
        let mut seen = HashSet::new();
        while let Some((place, depth)) = open.pop() {
            if !seen.insert(place.digest().cloned()) {
                continue;
            }
            let failed = |source| Error::Ask { place: place.to_string(), source: Box::new(source) };
            let manifest = self.client.manifest(&place).await.map_err(failed)?;
            size += manifest.bytes.len() as u64;
            let document = manifest
                .document()
                .map_err(|source| Error::Manifest { place: place.to_string(), source })?;
            match document {
                Document::Index(index) => {
                    let is_manifest =
                        |one: &&Descriptor| media_type::Kind::of(&one.media_type).is_some();
                    let below = index.manifests.iter().filter(is_manifest);
                    let below = below.map(|one| (place.with_digest(one.digest.clone()), depth + 1));
                    open.extend(below.filter(|(_, depth)| *depth <= DEPTH_MAX));
                }
                Document::Image(image) => {
                    for blob in std::iter::once(&image.config).chain(&image.layers) {
                        size += self.blob(&place, blob, id).await.map_err(failed)?;
                    }
                }
            }
        }
        Ok(size)
    }

    /// A blob, unless it was right already in the same repository.
    async fn blob(&self, place: &Place, blob: &Descriptor, id: u64) -> Result<u64, oci::Error> {
        let repository = match place {
            Place::Registry(reference) => {
                format!("{}/{}", reference.host(), reference.repository())
            }
            layout => layout.path().map(|path| path.display().to_string()).unwrap_or_default(),
        };
        let key = (repository, blob.digest.clone());
        if self.seen().contains(&key) {
            return Ok(0);
        }
        let download = self.client.blob(place, blob, Start::of(blob)?).await?;
        let size = self.drain(download, id).await?;
        self.seen().insert(key);
        Ok(size)
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<(String, Digest)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file(path: &Path, digest: &Digest) -> Verdict {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let hasher = Hasher::like(digest)
        .map_err(|source| Error::Unsupported { digest: digest.clone(), source })?;
    let file = File::open(path).map_err(failed)?;
    let (found, size) = hash(file, io::sink(), hasher).map_err(failed)?;
    match found {
        found if found == *digest => Ok(size),
        found => Err(Error::Differs { path: path.to_owned(), found }),
    }
}
