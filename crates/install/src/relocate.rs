//! Writing a package's files for the root that it is installed under.
//!
//! A package that was built lists where its files hold the placeholder. The list is compared with
//! the files before anything is written: whatever is not exactly so refuses the package. How a
//! file is written is known by `binary`; here it becomes a patch that the receipt keeps.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, BufReader, Read as _, Seek as _, Write},
};

use binary::{Found, PLACEHOLDER, Scanner, Target, rewrite};
use digest::ContentHasher;
use formula::{Relocation, Relocations, relocation::Kind};
use store::{
    Content,
    keg::{self, Patch},
    tree::{Node, Tree},
};

use crate::receipt::{Copied, Patched};

/// A package's files cannot be written for the root.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The list stands in a file that is not one of the package, or too large.
    #[error(
        "its relocations stand in `{}`, which it does not hold as a file of at most 16 MiB",
        Relocations::PATH
    )]
    NoList,
    /// The list in the package's own file cannot be read.
    #[error("its relocations in `{}` cannot be understood", Relocations::PATH)]
    List(#[source] serde_json::Error),
    /// What is listed is no file of the package.
    #[error("its relocations list `{path}`, which is not a file of the package")]
    NoFile {
        /// The path.
        path: String,
    },
    /// A file does not hold the placeholder as the list says, or cannot be written.
    #[error("`{path}` cannot be relocated")]
    Rewrite {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: rewrite::Error,
    },
    /// The placeholder stands in a file that is not listed, or is left in one that is.
    #[error("`{path}` would keep the path that it was built for, at byte {offset}")]
    Left {
        /// The file.
        path: String,
        /// Where in it.
        offset: u64,
    },
    /// The bytes of a file are not here any more; fetching them again helps.
    #[error("the contents of `{path}` are missing from the store")]
    Missing {
        /// The file.
        path: String,
    },
    /// The bytes of a file cannot be read.
    #[error("cannot read the contents of `{path}`")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes files for one root and one keg.
pub(crate) struct Relocator<'a> {
    /// The root that is written.
    pub(crate) root: &'a str,
    /// The keg that the files will lie in.
    pub(crate) keg: &'a keg::Id,
    /// The bytes of a file, wherever they are by now.
    pub(crate) open: &'a dyn Fn(&Content) -> io::Result<File>,
}

impl Relocator<'_> {
    /// The files of a package that differ under the root, by path; checks all of them.
    pub(crate) fn relocate(
        &self,
        relocations: &Relocations,
        tree: &Tree,
    ) -> Result<BTreeMap<String, Copied>, Error> {
        let read;
        let list = match relocations {
            Relocations::List(list) => list,
            Relocations::File(_) => {
                read = self.list(tree)?;
                &read
            }
        };
        if list.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut copies = BTreeMap::new();
        for relocation in list {
            let path = &relocation.path;
            let Some(Node::File(content)) = tree.get(path) else {
                return Err(Error::NoFile { path: path.clone() });
            };
            copies.extend(self.file(relocation, content)?.map(|copied| (path.clone(), copied)));
        }
        self.check_others(list, tree)?;
        Ok(copies)
    }

    /// The list that a package holds as a file of its own.
    fn list(&self, tree: &Tree) -> Result<Vec<Relocation>, Error> {
        let path = Relocations::PATH;
        let Some(Node::File(content)) = tree.get(path) else { return Err(Error::NoList) };
        if content.size > Relocations::BYTES_MAX {
            return Err(Error::NoList);
        }
        let mut bytes = Vec::new();
        let read = self.open(path, content)?.take(Relocations::BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Relocations::parse_list(&bytes).map_err(Error::List)
    }

    /// One file, written for the root; `None` where it is the same there.
    fn file(&self, relocation: &Relocation, content: &Content) -> Result<Option<Copied>, Error> {
        let path = relocation.path.as_str();
        let mut file = BufReader::new(self.open(path, content)?);
        let said = Found { kind: kind(relocation.kind), offsets: relocation.offsets.clone() };
        let (version, id) = self.keg.leaf.rsplit_once('-').unwrap_or((&self.keg.leaf, ""));
        let target = Target { root: self.root, name: &self.keg.name, version, id };
        let edits = rewrite(&mut file, &said, &target)
            .map_err(|source| Error::Rewrite { path: path.to_owned(), source })?;
        if edits.is_empty() {
            return Ok(None);
        }
        let patches = patches(edits);
        let mut tally = Tally::new();
        file.rewind()
            .and_then(|()| keg::patch(&mut file, &patches, &mut tally))
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if let Some(offset) = tally.left.filter(|_| self.root != PLACEHOLDER) {
            return Err(Error::Left { path: path.to_owned(), offset });
        }
        let from = Patched { sha256: content.sha256, size: content.size, patches };
        Ok(Some(Copied {
            path: path.to_owned(),
            sha256: tally.hasher.finish(),
            size: tally.size,
            executable: content.executable,
            mtime: None,
            text: None,
            patched: Some(from),
            wraps: None,
        }))
    }

    /// No file that is not listed holds the placeholder.
    fn check_others(&self, list: &[Relocation], tree: &Tree) -> Result<(), Error> {
        let listed: HashSet<&str> = list.iter().map(|one| one.path.as_str()).collect();
        let mut seen = HashSet::new();
        let others = tree.files().filter(|(path, content)| {
            content.size >= PLACEHOLDER.len() as u64 && !listed.contains(path)
        });
        for (path, content) in others {
            if !seen.insert(content.sha256) {
                continue;
            }
            let places = binary::occurrences(self.open(path, content)?, PLACEHOLDER.as_bytes())
                .map_err(|source| Error::Read { path: path.to_owned(), source })?;
            if let Some(&offset) = places.first() {
                return Err(Error::Left { path: path.to_owned(), offset });
            }
        }
        Ok(())
    }

    fn open(&self, path: &str, content: &Content) -> Result<File, Error> {
        (self.open)(content).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::Read { path: path.to_owned(), source },
        })
    }
}

