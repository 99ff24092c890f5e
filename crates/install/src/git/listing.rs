//! What a tree holds, as `git` lists it: paths in order, with what each is.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

use fs_err as fs;

use super::{Error, program::Program};

/// Most bytes and entries that any tree may have.
const BYTES_FLOOR: u64 = 512 << 20;
const ENTRIES_FLOOR: u64 = 50_000;
/// How much more they may be than the bytes of the objects that were fetched.
const BYTES_RATIO: u64 = 40;
const ENTRIES_RATIO: u64 = 32;
/// Longest line of the list that is read, far over the longest path that is taken.
const LINE_BYTES_MAX: usize = 8 << 10;

/// Something that lies in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File {
        executable: bool,
        blob: Blob,
    },
    /// A link, whose blob is its target.
    Link {
        blob: Blob,
    },
}

/// An object with contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(super) name: String,
    pub(super) size: u64,
}

impl Entry {
    /// The object with its contents, if it has any.
    pub(super) fn blob(&self) -> Option<&Blob> {
        match &self.kind {
            Kind::Folder => None,
            Kind::File { blob, .. } | Kind::Link { blob } => Some(blob),
        }
    }
}

impl Program {
    /// The entries of a commit's tree, sorted by their paths.
    pub(super) fn listing(&self, url: &str, commit: &str) -> Result<Vec<Entry>, Error> {
        let words = ["ls-tree", "-r", "-t", "-z", "--long", "--full-tree", commit];
        let mut running = self.answering(&words, Stdio::null())?;
        let mut limits = Limits::of(size_of(&self.folder().join("objects")));
        let mut entries = Vec::new();
        if let Some(answer) = running.answer() {
            let mut answer = BufReader::new(answer);
            while let Some(line) = line(&mut answer)? {
                let entry = entry(&line)?;
                limits.take(&entry)?;
                entries.push(entry);
            }
        }
        if !running.end()? {
            let said = running.said();
            // What is not even there has no entries; neither has what is no commit.
            let is_absent = said.contains("alid object name") || said.contains("not a tree");
            return Err(match is_absent {
                true => Error::NoCommit { url: url.to_owned(), commit: commit.to_owned() },
                false => Error::Said { step: "list the tree", said },
            });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }
}

/// What is left of what a tree may be, by the bytes that were fetched.
struct Limits {
    entries: (u64, u64),
    bytes: (u64, u64),
}

impl Limits {
    fn of(fetched: u64) -> Self {
        let entries = ENTRIES_FLOOR.max(fetched / ENTRIES_RATIO);
        let bytes = BYTES_FLOOR.max(fetched.saturating_mul(BYTES_RATIO));
        Self { entries: (entries, entries), bytes: (bytes, bytes) }
    }

    fn take(&mut self, entry: &Entry) -> Result<(), Error> {
        let size = entry.blob().map_or(0, |blob| blob.size);
        let rows = [("entries", &mut self.entries, 1), ("bytes", &mut self.bytes, size)];
        for (what, (left, limit), amount) in rows {
            *left = left.checked_sub(amount).ok_or(Error::TooMuch { what, limit: *limit })?;
        }
        Ok(())
    }
}

/// The bytes of the files below a folder of objects.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn line(answer: &mut impl std::io::BufRead) -> Result<Option<Vec<u8>>, Error> {
    let mut line = Vec::new();
    let failed = |source| Error::Run { source };
    let mut limited = std::io::Read::take(answer.by_ref(), LINE_BYTES_MAX as u64);
    limited.read_until(0, &mut line).map_err(failed)?;
    match line.pop() {
        None => Ok(None),
        Some(0) => Ok(Some(line)),
        Some(_) => Err(refused(&line, "its path is too long")),
    }
}

