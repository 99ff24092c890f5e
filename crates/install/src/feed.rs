//! The bytes of one layer on their way to the decoder, from wherever they come.
//!
//! A slow download is kept beside the decoding, so that a later run goes on where it stopped:
//! it hashes and decodes the kept bytes again, then asks for the rest.

use std::{
    fs::File,
    io::Read as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use catalog::{Layer, Origin};
use digest::Hasher;
use store::archive::Chunks;
use tokio::sync::mpsc;

use crate::{
    blobs::{Blobs, Receiving},
    event::{Event, Listener},
    git::{self, Git},
    network::{self, Network},
    regular,
    resume::Kept,
};

/// Size of the pieces that files are read in, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// The type of bytes of which nobody said one.
const UNKNOWN: &str = "application/octet-stream";
/// Pieces that wait between the network and the decoder.
const DEPTH: usize = 4;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A layer's bytes do not arrive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network threads or the client cannot be made.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// The tree of a git repository cannot be had.
    #[error(transparent)]
    Git(git::Error),
    /// The digest is of an algorithm that cannot be verified.
    #[error("cannot verify {digest}")]
    Unsupported {
        /// The layer's digest.
        digest: digest::Digest,
        /// What is supported.
        #[source]
        source: digest::Unsupported,
    },
    /// A file that a formula names, or a kept download, cannot be read or written.
    #[error("cannot {step} `{}`", path.display())]
    File {
        /// What was being done.
        step: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file does not hold the bytes that the formula pins.
    #[error("`{}` has digest {found}; the formula pins {pinned}", path.display())]
    Pinned {
        /// The file.
        path: PathBuf,
        /// The digest of its bytes.
        found: digest::Digest,
        /// The digest that the formula has.
        pinned: digest::Digest,
    },
    /// A download that stayed in the cache holds other bytes by now.
    #[error("the cache holds other bytes for {digest}")]
    Damaged {
        /// The layer's digest.
        digest: digest::Digest,
    },
    /// Another layer failed, and so this one is no longer wanted.
    #[error("stopped, because another download failed")]
    Stopped,
    /// The network task ended without a verdict: a bug, or the program is being stopped.
    #[error("the download of {digest} was cut off inside the program")]
    Cut {
        /// The layer's digest.
        digest: digest::Digest,
    },
}

/// A layer's bytes as they arrive, verified by the time they end.
pub(crate) struct Feed {
    layer: Layer,
    id: u64,
    around: Surroundings,
    stage: Stage,
    hasher: Hasher,
    taken: u64,
    kept: Option<Kept>,
    receiving: Option<Receiving>,
}

/// What a feed needs of the command that it serves.
pub(crate) struct Surroundings {
    pub(crate) network: Arc<Network>,
    pub(crate) git: Arc<Git>,
    /// The transaction's folder, in which a repository may lie while its tree is read.
    pub(crate) staging: PathBuf,
    pub(crate) events: Listener,
    /// Downloads that stay in the cache.
    pub(crate) blobs: Option<Blobs>,
    /// Set when another layer failed and this one is no longer wanted.
    pub(crate) stop: Arc<AtomicBool>,
}

enum Stage {
    /// Bytes that an earlier run kept.
    Resume(File),
    /// The whole, from the cache.
    Cached(File),
    /// Nothing is under way yet.
    Start,
    /// From a registry or an http server.
    Network(mpsc::Receiver<Piece>),
    /// From a file on this machine.
    Local(PathBuf, File),
    /// From a git repository.
    Git(Box<git::Tree>),
    /// From the program itself.
    Carried(&'static [u8]),
    Done,
}

enum Piece {
    Bytes(Bytes),
    End,
    Failed(oci::Error),
}

impl Feed {
    /// A feed of `layer`; `partial` is where its download may be kept or was kept before.
    pub(crate) fn new(
        layer: Layer,
        partial: PathBuf,
        id: u64,
        around: Surroundings,
    ) -> Result<Self, Error> {
        let hasher = Hasher::like(&layer.digest)
            .map_err(|source| Error::Unsupported { digest: layer.digest.clone(), source })?;
        let blobs = around.blobs.as_ref();
        let blobs = blobs.filter(|_| !matches!(layer.origin, Origin::File(_) | Origin::Carried(_)));
        if let Some(file) = blobs.and_then(|blobs| blobs.open(&layer.digest)) {
            let (stage, kept, receiving) = (Stage::Cached(file), None, None);
            return Ok(Self { layer, id, around, stage, hasher, taken: 0, kept, receiving });
        }
        let receiving = blobs.and_then(|blobs| blobs.receive(&layer.digest, layer.size));
        let remote = matches!(layer.origin, Origin::Blob { .. } | Origin::Urls(_));
        let resumed = remote.then(|| File::open(&partial).ok()).flatten();
        let kept = remote.then(|| Kept::new(partial, layer.size, resumed.is_some()));
        let stage = resumed.map_or(Stage::Start, Stage::Resume);
        Ok(Self { layer, id, around, stage, hasher, taken: 0, kept, receiving })
    }

    /// The number of the events that tell of it.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether its bytes are those of the cache.
    pub(crate) fn is_cached(&self) -> bool {
        matches!(self.stage, Stage::Cached(_))
    }

    /// Starts whatever brings the bytes after those already taken.
    fn start(&mut self) -> Result<Stage, Cause> {
        if let Some(stage) = self.nearby()? {
            return Ok(stage);
        }
        Ok(match &self.layer.origin {
            Origin::Carried(bytes) => Stage::Carried(bytes),
            Origin::File(path) => match regular::open(path) {
                Ok(file) => Stage::Local(path.clone(), file),
                Err(source) => {
                    return Err(Error::File { step: "open", path: path.clone(), source }.into());
                }
            },
            Origin::Git { url, commit } => self.tree(url, commit).map(Stage::Git)?,
            Origin::Blob { place, descriptor } => {
                let (place, descriptor) = (place.clone(), descriptor.clone());
                self.stream(|client, start| async move {
                    client.blob(&place, &descriptor, start).await
                })?
            }
            Origin::Urls(urls) => {
                let urls = urls.clone();
                self.stream(|client, start| async move { client.download(&urls, start).await })?
            }
        })
    }

    /// The bytes from a place nearby, if one has them; one that cannot be asked is an error.
    fn nearby(&self) -> Result<Option<Stage>, Cause> {
        if self.layer.nearby.is_empty() || matches!(self.layer.origin, Origin::Carried(_)) {
            return Ok(None);
        }
        let (runtime, client) = self.around.network.start().map_err(Error::Network)?;
        let descriptor = match &self.layer.origin {
            Origin::Blob { descriptor, .. } => (**descriptor).clone(),
            _ => oci::Descriptor::new(UNKNOWN, self.layer.digest.clone(), 0),
        };
        for place in &self.layer.nearby {
            let asked = runtime.block_on(client.blob(place, &descriptor, self.start_at()));
            if let Some(download) = oci::found(asked)? {
                return Ok(Some(self.stream(|_, _| async { Ok(download) })?));
            }
        }
        Ok(None)
    }

    /// What is still wanted of the bytes.
    fn start_at(&self) -> oci::Start {
        oci::Start {
            expected: self.layer.digest.clone(),
            size: self.layer.size,
            taken: self.taken,
            hasher: self.hasher.clone(),
        }
    }

    /// The tree of a commit; what arrives of its repository is what the download is.
    fn tree(&self, url: &str, commit: &str) -> Result<Box<git::Tree>, Error> {
        let Surroundings { git, staging, events, stop, .. } = &self.around;
        let mut watch = |bytes| {
            events(Event::Progress { id: self.id, bytes });
            !stop.load(Ordering::Relaxed)
        };
        git.tree(url, commit, staging, &mut watch).map(Box::new).map_err(of_git)
    }

    /// The next piece of a tree; its digest is checked at the end.
    fn entries(&mut self, mut tree: Box<git::Tree>) -> Result<Option<Bytes>, Error> {
        if let Some(piece) = tree.piece().map_err(of_git)? {
            self.hasher.update(&piece);
            self.stage = Stage::Git(tree);
            return Ok(Some(piece));
        }
        let (found, pinned) = (self.hasher.clone().finish(), self.layer.digest.clone());
        if found != pinned {
            return Err(Error::Git(git::Error::Pinned { found, pinned }));
        }
        if let [first, more @ ..] = tree.pointers() {
            let origin = self.layer.origin.describe();
            let which = match more.len() {
                0 => format!("`{first}` is only a pointer"),
                more => format!("`{first}` and {more} more are only pointers"),
            };
            let sentence =
                format!("{origin}: {which} of git LFS, and what it means is not fetched");
            (self.around.events)(Event::Warning(sentence));
        }
        Ok(None)
    }

    /// Starts a download; its pieces wait for the decoder.
    fn stream<F>(&self, ask: impl FnOnce(oci::Client, oci::Start) -> F) -> Result<Stage, Error>
    where
        F: Future<Output = Result<oci::Download, oci::Error>> + Send + 'static,
    {
        let (runtime, client) = self.around.network.start()?;
        let download = ask(client.clone(), self.start_at());
        let (sender, receiver) = mpsc::channel(DEPTH);
        let (id, declared, events) = (self.id, self.layer.size, self.around.events.clone());
        runtime.spawn(async move {
            let last = match download.await {
                Ok(download) => {
                    if let (None, Some(total)) = (declared, download.size()) {
                        events(Event::Sized { id, total });
                    }
                    forward(download, &sender).await
                }
                Err(error) => Piece::Failed(error),
            };
            // The decoder may have refused the archive and gone: nobody is left to tell.
            let _ = sender.send(last).await.is_ok();
        });
        Ok(Stage::Network(receiver))
    }

    /// The next piece of a file on this machine; its digest is checked at the end.
    fn local(&mut self, path: PathBuf, mut file: File) -> Result<Option<Bytes>, Error> {
        let piece = read_piece(&mut file).map_err(|source| Error::File {
            step: "read",
            path: path.clone(),
            source,
        })?;
        if let Some(piece) = piece {
            self.hasher.update(&piece);
            self.stage = Stage::Local(path, file);
            return Ok(Some(piece));
        }
        let found = self.hasher.clone().finish();
        if found == self.layer.digest {
            return Ok(None);
        }
        Err(Error::Pinned { path, found, pinned: self.layer.digest.clone() })
    }

    fn piece(&mut self) -> Result<Option<Bytes>, Cause> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Resume(mut file) => match read_piece(&mut file)? {
                Some(piece) => {
                    self.hasher.update(&piece);
                    self.stage = Stage::Resume(file);
                    Ok(Some(piece))
                }
                None => {
                    self.stage = Stage::Start;
                    self.piece()
                }
            },
            Stage::Cached(mut file) => match read_piece(&mut file)? {
                Some(piece) => {
                    self.hasher.update(&piece);
                    self.stage = Stage::Cached(file);
                    Ok(Some(piece))
                }
                None if self.hasher.clone().finish() == self.layer.digest => Ok(None),
                None => Err(Error::Damaged { digest: self.layer.digest.clone() }.into()),
            },
            Stage::Start => {
                self.stage = self.start()?;
                self.piece()
            }
            Stage::Network(mut receiver) => {
                let asked = Instant::now();
                match receiver.blocking_recv() {
                    Some(Piece::Bytes(piece)) => {
                        if let Some(kept) = &mut self.kept {
                            kept.write(&piece, asked.elapsed())?;
                        }
                        self.stage = Stage::Network(receiver);
                        Ok(Some(piece))
                    }
                    Some(Piece::End) => Ok(None),
                    Some(Piece::Failed(error)) => Err(error.into()),
                    None => Err(Error::Cut { digest: self.layer.digest.clone() }.into()),
                }
            }
            Stage::Local(path, file) => Ok(self.local(path, file)?),
            Stage::Git(tree) => Ok(self.entries(tree)?),
            Stage::Carried(bytes) => {
                let (piece, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES));
                if !rest.is_empty() {
                    self.stage = Stage::Carried(rest);
                }
                Ok((!piece.is_empty()).then(|| Bytes::from_static(piece)))
            }
            Stage::Done => Ok(None),
        }
    }
}

