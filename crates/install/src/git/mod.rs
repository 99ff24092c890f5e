//! Trees of git repositories: fetched by commit, handed on as canonical archives.
//!
//! The system's `git` brings the objects into a repository of ours and reads them out again; it
//! never checks anything out, so no filter, attribute or hook has a say. To the rest of the room a
//! tree is an archive with a digest. What an archive may hold, the decoder decides: this file
//! knows paths as git lists them, not where they will lie.

mod error;
mod fetch;
mod listing;
mod program;
mod tree;

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use catalog::is_here;
use digest::{Digest, Hasher};

pub use error::Error;
pub use fetch::{FETCHING, LISTING};
pub(crate) use tree::Tree;

use crate::home::Home;
use program::Program;

/// How `git` is run.
pub(crate) struct Git {
    config: oci::Config,
    /// What it is told of the user's environment: where programs are, and proxies.
    variables: Vec<(OsString, OsString)>,
}

/// Told how many more bytes arrived; says whether to go on.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(u64) -> bool;

/// A repository as `git` is told of it.
struct Place {
    /// An address, or an absolute path.
    url: String,
    /// The transports that may be used, joined by `:`.
    protocols: &'static str,
}

/// What a formula pins of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The digest of its tree as a canonical archive.
    pub digest: Digest,
    /// The size of that archive in bytes.
    pub size: u64,
    /// The day of the commit, as `2026-05-01`, where that can be told.
    pub day: Option<String>,
}

impl Home {
    /// What formulas pin of a commit, its tree's digest by `hasher`.
    pub fn commit(&self, url: &str, name: &str, mut hasher: Hasher) -> Result<Commit, Error> {
        let folder = tempfile::tempdir().map_err(|source| Error::Repository { source })?;
        let mut tree = self.git.tree(url, name, folder.path(), &mut |_| true)?;
        let mut size = 0;
        while let Some(piece) = tree.piece()? {
            size += piece.len() as u64;
            hasher.update(&piece);
        }
        Ok(Commit { digest: hasher.finish(), size, day: tree.day(name) })
    }

    /// The tags of a git repository, each with the name of its commit; `like` is one of them.
    pub fn git_tags(&self, url: &str, like: &str) -> Result<BTreeMap<String, String>, Error> {
        let folder = tempfile::tempdir().map_err(|source| Error::Repository { source })?;
        let place = self.git.place(url)?;
        Program::new(&self.git, &place, like, folder.path())?.tags(&place.url)
    }
}

impl Git {
    pub(crate) fn new(config: oci::Config, variables: Vec<(OsString, OsString)>) -> Self {
        Self { config, variables }
    }

    /// The tree of a commit; its repository lies in `staging` for as long as it is read.
    pub(crate) fn tree(
        &self,
        url: &str,
        commit: &str,
        staging: &Path,
        watch: Watch<'_>,
    ) -> Result<Tree, Error> {
        let place = self.place(url)?;
        let program = Program::new(self, &place, commit, staging)?;
        program.fetch(&place.url, commit, watch)?;
        let listing = program.listing(url, commit)?;
        Tree::open(program, listing)
    }

    fn place(&self, url: &str) -> Result<Place, Error> {
        if is_here(url) {
            let url = match url.starts_with("file://") {
                true => url.to_owned(),
                false => {
                    let path = std::path::absolute(url);
                    path.map_err(|source| Error::Path { source })?.display().to_string()
                }
            };
            return Ok(Place { url, protocols: "file" });
        }
        if self.config.offline {
            return Err(Error::Offline { url: url.to_owned() });
        }
        let url = self.config.mirrored(url).map_err(Error::Mirror)?;
        // Redirects are followed, but never out of TLS.
        let protocols = if url.starts_with("https:") { "https" } else { "http:https" };
        Ok(Place { url, protocols })
    }
}
