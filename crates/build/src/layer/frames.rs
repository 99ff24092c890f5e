//! Compresses blocks on all processors, each into a zstd frame of its own.
//!
//! A frame depends on nothing but its block, so the number of processors changes no byte.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use zstd::bulk::Compressor;

/// Threads beyond these would wait for the one that reads.
const THREADS_MAX: usize = 8;

/// Threads that compress blocks.
pub(super) struct Frames {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

struct Job {
    block: Vec<u8>,
    done: SyncSender<io::Result<Vec<u8>>>,
}

/// A frame to come.
pub(super) struct Frame(Receiver<io::Result<Vec<u8>>>);

impl Frames {
    pub(super) fn start(level: i32) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let count = thread::available_parallelism()?.get().min(THREADS_MAX);
        let mut frames = Self { jobs: Some(sender), threads: Vec::with_capacity(count) };
        for _ in 0..count {
            let receiver = Arc::clone(&receiver);
            let compressor = Compressor::new(level)?;
            let thread = thread::Builder::new().name("compress".to_owned());
            frames.threads.push(thread.spawn(move || work(&receiver, compressor))?);
        }
        Ok(frames)
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.len()
    }

    pub(super) fn compress(&self, block: Vec<u8>) -> Frame {
        let (done, frame) = sync_channel(1);
        if let Some(jobs) = &self.jobs {
            // If nobody takes the job, waiting for the frame fails.
            drop(jobs.send(Job { block, done }));
        }
        Frame(frame)
    }
}

impl Frame {
    /// Waits for the frame's bytes.
    pub(super) fn wait(self) -> io::Result<Vec<u8>> {
        let gone = |_| io::Error::other("the thread that compresses is gone");
        self.0.recv().map_err(gone)?
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, mut compressor: Compressor<'_>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { block, done }) = job else { return };
        // Nobody waits for the frame any more once packing failed.
        drop(done.send(compressor.compress(&block)));
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}