/// Edits with the same outcome become one patch: a program may hold the root a thousand times.
fn patches(edits: Vec<rewrite::Edit>) -> Vec<Patch> {
    let mut places: BTreeMap<(u64, Vec<u8>), Vec<u64>> = BTreeMap::new();
    for edit in edits {
        places.entry((edit.over, edit.with)).or_default().push(edit.at);
    }
    places.into_iter().map(|((over, with), at)| Patch { over, with, at }).collect()
}

fn kind(kind: Kind) -> binary::Kind {
    match kind {
        Kind::Text => binary::Kind::Text,
        Kind::Elf => binary::Kind::Elf,
        Kind::Macho => binary::Kind::MachO,
        Kind::Binary => binary::Kind::Binary,
    }
}

/// What a written file comes to.
struct Tally {
    hasher: ContentHasher,
    size: u64,
    scanner: Scanner<'static>,
    left: Option<u64>,
}

impl Tally {
    fn new() -> Self {
        let scanner = Scanner::new(PLACEHOLDER.as_bytes());
        Self { hasher: ContentHasher::default(), size: 0, scanner, left: None }
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        let left = &mut self.left;
        self.scanner.feed(bytes, &mut |offset| {
            left.get_or_insert(offset);
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use formula::relocation;
    use store::keg::patch;

    use super::*;

    /// A package with one file, and what it is for a root: bytes, or the refusal.
    fn written(bytes: &[u8], kind: relocation::Kind, root: &str) -> Result<Vec<u8>, Error> {
        let mut tree = Tree::new();
        tree.add_file("share/file", Content::of(bytes, false)).unwrap();
        let open = |_: &Content| {
            let mut file = tempfile::tempfile()?;
            file.write_all(bytes)?;
            file.rewind()?;
            Ok(file)
        };
        let offsets = binary::find(bytes).unwrap().offsets;
        let path = "share/file".to_owned();
        let list = Relocations::List(vec![Relocation { path, kind, offsets }]);
        let keg = keg::Id { name: "foo".to_owned(), leaf: "1.0-2_1-0123456789ab".to_owned() };
        let copies = Relocator { root, keg: &keg, open: &open }.relocate(&list, &tree)?;
        let Some(copied) = copies.get("share/file") else { return Ok(bytes.to_vec()) };
        let mut result = Vec::new();
        patch(&mut &bytes[..], &copied.patched.as_ref().unwrap().patches, &mut result).unwrap();
        assert_eq!(
            (copied.sha256, copied.size),
            (digest::Sha256::of(&result), result.len() as u64)
        );
        Ok(result)
    }

    #[test]
    fn the_root_and_the_id_are_written_and_told_in_the_receipt() {
        let keg = binary::placeholder::keg("foo", "1.0-2_1");
        let text = format!("{PLACEHOLDER}/etc:{keg}/lib:{PLACEHOLDER}");
        let result = written(text.as_bytes(), relocation::Kind::Text, "/r").unwrap();
        assert_eq!(
            String::from_utf8(result).unwrap(),
            "/r/etc:/r/cellar/foo/1.0-2_1-0123456789ab/lib:/r"
        );
        let result = written(text.as_bytes(), relocation::Kind::Text, PLACEHOLDER).unwrap();
        let expect = text.replace("@@@@@@@@@@@@", "0123456789ab");
        assert_eq!(String::from_utf8(result).unwrap(), expect);
        let plain = format!("{PLACEHOLDER}/etc");
        let result = written(plain.as_bytes(), relocation::Kind::Text, PLACEHOLDER).unwrap();
        assert_eq!(result, plain.as_bytes(), "nothing differs under the placeholder");
    }

    #[test]
    fn a_file_that_makes_the_placeholder_anew_is_refused() {
        let rest = PLACEHOLDER.strip_prefix("/tmp").unwrap();
        let text = format!("x{PLACEHOLDER}{rest}/etc");
        let error = written(text.as_bytes(), relocation::Kind::Text, "/tmp").unwrap_err();
        assert!(matches!(error, Error::Left { offset: 1, .. }), "{error}");
        assert!(written(text.as_bytes(), relocation::Kind::Text, "/opt").is_ok());
    }

    #[test]
    fn bytes_that_the_store_lost_are_told_apart() {
        let mut tree = Tree::new();
        let content = Content::of(PLACEHOLDER.as_bytes(), false);
        tree.add_file("a", content).unwrap();
        let one = |path: &str| Relocation {
            path: path.to_owned(),
            kind: relocation::Kind::Text,
            offsets: vec![0],
        };
        let keg = keg::Id { name: "foo".to_owned(), leaf: "1.0-0123456789ab".to_owned() };
        for (kind, is_missing) in
            [(io::ErrorKind::NotFound, true), (io::ErrorKind::PermissionDenied, false)]
        {
            let open = |_: &Content| Err(io::Error::from(kind));
            let relocator = Relocator { root: "/r", keg: &keg, open: &open };
            let list = Relocations::List(vec![one("a")]);
            let error = relocator.relocate(&list, &tree).unwrap_err();
            assert_eq!(matches!(error, Error::Missing { .. }), is_missing, "{error}");
        }
    }
}
