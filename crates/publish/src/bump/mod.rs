//! A new version for a formula: found where the formula says, with the digest of every platform.
//!
//! The formula's text is handed back, not written.

mod newest;
mod pins;
mod sums;

use catalog::Found;
use digest::Digest;
use formula::{Edit, Key, Release, Version, edit, version};
use install::{Home, git, network};

use crate::upstream::{self, Upstream};

/// A new version cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// Upstream does not answer.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// A registry or layout does not answer.
    #[error("cannot ask {place}")]
    Ask {
        /// The repository or folder.
        place: String,
        /// What it said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The place to look at cannot be read.
    #[error("`{place}` is no place to look for versions")]
    Place {
        /// The text.
        place: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// Nothing says where new versions are.
    #[error("nothing says where new versions are")]
    Nowhere,
    /// A git repository does not give its tags, or the commit of one.
    #[error("cannot ask {url}")]
    Git {
        /// The repository.
        url: String,
        /// What is wrong.
        #[source]
        source: Box<git::Error>,
    },
    /// A git repository has no tag of the version.
    #[error("{url} has no tag of version {version}")]
    NoTag {
        /// The repository.
        url: String,
        /// The version.
        version: String,
    },
    /// Upstream names nothing that is a version of the formula.
    #[error(
        "{place} names no version that fits the formula{}",
        if seen.is_empty() { String::new() } else { format!("; it names {}", seen.join(", ")) }
    )]
    NoVersions {
        /// Where it was looked.
        place: String,
        /// Some of what is there.
        seen: Vec<String>,
    },
    /// The version that was asked for is none of the formula's scheme.
    #[error("`{text}` cannot be a version of this formula")]
    Version {
        /// The text.
        text: String,
        /// What is wrong with it.
        #[source]
        source: version::Error,
    },
    /// The formula has the version that was asked for.
    #[error("version `{version}` is in the formula already")]
    There {
        /// The version.
        version: String,
    },
    /// The formula has no version that says what a new one looks like.
    #[error("the formula has no version that a new one could be like")]
    Empty,
    /// The formula does not resolve for the new version.
    #[error("cannot tell what version {version} is made of")]
    Resolve {
        /// The version.
        version: String,
        /// What is wrong.
        #[source]
        source: formula::resolve::Error,
    },
    /// Upstream has the version and nothing of what the formula takes of it.
    #[error("version {version} has nothing that the formula names; not even {first}")]
    Nothing {
        /// The version.
        version: String,
        /// One of the files that are not there.
        first: String,
    },
    /// A file of checksums says something else than the file that was downloaded.
    #[error("{url} has the digest {found}, and {sums} says {said}")]
    Sums {
        /// The file.
        url: String,
        /// The digest of its bytes.
        found: Digest,
        /// The file of checksums.
        sums: String,
        /// What it says.
        said: Digest,
    },
    /// A file of this machine cannot be read.
    #[error("cannot read `{path}`")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An artifact is not of the kind that the version before it is.
    #[error("{place} is {found}, and the version before it is {before}")]
    Kind {
        /// The reference.
        place: String,
        /// What it is.
        found: &'static str,
        /// What the version before is.
        before: &'static str,
    },
    /// A manifest cannot be read.
    #[error("cannot read the manifest of {place}")]
    Manifest {
        /// The reference.
        place: String,
        /// What is wrong with it.
        #[source]
        source: oci::manifest::Error,
    },
    /// The strategy cannot be bumped.
    #[error("new versions of `{strategy}` sources cannot be looked at yet")]
    Later {
        /// The strategy.
        strategy: String,
    },
    /// The text cannot be edited.
    #[error("cannot edit the formula")]
    Edit(#[from] edit::Error),
}

/// What came of looking for a new version.
#[derive(Debug)]
pub enum Outcome {
    /// The formula has the newest already.
    Newest {
        /// The version.
        version: String,
    },
    /// A version was added.
    Bumped(Box<Bumped>),
}

/// A version that was added to a formula's text.
#[derive(Debug)]
pub struct Bumped {
    /// The newest version before.
    pub from: String,
    /// The version.
    pub version: String,
    /// The day of its release, where that is known.
    pub date: Option<String>,
    /// The formula with it.
    pub text: String,
    /// What it pins: the key in the version table, the digest, and where it is.
    pub pins: Vec<Pinned>,
    /// Platforms of the version before that upstream has no file for any more.
    pub vanished: Vec<Key>,
    /// Versions that were left out, as `tap.toml` says how many are kept.
    pub dropped: Vec<String>,
    /// Files of checksums that do not name a file that they should.
    pub unsummed: Vec<String>,
}

/// One digest of a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The key in the version table.
    pub key: String,
    /// The digest.
    pub digest: Digest,
    /// Where the bytes are.
    pub place: String,
    /// Whether a file of checksums says the same.
    pub is_summed: bool,
}

/// Adds `version` to a formula, or without one the newest that there is.
pub fn bump(
    home: &Home,
    found: &Found,
    version: Option<&str>,
    keep: Option<u32>,
) -> Result<Outcome, Error> {
    let formula = &found.formula;
    let upstream = Upstream::new(home)?;
    let before = before(formula.releases()).ok_or(Error::Empty)?;
    let upcoming = match version {
        Some(text) => asked_for(&upstream, found, text)?,
        None => newest::newest(&upstream, found, &before.commit)?,
    };
    let is_there = formula.release(&upcoming.version).is_some();
    if version.is_none() && (is_there || upcoming.version < before.version) {
        return Ok(Outcome::Newest { version: before.version.to_string() });
    }
    let found = pins::find(&upstream, found, before, &upcoming)?;
    let mut edit = Edit::new(formula.text(), formula.file())?;
    let version = upcoming.version.to_string();
    edit.set_version(&version, formula.scheme(), &found.facts)?;
    let mut there: Vec<&Version> = formula.releases().iter().map(|it| &it.version).collect();
    there.push(&upcoming.version);
    there.sort_unstable_by(|a, b| b.cmp(a));
    let kept = keep.map_or(there.len(), |keep| keep.max(1) as usize).min(there.len());
    let dropped: Vec<String> = there[kept..]
        .iter()
        .filter(|old| ***old != upcoming.version)
        .map(ToString::to_string)
        .collect();
    dropped.iter().try_for_each(|old| edit.remove_version(old))?;
    Ok(Outcome::Bumped(Box::new(Bumped {
        from: before.version.to_string(),
        version,
        date: found.facts.date.clone(),
        text: edit.to_string(),
        pins: found.pins,
        vanished: found.vanished,
        dropped,
        unsummed: found.unsummed,
    })))
}

/// The version that a new one is like: the newest that was not yanked, else the newest.
fn before(releases: &[Release]) -> Option<&Release> {
    releases.iter().find(|release| release.yanked.is_none()).or(releases.first())
}

/// A version that the user named; upstream is asked for no more than its day.
fn asked_for(
    upstream: &Upstream<'_>,
    found: &Found,
    text: &str,
) -> Result<newest::Upcoming, Error> {
    let formula = &found.formula;
    let version = Version::parse(text, formula.scheme())
        .map_err(|source| Error::Version { text: text.to_owned(), source })?;
    if formula.release(&version).is_some() {
        return Err(Error::There { version: text.to_owned() });
    }
    let date = match (formula.watch(), formula.tag_of(&version)) {
        (formula::Watch::Github(repository), Some(tag)) => {
            upstream.release(&repository, &tag).ok().and_then(|release| release.date())
        }
        _ => None,
    };
    Ok(newest::Upcoming { version, tag: None, date })
}
