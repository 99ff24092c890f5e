//! One keg's tree, in memory: where entries lie, and the rules about links and placement.
//!
//! A [`Tree`] is filled from plans and then judged as a whole: [`Tree::seal`] gives the only form
//! that can become a keg. Nothing here touches the disk, but for [`stage_programs`].

mod error;
mod fold;
mod glob;
mod overlay;
mod place;
mod program;
mod resolve;
mod seal;
mod select;

use std::{
    collections::{BTreeMap, btree_map::Entry as Slot},
    ops::Bound,
};

use crate::{
    Content,
    archive::{Rule, check_path},
};

pub use error::Error;
pub use place::Strip;
pub use program::stage_programs;
pub use seal::{Folding, Sealed};

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Directory,
    /// A file.
    File(Content),
    /// A symlink with its target.
    Symlink(String),
}

/// The files of a keg to be, by path; every parent is there and is a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<String, Placed>,
    /// What layers of an image hold and nobody may install.
    refused: BTreeMap<String, Rule>,
    layers: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    node: Node,
    mtime: i64,
    /// The number of the layer it came with, for messages.
    layer: usize,
}

impl Tree {
    /// A tree that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What lies at a path; the root itself is not listed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path).map(|placed| &placed.node)
    }

    /// The time that the archive gives a path, in seconds since 1970; 0 where none does.
    pub fn mtime(&self, path: &str) -> Option<i64> {
        self.nodes.get(path).map(|placed| placed.mtime)
    }

    /// All paths, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, placed)| (path.as_str(), &placed.node))
    }

    /// All paths below a directory, in the order of their bytes.
    pub fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.range(below(path)).map(|(path, placed)| (path.as_str(), &placed.node))
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.iter().filter_map(|(path, node)| match node {
            Node::File(content) => Some((path, content)),
            _ => None,
        })
    }

    /// The one program among the files, if there is exactly one.
    ///
    /// ELF, Mach-O, PE and scripts are programs, but for shared libraries, which are told by their
    /// names; `head` gives the first four bytes of a content.
    ///
    /// # Errors
    ///
    /// What `head` fails with.
    pub fn single_program<E>(
        &self,
        mut head: impl FnMut(&Content) -> Result<Vec<u8>, E>,
    ) -> Result<Option<&str>, E> {
        let mut found = None;
        for (path, content) in self.files().filter(|(path, _)| !program::is_library(path)) {
            if program::is_program(&head(content)?) && found.replace(path).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }

    /// Adds a file that no archive holds.
    ///
    /// # Errors
    ///
    /// A path that is not free or breaks a rule.
    pub fn add_file(&mut self, path: &str, content: Content) -> Result<(), Error> {
        self.layers += 1;
        self.put(path.to_owned(), Node::File(content), 0)
    }

    /// Makes a file executable, through symlinks; what is no file stays as it is.
    pub fn set_executable(&mut self, path: &str) {
        let Ok(path) = self.follow(path) else { return };
        if let Some(Placed { node: Node::File(content), .. }) = self.nodes.get_mut(&path) {
            content.executable = true;
        }
    }

    /// Puts a node of the current layer at a free path; directories join.
    fn put(&mut self, path: String, node: Node, mtime: i64) -> Result<(), Error> {
        check_path(&path).map_err(|rule| Error::Path { path: path.clone(), rule })?;
        self.make_parents(&path)?;
        self.put_in_folder(path, node, mtime)
    }

    /// [`Tree::put`] for a path that keeps the rules and whose parents are known to be there.
    fn put_in_folder(&mut self, path: String, node: Node, mtime: i64) -> Result<(), Error> {
        let placed = Placed { node, mtime, layer: self.layers };
        match self.nodes.entry(path) {
            Slot::Vacant(slot) => {
                slot.insert(placed);
                Ok(())
            }
            Slot::Occupied(slot) => {
                let there = slot.get();
                if there.node == Node::Directory && placed.node == Node::Directory {
                    return Ok(());
                }
                let (first, second) = (there.layer, placed.layer);
                Err(Error::Equal { path: slot.key().clone(), first, second })
            }
        }
    }

    fn make_parents(&mut self, path: &str) -> Result<(), Error> {
        let mut missing = Vec::new();
        for parent in parents(path) {
            match self.get(parent) {
                Some(Node::Directory) => break,
                Some(_) => {
                    let (path, parent) = (path.to_owned(), parent.to_owned());
                    return Err(Error::UnderFile { path, parent });
                }
                None => missing.push(parent.to_owned()),
            }
        }
        let directory = Placed { node: Node::Directory, mtime: 0, layer: self.layers };
        self.nodes.extend(missing.into_iter().map(|parent| (parent, directory.clone())));
        Ok(())
    }
}

/// The bounds of all paths below a directory, where the root is the empty path.
fn below(path: &str) -> (Bound<String>, Bound<String>) {
    match path {
        "" => (Bound::Unbounded, Bound::Unbounded),
        // The character after `/` is `0`.
        _ => (Bound::Included(format!("{path}/")), Bound::Excluded(format!("{path}0"))),
    }
}

/// The folders that a path lies in, the nearest first; the root is none of them.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(path), |path| parent(path))
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

#[cfg(test)]
mod tests;
