//! What a keg's folder must hold, folder by folder: a sealed tree with its copies laid over.
//!
//! Building and verifying a keg both go by this, so they cannot disagree.

use std::collections::HashMap;

use super::{Copy, Error, Source};
use crate::{
    Content,
    content::MTIME,
    disk::is_plain_name,
    tree::{Node, Sealed},
};

/// The folders of a keg, each after the one it is in; the first is the keg itself.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) folders: Vec<Folder<'a>>,
    index: HashMap<&'a str, usize>,
    /// The position that was asked for last: the files of a folder follow one another.
    last: usize,
}

/// What one folder holds.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    /// Its path in the keg; empty for the keg itself.
    pub(crate) path: &'a str,
    /// The names of the folders in it.
    pub(crate) folders: Vec<&'a str>,
    pub(crate) files: Vec<File<'a>>,
    /// Name and target.
    pub(crate) links: Vec<(&'a str, &'a str)>,
}

/// One file of a folder.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: Bytes<'a>,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(crate) enum Bytes<'a> {
    /// In the store, shared with it.
    Shared(Content),
    /// The file's own.
    Own(&'a Copy),
}

impl Bytes<'_> {
    /// The digest, size and mode that the file must have.
    pub(crate) fn content(&self) -> Content {
        match self {
            Self::Shared(content) => *content,
            Self::Own(copy) => copy.content(),
        }
    }

    /// Whether the file may be executed.
    pub(crate) fn is_executable(&self) -> bool {
        match self {
            Self::Shared(content) => content.executable,
            Self::Own(copy) => copy.executable,
        }
    }

    /// The time that the file must have.
    pub(crate) fn mtime(&self) -> i64 {
        self.own_time().unwrap_or(MTIME)
    }

    /// The file's time, where its package relies on it.
    pub(crate) fn own_time(&self) -> Option<i64> {
        match self {
            Self::Shared(_) => None,
            Self::Own(copy) => copy.mtime,
        }
    }

    /// The content that must be in staging or the store for the file to be made.
    pub(crate) fn needed(&self) -> Option<Content> {
        let content = match self {
            Self::Shared(content) => *content,
            Self::Own(copy) => match &copy.source {
                Source::Content(content) | Source::Patched { from: content, .. } => *content,
                Source::Bytes(_) => return None,
            },
        };
        (!content.is_empty()).then_some(content)
    }
}

impl<'a> Shape<'a> {
    /// Lays the copies over the tree.
    pub(crate) fn new(sealed: &'a Sealed, copies: &'a [Copy]) -> Result<Self, Error> {
        let mut shape = Self { folders: Vec::new(), index: HashMap::new(), last: 0 };
        shape.folder("");
        let mut left: HashMap<&str, &Copy> =
            copies.iter().map(|copy| (copy.path.as_str(), copy)).collect();
        for (path, node) in sealed.iter() {
            let copy = left.remove(path);
            match node {
                Node::Directory => {
                    shape.folder(path);
                }
                Node::File(file) => {
                    let bytes = copy.map_or(Bytes::Shared(*file), Bytes::Own);
                    shape.add_file(path, bytes);
                }
                Node::Symlink(target) => {
                    let (parent, name) = split(path);
                    let folder = shape.folder(parent);
                    shape.folders[folder].links.push((name, target));
                }
            }
            if copy.is_some() && !matches!(node, Node::File(_)) {
                return Err(Error::Clash { path: path.to_owned() });
            }
        }
        let more = copies.iter().filter(|copy| left.contains_key(copy.path.as_str()));
        for copy in more {
            shape.check_free(sealed, &copy.path)?;
            shape.add_file(&copy.path, Bytes::Own(copy));
        }
        Ok(shape)
    }

    /// All files with their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, &File<'a>)> {
        self.folders
            .iter()
            .flat_map(|folder| folder.files.iter().map(|file| (join(folder.path, file.name), file)))
    }

    fn add_file(&mut self, path: &'a str, bytes: Bytes<'a>) {
        let (parent, name) = split(path);
        let folder = self.folder(parent);
        self.folders[folder].files.push(File { name, bytes });
    }

    /// The position of a folder, which is added with those it is in.
    fn folder(&mut self, path: &'a str) -> usize {
        if self.folders.get(self.last).is_some_and(|last| last.path == path) {
            return self.last;
        }
        if let Some(&position) = self.index.get(path) {
            self.last = position;
            return position;
        }
        if !path.is_empty() {
            let (parent, name) = split(path);
            let parent = self.folder(parent);
            self.folders[parent].folders.push(name);
        }
        self.folders.push(Folder {
            path,
            folders: Vec::new(),
            files: Vec::new(),
            links: Vec::new(),
        });
        self.index.insert(path, self.folders.len() - 1);
        self.folders.len() - 1
    }

    /// A copy that replaces nothing must not stand on a folder, nor below a file or link.
    fn check_free(&self, sealed: &Sealed, path: &str) -> Result<(), Error> {
        let plain = path.split('/').all(is_plain_name);
        let mut parents = std::iter::successors(Some(split(path).0), |path| {
            (!path.is_empty()).then(|| split(path).0)
        });
        let blocked = parents
            .any(|parent| matches!(sealed.get(parent), Some(Node::File(_) | Node::Symlink(_))));
        if !plain || blocked || self.index.contains_key(path) {
            return Err(Error::Clash { path: path.to_owned() });
        }
        Ok(())
    }
}

/// A path's folder and its last name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A path from its folder and its last name.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
