//! The body of a request, made anew each time that it is sent.
//!
//! A request may have to go out again: after a 401, after a redirect, after a break. What is sent
//! is checked on its way, so that wrong bytes never make a whole request.

use std::{
    fmt, io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Context,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use digest::Digest;
use futures_util::{StreamExt as _, stream};

use crate::{
    Body, Descriptor, Error, Event,
    body::Chunks,
    push,
    verify::{self, Verifier},
};

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub(crate) enum Payload {
    /// Nothing.
    #[default]
    Empty,
    /// What is in memory: a form, a manifest, a chunk.
    Bytes(Bytes),
    /// A whole blob, read as it is sent.
    Blob(Arc<Outgoing>),
}

impl Payload {
    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Blob(blob) => blob.size,
        }
    }

    /// The bytes for one sending; each piece that leaves is noted in `pulse`.
    pub(crate) async fn open(&self, pulse: &Arc<Pulse>) -> Result<reqwest::Body, Error> {
        match self {
            Self::Empty => Ok(reqwest::Body::from(Bytes::new())),
            Self::Bytes(bytes) => {
                let chunks = Body::Bytes(bytes.clone()).open().await?;
                Ok(tapped(chunks, self.length(), Arc::clone(pulse), drop, drop))
            }
            Self::Blob(blob) => {
                *blob.failure() = None;
                let chunks = checked(&blob.body, &blob.digest, blob.size).await?;
                let (sender, keeper) = (Arc::clone(blob), Arc::clone(blob));
                let sent = move |bytes| {
                    let digest = sender.digest.clone();
                    (sender.events)(Event::Sent { digest, bytes });
                };
                Ok(tapped(chunks, self.length(), Arc::clone(pulse), sent, move |error| {
                    *keeper.failure() = Some(error);
                }))
            }
        }
    }

    /// Why the last sending ended early, where that was not the network's doing.
    pub(crate) fn failure(&self) -> Option<Error> {
        match self {
            Self::Blob(blob) => blob.failure().take(),
            Self::Empty | Self::Bytes(_) => None,
        }
    }
}

/// A blob to be sent in one piece.
pub(crate) struct Outgoing {
    body: Body,
    digest: Digest,
    size: u64,
    events: Arc<dyn Fn(Event) + Send + Sync>,
    failure: Mutex<Option<Error>>,
}

impl Outgoing {
    /// The content of `descriptor`, of which each piece that leaves is told.
    pub(crate) fn new(
        body: &Body,
        descriptor: &Descriptor,
        events: &Arc<dyn Fn(Event) + Send + Sync>,
    ) -> Self {
        Self {
            body: body.clone(),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            events: Arc::clone(events),
            failure: Mutex::default(),
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("body", &self.body).finish_non_exhaustive()
    }
}

/// The chunks of a body; the last one only once the whole has the size and digest expected.
async fn checked(body: &Body, digest: &Digest, size: u64) -> Result<Chunks, Error> {
    let wrong = |source| wrong(digest, source);
    let state = Checked {
        verifier: Some(Verifier::new(digest.clone(), Some(size)).map_err(wrong)?),
        digest: digest.clone(),
        chunks: body.open().await?,
        held: None,
    };
    let next = async |mut state: Checked| {
        let item = state.next().await.transpose()?;
        Some((item, state))
    };
    Ok(stream::unfold(state, next).fuse().boxed())
}

struct Checked {
    chunks: Chunks,
    digest: Digest,
    /// Gone once the verdict is spoken.
    verifier: Option<Verifier>,
    held: Option<Bytes>,
}

impl Checked {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(verifier) = &mut self.verifier {
            match self.chunks.next().await.transpose()? {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => {
                    verifier.take(&chunk).map_err(|source| wrong(&self.digest, source))?;
                    if let Some(held) = self.held.replace(chunk) {
                        return Ok(Some(held));
                    }
                }
                None => {
                    let verdict = self.verifier.take().map_or(Ok(()), Verifier::finish);
                    verdict.map_err(|source| wrong(&self.digest, source))?;
                }
            }
        }
        Ok(self.held.take())
    }
}