/// Reads `100644 blob <object>    1234\tpath`.
fn entry(line: &[u8]) -> Result<Entry, Error> {
    let at = line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len());
    let (facts, path) = (&line[..at], line.get(at + 1..).unwrap_or_default());
    let facts = String::from_utf8_lossy(facts);
    let mut facts = facts.split_ascii_whitespace();
    let mode = facts.next().unwrap_or_default();
    let name = facts.nth(1).unwrap_or_default().to_owned();
    let size = facts.next().and_then(|size| size.parse().ok());
    let Ok(path) = String::from_utf8(path.to_vec()) else {
        return Err(refused(path, "it is not UTF-8"));
    };
    if is_repository(path.rsplit('/').next().unwrap_or_default()) {
        return Err(refused(path.as_bytes(), "git keeps its own things there"));
    }
    let blob = |size| Blob { name, size };
    let kind = match (mode, size) {
        ("040000", _) => Kind::Folder,
        ("100644" | "100664", Some(size)) => Kind::File { executable: false, blob: blob(size) },
        ("100755", Some(size)) => Kind::File { executable: true, blob: blob(size) },
        ("120000", Some(size)) => Kind::Link { blob: blob(size) },
        ("160000", _) => return Err(Error::Submodule { path: legible(path.as_bytes()) }),
        _ => return Err(refused(path.as_bytes(), "its mode is none that git gives")),
    };
    Ok(Entry { path, kind })
}

/// Whether a name means the folder in which git keeps a repository, on some filesystem.
fn is_repository(name: &str) -> bool {
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

fn refused(path: &[u8], rule: &'static str) -> Error {
    Error::Refused { path: legible(path), rule }
}

/// A path as a message may show it.
pub(super) fn legible(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(200).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "d00491fd7e5bb6fa28c517a0bb32b8b506539d4d";

    fn check(line: &[u8], expect: &str) {
        let got = match entry(line) {
            Ok(Entry { path, kind }) => format!("{path} {kind:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expect.replace("OID", OID));
    }

    #[test]
    fn lines_are_read_strictly() {
        let line = |text: &str| text.replace("OID", OID).into_bytes();
        let blob = "blob: Blob { name: \"OID\", size: 2 }";
        let file = |path, executable| format!("{path} File {{ executable: {executable}, {blob} }}");
        check(&line("100644 blob OID       2\ta/b c"), &file("a/b c", false));
        check(&line("100664 blob OID       2\ta"), &file("a", false));
        check(&line("100755 blob OID       2\ta"), &file("a", true));
        check(&line("120000 blob OID       2\ta"), &format!("a Link {{ {blob} }}"));
        check(&line("040000 tree OID       -\ta"), "a Folder");
        check(
            &line("160000 commit OID       -\tlib/x"),
            "`lib/x` is a submodule: its files are in another repository",
        );
        let mode = "`a` may not be in a tree: its mode is none that git gives";
        check(&line("100777 blob OID       2\ta"), mode);
        check(&line("100644 blob OID       -\ta"), mode);
        check(&line("100644"), "`` may not be in a tree: its mode is none that git gives");
        check(b"100644 blob x 2\ta\xff", "`a\u{fffd}` may not be in a tree: it is not UTF-8");
        for name in [".git", ".GIT", ".git.", "git~1", ".git  "] {
            let rule = "may not be in a tree: git keeps its own things there";
            check(&line(&format!("040000 tree OID -\ta/{name}")), &format!("`a/{name}` {rule}"));
        }
        check(&line("040000 tree OID -\t.github"), ".github Folder");
    }

    #[test]
    fn a_tree_is_no_larger_than_its_objects_can_account_for() {
        let file = |size| {
            let blob = Blob { name: OID.to_owned(), size };
            Entry { path: "a".to_owned(), kind: Kind::File { executable: false, blob } }
        };
        let mut limits = Limits::of(100);
        assert!(limits.take(&file(BYTES_FLOOR)).is_ok());
        assert!(matches!(limits.take(&file(1)), Err(Error::TooMuch { what: "bytes", .. })));
        let mut limits = Limits::of(100);
        for _ in 0..ENTRIES_FLOOR {
            limits.take(&file(0)).unwrap();
        }
        assert!(matches!(limits.take(&file(0)), Err(Error::TooMuch { what: "entries", .. })));
    }
}
