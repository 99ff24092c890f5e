//! Puts the contents of files into staging, named by their digests.
//!
//! Contents are hashed by the thread that reads them and written by another: making a file costs
//! as much as hashing it. Small files wait until the buffer that they came in is read, and are
//! hashed together; one message carries what came in a buffer, never a single file.

use std::{
    io, panic,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use bytes::Bytes;
use digest::{ContentHasher, Sha256};

use super::{Error, inflate::SLAB_BYTES};
use crate::{
    Content, Staging,
    staging::{self, Incoming},
};

/// Files of at most this size are hashed before they are written, and then only if they are new.
pub(crate) const SMALL_BYTES_MAX: u64 = 1 << 20;
/// Messages that wait for the writing thread.
const BATCHES_UNDER_WAY: usize = 2;

/// Puts contents into staging unless they are in the store.
pub(crate) struct Sink<'a> {
    present: &'a dyn Fn(&Content) -> bool,
    batches: SyncSender<Vec<Step>>,
    batch: Vec<Step>,
    batch_bytes: usize,
    /// Small files that are not hashed yet, and whether they are executable.
    waiting: Vec<(Bytes, bool)>,
    waiting_bytes: usize,
    /// Of all files that were hashed.
    contents: Vec<Content>,
}

/// A file that a sink took: its number among the [contents](Sink::settle).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken(usize);

impl Taken {
    /// What the file holds, by all that the sink took.
    pub(crate) fn content(self, contents: &[Content]) -> Content {
        contents[self.0]
    }
}

/// What the writing thread is to do next.
enum Step {
    Whole(Content, Bytes),
    Begin { executable: bool },
    Append(Bytes),
    Keep(Content),
    Discard,
}

impl<'a> Sink<'a> {
    /// Runs `read` with a sink into `staging`; all that it put there is written on return.
    pub(crate) fn run<T>(
        staging: &'a Staging,
        present: &'a dyn Fn(&Content) -> bool,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (batches, inbox) = sync_channel(BATCHES_UNDER_WAY);
        thread::scope(|scope| {
            let writing = thread::Builder::new()
                .name("write".to_owned())
                .spawn_scoped(scope, move || write(staging, &inbox))
                .map_err(|source| Error::Thread { source })?;
            let mut sink = Self::new(present, batches);
            let read = read(&mut sink).and_then(|value| sink.flush().map(|()| value));
            drop(sink);
            let written = writing.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            // Of the two failures this one came first: reading only heard of it.
            written.map_err(|source| Error::Stage { source }).and(read)
        })
    }

    fn new(present: &'a dyn Fn(&Content) -> bool, batches: SyncSender<Vec<Step>>) -> Self {
        let (batch, waiting, contents) = (Vec::new(), Vec::new(), Vec::new());
        Self { present, batches, batch, batch_bytes: 0, waiting, waiting_bytes: 0, contents }
    }

    /// Takes a whole file.
    pub(crate) fn small(&mut self, bytes: Bytes, executable: bool) -> Result<Taken, Error> {
        let taken = Taken(self.contents.len() + self.waiting.len());
        self.waiting_bytes += bytes.len();
        self.waiting.push((bytes, executable));
        if self.waiting_bytes >= SLAB_BYTES {
            self.settle()?;
        }
        Ok(taken)
    }

    /// The contents of all files so far, in the order in which they were taken; hashes what waits.
    pub(crate) fn settle(&mut self) -> Result<&[Content], Error> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let messages: Vec<&[u8]> = waiting.iter().map(|(bytes, _)| &**bytes).collect();
        let digests = Sha256::of_each(&messages);
        for ((bytes, executable), sha256) in waiting.into_iter().zip(digests) {
            let content = Content { sha256, size: bytes.len() as u64, executable };
            self.contents.push(content);
            if !content.is_empty() && !(self.present)(&content) {
                self.push(bytes.len(), Step::Whole(content, bytes))?;
            }
        }
        Ok(&self.contents)
    }

    /// Begins a file that comes in pieces.
    pub(crate) fn large(&mut self, executable: bool) -> Result<Large<'_, 'a>, Error> {
        // The writing thread has one file at a time.
        self.settle()?;
        self.push(0, Step::Begin { executable })?;
        Ok(Large { sink: self, hasher: ContentHasher::default(), size: 0, executable })
    }

    /// Hands on what waits, so that the buffers it came in are free again soon.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.send()
    }

    fn send(&mut self) -> Result<(), Error> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        // The other side goes only when writing failed, and that is what `run` returns then.
        self.batches
            .send(std::mem::take(&mut self.batch))
            .map_err(|_| Error::Thread { source: io::ErrorKind::BrokenPipe.into() })
    }

    fn push(&mut self, bytes: usize, step: Step) -> Result<(), Error> {
        self.batch.push(step);
        self.batch_bytes += bytes;
        if self.batch_bytes < SLAB_BYTES { Ok(()) } else { self.send() }
    }
}

/// A file that comes in pieces.
pub(crate) struct Large<'s, 'a> {
    sink: &'s mut Sink<'a>,
    hasher: ContentHasher,
    size: u64,
    executable: bool,
}

impl Large<'_, '_> {
    pub(crate) fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.hasher.update(&bytes);
        self.size += bytes.len() as u64;
        self.sink.push(bytes.len(), Step::Append(bytes))
    }

    pub(crate) fn finish(self) -> Result<Taken, Error> {
        let Self { sink, hasher, size, executable } = self;
        let content = Content { sha256: hasher.finish(), size, executable };
        let taken = Taken(sink.contents.len());
        sink.contents.push(content);
        let is_new = !(sink.present)(&content);
        sink.push(0, if is_new { Step::Keep(content) } else { Step::Discard })?;
        Ok(taken)
    }
}

/// Carries out all steps; a file that is not kept is removed.
fn write(staging: &Staging, batches: &Receiver<Vec<Step>>) -> Result<(), staging::Error> {
    let mut incoming: Option<Incoming<'_>> = None;
    for step in batches.iter().flatten() {
        match (step, incoming.take()) {
            (Step::Whole(content, bytes), _) => staging.put(&content, &bytes)?,
            (Step::Begin { executable }, _) => incoming = Some(staging.stream(executable)?),
            (Step::Append(bytes), Some(mut file)) => {
                file.write(&bytes)?;
                incoming = Some(file);
            }
            (Step::Keep(content), Some(file)) => file.finish(&content)?,
            (Step::Append(_) | Step::Keep(_) | Step::Discard, _) => {}
        }
    }
    Ok(())
}
