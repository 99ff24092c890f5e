//! What a tar archive holds and where in the file: read by its headers, nothing is unpacked.
//!
//! Names are cleaned and only ever compared; none of them touches the disk. The whole archive is
//! refused for a name that leads out of it, or that is there twice.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use tar::{EntryType, Header};

use super::section::Section;
use crate::{
    excerpt::excerpt,
    layout::{Error, folder::unreadable, shelf::Held},
};

/// Bytes of a header, and what contents are padded to.
const BLOCK: u64 = 512;

/// Most entries of an archive.
const ENTRIES_MAX: usize = 1_000_000;

/// Longest name, and longest header that only extends the next one, in bytes.
const NAME_BYTES_MAX: usize = 1024;
const EXTENSION_BYTES_MAX: u64 = 64 << 10;

/// How compressed files begin, which people take for archives.
const COMPRESSED: [&[u8]; 3] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"];

/// The files of an archive.
pub(super) struct Contents {
    pub(super) path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

enum Entry {
    File(Section),
    Folder,
    /// A link, a device: nothing that is ever read.
    Other,
}

impl Contents {
    /// Reads the headers of an archive.
    pub(super) fn read(path: &Path, file: File) -> Result<Self, Error> {
        let length = file.metadata().map_err(unreadable(path))?.len();
        let mut walk = Walk { path, file: Arc::new(file), length, offset: 0 };
        walk.check_beginning()?;
        let mut entries = BTreeMap::new();
        while let Some((name, entry)) = walk.next()? {
            let Some(name) = clean(&name).map_err(|rule| walk.entry(&name, rule))? else {
                continue;
            };
            let is_folder = matches!(entry, Entry::Folder);
            match entries.insert(name.clone(), entry) {
                None => {}
                Some(Entry::Folder) if is_folder => {}
                Some(_) => return Err(walk.entry(&name, "is there twice")),
            }
            if entries.len() > ENTRIES_MAX {
                return Err(walk.broken("it has more entries than are read"));
            }
        }
        Ok(Self { path: path.to_owned(), entries })
    }

    /// The file of a cleaned name; refused where something else than a file has it.
    pub(super) fn find(&self, name: &str) -> Result<Option<&Section>, Error> {
        match self.entries.get(name) {
            None => Ok(None),
            Some(Entry::File(section)) => Ok(Some(section)),
            Some(_) => {
                let rule = "is a link or a folder where a file is needed";
                Err(Error::Entry { path: self.path.clone(), entry: excerpt(name), rule })
            }
        }
    }

    /// The file of a cleaned name, open.
    pub(super) fn open(&self, name: &str) -> Result<Option<Held>, Error> {
        let section = self.find(name)?;
        let path = self.path.join(name);
        Ok(section.map(|section| Held { path, reader: Box::new(section.reader()) }))
    }

    /// All files, by their cleaned name.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Section)> {
        self.entries.iter().filter_map(|(name, entry)| match entry {
            Entry::File(section) => Some((name.as_str(), section)),
            _ => None,
        })
    }
}

/// A way through an archive, header by header.
struct Walk<'a> {
    path: &'a Path,
    file: Arc<File>,
    length: u64,
    offset: u64,
}