fn wrong(digest: &Digest, source: verify::Error) -> Error {
    Error::Push(push::Error::Content { digest: digest.clone(), source })
}

/// Hands chunks to the transport, tells `sent` how many bytes left and `failed` what stopped them.
fn tapped(
    mut chunks: Chunks,
    length: u64,
    pulse: Arc<Pulse>,
    sent: impl Fn(u64) + Send + 'static,
    failed: impl Fn(Error) + Send + 'static,
) -> reqwest::Body {
    let mut total = 0;
    let next = move |context: &mut Context<'_>| {
        let polled = chunks.poll_next_unpin(context);
        pulse.beat(if polled.is_pending() { Turn::Ours } else { Turn::Theirs });
        polled.map(|item| {
            item.map(|item| match item {
                Ok(chunk) => {
                    total += chunk.len() as u64;
                    if total >= length {
                        pulse.beat(Turn::Verdict);
                    }
                    sent(total);
                    Ok(chunk)
                }
                Err(error) => {
                    let shown = io::Error::other(error.to_string());
                    failed(error);
                    Err(shown)
                }
            })
        })
    };
    reqwest::Body::wrap_stream(stream::poll_fn(next))
}

/// When bytes last went out: a server that takes none for long has fallen silent.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<(Instant, Turn)>);

/// Who is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Us: the next bytes are not there yet.
    Ours,
    /// The server, to take bytes or to answer.
    Theirs,
    /// The server, which has all bytes, and may hash and move them before it answers.
    Verdict,
}

/// How many times longer than any other answer the one to a whole blob may take.
const VERDICT: u32 = 4;

impl Pulse {
    /// Begins now.
    pub(crate) fn new(turn: Turn) -> Self {
        Self(Mutex::new((Instant::now(), turn)))
    }

    fn beat(&self, turn: Turn) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), turn);
    }

    /// Does `work`; gives up once the server was silent for `stall`.
    ///
    /// Only now is it waited for, however long ago the body was begun with.
    pub(crate) async fn watch<F: Future>(&self, stall: Duration, work: F) -> Option<F::Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Instant::now();
        let mut work = pin!(work);
        loop {
            let left = self.patience(stall).filter(|left| !left.is_zero())?;
            if let Ok(done) = tokio::time::timeout(left, &mut work).await {
                return Some(done);
            }
        }
    }

    fn patience(&self, stall: Duration) -> Option<Duration> {
        let (at, turn) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match turn {
            Turn::Ours => Some(stall),
            Turn::Theirs => stall.checked_sub(at.elapsed()),
            Turn::Verdict => stall.saturating_mul(VERDICT).checked_sub(at.elapsed()),
        }
    }
}

/// A body read in chunks of a chosen size, from any byte on.
pub(crate) struct Reader {
    body: Body,
    digest: Digest,
    size: u64,
    /// Behind a lock that nobody waits for: only so can the upload be shared between threads.
    chunks: Option<Mutex<Chunks>>,
    /// The byte of the body at which `pending` begins.
    start: u64,
    pending: Bytes,
}

impl Reader {
    /// Reads nothing yet.
    pub(crate) fn new(body: &Body, descriptor: &Descriptor) -> Self {
        Self {
            body: body.clone(),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            chunks: None,
            start: 0,
            pending: Bytes::new(),
        }
    }

    /// The bytes from `at` on: `count` of them, or as many as there are.
    pub(crate) async fn read(&mut self, at: u64, count: usize) -> Result<Bytes, Error> {
        if self.chunks.is_none() || at < self.start {
            let chunks = checked(&self.body, &self.digest, self.size).await?;
            self.chunks = Some(Mutex::new(chunks));
            (self.start, self.pending) = (0, Bytes::new());
        }
        while self.start + (self.pending.len() as u64) < at {
            self.start += self.pending.len() as u64;
            self.pending = self.more().await?;
            if self.pending.is_empty() {
                return Ok(Bytes::new());
            }
        }
        let passed = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        drop(self.pending.split_to(passed.min(self.pending.len())));
        self.start = at;
        if self.pending.len() < count {
            self.fill(count).await?;
        }
        Ok(self.pending.slice(..count.min(self.pending.len())))
    }

