//! The table of contents of a chunked layer: what is in it, and in which frames.
//!
//! Its form is that of containers/storage (`pkg/chunked`): JSON, one entry per member in the
//! order of the archive, and after a file that has several frames one entry per further frame.

use std::io::{self, Write};

use digest::Sha256;
use serde::Serialize;

use crate::archive::{Kind, Member};

/// Half of what is in these documents are digests, which no level makes smaller.
const LEVEL: i32 = 9;

/// A JSON document that is compressed while it is written.
pub(super) struct Document {
    encoder: zstd::Encoder<'static, Vec<u8>>,
    size: u64,
}

impl Document {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { encoder: zstd::Encoder::new(Vec::new(), LEVEL)?, size: 0 })
    }

    /// The compressed bytes, and how many they are once decompressed.
    pub(super) fn finish(self) -> io::Result<(Vec<u8>, u64)> {
        Ok((self.encoder.finish()?, self.size))
    }
}

impl Write for Document {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.encoder.write(bytes)?;
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}

/// The table while it is written.
pub(super) struct Toc {
    document: Document,
    is_first: bool,
    open: Option<(Entry, Vec<Chunk>)>,
}

/// A frame that holds a piece of a file.
pub(super) struct Chunk {
    /// Where the frame stands in the blob, and where it ends.
    pub(super) offset: u64,
    pub(super) end: u64,
    /// The bytes of the file in it.
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

/// An entry of the table; numbers that are 0 are left out, as its first writer does.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_name: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    mode: u64,
    #[serde(skip_serializing_if = "is_zero")]
    size: u64,
    #[serde(rename = "modtime", skip_serializing_if = "Option::is_none")]
    mtime: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "is_zero")]
    end_offset: u64,
    #[serde(skip_serializing_if = "is_zero")]
    chunk_size: u64,
    #[serde(skip_serializing_if = "is_zero")]
    chunk_offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_digest: Option<String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Entry {
    pub(super) fn of(member: &Member) -> Self {
        Self {
            kind: match member.kind {
                Kind::Folder => "dir",
                Kind::File { .. } => "reg",
                Kind::Link(_) => "symlink",
                Kind::Same { .. } => "hardlink",
            },
            name: member.name(),
            link_name: member.target().map(str::to_owned),
            mode: u64::from(member.mode()),
            size: member.size(),
            mtime: i64::try_from(member.mtime)
                .ok()
                .and_then(|time| jiff::Timestamp::from_second(time).ok()),
            ..Self::default()
        }
    }
}

impl Toc {
    pub(super) fn new() -> io::Result<Self> {
        let mut document = Document::new()?;
        document.write_all(br#"{"version":1,"entries":["#)?;
        Ok(Self { document, is_first: true, open: None })
    }

    pub(super) fn begin(&mut self, entry: Entry) -> io::Result<()> {
        self.close()?;
        self.open = Some((entry, Vec::new()));
        Ok(())
    }

    pub(super) fn chunk(&mut self, chunk: Chunk) {
        if let Some((_, chunks)) = &mut self.open {
            chunks.push(chunk);
        }
    }

    pub(super) fn set_digest(&mut self, sha256: Sha256) {
        if let Some((entry, _)) = &mut self.open {
            entry.digest = Some(sha256.to_digest().to_string());
        }
    }

    pub(super) fn finish(mut self, tar_split: &str) -> io::Result<(Vec<u8>, u64)> {
        self.close()?;
        write!(self.document, r#"],"tarSplitDigest":"{tar_split}"}}"#)?;
        self.document.finish()
    }

    fn close(&mut self) -> io::Result<()> {
        let Some((mut entry, chunks)) = self.open.take() else { return Ok(()) };
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else {
            return self.put(&entry);
        };
        (entry.offset, entry.end_offset) = (first.offset, last.end);
        if let [_] = &chunks[..] {
            return self.put(&entry);
        }
        entry.chunk_size = first.size;
        entry.chunk_digest = Some(first.sha256.to_digest().to_string());
        self.put(&entry)?;
        let mut chunk_offset = first.size;
        for chunk in &chunks[1..] {
            self.put(&Entry {
                kind: "chunk",
                name: entry.name.clone(),
                offset: chunk.offset,
                end_offset: chunk.end,
                chunk_size: chunk.size,
                chunk_offset,
                chunk_digest: Some(chunk.sha256.to_digest().to_string()),
                ..Entry::default()
            })?;
            chunk_offset += chunk.size;
        }
        Ok(())
    }

    fn put(&mut self, entry: &Entry) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_first, false) {
            self.document.write_all(b",")?;
        }
        serde_json::to_writer(&mut self.document, entry)?;
        Ok(())
    }
}