/// What headers said of the next one.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Walk<'_> {
    fn check_beginning(&self) -> Result<(), Error> {
        let bytes = self.bytes(0, self.length.min(8))?;
        if COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) {
            return Err(self.broken("it is compressed; decompress it first"));
        }
        Ok(())
    }

    /// The next entry that is not about another one.
    fn next(&mut self) -> Result<Option<(String, Entry)>, Error> {
        let mut extended = Extended::default();
        while let Some(header) = self.header()? {
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|_| self.broken("a size is no number"))?;
            match kind {
                EntryType::GNULongName => {
                    let mut name = self.extension(size)?;
                    name.truncate(name.iter().position(|b| *b == 0).unwrap_or(name.len()));
                    self.once(&mut extended.name, name)?;
                }
                EntryType::XHeader => self.extend(&mut extended, size)?,
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    self.extension(size)?;
                }
                _ => return self.entry_of(&header, extended, size).map(Some),
            }
        }
        Ok(None)
    }

    fn entry_of(
        &mut self,
        header: &Header,
        extended: Extended,
        size: u64,
    ) -> Result<(String, Entry), Error> {
        let name = extended.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let name = String::from_utf8(name).map_err(|_| self.broken("a name is not UTF-8"))?;
        let size = extended.size.unwrap_or(size);
        let section = Section { file: Arc::clone(&self.file), start: self.offset, size };
        self.skip(size)?;
        let entry = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Entry::File(section),
            EntryType::Directory => Entry::Folder,
            _ => Entry::Other,
        };
        Ok((name, entry))
    }

    /// The next header; `None` at the end, with or without the blocks that mark it.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        if self.offset >= self.length {
            return Ok(None);
        }
        if self.length - self.offset < BLOCK {
            return Err(self.broken("it ends within a header"));
        }
        let block = self.bytes(self.offset, BLOCK)?;
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(&block);
        // The checksum counts its own field as blanks.
        let blanked = |at: usize| if (148..156).contains(&at) { b' ' } else { block[at] };
        let sum: u32 = (0..block.len()).map(|at| u32::from(blanked(at))).sum();
        if header.cksum().ok() != Some(sum) {
            return Err(self.broken("a header's checksum is wrong"));
        }
        self.offset += BLOCK;
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        if size > EXTENSION_BYTES_MAX {
            return Err(self.broken("a header is longer than any name needs"));
        }
        let start = self.offset;
        self.skip(size)?;
        self.bytes(start, size)
    }

    /// Reads the records of an extended header, `LENGTH KEY=VALUE` and a line's end.
    fn extend(&mut self, said: &mut Extended, size: u64) -> Result<(), Error> {
        let bytes = self.extension(size)?;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let record = record(rest);
            let (key, value, after) =
                record.ok_or_else(|| self.broken("an extended header is malformed"))?;
            rest = after;
            match key {
                b"path" => self.once(&mut said.name, value.to_vec())?,
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    let size = size.ok_or_else(|| self.broken("a size is no number"))?;
                    self.once(&mut said.size, size)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Readers differ on which of two counts.
    fn once<T>(&self, said: &mut Option<T>, value: T) -> Result<(), Error> {
        match said.replace(value) {
            None => Ok(()),
            Some(_) => Err(self.broken("a name or size is extended twice")),
        }
    }

    fn skip(&mut self, size: u64) -> Result<(), Error> {
        if size > self.length - self.offset {
            return Err(self.broken("it ends within a file"));
        }
        self.offset = (self.offset + size).next_multiple_of(BLOCK).min(self.length);
        Ok(())
    }

    /// Bytes of which there are few: a header, or what extends one.
    fn bytes(&self, start: u64, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file.read_exact_at(&mut bytes, start).map_err(unreadable(self.path))?;
        Ok(bytes)
    }

    fn broken(&self, rule: &'static str) -> Error {
        Error::Tar { path: self.path.to_owned(), offset: self.offset, rule }
    }

    fn entry(&self, name: &str, rule: &'static str) -> Error {
        Error::Entry { path: self.path.to_owned(), entry: excerpt(name), rule }
    }
}

/// The first record's key and value, and what follows it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let (record, after) = bytes.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], after))
}

/// A name without `./` and the like; `None` for the archive's own folder.
fn clean(name: &str) -> Result<Option<String>, &'static str> {
    if name.len() > NAME_BYTES_MAX {
        return Err("is a name of more than 1024 bytes");
    }
    if name.starts_with('/') {
        return Err("is an absolute name");
    }
    let parts: Vec<&str> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("leads out of the archive");
    }
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}
