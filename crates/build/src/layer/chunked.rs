//! A layer in zstd frames that can be read alone, with a table of contents (`zstd:chunked`).
//!
//! To any other reader it is one zstd stream. Headers share a frame as far as no contents stand
//! between them; the contents of a file have frames of their own, one per 4 MiB. After them stand
//! three frames that decoders skip: the table, the archive without its contents, and a footer that
//! says where the two are. The form is that of containers/storage (`pkg/chunked`).

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Write as _},
};

use digest::{Digest, Sha256};

use super::{
    Encoder,
    blob::Blob,
    frames::{Frame, Frames},
    tar_split::TarSplit,
    toc::{Chunk, Entry, Toc},
};
use crate::archive::Member;

/// Most bytes of the archive in one frame.
const FRAME_BYTES: usize = 4 << 20;
/// Most frames on the way per thread; a frame of headers is small.
const QUEUE_PER_THREAD: usize = 64;

const SKIPPABLE: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
const FOOTER_MAGIC: &[u8; 8] = b"GNUlInUx";
/// The number by which annotation and footer call the table's form.
const TOC_FORM: u64 = 1;

const TOC_DIGEST: &str = "io.github.containers.zstd-chunked.manifest-checksum";
const TOC_PLACE: &str = "io.github.containers.zstd-chunked.manifest-position";
const SPLIT_PLACE: &str = "io.github.containers.zstd-chunked.tarsplit-position";
/// Only readers of 2023 and 2024 look here; later ones look into the table.
const SPLIT_DIGEST: &str = "io.github.containers.zstd-chunked.tarsplit-checksum";

pub(super) struct Chunked {
    blob: Blob,
    frames: Frames,
    /// What is compressed at the moment, in the order of the archive.
    queue: VecDeque<Step>,
    queued: usize,
    headers: Vec<u8>,
    chunk: Vec<u8>,
    split: TarSplit,
    toc: Toc,
    /// The name and size of the file whose contents come.
    current: (String, u64),
}

enum Step {
    Begin(Entry),
    Headers(Frame, usize),
    Chunk { frame: Frame, size: usize, sha256: Sha256 },
    End(Sha256),
}

impl Chunked {
    pub(super) fn new(blob: Blob, level: i32) -> io::Result<Self> {
        Ok(Self {
            blob,
            frames: Frames::start(level)?,
            queue: VecDeque::new(),
            queued: 0,
            headers: Vec::new(),
            chunk: Vec::new(),
            split: TarSplit::new()?,
            toc: Toc::new()?,
            current: (String::new(), 0),
        })
    }

    fn send_headers(&mut self) -> io::Result<()> {
        if self.headers.is_empty() {
            return Ok(());
        }
        let headers = std::mem::take(&mut self.headers);
        let size = headers.len();
        let frame = self.frames.compress(headers);
        self.push(Step::Headers(frame, size), size)
    }

    fn send_chunk(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        let (size, sha256) = (chunk.len(), Sha256::of(&chunk));
        let frame = self.frames.compress(chunk);
        self.push(Step::Chunk { frame, size, sha256 }, size)
    }

    fn push(&mut self, step: Step, size: usize) -> io::Result<()> {
        self.queue.push_back(step);
        self.queued += size;
        let threads = self.frames.threads();
        while self.queued > 2 * threads * FRAME_BYTES
            || self.queue.len() > threads * QUEUE_PER_THREAD
        {
            self.write_next()?;
        }
        Ok(())
    }

    /// Writes what stands first in the queue.
    fn write_next(&mut self) -> io::Result<()> {
        match self.queue.pop_front() {
            None => {}
            Some(Step::Begin(entry)) => self.toc.begin(entry)?,
            Some(Step::End(sha256)) => self.toc.set_digest(sha256),
            Some(Step::Headers(frame, size)) => {
                self.queued -= size;
                self.blob.write_all(&frame.wait()?)?;
            }
            Some(Step::Chunk { frame, size, sha256 }) => {
                self.queued -= size;
                let offset = self.blob.position();
                self.blob.write_all(&frame.wait()?)?;
                let end = self.blob.position();
                self.toc.chunk(Chunk { offset, end, size: size as u64, sha256 });
            }
        }
        Ok(())
    }
}

/// Writes a frame that decoders skip; returns where its contents begin.
fn skippable(blob: &mut Blob, bytes: &[u8]) -> io::Result<u64> {
    let size = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    blob.write_all(&SKIPPABLE)?;
    blob.write_all(&size.to_le_bytes())?;
    let position = blob.position();
    blob.write_all(bytes)?;
    Ok(position)
}

impl Encoder for Chunked {
    fn header(&mut self, member: &Member, bytes: &[u8]) -> io::Result<()> {
        self.headers.extend_from_slice(bytes);
        if self.headers.len() >= FRAME_BYTES {
            self.send_headers()?;
        }
        self.push(Step::Begin(Entry::of(member)), 0)?;
        self.split.segment(bytes)?;
        self.current = (member.name(), member.size());
        if member.size() == 0 {
            self.split.file(&self.current.0, 0)?;
        }
        Ok(())
    }

    fn contents(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.send_headers()?;
        self.split.contents(bytes);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(FRAME_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == FRAME_BYTES {
                self.send_chunk()?;
            }
        }
        Ok(())
    }

    fn end_contents(&mut self, sha256: Sha256) -> io::Result<()> {
        self.send_chunk()?;
        self.split.file(&self.current.0, self.current.1)?;
        self.push(Step::End(sha256), 0)
    }

    fn finish(mut self, end: &[u8]) -> io::Result<(Blob, BTreeMap<String, String>)> {
        self.headers.extend_from_slice(end);
        self.send_headers()?;
        while !self.queue.is_empty() {
            self.write_next()?;
        }
        let Self { mut blob, mut split, toc, .. } = self;
        split.segment(end)?;
        let (split, split_size) = split.finish()?;
        let split_digest = Digest::sha256(&split);
        let (toc, toc_size) = toc.finish(split_digest.as_str())?;
        let toc_position = skippable(&mut blob, &toc)?;
        let split_position = skippable(&mut blob, &split)?;
        let (toc_length, split_length) = (toc.len() as u64, split.len() as u64);
        let numbers = [
            toc_position,
            toc_length,
            toc_size,
            TOC_FORM,
            split_position,
            split_length,
            split_size,
        ];
        let mut footer = numbers.map(u64::to_le_bytes).concat();
        footer.extend_from_slice(FOOTER_MAGIC);
        skippable(&mut blob, &footer)?;
        let annotations = [
            (TOC_DIGEST, Digest::sha256(&toc).to_string()),
            (TOC_PLACE, format!("{toc_position}:{toc_length}:{toc_size}:{TOC_FORM}")),
            (SPLIT_PLACE, format!("{split_position}:{split_length}:{split_size}")),
            (SPLIT_DIGEST, split_digest.to_string()),
        ];
        let annotations = annotations.map(|(key, value)| (key.to_owned(), value));
        Ok((blob, annotations.into()))
    }
}
