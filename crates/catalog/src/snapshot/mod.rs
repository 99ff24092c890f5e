//! An edition of a tap as this machine keeps it: one file, made for being read fast.
//!
//! The file is written beside its predecessor and never changed: who has it open goes on with it
//! whatever an update does. Inside, one after another: a mark of fixed size; the layers with the
//! formulas' texts, as the registry sent them; a line per formula, sorted by name, which a search
//! goes through; a line per alias and former name, sorted; the versions that have packages; and a
//! head, which says where each of these is. A text is read by decoding one frame of its layer.

mod lines;
mod record;
mod write;

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt as _,
    path::Path,
};

use digest::Digest;
use serde::{Deserialize, Serialize};

use self::lines::Lines;
pub use self::write::Broken;
pub(crate) use self::{
    record::{Record, words},
    write::{Draft, Origin},
};
use crate::edition::{Moment, Version, sources};

/// The first bytes of a snapshot, which name its form.
const MARK: &[u8; 8] = b"pkgtap1\n";
/// Bytes in front of the first layer: the mark, and where the head is.
const FRONT_BYTES: u64 = 64;
/// Largest head that is read, in bytes.
const HEAD_BYTES_MAX: u64 = 64 << 20;

/// A part of the file.
type Part = (u64, u64);

/// What stands at the end of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// The name that the tap gives itself.
    pub(crate) tap: String,
    pub(crate) serial: u64,
    pub(crate) published: Moment,
    pub(crate) formulas: u64,
    /// The text of `tap.toml`.
    pub(crate) tap_file: Option<String>,
    /// Formulas that this program cannot read, and why.
    pub(crate) skipped: Vec<(String, String)>,
    records: Part,
    others: Part,
    versions: Part,
    layers: Part,
}

/// A layer that a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) digest: Digest,
    pub(crate) start: u64,
    pub(crate) size: u64,
}

/// What differs between two snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Formulas that are new.
    pub added: Vec<String>,
    /// Formulas whose text is another one.
    pub changed: Vec<String>,
    /// Formulas that are gone.
    pub removed: Vec<String>,
}

/// An open snapshot.
#[derive(Debug)]
pub(crate) struct Snapshot {
    file: File,
    head: Head,
}

/// Which of its names leads to a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    Alias,
    Former,
}

