//! What lies in a folder, read without the program: to compare, and to tell whether it is whole.

use std::{
    collections::BTreeMap,
    fmt, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Everything below a folder, by its path there.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree(BTreeMap<PathBuf, Node>);

#[derive(Clone, PartialEq, Eq)]
enum Node {
    Folder(u32),
    /// Permissions, time and bytes; of records without what a clock says.
    File(u32, i64, Vec<u8>),
    Link(PathBuf),
}

impl Tree {
    /// Reads all of a folder; of records in JSON everything but what a clock says.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.add(folder, Path::new("")).unwrap();
        tree
    }

    fn add(&mut self, top: &Path, path: &Path) -> io::Result<()> {
        let at = top.join(path);
        let found = at.symlink_metadata()?;
        let mode = found.permissions().mode() & 0o7777;
        let node = if found.is_symlink() {
            Node::Link(fs_err::read_link(&at)?)
        } else if found.is_dir() {
            for entry in fs_err::read_dir(&at)? {
                self.add(top, &path.join(entry?.file_name()))?;
            }
            Node::Folder(mode)
        } else {
            let is_stored = found.mtime() == STORED;
            let time = if is_stored { STORED } else { 0 };
            Node::File(mode, time, timeless(path, fs_err::read(&at)?))
        };
        self.0.insert(path.to_owned(), node);
        Ok(())
    }

    /// What lies below one of these folders.
    pub(crate) fn below(&self, folders: &[&str]) -> Self {
        self.only(|path, _| folders.iter().any(|folder| path.starts_with(folder)))
    }

    /// What is the same in `other`.
    pub(crate) fn common(&self, other: &Self) -> Self {
        self.only(|path, node| other.0.get(path) == Some(node))
    }

    fn only(&self, is_wanted: impl Fn(&Path, &Node) -> bool) -> Self {
        let nodes = self.0.iter().filter(|(path, node)| is_wanted(path, node));
        Self(nodes.map(|(path, node)| (path.clone(), node.clone())).collect())
    }

    /// What does not lie below any of these.
    pub(crate) fn without(mut self, folders: &[&str]) -> Self {
        self.0.retain(|path, _| !folders.iter().any(|folder| path.starts_with(folder)));
        self
    }

    /// How `other` differs, one line for each path.
    pub(crate) fn changes_to(&self, other: &Self) -> Vec<String> {
        let mut changes = self.losses_in(other);
        let new = other.0.keys().filter(|path| !self.0.contains_key(*path));
        changes.extend(new.map(|path| format!("new: {}", path.display())));
        changes
    }

    /// What is here and not the same in `other`, one line for each path.
    pub(crate) fn losses_in(&self, other: &Self) -> Vec<String> {
        let lost = |(path, node): (&PathBuf, &Node)| match other.0.get(path) {
            Some(found) if found == node => None,
            Some(found) => Some(format!("{}: {node:?} became {found:?}", path.display())),
            None => Some(format!("gone: {}", path.display())),
        };
        self.0.iter().filter_map(lost).collect()
    }

    /// Paths that others than the owner may write.
    pub(crate) fn writable_by_others(&self) -> Vec<&Path> {
        let is_open = |node: &Node| match node {
            Node::Folder(mode) | Node::File(mode, ..) => mode & 0o022 != 0,
            Node::Link(_) => false,
        };
        self.0.iter().filter(|(_, node)| is_open(node)).map(|(path, _)| path.as_path()).collect()
    }
}

/// 1980-01-02T00:00:00Z, the time of whatever carries none of its own.
const STORED: i64 = 315_619_200;

fn timeless(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    let is_record = path.starts_with("generations") || path.starts_with("receipts");
    match serde_json::from_slice::<serde_json::Value>(&bytes) {
        Ok(serde_json::Value::Object(mut record)) if is_record => {
            record.remove("time");
            record.remove("installed_at");
            serde_json::Value::Object(record).to_string().into_bytes()
        }
        _ => bytes,
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(mode) => write!(f, "folder {mode:o}"),
            Self::Link(target) => write!(f, "link to {}", target.display()),
            Self::File(mode, time, bytes) => {
                write!(f, "file {mode:o} of {time}: {:?}", String::from_utf8_lossy(bytes))
            }
        }
    }
}

/// Fails unless the prefix of `root` is one whole generation; gives its number, 0 before the first.
#[track_caller]
pub(crate) fn whole_generation(root: &Path) -> u64 {
    let current = match fs_err::read_link(root.join("current")) {
        Ok(current) => current,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return 0,
        Err(error) => panic!("{error}"),
    };
    let number = current.to_str().and_then(|text| text.strip_prefix("generations/")).unwrap();
    let cellar = root.join("cellar").canonicalize().unwrap();
    let mut waiting = vec![root.join(&current)];
    while let Some(folder) = waiting.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
                continue;
            }
            let target = entry.path().canonicalize();
            let target = target.unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()));
            assert!(target.starts_with(&cellar), "{} leaves the cellar", entry.path().display());
        }
    }
    assert!(root.join(format!("generations/{number}.json")).is_file(), "no record of {number}");
    number.parse().unwrap()
}
