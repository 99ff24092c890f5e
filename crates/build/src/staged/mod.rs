//! A staged folder, read and judged by the rules that its package is installed by.
//!
//! What would be refused at install is refused here, all of it at once and with what to do about
//! it. No link is followed, and nothing is read of a file but its kind, size and mode.

mod link;
mod refusal;
mod walk;

use std::{
    io,
    path::{Path, PathBuf},
};

use store::{
    archive::{self, Plan, Profile},
    tree::{Strip, Tree},
};

pub(crate) use refusal::Lines;
pub use refusal::{Problem, Refusal};

/// A folder whose contents can become a package.
#[derive(Debug, Clone)]
pub struct Staged {
    root: PathBuf,
    entries: Vec<Entry>,
    folded: Vec<(String, String)>,
}

/// Something in a staged folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path below the folder: no leading, doubled or trailing `/`, no `.` nor `..`.
    pub path: String,
    /// What lies there.
    pub kind: Kind,
    /// The time of the last change in seconds since 1970.
    pub mtime: i64,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file, whether or not it has other names.
    File {
        /// Its number of bytes.
        size: u64,
        /// Whether anybody may execute it.
        executable: bool,
    },
    /// A symlink with its target.
    Link(String),
}

/// What a folder's links may say beyond the folder itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links<'a> {
    /// Targets that are allowed although they leave the package, each as the link says it.
    pub external: &'a [String],
    /// Absolute paths by which a build knew the package's own folder.
    ///
    /// A link through one of them to something that is there becomes relative.
    pub homes: &'a [String],
}

/// Why a folder was not taken as a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something of the folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// What cannot be read.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing to pack.
    #[error("there is nothing in `{}` to pack", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Some of it could not be installed.
    #[error("`{}` cannot be packed:{}", root.display(), Lines(refusals))]
    Refused {
        /// The folder.
        root: PathBuf,
        /// All that is wrong, in the order of the paths.
        refusals: Vec<Refusal>,
    },
}

/// The absolute paths by which a build below the placeholder knows the package's own folder.
///
/// `version` is `<version>[_<revision>]`.
pub fn homes(name: &str, version: &str) -> [String; 2] {
    [format!("{}/current", binary::PLACEHOLDER), binary::placeholder::keg(name, version)]
}

impl Staged {
    /// Reads and judges a folder.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read or holds nothing, and all that breaks a rule.
    pub fn read(root: &Path, links: Links<'_>) -> Result<Self, Error> {
        let (mut entries, mut refusals) = walk::walk(root)?;
        if entries.is_empty() && refusals.is_empty() {
            return Err(Error::Empty { path: root.to_owned() });
        }
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        link::come_home(&mut entries, links.homes);
        let folded = match tree(&entries) {
            Ok(tree) => {
                refusals.extend(tree.broken(links.external).map(Refusal::of_tree));
                let pairs = tree.folded();
                pairs.map(|(first, second)| (first.to_owned(), second.to_owned())).collect()
            }
            Err(error) => {
                refusals.push(Refusal::of_tree(error));
                Vec::new()
            }
        };
        if !refusals.is_empty() {
            refusals.sort_by(|a, b| a.path.cmp(&b.path));
            return Err(Error::Refused { root: root.to_owned(), refusals });
        }
        Ok(Self { root: root.to_owned(), entries, folded })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All that is in it, in the order of the bytes of the paths.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Pairs of paths that are one where the filesystem folds letters, as on macOS.
    pub fn folded(&self) -> &[(String, String)] {
        &self.folded
    }
}

/// The entries as the tree of a keg, for its rules; the contents of files are no part of them.
fn tree(entries: &[Entry]) -> Result<Tree, store::tree::Error> {
    let entry = |entry: &Entry| archive::Entry {
        path: entry.path.clone(),
        kind: match &entry.kind {
            Kind::Folder => archive::Kind::Directory,
            Kind::File { executable, .. } => {
                archive::Kind::File(store::Content::of(b"", *executable))
            }
            Kind::Link(target) => archive::Kind::Symlink(target.clone()),
        },
        mtime: entry.mtime,
    };
    let plan = Plan {
        entries: entries.iter().map(entry).collect(),
        notes: Vec::new(),
        format: archive::Format::Tar(archive::Compression::None),
        asked: None,
        profile: Profile::Strict,
        size_bytes: 0,
    };
    let mut tree = Tree::new();
    tree.merge(&plan, "", Strip::Count(0))?;
    Ok(tree)
}

#[cfg(test)]
mod tests;
