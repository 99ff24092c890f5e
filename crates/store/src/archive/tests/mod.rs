//! Archives made byte by byte, and a root to decode them into.

mod bombs;
mod formats;
mod gnu;
mod hostile;
mod image;
mod laws;
mod zips;

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tar::Header;

use super::{
    Bounds, Chunks, Compression, Entry, Error, Format, Kind, Order, Plan, Profile, decode,
};
use crate::{Content, Layout, Staging};

/// A root that disappears with this.
pub(super) struct Site {
    folder: tempfile::TempDir,
    layout: Layout,
}

impl Site {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("root"));
        layout.create().unwrap();
        Self { folder, layout }
    }

    pub(super) fn staging(&self) -> Staging {
        Staging::begin(&self.layout).unwrap()
    }

    /// Decodes a blob, and checks what may be on the disk afterwards.
    pub(super) fn decode(&self, blob: &[u8], order: &Order) -> Result<Plan, Error> {
        let before = paths(self.folder.path());
        let staging = self.staging();
        let plan = decode(Box::new(Pieces::of(blob)), order, &staging, &|_| false);
        for path in paths(self.folder.path()).difference(&before) {
            let inside = path.strip_prefix(staging.path()).expect("outside staging");
            check_staged(inside);
        }
        if let Ok(plan) = &plan {
            for content in plan.contents() {
                assert!(staging.contains(content), "{content:?}");
            }
        }
        drop(staging);
        assert_eq!(paths(self.folder.path()), before, "something stays");
        plan
    }
}

/// Only our own folders and digest names may be in a staging folder.
fn check_staged(path: &Path) {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    let is_name = |name: &str| Content::from_file_name(name).is_some();
    match parts[..] {
        [] | ["files" | "kegs" | "trash"] => {}
        ["files", shelf] => assert_eq!(shelf.len(), 2),
        ["files", shelf, name] => assert!(name.starts_with(shelf) && is_name(name), "{name}"),
        _ => panic!("{} has no business in staging", path.display()),
    }
}

fn paths(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found
}

/// A blob in pieces of odd sizes, and a verdict at its end.
pub(super) struct Pieces {
    rest: Bytes,
    verdict: Option<&'static str>,
    size: usize,
}

impl Pieces {
    pub(super) fn of(blob: &[u8]) -> Self {
        Self { rest: Bytes::copy_from_slice(blob), verdict: None, size: 1 }
    }

    pub(super) fn refused(blob: &[u8], verdict: &'static str) -> Self {
        Self { verdict: Some(verdict), ..Self::of(blob) }
    }
}

impl Chunks for Pieces {
    fn next(&mut self) -> Result<Option<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        if self.rest.is_empty() {
            return self.verdict.map_or(Ok(None), |verdict| Err(verdict.into()));
        }
        let size = self.size.min(self.rest.len());
        self.size = (self.size * 3).min(256 << 10);
        Ok(Some(self.rest.split_to(size)))
    }
}

pub(super) fn order(format: Option<Format>) -> Order {
    Order {
        name: "the-file".to_owned(),
        format,
        profile: Profile::Strict,
        bounds: Bounds::default(),
        unpack: true,
    }
}

/// One header of a tar archive with what follows it.
#[derive(Clone)]
pub(super) struct Item {
    header: Header,
    body: Vec<u8>,
}

impl Item {
    pub(super) fn new(flag: u8, name: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        let mut header = Header::new_ustar();
        let name = name.as_ref();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkflag[0] = flag;
        header.set_mode(0o644);
        header.set_mtime(1_600_000_000);
        header.set_size(body.as_ref().len() as u64);
        Self { header, body: body.as_ref().to_vec() }
    }

    pub(super) fn file(name: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        Self::new(b'0', name, body)
    }

    pub(super) fn folder(name: &str) -> Self {
        Self::new(b'5', name, "")
    }

    pub(super) fn symlink(name: &str, target: impl AsRef<[u8]>) -> Self {
        Self::new(b'2', name, "").to(target)
    }

    pub(super) fn hard_link(name: &str, target: &str) -> Self {
        Self::new(b'1', name, "").to(target)
    }

    pub(super) fn pax(records: &[(&str, &str)]) -> Self {
        Self::new(b'x', "pax", pax_records(records))
    }

    pub(super) fn to(mut self, target: impl AsRef<[u8]>) -> Self {
        let target = target.as_ref();
        self.header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        self
    }

    pub(super) fn mode(mut self, mode: u32) -> Self {
        self.header.set_mode(mode);
        self
    }

    /// Says another size than that of the body.
    pub(super) fn saying(mut self, size: u64) -> Self {
        self.header.set_size(size);
        self
    }

    /// Changes the header's bytes.
    pub(super) fn with(mut self, change: impl FnOnce(&mut [u8; 512])) -> Self {
        change(self.header.as_mut_bytes());
        self
    }

    fn write(&self, archive: &mut Vec<u8>) {
        let mut header = self.header.clone();
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(&self.body);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
}

pub(super) fn pax_records(records: &[(&str, &str)]) -> String {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len();
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        format!("{length}{rest}")
    };
    records.iter().map(record).collect()
}

/// An archive without its end marker.
pub(super) fn endless(items: &[Item]) -> Vec<u8> {
    let mut archive = Vec::new();
    items.iter().for_each(|item| item.write(&mut archive));
    archive
}

pub(super) fn archive(items: &[Item]) -> Vec<u8> {
    let mut archive = endless(items);
    archive.resize(archive.len() + 1024, 0);
    archive
}

pub(super) const COMPRESSIONS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Zstd, Compression::Xz, Compression::Bzip2];

pub(super) fn compress(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut gzip =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        Compression::Xz => liblzma::encode_all(bytes, 0).unwrap(),
        Compression::Bzip2 => {
            let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            bzip2.write_all(bytes).unwrap();
            bzip2.finish().unwrap()
        }
    }
}

pub(super) fn entry(path: &str, kind: Kind) -> Entry {
    Entry { path: path.to_owned(), kind, mtime: 1_600_000_000 }
}