impl Snapshot {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut front = [0; FRONT_BYTES as usize];
        file.read_exact_at(&mut front, 0)?;
        let number = |at: usize| front[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        let (start, size) = (number(8), number(16));
        if !front.starts_with(MARK) || size > HEAD_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no snapshot of a tap"));
        }
        let mut head = vec![0; usize::try_from(size).unwrap_or_default()];
        file.read_exact_at(&mut head, start)?;
        let head = serde_json::from_slice(&head)?;
        Ok(Self { file, head })
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    fn lines(&self, (start, end): Part) -> Lines<'_> {
        Lines { file: &self.file, start, end }
    }

    /// The formula of that very name.
    pub(crate) fn record<T>(
        &self,
        name: &str,
        mut read: impl FnMut(&Record<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let records = self.lines(self.head.records);
        let at = records.lower_bound(name.as_bytes())?;
        let mut found = None;
        records.each_from(at, &mut |_, line| {
            found = Record::parse(line).filter(|record| record.name == name).map(|r| read(&r));
            false
        })?;
        Ok(found)
    }

    /// The formulas that have `name` as an alias, or had it as their own.
    pub(crate) fn by_other_name(&self, name: &str) -> io::Result<Vec<(Other, String)>> {
        let others = self.lines(self.head.others);
        let mut found = Vec::new();
        others.each_from(others.lower_bound(name.as_bytes())?, &mut |_, line| {
            let mut fields = line.split(|byte| *byte == b'\t');
            let is_it = fields.next() == Some(name.as_bytes());
            let kind = if fields.next() == Some(b"a") { Other::Alias } else { Other::Former };
            let owner = fields.next().and_then(|owner| std::str::from_utf8(owner).ok());
            found.extend(owner.filter(|_| is_it).map(|owner| (kind, owner.to_owned())));
            is_it
        })?;
        Ok(found)
    }

    /// The text of a formula.
    pub(crate) fn text(&self, name: &str) -> io::Result<Option<String>> {
        let Some((spot, end)) = self.record(name, |record| (record.spot, record.layer_end))? else {
            return Ok(None);
        };
        sources::text(Section { file: &self.file, at: spot.frame, end }, spot).map(Some)
    }

    /// What was published of a formula's versions; none where nothing was.
    pub(crate) fn versions(&self, name: &str) -> io::Result<Vec<Version>> {
        let Some((start, len)) = self.record(name, |record| record.versions)?.flatten() else {
            return Ok(Vec::new());
        };
        let mut json = Vec::new();
        let start = self.head.versions.0 + start;
        Section { file: &self.file, at: start, end: start + len }.read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// Every formula, in order of name, until `on` says false.
    pub(crate) fn each(&self, on: &mut dyn FnMut(&Record<'_>) -> bool) -> io::Result<()> {
        let records = self.lines(self.head.records);
        records.each_from(records.start, &mut |_, line| {
            Record::parse(line).is_none_or(|record| on(&record))
        })
    }

    /// Every formula whose name or an alias of it begins with `prefix`: those names.
    pub(crate) fn names_from(&self, prefix: &str, on: &mut dyn FnMut(&str)) -> io::Result<()> {
        for part in [self.head.records, self.head.others] {
            let lines = self.lines(part);
            lines.each_from(lines.lower_bound(prefix.as_bytes())?, &mut |_, line| {
                let mut fields = line.split(|byte| *byte == b'\t');
                let key = fields.next().and_then(|key| std::str::from_utf8(key).ok());
                let is_alias = part == self.head.records || fields.next() == Some(b"a");
                let key = key.filter(|key| key.starts_with(prefix));
                key.filter(|_| is_alias).map(&mut *on);
                key.is_some()
            })?;
        }
        Ok(())
    }

    /// Every formula whose line holds `needle`, in order of name.
    pub(crate) fn holding(&self, needle: &str, on: &mut dyn FnMut(&Record<'_>)) -> io::Result<()> {
        let finder = memchr::memmem::Finder::new(needle);
        self.lines(self.head.records).each_chunk(&mut |_, lines| {
            let mut from = 0;
            while let Some(found) = finder.find(&lines[from..]) {
                let at = from + found;
                let begin = memchr::memrchr(b'\n', &lines[..at]).map_or(0, |end| end + 1);
                let end = memchr::memchr(b'\n', &lines[at..]).map_or(lines.len(), |end| at + end);
                Record::parse(&lines[begin..end]).iter().for_each(&mut *on);
                from = end;
            }
            true
        })
    }

    /// The layers that it holds.
    pub(crate) fn layers(&self) -> io::Result<Vec<Kept>> {
        let (at, end) = self.head.layers;
        let mut json = Vec::new();
        Section { file: &self.file, at, end }.read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// The bytes of a layer.
    pub(crate) fn layer(&self, kept: &Kept) -> impl Read {
        Section { file: &self.file, at: kept.start, end: kept.start + kept.size }
    }

    /// What is otherwise than in `before`.
    pub(crate) fn changes_since(&self, before: &Self) -> io::Result<Changes> {
        let (mut old, mut changes) = (before.sources()?.into_iter().peekable(), Changes::default());
        for (name, source) in self.sources()? {
            while let Some((gone, _)) = old.next_if(|(other, _)| *other < name) {
                changes.removed.push(gone);
            }
            match old.next_if(|(other, _)| *other == name) {
                Some((_, other)) if other == source => {}
                Some(_) => changes.changed.push(name),
                None => changes.added.push(name),
            }
        }
        changes.removed.extend(old.map(|(name, _)| name));
        Ok(changes)
    }

    fn sources(&self) -> io::Result<Vec<(String, u128)>> {
        let mut sources = Vec::new();
        self.each(&mut |record| {
            let source = u128::from_str_radix(record.source, 16).unwrap_or_default();
            sources.push((record.name.to_owned(), source));
            true
        })?;
        Ok(sources)
    }
}

/// A part of the file as a reader.
struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let count = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
