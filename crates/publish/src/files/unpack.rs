//! A folder's archive, read strictly and laid out in staging.
//!
//! The whole archive is judged before anything of it is placed: its digest, its names, its links
//! and how much it unpacks to. Links are made last of all, so that nothing is written through one.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use digest::{Digest, Hasher};
use flate2::read::MultiGzDecoder;
use fs_err as fs;
use store::archive::{Rule, read_path, read_target};
use tar::EntryType;

use super::ground::times;

/// What lies at a path of the folder; the folder itself is the empty path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Folder { mode: u32, mtime: i64 },
    File { staged: PathBuf },
    Link { target: String },
}

impl Entry {
    /// What a link leads to.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Link { target } => Some(target),
            Self::Folder { .. } | Self::File { .. } => None,
        }
    }
}

/// An archive is refused, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is damaged, or no archive.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// Something of it cannot be staged.
    #[error("cannot unpack `{name}`")]
    Write {
        /// The entry.
        name: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An entry breaks a rule.
    #[error("`{name}` is refused: {rule}")]
    Refused {
        /// The entry.
        name: String,
        /// The rule.
        rule: Rule,
    },
    /// An entry lies beside the folder.
    #[error("`{name}` lies outside of the folder `{title}`")]
    Outside {
        /// The entry.
        name: String,
        /// The folder.
        title: String,
    },
    /// A link leads out of the folder.
    #[error("the link `{name}` leads out of the folder")]
    Leads {
        /// The link.
        name: String,
    },
    /// It holds more than an archive of its size may.
    #[error("it holds more than {limit} {what}, which is too much for its size")]
    Excess {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// An entry's name or what is said of it has no end, and would be held in memory.
    #[error("it says more than {SAID_MAX} bytes of one entry before its contents")]
    Said,
    /// Its bytes are not those that its author says.
    #[error("the archive has the digest {found}; its author says {expected}")]
    Digest {
        /// The digest of what is there.
        found: Digest,
        /// The digest in its annotation.
        expected: Digest,
    },
}

/// Least bound on what is unpacked, and what each byte of the archive adds beyond it.
const BYTES: (u64, u64) = (512 << 20, 40);
/// The same of entries, where so many bytes of the archive add one.
const ENTRIES: (u64, u64) = (50_000, 32);
/// Most bytes in front of an entry's contents: its header, long names, PAX records.
const SAID_MAX: u64 = 1 << 20;
/// Most links on the way to what a link stands for.
const LINKS_MAX: usize = 40;

/// Lays out the archive of the folder `title` below `into`, and says what lies where.
pub(super) fn unpack(
    archive: &Path,
    title: &str,
    content: Option<&Digest>,
    into: &Path,
) -> Result<BTreeMap<String, Entry>, Error> {
    let file = fs::File::open(archive).map_err(Error::Read)?;
    let size = file.metadata().map_err(Error::Read)?.len();
    let bytes = BYTES.0.max(size.saturating_mul(BYTES.1));
    let most = ENTRIES.0.max(size / ENTRIES.1);
    let unpacking = Unpacking { title, into, entries: BTreeMap::new(), most };
    unpacking.run(file, content, bytes)
}

struct Unpacking<'a> {
    title: &'a str,
    into: &'a Path,
    entries: BTreeMap<String, Entry>,
    most: u64,
}

