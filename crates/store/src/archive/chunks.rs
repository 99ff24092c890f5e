//! The compressed bytes of a blob, as they arrive, with its verdict at their end.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Buf as _, Bytes, BytesMut};

use super::Error;

/// A blob's bytes as they arrive.
///
/// [`decode`](super::decode) asks for them on the thread that decompresses. A receiver of a
/// channel that the network's own thread feeds keeps the two from waiting for one another.
pub trait Chunks {
    /// The next bytes; `Ok(None)` only when the blob's size and digest were accepted.
    ///
    /// # Errors
    ///
    /// Whatever kept the bytes from coming, or a digest that they do not match.
    fn next(&mut self) -> Result<Option<Bytes>, Box<dyn std::error::Error + Send + Sync>>;
}

/// After an archive is refused, up to this many more bytes are taken to hear the verdict on them.
const DRAIN_BYTES_MAX: u64 = 64 << 20;

/// Reads [`Chunks`] as a stream and keeps the reason why they stopped.
pub(crate) struct Source {
    chunks: Box<dyn Chunks + Send>,
    current: Bytes,
    arrived: Arc<AtomicU64>,
    ended: bool,
    failure: Option<Error>,
}

impl Source {
    pub(crate) fn new(chunks: Box<dyn Chunks + Send>) -> Self {
        Self { chunks, current: Bytes::new(), arrived: Arc::default(), ended: false, failure: None }
    }

    /// Counts the bytes that have arrived so far.
    pub(crate) fn arrived(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.arrived)
    }

    /// The first bytes, at least `wanted` of them unless the blob is shorter; takes none.
    pub(crate) fn head(&mut self, wanted: usize) -> Result<&[u8], Error> {
        while self.current.len() < wanted
            && let Some(more) = self.pull()?
        {
            let mut joined = BytesMut::from(&*self.current);
            joined.extend_from_slice(&more);
            self.current = joined.freeze();
        }
        Ok(&self.current)
    }

    /// The next bytes as they come, at least one of them; `None` at the accepted end.
    pub(crate) fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.current.is_empty() { self.pull() } else { Ok(Some(self.current.split_off(0))) }
    }

    /// Takes the rest unseen, so that wrong bytes are called wrong and not merely unreadable.
    pub(crate) fn drain(&mut self) -> Result<(), Error> {
        let mut left = DRAIN_BYTES_MAX;
        while left > 0
            && let Some(chunk) = self.chunk()?
        {
            left = left.saturating_sub(chunk.len() as u64);
        }
        Ok(())
    }

    /// What [`Chunks::next`] failed with while this was read as a stream.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn pull(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.ended {
            match self.chunks.next() {
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(Some(chunk)) => {
                    self.arrived.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    return Ok(Some(chunk));
                }
                Ok(None) => self.ended = true,
                Err(source) => {
                    self.ended = true;
                    return Err(Error::Fetch { source });
                }
            }
        }
        Ok(None)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.current.is_empty() {
            match self.pull() {
                Ok(more) => self.current = more.unwrap_or_default(),
                Err(error) => {
                    self.failure = Some(error);
                    return Err(io::Error::other("the bytes stopped coming"));
                }
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount);
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
