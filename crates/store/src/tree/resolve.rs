//! Where a path leads, step by step, as a kernel would walk it.

use super::{Node, Tree};

/// Most links on the way from a path to what it stands for, in a keg.
pub(super) const LINKS_MAX: usize = 8;
/// Most links that a kernel follows (Linux, path_resolution(7)).
pub(super) const KERNEL_LINKS_MAX: usize = 40;

/// Why a walk found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It leaves the tree.
    Outside,
    /// It meets a link that is known to leave the tree.
    External,
    /// There is nothing at that place.
    Missing,
    /// Something on the way is no directory.
    NotDirectory,
    /// It passes too many links.
    Chain,
}

/// How to walk.
pub(super) struct Walk<'a> {
    pub(super) tree: &'a Tree,
    pub(super) links_max: usize,
    /// Whether `..` stays at the root and absolute targets begin there, as in an image.
    pub(super) is_rooted: bool,
    /// Whether what is missing is taken for directories to come.
    pub(super) may_miss: bool,
    /// Targets that are known to leave the tree.
    pub(super) external: &'a [String],
}

impl Tree {
    /// The file or directory that a path of a keg leads to.
    pub(super) fn follow(&self, path: &str) -> Result<String, Stop> {
        let links_max = LINKS_MAX;
        let walk = Walk { tree: self, links_max, is_rooted: false, may_miss: false, external: &[] };
        walk.walk(path, |_| {})
    }
}

impl Walk<'_> {
    /// Follows `path` to its end; `pass` hears of every path of the tree that is touched.
    pub(super) fn walk(&self, path: &str, mut pass: impl FnMut(&str)) -> Result<String, Stop> {
        let mut ahead: Vec<&str> = path.split('/').rev().collect();
        let mut at = String::new();
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            match part {
                "" | "." => continue,
                ".." if at.is_empty() && !self.is_rooted => return Err(Stop::Outside),
                ".." => {
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                part => push(&mut at, part),
            }
            match self.tree.get(&at) {
                Some(Node::Symlink(target)) => {
                    pass(&at);
                    links += 1;
                    if links > self.links_max {
                        return Err(Stop::Chain);
                    }
                    if self.external.contains(target) {
                        return Err(Stop::External);
                    }
                    if !target.starts_with('/') {
                        at.truncate(at.rfind('/').unwrap_or(0));
                    } else if self.is_rooted {
                        at.clear();
                    } else {
                        return Err(Stop::Outside);
                    }
                    ahead.extend(target.split('/').rev());
                }
                Some(Node::Directory) => pass(&at),
                Some(Node::File(_)) if ahead.is_empty() => pass(&at),
                Some(Node::File(_)) => return Err(Stop::NotDirectory),
                None if self.tree.refused.contains_key(&at) && ahead.is_empty() => {}
                None if self.may_miss => {}
                None => return Err(Stop::Missing),
            }
        }
        Ok(at)
    }
}

pub(super) fn push(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
}