impl Unpacking<'_> {
    fn run(
        mut self,
        archive: impl Read,
        content: Option<&Digest>,
        limit: u64,
    ) -> Result<BTreeMap<String, Entry>, Error> {
        let hasher = content.and_then(|digest| Hasher::like(digest).ok());
        let decoded = MultiGzDecoder::new(io::BufReader::new(archive));
        let said = Cell::new(u64::MAX);
        let mut bytes = Bounded { decoded, hasher, limit, taken: 0, said: &said, refused: None };
        let read = self
            .read(&mut bytes, &said)
            .and_then(|()| io::copy(&mut bytes, &mut io::sink()).map(drop).map_err(Error::Read));
        if let Some(refused) = bytes.refused {
            return Err(refused);
        }
        read?;
        if let (Some(hasher), Some(expected)) = (bytes.hasher, content) {
            let found = hasher.finish();
            if found != *expected {
                return Err(Error::Digest { found, expected: expected.clone() });
            }
        }
        let links = self.entries.iter();
        check_links(
            &links.filter_map(|(path, entry)| Some((path.as_str(), entry.target()?))).collect(),
        )?;
        Ok(self.entries)
    }

    fn read(&mut self, bytes: &mut impl Read, said: &Cell<u64>) -> Result<(), Error> {
        let mut archive = tar::Archive::new(bytes);
        let mut entries = archive.entries().map_err(Error::Read)?;
        loop {
            said.set(SAID_MAX);
            let entry = entries.next();
            said.set(u64::MAX);
            let Some(entry) = entry else { return Ok(()) };
            let mut entry = entry.map_err(Error::Read)?;
            if entry.header().entry_type() == EntryType::XGlobalHeader {
                continue;
            }
            if self.entries.len() as u64 >= self.most {
                return Err(Error::Excess { limit: self.most, what: "entries" });
            }
            let path = self.path(&entry.path_bytes())?;
            let taken = self.take(&mut entry, &path)?;
            self.entries.insert(path, taken);
        }
    }

    /// The path of an entry within the folder, where something may lie.
    fn path(&self, name: &[u8]) -> Result<String, Error> {
        let shown = String::from_utf8_lossy(name).into_owned();
        let path = read_path(name).map_err(|rule| Error::Refused { name: shown.clone(), rule })?;
        let inner = match path.strip_prefix(self.title) {
            // The output folder itself is the title of what was pushed as `.`.
            Some(rest) if rest.is_empty() || self.title.is_empty() => rest,
            Some(rest) if rest.starts_with('/') => &rest[1..],
            _ => return Err(Error::Outside { name: shown, title: self.title.to_owned() }),
        };
        let is_folder =
            |path: &str| matches!(self.entries.get(path), None | Some(Entry::Folder { .. }));
        let mut above = inner.match_indices('/').map(|(slash, _)| &inner[..slash]);
        if self.entries.contains_key(inner) || !above.all(is_folder) || !is_folder("") {
            return Err(Error::Refused { name: shown, rule: Rule::Equal });
        }
        Ok(inner.to_owned())
    }

    fn take(&self, entry: &mut tar::Entry<'_, impl Read>, path: &str) -> Result<Entry, Error> {
        let header = entry.header();
        let number = |found: io::Result<u64>| found.map_err(Error::Read);
        let mode = header.mode().map_err(Error::Read)? & 0o777;
        let mtime = i64::try_from(number(header.mtime())?).unwrap_or(i64::MAX);
        let refused = |rule| Error::Refused { name: path.to_owned(), rule };
        match header.entry_type() {
            EntryType::Directory => Ok(Entry::Folder { mode, mtime }),
            EntryType::Regular | EntryType::Continuous => {
                let staged = self.into.join(self.entries.len().to_string());
                write(entry, &staged, mode, mtime)
                    .map_err(|source| Error::Write { name: path.to_owned(), source })?;
                Ok(Entry::File { staged })
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = read_target(&target).map_err(refused)?;
                Ok(Entry::Link { target })
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                self.linked(&target, path)
            }
            EntryType::Char | EntryType::Block => Err(refused(Rule::Device)),
            EntryType::Fifo => Err(refused(Rule::Fifo)),
            EntryType::GNUSparse => Err(refused(Rule::Sparse)),
            _ => Err(refused(Rule::Type)),
        }
    }

    /// One more name of a file that stands earlier in the archive.
    fn linked(&self, target: &[u8], path: &str) -> Result<Entry, Error> {
        let refused = || Error::Refused { name: path.to_owned(), rule: Rule::HardLink };
        let target = read_path(target).map_err(|_| refused())?;
        let inner = match self.title {
            "" => Some(target.as_str()),
            title => target.strip_prefix(title).and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(Entry::File { staged }) = inner.and_then(|inner| self.entries.get(inner)) else {
            return Err(refused());
        };
        let other = self.into.join(self.entries.len().to_string());
        let failed = |source| Error::Write { name: path.to_owned(), source };
        fs::hard_link(staged, &other).map_err(failed)?;
        Ok(Entry::File { staged: other })
    }
}

fn write(from: &mut impl Read, staged: &Path, mode: u32, mtime: i64) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(staged)?;
    io::copy(from, &mut file)?;
    rustix::fs::futimens(&file, &times(mtime))?;
    Ok(())
}

