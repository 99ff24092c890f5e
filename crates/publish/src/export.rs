//! Packages with all that they need, as one archive that is carried to where no network is.
//!
//! The archive is an image layout: the editions of the taps as they are, everything that the
//! packages' versions pin as in a mirror, and an artifact that says what is in it. What cannot be
//! had fails it: an archive that lacks something would be found out where nobody can help.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use catalog::{
    Spec, Tap,
    closure::{self, Closure, Edition, Package},
};
use formula::{Libc, Name, Platform};
use install::{Home, home, network, proposal};
use oci::{Artifact, Body, Descriptor, Place, copy};

use crate::{
    carry::{self, Carrier, Figures, Pins, put, sided},
    send::send,
};

/// What was exported.
#[derive(Debug)]
pub struct Outcome {
    /// What the archive holds.
    pub closure: Closure,
    /// How much of it lies in artifacts and in archives from outside of registries.
    pub figures: Figures,
    /// The archive's size in bytes.
    pub bytes: u64,
}

/// Packages are not exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The surroundings of a platform cannot be made.
    #[error(transparent)]
    Home(#[from] home::Error),
    /// It cannot be told what is needed.
    #[error("cannot tell what is needed on {platform}")]
    Closure {
        /// The platform.
        platform: Platform,
        /// What is wrong.
        #[source]
        source: Box<proposal::Error>,
    },
    /// A tap or formula cannot be read.
    #[error(transparent)]
    Taps(#[from] catalog::taps::Error),
    /// A package is of no tap that could be carried along.
    #[error("`{name}` is of {tap}, so it cannot be exported")]
    NoTap {
        /// The package.
        name: Name,
        /// The tap, in words.
        tap: String,
    },
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// Something that a package is made of cannot be had.
    #[error("cannot export {named}")]
    Carry {
        /// What names it.
        named: String,
        /// What is wrong.
        #[source]
        source: Box<carry::Error>,
    },
    /// The archive cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A release by its tap, its name, its version and its revision.
type Key = (String, Name, String, u32);

/// Writes `specs` and all that they need on `platforms` into the archive `file`.
pub fn export(
    home: &Home,
    specs: &[Spec],
    platforms: &[Platform],
    file: &Path,
) -> Result<Outcome, Error> {
    let platforms = platforms.iter().flat_map(|platform| carry::with_libc(*platform, &[Libc::Gnu]));
    let mut needed: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    let mut by_name = BTreeMap::new();
    for platform in platforms {
        let apart = home.for_platform(platform)?;
        let closure = apart
            .closure(specs)
            .map_err(|source| Error::Closure { platform, source: Box::new(source) })?;
        for one in closure {
            let key = (one.tap, one.name, one.version, one.revision);
            needed.entry(key).or_default().insert(platform.to_string());
        }
        by_name.insert(platform.to_string(), platform);
    }
    let packages = needed.into_iter().map(|((tap, name, version, revision), platforms)| Package {
        tap,
        name,
        version,
        revision,
        platforms: platforms.iter().filter_map(|name| by_name.get(name).copied()).collect(),
    });
    let packages: Vec<Package> = packages.collect();
    let closure = Closure {
        schema: closure::SCHEMA,
        requests: specs.iter().map(ToString::to_string).collect(),
        platforms: by_name.into_values().collect(),
        taps: editions(home, &packages)?,
        packages,
    };
    Export { home, file }.write(closure)
}

/// The editions of the taps that packages are of; the built-in tap is everywhere.
fn editions(home: &Home, packages: &[Package]) -> Result<Vec<Edition>, Error> {
    let mut editions: BTreeMap<&str, Edition> = BTreeMap::new();
    for package in packages {
        let no_tap = |tap: String| Error::NoTap { name: package.name.clone(), tap };
        if package.tap == catalog::DIRECT {
            return Err(no_tap("no tap".to_owned()));
        }
        let tap: &Tap = home.taps()?.tap(&package.tap)?;
        if package.tap == catalog::BUILTIN || editions.contains_key(tap.name()) {
            continue;
        }
        let Some(subscription) = tap.subscription() else {
            return Err(no_tap(format!("tap `{}`, a folder", tap.name())));
        };
        editions.insert(
            tap.name(),
            Edition {
                name: tap.name().to_owned(),
                location: subscription.location.clone(),
                mirror_of: subscription.mirror_of.clone(),
                digest: subscription.edition.digest.clone(),
            },
        );
    }
    Ok(editions.into_values().collect())
}

struct Export<'a> {
    home: &'a Home,
    file: &'a Path,
}

impl Export<'_> {
    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Write { path: self.file.to_owned(), source: source.into() }
    }

    /// Gathers everything in a folder beside the archive, and then writes that.
    fn write(&self, closure: Closure) -> Result<Outcome, Error> {
        let beside = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = beside.unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        let scratch = builder.prefix(".pkg-export-").tempdir_in(beside);
        let scratch = scratch.map_err(|error| self.failed(error))?;
        let folder = scratch.path().join("layout");
        let to = Place::Layout { path: folder.clone(), tag: None, digest: None };
        let mut figures = Figures::default();
        for package in &closure.packages {
            self.package(package, &to, scratch.path(), &mut figures)?;
        }
        for edition in &closure.taps {
            self.edition(edition, &to)?;
        }
        self.describe(&closure, &to)?;
        let (runtime, client) = self.home.online()?;
        runtime.block_on(client.pack(&folder, self.file)).map_err(|error| self.failed(error))?;
        let bytes = fs_err::metadata(self.file).map_err(|error| self.failed(error))?.len();
        Ok(Outcome { closure, figures, bytes })
    }

    fn package(
        &self,
        package: &Package,
        to: &Place,
        scratch: &Path,
        figures: &mut Figures,
    ) -> Result<(), Error> {
        let (runtime, client) = self.home.online()?;
        let Package { tap, name, version, platforms, .. } = package;
        let found = self.home.taps()?.find(Some(tap), name.as_str())?;
        let home = self.home;
        let carrier = Carrier { home, runtime, client, to, platforms, names: true, scratch };
        for pinned in Pins::new(self.home, &found, platforms).of(version) {
            let carried = carrier.carry(&pinned);
            let named = pinned.named;
            let failed = |source| Error::Carry { named, source: Box::new(source) };
            figures.add(carried.map_err(failed)?);
        }
        Ok(())
    }

    /// The edition as it is, with what refers to it.
    fn edition(&self, edition: &Edition, to: &Place) -> Result<(), Error> {
        let (runtime, client) = self.home.online()?;
        let named = format!("tap {}", edition.name);
        let failed = |source| Error::Carry { named: named.clone(), source: Box::new(source) };
        let from = Place::parse(&edition.location).map_err(|error| self.failed(error))?;
        let from = from.bare().with_digest(edition.digest.clone());
        let to = to.with_tag(&format!("tap/{}", edition.name));
        let to = to.map_err(|error| self.failed(error))?;
        let referrers = Some(copy::Referrers::default());
        let options = copy::Options { referrers, ..copy::Options::default() };
        let copied = runtime.block_on(client.copy(&from, &to, &options));
        copied.map(drop).map_err(|source| failed(sided(&from, &to, source)))
    }

    fn describe(&self, closure: &Closure, to: &Place) -> Result<(), Error> {
        let (runtime, client) = self.home.online()?;
        let text = serde_json::to_vec_pretty(closure).map_err(|error| self.failed(error))?;
        let text = bytes::Bytes::from(text);
        let content = Descriptor::titled(closure::CONTENT, "closure.json", &text);
        let artifact = Artifact {
            artifact_type: closure::ARTIFACT.to_owned(),
            layers: vec![content.clone()],
            ..Artifact::default()
        };
        let (config, nothing) = artifact.config();
        let blobs = [(config, Body::Bytes(nothing)), (content, Body::Bytes(text))];
        let to = to.with_tag(closure::TAG).map_err(|error| self.failed(error))?;
        let sent = runtime.block_on(send(client, &to, &artifact.manifest(), &blobs));
        let failed = |source| Error::Carry { named: TEXT.to_owned(), source: Box::new(source) };
        sent.map(drop).map_err(|unsent| failed(put(unsent.step, &to, unsent.source)))
    }
}

/// What says what an archive holds, in words.
const TEXT: &str = "the list of what is exported";
