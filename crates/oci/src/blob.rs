//! A download: the bytes of one digest, in order, each once, from whoever sends them.
//!
//! A task of its own reads from the network and hashes, one chunk ahead of the consumer. What
//! breaks is resumed in there; the consumer sees chunks, and at the end the verdict. Where the
//! bytes go is deliberately not known.

use std::{
    fmt,
    io::{Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use digest::{Digest, Hasher};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{
    Descriptor, Error,
    coalesce::CHUNK_BYTES,
    exchange::{Ask, Exchange},
    layout::{self, Reader},
    pull::Pull,
    verify::{self, Verifier},
};

/// What to download, and how much of it was hashed already.
#[derive(Clone)]
pub struct Start {
    /// The digest of the whole.
    pub expected: Digest,
    /// The size of the whole in bytes, where it is declared; then it is exact.
    pub size: Option<u64>,
    /// How many bytes the caller has from before; the download goes on behind them.
    pub taken: u64,
    /// The hash of those bytes.
    pub hasher: Hasher,
}

impl Start {
    /// From the first byte; fails for a digest of an algorithm that is not known here.
    pub fn new(expected: Digest, size: Option<u64>) -> Result<Self, Error> {
        match Hasher::like(&expected) {
            Ok(hasher) => Ok(Self { expected, size, taken: 0, hasher }),
            Err(source) => {
                let source = verify::Error::Unsupported { digest: expected.clone(), source };
                Err(Error::Start { digest: expected, source })
            }
        }
    }

    /// From the first byte of what a descriptor describes.
    pub fn of(descriptor: &Descriptor) -> Result<Self, Error> {
        Self::new(descriptor.digest.clone(), Some(descriptor.size))
    }

    /// The check of the bytes to come; refuses more bytes from before than there are in all.
    pub(crate) fn verifier(self) -> Result<Verifier, Error> {
        let Self { expected, size, taken, hasher } = self;
        match size {
            Some(size) if taken > size => {
                let source = verify::Error::Longer { digest: expected.clone(), size };
                Err(Error::Start { digest: expected, source })
            }
            _ => Ok(Verifier::resumed(expected, size, taken, hasher)),
        }
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start")
            .field("expected", &self.expected)
            .field("size", &self.size)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// The bytes of a blob as they arrive.
///
/// Dropping it ends the connection. What was taken until then can be gone on from: see
/// [`Start::taken`].
pub struct Download {
    expected: Digest,
    size: Option<u64>,
    items: mpsc::Receiver<Result<Item, Error>>,
    task: AbortHandle,
    accepted: bool,
}

/// What the task sends.
pub(crate) enum Item {
    Chunk(Bytes),
    /// Size and digest match: nothing follows.
    Accepted,
}

impl Download {
    /// Asks the sources in order and begins with the first that answers.
    pub(crate) async fn begin(
        exchange: Arc<Exchange>,
        sources: Vec<Ask>,
        start: Start,
    ) -> Result<Self, Error> {
        let expected = start.expected.clone();
        let mut pull = Pull::new(exchange, sources, start)?;
        pull.open().await?;
        Ok(Self::run(expected, pull.size(), |items| pull.run(items)))
    }

    /// Content that is in memory already, as a descriptor may carry it.
    pub(crate) fn of_bytes(bytes: Vec<u8>, start: Start) -> Result<Self, Error> {
        let (expected, size) = (start.expected.clone(), start.size);
        let taken = usize::try_from(start.taken).unwrap_or(usize::MAX).min(bytes.len());
        let mut verifier = start.verifier()?;
        let mut rest = Bytes::from(bytes).slice(taken..);
        let failed = |source| Error::Start { digest: expected.clone(), source };
        verifier.take(&rest).map_err(failed)?;
        verifier.finish().map_err(failed)?;
        Ok(Self::run(expected, size, async move |items| {
            while !rest.is_empty() {
                let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
                if items.send(Ok(Item::Chunk(chunk))).await.is_err() {
                    return;
                }
            }
            drop(items.send(Ok(Item::Accepted)).await);
        }))
    }

    /// Content of a layout's file.
    pub(crate) fn of_reader(
        path: PathBuf,
        reader: Box<dyn Reader>,
        start: Start,
    ) -> Result<Self, Error> {
        let (expected, size, taken) = (start.expected.clone(), start.size, start.taken);
        let verifier = start.verifier()?;
        Ok(Self::run(expected, size, async move |items| {
            let work = move || {
                let last = send_file(path, reader, taken, verifier, &items);
                // Nobody listening is no failure: the download was dropped.
                drop(items.blocking_send(last.map(|()| Item::Accepted)));
            };
            // A panic in there shows as a download without a verdict.
            drop(tokio::task::spawn_blocking(work).await);
        }))
    }

    /// A download of which `work` sends the items.
    pub(crate) fn run<F>(
        expected: Digest,
        size: Option<u64>,
        work: impl FnOnce(mpsc::Sender<Result<Item, Error>>) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // One chunk waits here while the next one is being filled.
        let (sender, items) = mpsc::channel(1);
        let task = tokio::spawn(work(sender)).abort_handle();
        Self { expected, size, items, task, accepted: false }
    }

    /// The size of the whole in bytes: declared, or said by the server.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes, at most 256 KiB; `None` once size and digest of the whole are accepted.
    ///
    /// May be dropped and called again: no bytes are lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.accepted {
            return Ok(None);
        }
        match self.items.recv().await {
            Some(Ok(Item::Chunk(bytes))) => Ok(Some(bytes)),
            Some(Ok(Item::Accepted)) => {
                self.accepted = true;
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            None => Err(Error::Interrupted { digest: self.expected.clone() }),
        }
    }

    /// All that is left, for a blob of which it is known that memory has room for it.
    pub async fn whole(mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("expected", &self.expected)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends the bytes of a file from `taken` on; blocks.
fn send_file(
    path: PathBuf,
    mut file: Box<dyn Reader>,
    taken: u64,
    mut verifier: Verifier,
    items: &mpsc::Sender<Result<Item, Error>>,
) -> Result<(), Error> {
    let unreadable = |source| Error::Layout(layout::Error::Read { path: path.clone(), source });
    let damaged = |source| Error::Layout(layout::Error::Damaged { path: path.clone(), source });
    file.seek(SeekFrom::Start(taken)).map_err(unreadable)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let read = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
        if read.map_err(unreadable)? == 0 {
            return verifier.finish().map_err(damaged);
        }
        verifier.take(&chunk).map_err(damaged)?;
        if items.blocking_send(Ok(Item::Chunk(chunk.into()))).is_err() {
            return Ok(());
        }
    }
}