/// The targets of links, by the path that each lies at.
pub(super) type Links<'a> = BTreeMap<&'a str, &'a str>;

/// Refuses links that lead out of the folder that their paths start from.
pub(super) fn check_links(links: &Links<'_>) -> Result<(), Error> {
    match links.iter().find(|(path, target)| leads_out(links, path, target)) {
        Some((name, _)) => Err(Error::Leads { name: (*name).to_owned() }),
        None => Ok(()),
    }
}

/// Whether a link leads out of the folder, as a kernel would walk it.
fn leads_out(links: &Links<'_>, path: &str, target: &str) -> bool {
    let above = |path: &str| path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
    let mut at = above(path);
    let mut ahead: Vec<&str> = target.split('/').rev().collect();
    let (mut walked, mut is_absolute) = (0, target.starts_with('/'));
    while let Some(part) = ahead.pop().filter(|_| !is_absolute) {
        match part {
            "" | "." => {}
            ".." if at.is_empty() => return true,
            ".." => at = above(&at),
            part => {
                let next = if at.is_empty() { part.to_owned() } else { format!("{at}/{part}") };
                match links.get(next.as_str()) {
                    Some(target) if walked < LINKS_MAX => {
                        walked += 1;
                        is_absolute = target.starts_with('/');
                        ahead.extend(target.split('/').rev());
                    }
                    Some(_) => return true,
                    None => at = next,
                }
            }
        }
    }
    is_absolute
}