    async fn fill(&mut self, count: usize) -> Result<(), Error> {
        let mut filled = BytesMut::with_capacity(count);
        filled.extend_from_slice(&self.pending);
        while filled.len() < count {
            let more = self.more().await?;
            if more.is_empty() {
                break;
            }
            filled.extend_from_slice(&more);
        }
        self.pending = filled.freeze();
        Ok(())
    }

    async fn more(&mut self) -> Result<Bytes, Error> {
        match &mut self.chunks {
            Some(chunks) => {
                let chunks = chunks.get_mut().unwrap_or_else(PoisonError::into_inner);
                chunks.next().await.transpose().map(Option::unwrap_or_default)
            }
            None => Ok(Bytes::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> (Body, Descriptor, Vec<u8>) {
        let bytes: Vec<u8> = (0..=250).cycle().take(700_000).collect();
        let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), bytes.len() as u64);
        (Body::Bytes(bytes.clone().into()), descriptor, bytes)
    }

    #[tokio::test]
    async fn f8_chunks_are_full_wherever_they_begin() {
        let (body, descriptor, bytes) = parts();
        let mut reader = Reader::new(&body, &descriptor);
        for (at, count) in [(0, 100_000), (100_000, 300_000), (150_000, 300_001), (7, 3)] {
            let chunk = reader.read(at, count).await.unwrap();
            assert!(chunk == bytes[at as usize..][..count], "{at} {count}");
        }
        assert!(reader.read(699_990, 50).await.unwrap() == bytes[699_990..]);
        assert!(reader.read(700_000, 50).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn f19_the_last_bytes_wait_for_the_verdict() {
        let (body, descriptor, bytes) = parts();
        let mut wrong = descriptor.clone();
        wrong.digest = Digest::sha256(b"other");
        let collect = async |descriptor: &Descriptor| {
            let mut chunks = checked(&body, &descriptor.digest, descriptor.size).await.unwrap();
            let mut taken = Vec::new();
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(chunk) => taken.extend_from_slice(&chunk),
                    Err(error) => return (taken, Some(error)),
                }
            }
            (taken, None)
        };
        let (taken, error) = collect(&descriptor).await;
        assert!(taken == bytes && error.is_none());
        for (digest, size) in [
            (&wrong.digest, descriptor.size),
            (&descriptor.digest, descriptor.size - 1),
            (&descriptor.digest, descriptor.size + 1),
        ] {
            let (taken, error) = collect(&Descriptor::new("a/b", digest.clone(), size)).await;
            let is_refused = matches!(error, Some(Error::Push(push::Error::Content { .. })));
            assert!(is_refused && taken.len() < bytes.len(), "{size}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_waits_for_us_is_not_silent() {
        let stall = Duration::from_millis(20);
        let pulse = Pulse::new(Turn::Theirs);
        assert!(pulse.watch(stall, std::future::pending::<()>()).await.is_none());
        pulse.beat(Turn::Verdict);
        assert!(pulse.patience(stall).is_some_and(|left| left > stall));
        pulse.beat(Turn::Ours);
        let work = tokio::time::sleep(stall * 4);
        assert!(pulse.watch(stall, work).await.is_some());
    }

    #[tokio::test]
    async fn d10_the_time_before_a_request_is_no_silence_of_the_server() {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(3600));
        let pulse = Pulse(Mutex::new((long_ago.unwrap_or_else(Instant::now), Turn::Theirs)));
        let answer = async {
            tokio::task::yield_now().await;
            "answer"
        };
        assert_eq!(pulse.watch(Duration::from_secs(20), answer).await, Some("answer"));
    }
}
