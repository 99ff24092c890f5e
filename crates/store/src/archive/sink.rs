//! Puts the contents of files into staging, named by their digests.
//!
//! Contents are hashed by the thread that reads them and written by another: making a file costs
//! as much as hashing it. One message carries what came in a buffer, never a single file.

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
            let mut sink = Self { present, batches, batch: Vec::new(), batch_bytes: 0 };
            let read = read(&mut sink).and_then(|value| sink.flush().map(|()| value));
            drop(sink);
            let written = writing.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
            // Of the two failures this one came first: reading only heard of it.
            written.map_err(|source| Error::Stage { source }).and(read)
        })
    }

    /// Takes a whole file.
    pub(crate) fn small(&mut self, bytes: Bytes, executable: bool) -> Result<Content, Error> {
        let size = bytes.len() as u64;
        let content = Content { sha256: Sha256::of(&bytes), size, executable };
        if !content.is_empty() && !(self.present)(&content) {
            self.push(bytes.len(), Step::Whole(content, bytes))?;
        }
        Ok(content)
    }

    /// Begins a file that comes in pieces.
    pub(crate) fn large(&mut self, executable: bool) -> Result<Large<'_, 'a>, Error> {
        self.push(0, Step::Begin { executable })?;
        Ok(Large { sink: self, hasher: ContentHasher::default(), size: 0, executable })
    }

    /// Hands on what waits, so that the buffers it came in are free again soon.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
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
        if self.batch_bytes < SLAB_BYTES { Ok(()) } else { self.flush() }
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

    pub(crate) fn finish(self) -> Result<Content, Error> {
        let Self { sink, hasher, size, executable } = self;
        let content = Content { sha256: hasher.finish(), size, executable };
        let is_new = !(sink.present)(&content);
        sink.push(0, if is_new { Step::Keep(content) } else { Step::Discard })?;
        Ok(content)
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