impl Chunks for Feed {
    fn next(&mut self) -> Result<Option<Bytes>, Cause> {
        if self.around.stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped.into());
        }
        let piece = self.piece()?;
        match &piece {
            Some(piece) => {
                self.taken += piece.len() as u64;
                // Keeping is a help, not a need: a full disk shows itself where it matters.
                if self.receiving.as_mut().is_some_and(|it| it.take(piece).is_err()) {
                    self.receiving = None;
                }
                // Of a tree arrived what its repository took, which was told as it came.
                if !matches!(self.layer.origin, Origin::Git { .. }) {
                    let bytes = piece.len() as u64;
                    (self.around.events)(Event::Progress { id: self.id, bytes });
                }
            }
            None => {
                if let Some(receiving) = self.receiving.take() {
                    receiving.keep(&self.layer.digest);
                }
                if let Some(kept) = &mut self.kept {
                    kept.discard();
                }
            }
        }
        Ok(piece)
    }
}

fn of_git(error: git::Error) -> Error {
    match error {
        git::Error::Stopped => Error::Stopped,
        error => Error::Git(error),
    }
}

/// Hands a download's pieces on until it ends; the last piece is its verdict.
async fn forward(mut download: oci::Download, sender: &mpsc::Sender<Piece>) -> Piece {
    loop {
        match download.next().await {
            Ok(Some(bytes)) => {
                if sender.send(Piece::Bytes(bytes)).await.is_err() {
                    return Piece::End;
                }
            }
            Ok(None) => return Piece::End,
            Err(error) => return Piece::Failed(error),
        }
    }
}

fn read_piece(file: &mut File) -> std::io::Result<Option<Bytes>> {
    let mut piece = BytesMut::zeroed(PIECE_BYTES);
    let mut filled = 0;
    while filled < PIECE_BYTES {
        match file.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(filled);
    Ok((filled > 0).then(|| piece.freeze()))
}