/// Decoded bytes, hashed and counted.
struct Bounded<'a, R> {
    decoded: R,
    hasher: Option<Hasher>,
    limit: u64,
    taken: u64,
    /// How many may come before the next entry.
    said: &'a Cell<u64>,
    /// Why no more is read.
    refused: Option<Error>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoded.read(buffer)?;
        let bytes = count as u64;
        self.taken = self.taken.saturating_add(bytes);
        let said = self.said.get().checked_sub(bytes);
        self.refused = match said {
            _ if self.taken > self.limit => {
                Some(Error::Excess { limit: self.limit, what: "bytes" })
            }
            None => Some(Error::Said),
            Some(_) => None,
        };
        if self.refused.is_some() {
            return Err(io::Error::other("it goes on and on"));
        }
        self.said.set(said.unwrap_or_default());
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..count]);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;

    use super::*;

    /// An entry of a test: type, name, what a link leads to or a file holds.
    type Row<'a> = (u8, &'a str, &'a str);

    fn tar(rows: &[Row<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (flag, name, text) in rows {
            let mut header = tar::Header::new_ustar();
            header.set_mode(if *flag == b'5' { 0o750 } else { 0o640 });
            header.set_mtime(1);
            header.set_size(if *flag == b'0' { text.len() as u64 } else { 0 });
            let raw = header.as_mut_bytes();
            raw[..name.len()].copy_from_slice(name.as_bytes());
            raw[156] = *flag;
            if *flag != b'0' {
                raw[157..157 + text.len()].copy_from_slice(text.as_bytes());
            }
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            if *flag == b'0' {
                bytes.extend_from_slice(text.as_bytes());
                bytes.resize(bytes.len().next_multiple_of(512), 0);
            }
        }
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    fn unpacked(title: &str, bytes: &[u8], content: Option<&Digest>) -> Result<Vec<String>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let (archive, into) = (folder.path().join("a"), folder.path().join("into"));
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        fs::write(&archive, encoder.finish().unwrap()).unwrap();
        fs::create_dir(&into).unwrap();
        let entries = unpack(&archive, title, content, &into)?;
        Ok(entries.into_keys().collect())
    }

    #[test]
    fn what_lies_in_the_folder_is_taken() {
        let rows = [
            (b'5', "d/", ""),
            (b'0', "./d/a", "a"),
            (b'2', "d/l", "s/../a"),
            (b'2', "d/s/up", ".."),
            (b'1', "d/s/h", "d/a"),
            (b'2', "d/gone", "nowhere"),
        ];
        let bytes = tar(&rows);
        let expected = ["", "a", "gone", "l", "s/h", "s/up"];
        assert_eq!(unpacked("d", &bytes, Some(&Digest::sha256(&bytes))).unwrap(), expected);
        let below: Vec<_> = rows.map(|(flag, name, text)| (flag, name, text)).into();
        let top = unpacked("", &tar(&below), None).unwrap();
        assert_eq!(top, ["d", "d/a", "d/gone", "d/l", "d/s/h", "d/s/up"]);
    }

    #[test]
    fn whatever_leads_out_or_could_be_read_in_two_ways_is_refused() {
        let file = |name| (b'0', name, "x");
        let cases: &[(&str, &[Row<'_>])] = &[
            ("outside", &[file("other")]),
            ("outside", &[file("dd")]),
            ("refused", &[file("d/../x")]),
            ("refused", &[file("/d/x")]),
            ("refused", &[file("d/a"), file("d/a")]),
            ("refused", &[file("d/a"), file("d/a/b")]),
            ("refused", &[file("d"), file("d/b")]),
            ("refused", &[(b'2', "d/l", "."), file("d/l/x")]),
            ("refused", &[(b'2', "d", "."), file("d/x")]),
            ("refused", &[(b'1', "d/h", "../x")]),
            ("refused", &[(b'1', "d/h", "/etc/passwd")]),
            ("refused", &[(b'2', "d/l", "x"), (b'1', "d/h", "d/l")]),
            ("refused", &[(b'6', "d/fifo", "")]),
            ("refused", &[(b'3', "d/null", "")]),
            ("refused", &[(b'2', "d/l", "")]),
            ("leads", &[(b'2', "d/l", "/etc")]),
            ("leads", &[(b'2', "d/l", "..")]),
            ("leads", &[(b'2', "d/s/l", "../../x")]),
            ("leads", &[(b'2', "d/a/b/up", "../.."), (b'2', "d/l", "a/b/up/..")]),
            ("leads", &[(b'2', "d/a", "b"), (b'2', "d/b", "a")]),
        ];
        for (expected, rows) in cases {
            let found = match unpacked("d", &tar(rows), None) {
                Err(Error::Outside { .. }) => "outside",
                Err(Error::Refused { .. }) => "refused",
                Err(Error::Leads { .. }) => "leads",
                other => panic!("{rows:?}: {other:?}"),
            };
            assert_eq!(found, *expected, "{rows:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_those_of_the_author_are_refused() {
        let bytes = tar(&[(b'0', "d/a", "a")]);
        let other = Digest::sha256(b"other");
        let found = unpacked("d", &bytes, Some(&other));
        assert!(matches!(found, Err(Error::Digest { .. })), "{found:?}");
        let unknown = "blake3:abc".parse().unwrap();
        assert_eq!(unpacked("d", &bytes, Some(&unknown)).unwrap(), ["a"]);
        assert!(matches!(unpacked("d", b"no archive at all", None), Err(Error::Read(_))));
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path();
        let bytes = tar(&[(b'0', "d/a", "a"), (b'0', "d/b", "b")]);
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let archive = encoder.finish().unwrap();
        let run = |limit, most| {
            let entries = BTreeMap::new();
            let unpacking = Unpacking { title: "d", into, entries, most };
            let found = unpacking.run(&archive[..], None, limit);
            fs::read_dir(into).unwrap().for_each(|it| fs::remove_file(it.unwrap().path()).unwrap());
            found
        };
        let size = bytes.len() as u64;
        assert!(run(size, 2).is_ok());
        let found = run(size - 1, 2);
        assert!(matches!(found, Err(Error::Excess { what: "bytes", .. })), "{found:?}");
        let found = run(size, 1);
        assert!(matches!(found, Err(Error::Excess { what: "entries", .. })), "{found:?}");
    }

    #[test]
    fn what_is_said_of_an_entry_is_not_held_without_end() {
        for (flag, text) in [(b'L', "d/"), (b'x', "9 a=b")] {
            let size = 2 << 20;
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::new(flag));
            header.set_size(size as u64);
            header.set_cksum();
            let mut bytes = header.as_bytes().to_vec();
            bytes.extend(text.bytes().cycle().take(size));
            bytes.extend(tar(&[(b'0', "d/a", "a")]));
            let found = unpacked("d", &bytes, None);
            assert!(matches!(found, Err(Error::Said)), "{found:?}");
        }
    }
}
