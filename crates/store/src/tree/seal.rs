//! The judgement on a whole tree: only what passes it becomes a keg.

use std::collections::HashMap;

use super::{
    Error, Node, Tree,
    fold::fold,
    parent, parents,
    resolve::{LINKS_MAX, Stop, Walk},
};
use crate::{Content, archive::check_path};

/// Whether the filesystem takes names for one that differ in case or normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// It does, as APFS and folders with `casefold` do.
    Yes,
    /// It tells all names apart.
    No,
}

/// A tree that keeps every rule, as it will lie in a keg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Tree);

impl Sealed {
    /// What lies at a path; the root itself is not listed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    /// All paths, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter()
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.0.files()
    }
}

impl Tree {
    /// Judges the tree: paths, parents, links, and names that fold together.
    ///
    /// `external_links` lists targets that links may have although they leave the keg or lead to
    /// nothing in it, each as the link says it.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the path that breaks it.
    pub fn seal(self, external_links: &[String], folding: Folding) -> Result<Sealed, Error> {
        if let Some((path, rule)) = self.refused.first_key_value() {
            return Err(Error::Refused { path: path.clone(), rule: *rule });
        }
        if let Some(error) = self.broken(external_links).next() {
            return Err(error);
        }
        if folding == Folding::Yes
            && let Some((first, second)) = self.folded().next()
        {
            return Err(Error::Folds { first: first.to_owned(), second: second.to_owned() });
        }
        Ok(Sealed(self))
    }

    /// Every rule about paths, parents and links that is broken, in the order of the paths.
    ///
    /// `external_links` are those of [`Tree::seal`], which fails with the first of these.
    pub fn broken(&self, external_links: &[String]) -> impl Iterator<Item = Error> {
        let mut sound = None;
        self.iter().filter_map(move |(path, node)| {
            self.check(path, node, &mut sound, external_links).err()
        })
    }

    /// Paths that are one where the filesystem folds letters, each after the one it is equal to.
    pub fn folded(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut folded: HashMap<String, &str> = HashMap::new();
        self.iter()
            .filter_map(move |(path, _)| folded.insert(fold(path), path).map(|first| (first, path)))
    }

    /// Judges one path; `sound` is the folder that was looked at last.
    fn check<'a>(
        &self,
        path: &'a str,
        node: &Node,
        sound: &mut Option<&'a str>,
        external_links: &[String],
    ) -> Result<(), Error> {
        check_path(path).map_err(|rule| Error::Path { path: path.to_owned(), rule })?;
        let folder = parent(path);
        if folder != *sound {
            self.check_folder(path, folder)?;
            *sound = folder;
        }
        match node {
            Node::Symlink(target) => self.check_link(path, target, external_links),
            _ => Ok(()),
        }
    }

    fn check_folder(&self, path: &str, folder: Option<&str>) -> Result<(), Error> {
        match folder {
            Some(folder) if self.get(folder) != Some(&Node::Directory) => {
                Err(Error::UnderFile { path: path.to_owned(), parent: folder.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn check_link(&self, link: &str, target: &str, external: &[String]) -> Result<(), Error> {
        let (link, target) = (link.to_owned(), target.to_owned());
        if external.contains(&target) {
            return Ok(());
        }
        if target.starts_with('/') {
            return Err(Error::LinkAbsolute { link, target });
        }
        if leaves(&link, &target) {
            return Err(Error::LinkLeaves { link, target });
        }
        let walk =
            Walk { tree: self, links_max: LINKS_MAX, is_rooted: false, may_miss: false, external };
        match walk.walk(&link, |_| {}) {
            Ok(_) | Err(Stop::External) => Ok(()),
            Err(Stop::Outside) => Err(Error::LinkLeaves { link, target }),
            Err(Stop::Missing | Stop::NotDirectory) => Err(Error::LinkDangles { link, target }),
            Err(Stop::Chain) => Err(Error::LinkChain { link }),
        }
    }
}

/// Whether a relative target is outside the keg at any of its prefixes, read as text.
fn leaves(link: &str, target: &str) -> bool {
    let mut depth = parents(link).count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}
