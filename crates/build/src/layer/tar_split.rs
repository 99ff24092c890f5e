//! All of an archive but the contents of its files, from which a reader that fetched only these
//! makes the archive again, byte by byte (github.com/vbatts/tar-split, JSON lines).

use std::io::{self, Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc::{CRC_64_GO_ISO, Crc, Table};
use serde::Serialize;

use super::toc::Document;

static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_GO_ISO);

const FILE: u8 = 1;
const SEGMENT: u8 = 2;

pub(super) struct TarSplit {
    document: Document,
    position: u64,
    sum: crc::Digest<'static, u64, Table<16>>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    payload: Option<String>,
    position: u64,
}

impl TarSplit {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { document: Document::new()?, position: 0, sum: CRC.digest() })
    }

    /// Bytes of the archive as they are: padding and a header, or the end.
    pub(super) fn segment(&mut self, bytes: &[u8]) -> io::Result<()> {
        let payload = Some(BASE64_STANDARD.encode(bytes));
        self.put(Line { kind: SEGMENT, name: None, size: None, payload, position: 0 })
    }

    /// The next bytes of the file whose header came last.
    pub(super) fn contents(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
    }

    /// The place of a member's contents, which may be none.
    pub(super) fn file(&mut self, name: &str, size: u64) -> io::Result<()> {
        let sum = std::mem::replace(&mut self.sum, CRC.digest()).finalize();
        let payload = (size > 0).then(|| BASE64_STANDARD.encode(sum.to_be_bytes()));
        let size = Some(size).filter(|size| *size > 0);
        self.put(Line { kind: FILE, name: Some(name), size, payload, position: 0 })
    }

    pub(super) fn finish(self) -> io::Result<(Vec<u8>, u64)> {
        self.document.finish()
    }

    fn put(&mut self, line: Line<'_>) -> io::Result<()> {
        let line = Line { position: self.position, ..line };
        self.position += 1;
        serde_json::to_writer(&mut self.document, &line)?;
        self.document.write_all(b"\n")
    }
}
