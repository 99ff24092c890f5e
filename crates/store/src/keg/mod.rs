//! A keg: one package unpacked, built in staging and never written again once it is in place.
//!
//! Files that a package ships unchanged share their bytes with `store/files`; what must differ
//! in anything is a [`Copy`](struct@Copy). Why a file must differ, and what its new bytes are, is
//! not known here.

mod linker;
mod patch;
mod shape;
mod share;

use std::{io, path::PathBuf};

use rustix::{
    fd::AsFd as _,
    fs::{Mode, fstat},
    io::Errno,
};

use crate::{
    Content, Layout, Staging,
    disk::{
        KEG_FOLDER, PRIVATE_FOLDER, fchmod, is_plain_name, mkdirat, open_folder, open_folder_at,
    },
    generation,
    tree::Sealed,
};

pub use patch::{Patch, patch};
pub(crate) use shape::{File, Folder, Shape, join, split};

/// Why a keg could not be built or looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that would not be one folder below the cellar.
    #[error("`{name}` cannot be the name of a folder of the cellar")]
    Name {
        /// The package's or the keg's name.
        name: String,
    },
    /// A file's bytes are neither in staging nor in the store; fetching them again helps.
    #[error(
        "the contents of `{path}` are missing from the store; the package must be fetched again"
    )]
    Missing {
        /// The file of the keg.
        path: String,
        /// What is missing.
        content: Content,
    },
    /// A copy stands where the package has a folder or a link, or below a file.
    #[error("`{path}` cannot be made: the package has something else there")]
    Clash {
        /// The path in the keg.
        path: String,
    },
    /// A file, link or folder could not be made; `StorageFull` says that the disk is full.
    #[error("cannot make `{path}` of `{keg}`")]
    Make {
        /// The keg, `<name>/<leaf>`.
        keg: String,
        /// The path in it; empty for the keg itself.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A folder of the store or the cellar could not be opened.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Which keg: a package's name and the folder below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// The package's name.
    pub name: String,
    /// `<version>[_<revision>]-<id>`.
    pub leaf: String,
}

impl Id {
    /// Whether both parts are names of one folder each.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bad = [&self.name, &self.leaf].into_iter().find(|name| !is_plain_name(name));
        bad.map_or(Ok(()), |name| Err(Error::Name { name: name.clone() }))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.name, self.leaf)
    }
}

/// A file of a keg that shares its bytes with nothing.
///
/// It takes the place of a file of the package with the same path, or is one more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The path in the keg.
    pub path: String,
    /// Where its bytes come from.
    pub source: Source,
    /// Whether it may be executed.
    pub executable: bool,
    /// Its time in seconds since 1970, where that is not the one of all files.
    pub mtime: Option<i64>,
}

/// Where a copy's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// From here: a wrapper.
    Bytes(Vec<u8>),
    /// From staging or the store, unchanged: a file that only keeps its own time.
    Content(Content),
    /// From staging or the store, changed in some places: a relocated file.
    Patched {
        /// What is changed.
        from: Content,
        /// The changes.
        patches: Vec<Patch>,
        /// What comes of it.
        content: Content,
    },
}

impl Copy {
    /// The digest, size and mode that the file has in the keg.
    pub fn content(&self) -> Content {
        match &self.source {
            Source::Bytes(bytes) => Content::of(bytes, self.executable),
            Source::Content(content) | Source::Patched { content, .. } => {
                Content { executable: self.executable, ..*content }
            }
        }
    }
}

/// A keg that waits in staging to be committed.
#[derive(Debug)]
pub struct StagedKeg {
    /// Which keg it will be.
    pub id: Id,
    /// Its folder's path below the transaction's.
    pub(crate) staged: String,
}

impl StagedKeg {
    /// What is in a folder of it, to lay out a generation before the commit.
    pub fn entries(&self, staging: &Staging, path: &str) -> io::Result<Vec<generation::Entry>> {
        generation::read_entries(&staging.path().join(&self.staged).join(path))
    }
}

/// Builds a keg in staging from its tree, two threads placing the files.
///
/// Fails with [`Error::Missing`] where the store lost a file; the caller can stage it and call
/// again. The copies' paths must be distinct.
pub fn link(
    layout: &Layout,
    staging: &Staging,
    sealed: &Sealed,
    id: &Id,
    copies: &[Copy],
) -> Result<StagedKeg, Error> {
    id.check()?;
    let shape = Shape::new(sealed, copies)?;
    let keg = id.to_string();
    let staged = format!("kegs/{}", staging.fresh_name("keg"));
    let failed =
        |errno: Errno| Error::Open { path: staging.path().join(&staged), source: errno.into() };
    mkdirat(staging.folder(), &staged, PRIVATE_FOLDER).map_err(failed)?;
    let top = open_folder_at(staging.folder(), &staged).map_err(failed)?;
    let path = layout.files_dir();
    let store = open_folder(&path).map_err(|errno| Error::Open { path, source: errno.into() })?;
    let staged_contents = staging.staged();
    linker::Linker {
        keg: &keg,
        top: top.as_fd(),
        sources: share::Sources {
            staged: &staged_contents,
            staging: staging.files(),
            store: store.as_fd(),
        },
        sharing: share::Sharing::new(),
        masked: staging.masked(),
    }
    .link(&shape)?;
    Ok(StagedKeg { id: id.clone(), staged })
}

/// Whether a keg is in place.
///
/// A crash right after its rename may have left its top folder writable; then that is mended.
pub fn present(layout: &Layout, id: &Id) -> Result<bool, Error> {
    let path = layout.keg(&id.name, &id.leaf);
    let failed = |errno: Errno| Error::Open { path: path.clone(), source: errno.into() };
    let top = match open_folder(&path) {
        Ok(top) => top,
        Err(Errno::NOENT) => return Ok(false),
        Err(errno) => return Err(failed(errno)),
    };
    if Mode::from_raw_mode(fstat(&top).map_err(failed)?.st_mode) != KEG_FOLDER {
        fchmod(&top, KEG_FOLDER).map_err(failed)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
