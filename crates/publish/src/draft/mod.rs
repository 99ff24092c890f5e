//! A formula for something upstream: what can be told is told, with the reason for each guess,
//! and what cannot is left for somebody to fill in.
//!
//! Files are downloaded and looked into, and nothing in them is run. No formula is written to
//! disk here.

mod artifact;
mod asset;
mod layout;
mod license;
mod look;
mod metadata;
mod origin;
mod pieces;
mod programs;
mod release;
mod siblings;
mod steps;
mod text;

use std::path::Path;

use formula::{Scheme, TapFile, Version, edit};
use install::{Home, network};

use crate::upstream::{self, Upstream};
use origin::Origin;
use text::Sketch;

pub use look::Error as LookError;

/// A formula cannot be drafted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// Upstream does not answer.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// A file cannot be looked into.
    #[error(transparent)]
    Look(#[from] LookError),
    /// A folder or a file in it cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The path.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder holds a package as it is to be installed.
    #[error("`{path}` is a staged folder, not a release")]
    Staged {
        /// The folder.
        path: String,
    },
    /// A folder holds nothing that a release has.
    #[error("`{path}` holds no archives and no programs of a release")]
    Empty {
        /// The folder.
        path: String,
    },
    /// A release has no file that could be installed.
    #[error("release {tag} of {repository} has no files for any platform")]
    NoAssets {
        /// The repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// A repository has no release.
    #[error("{repository} has no release")]
    NoRelease {
        /// The repository.
        repository: String,
    },
    /// The reference cannot be read.
    #[error("`{reference}` is not a reference")]
    Reference {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// A registry or layout does not give the artifact.
    #[error("cannot get {place}")]
    Ask {
        /// The reference.
        place: String,
        /// What it said.
        #[source]
        source: Box<oci::Error>,
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
    /// Nothing tells the name.
    #[error("nothing tells what the package is to be called")]
    Nameless,
    /// The name that was given cannot be one.
    #[error("`{name}` cannot name a package")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: formula::name::Malformed,
    },
    /// The text cannot be put into form.
    #[error("cannot write the formula")]
    Edit(#[from] edit::Error),
}

/// A formula that was drafted.
#[derive(Debug)]
pub struct Draft {
    /// The package's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The formula.
    pub text: String,
    /// What was guessed, in the order of the formula.
    pub guesses: Vec<Guess>,
    /// What somebody has to write or to look at.
    pub left: Vec<String>,
}

/// Something that was guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// What it is.
    pub what: &'static str,
    /// What was guessed.
    pub value: String,
    /// Why.
    pub why: String,
}

/// The order in which guesses are told: that of the formula.
const ORDER: &[&str] = &[
    "repository",
    "name",
    "version",
    "versioning",
    "date",
    "summary",
    "homepage",
    "license",
    "github",
    "http",
    "file",
    "oci",
    "image",
    "tag",
    "asset",
    "paths",
    "platforms",
    "requires",
    "build",
    "bin",
    "man",
    "completions",
];

/// What a draft is made with.
pub(crate) struct Desk<'a> {
    pub(crate) upstream: Upstream<'a>,
    /// The name that the user wants.
    pub(crate) wanted_name: Option<&'a str>,
    /// The folder that the formula will be in, where it is not the working folder.
    pub(crate) base: Option<&'a Path>,
    pub(crate) sketch: Sketch,
    pub(crate) guesses: Vec<Guess>,
    pub(crate) left: Vec<String>,
}

/// Drafts a formula for a URL, a folder or a reference.
///
/// `base` is the folder that the formula will be in, where it is not the working folder.
pub fn draft(
    home: &Home,
    what: &str,
    name: Option<&str>,
    base: Option<&Path>,
) -> Result<Draft, Error> {
    if let Some(name) = name {
        formula::Name::parse(name)
            .map_err(|source| Error::Name { name: name.to_owned(), source })?;
    }
    let mut desk = Desk {
        upstream: Upstream::new(home)?,
        wanted_name: name,
        base,
        sketch: Sketch::default(),
        guesses: Vec::new(),
        left: Vec::new(),
    };
    desk.sketch.has_tap_license = has_license(base.unwrap_or(Path::new(".")));
    match Origin::read(what) {
        Origin::Oci(reference) => artifact::draft(&mut desk, &reference)?,
        Origin::Github { repository, tag, asset } => {
            release::github(&mut desk, &repository, tag.as_deref(), asset.as_deref())?;
        }
        Origin::Http(url) => release::http(&mut desk, &url)?,
        Origin::Folder(folder) => release::folder(&mut desk, &folder)?,
        Origin::File(file) => release::file(&mut desk, &file)?,
    }
    desk.finish()
}

impl Desk<'_> {
    fn guess(&mut self, what: &'static str, value: impl Into<String>, why: impl Into<String>) {
        self.guesses.push(Guess { what, value: value.into(), why: why.into() });
    }

    /// Takes over the user's name, else the first guess.
    fn set_name(&mut self, guesses: &[(Option<String>, &str)]) -> Result<(), Error> {
        if let Some(name) = self.wanted_name {
            self.sketch.name = name.to_owned();
            return Ok(());
        }
        let found = guesses.iter().find_map(|(name, why)| Some((name.clone()?, *why)));
        let (name, why) = found.ok_or(Error::Nameless)?;
        self.guess("name", name.clone(), why);
        self.sketch.name = name;
        Ok(())
    }

    fn set_version(&mut self, version: &str, why: &str) {
        version.clone_into(&mut self.sketch.version);
        self.guess("version", version, why);
        if Version::parse(version, Scheme::Semver).is_err() {
            self.sketch.is_loose = true;
            self.guess("versioning", "loose", "the version is not SemVer");
        }
    }

    fn finish(mut self) -> Result<Draft, Error> {
        if self.sketch.version.is_empty() {
            "0.0.0".clone_into(&mut self.sketch.version);
            self.left.push("the version: nothing tells it".to_owned());
        }
        if self.sketch.summary.is_none() {
            self.left.push("`summary`: what it is, in a few words".to_owned());
        }
        let has_tap_license = self.sketch.has_tap_license && self.sketch.license_remark.is_none();
        if self.sketch.license.is_none() && !has_tap_license {
            let remark = "an SPDX expression, see spdx.org/licenses".to_owned();
            let remark = self.sketch.license_remark.get_or_insert(remark);
            self.left.push(format!("`license`: {remark}"));
        }
        if self.sketch.date.is_none() {
            self.left.push("`date`: the day of the release".to_owned());
        }
        let text = self.sketch.text()?;
        let place = |guess: &Guess| ORDER.iter().position(|what| *what == guess.what);
        self.guesses.sort_by_key(place);
        let Self { sketch, guesses, left, .. } = self;
        Ok(Draft { name: sketch.name, version: sketch.version, text, guesses, left })
    }
}

/// Whether the tap in a folder says which license its formulas have.
fn has_license(folder: &Path) -> bool {
    let file = folder.join("tap.toml");
    let Ok(text) = fs_err::read_to_string(&file) else { return false };
    TapFile::parse(&text, &file.display().to_string()).is_ok_and(|tap| tap.defaults.says("license"))
}

/// The names of the files in a folder, in order.
fn names_in(folder: &Path) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Read { path: folder.display().to_string(), source };
    let mut names = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
