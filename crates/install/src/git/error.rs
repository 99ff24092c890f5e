//! What can go wrong between a commit's name and the bytes of its tree.

use std::io;

use digest::Digest;

/// The tree of a commit cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no program `git`.
    #[error("`git` is not on PATH; it is what brings sources from git repositories")]
    Missing,
    /// The program cannot be started, or does not take what it is asked.
    #[error("cannot run `git`")]
    Run {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The repository that objects are fetched into cannot be made.
    #[error("cannot make a repository to fetch into")]
    Repository {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A path is relative, and there is no working folder.
    #[error("cannot tell where the repository is")]
    Path {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The mirrors of the configuration cannot be used.
    #[error(transparent)]
    Mirror(oci::Error),
    /// The repository is elsewhere, and no server may be asked.
    #[error("offline: {url} is not asked")]
    Offline {
        /// The repository.
        url: String,
    },
    /// `git` failed.
    #[error("git cannot {step}: {said}")]
    Said {
        /// What it was asked to do.
        step: &'static str,
        /// What it said.
        said: String,
    },
    /// The repository does not have the commit.
    #[error("{url} has no commit {commit}")]
    NoCommit {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
    },
    /// The repository is not for everybody.
    #[error("{url} wants a login; git sources are fetched without one")]
    Unauthorized {
        /// The repository.
        url: String,
    },
    /// Part of the tree is in another repository.
    #[error("`{path}` is a submodule: its files are in another repository")]
    Submodule {
        /// Where it would lie.
        path: String,
    },
    /// The tree holds something that no tree should.
    #[error("`{path}` may not be in a tree: {rule}")]
    Refused {
        /// The path, legible.
        path: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The tree unpacks to more than its objects can account for.
    #[error("its tree has more than {limit} {what}, too many for what was fetched")]
    TooMuch {
        /// `entries` or `bytes`.
        what: &'static str,
        /// The most allowed.
        limit: u64,
    },
    /// The tree is not the one that the formula pins.
    #[error("its tree has digest {found}; the formula pins {pinned}")]
    Pinned {
        /// The digest of the tree.
        found: Digest,
        /// The digest that the formula has.
        pinned: Digest,
    },
    /// It is no longer wanted.
    #[error("stopped, because another download failed")]
    Stopped,
}
