//! A project's own taps: those of `pkg.toml` and no others, kept in its root.

use std::path::{Path, PathBuf};

use catalog::{Tap, Taps, refresh::Turn, taps};
use install::{Home, Setting, follow};
use oci::Place;

use crate::{
    lock::Lock,
    place,
    project::Project,
    wants::{self, Wants},
};

/// A project's tap cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is remembered of the taps cannot be read or changed.
    #[error(transparent)]
    Taps(#[from] taps::Error),
    /// The project's root cannot be made.
    #[error(transparent)]
    Root(#[from] install::projects::Error),
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] install::home::Error),
    /// A folder is no tap.
    #[error("cannot use tap `{name}`")]
    Folder {
        /// Name of the tap.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<catalog::tap::Error>,
    },
    /// Its place cannot be read.
    #[error("cannot tell where tap `{name}` is")]
    Place {
        /// Name of the tap.
        name: String,
        /// What is wrong.
        #[source]
        source: oci::place::Error,
    },
    /// Its registry does not give it.
    #[error("cannot bring tap `{name}` up to date")]
    Follow {
        /// Name of the tap.
        name: String,
        /// Where it is, as `pkg.toml` says.
        at: String,
        /// What is wrong.
        #[source]
        source: Box<follow::Error>,
    },
    /// The tap is older than the one that packages were locked from.
    #[error("tap `{name}` is at edition {now}, and pkg.lock has packages of edition {locked}")]
    Back {
        /// Name of the tap.
        name: String,
        /// The newest edition that the lock names.
        locked: u64,
        /// The edition that its registry has.
        now: u64,
    },
}

/// Brings the taps of a project up to date; those that are folders are given.
pub(crate) fn bring(
    project: &Project,
    wants: &Wants,
    setting: &Setting,
    before: Option<&Lock>,
) -> Result<Vec<Tap>, Error> {
    project.root(&setting.root, None).register()?;
    let folder = project.taps(&setting.root);
    let mut known = Taps::open(&folder)?;
    let remembered: Vec<String> = known.in_registries().map(ToOwned::to_owned).collect();
    let mut places = Vec::new();
    let mut lent = Vec::new();
    for (name, at) in &wants.taps {
        if wants::is_in_registry(at) {
            places.push((name, place_of(name, at, project)?));
        } else {
            allowed(name, at, project, setting)?;
            let tap = Tap::folder(&folder_of(at, project), Some(name));
            let failed = |source| Error::Folder { name: name.clone(), source: Box::new(source) };
            lent.push(tap.map_err(failed)?);
        }
    }
    for name in &remembered {
        let is_same = |(other, place): &&(&String, Place)| {
            let mirror = setting.tap_rules.mirror(place);
            let followed = mirror.as_ref().unwrap_or(place);
            *other == name && known.location(name).as_deref() == Some(&followed.to_string())
        };
        if !places.iter().any(|one| is_same(&one)) {
            known.remove(name)?;
        }
    }
    let home = Home::open(project.setting(setting, None, Vec::new()))?;
    for (name, place) in places {
        let failed = |source| {
            let at = wants.taps.get(name).cloned().unwrap_or_default();
            Error::Follow { name: name.clone(), at, source: Box::new(source) }
        };
        if known.location(name).is_none() {
            match home.follow(&place, Some(name), None) {
                // Another process locks the same project, and was faster.
                Err(follow::Error::There { .. }) => {}
                followed => drop(followed.map_err(failed)?),
            }
        } else if !setting.oci.offline {
            home.refresh(name, Turn::Keep).map_err(failed)?;
        }
        check(name, &Taps::open(&folder)?, before)?;
    }
    Ok(lent)
}

/// Where a tap is, as following it remembers it.
fn place_of(name: &str, at: &str, project: &Project) -> Result<Place, Error> {
    let failed = |source| Error::Place { name: name.to_owned(), source };
    let place = Place::parse(at).map_err(failed)?;
    let place = place::seen_from(place, project.folder(), Path::new(""));
    match (place.digest(), place.wanted()) {
        (None, None) => place.with_tag("latest").map_err(failed),
        _ => Ok(place),
    }
}

/// The taps of a lock of which more is known here than the project's root remembers: folders, and
/// those that the user follows as well and has a newer edition of.
pub(crate) fn known(project: &Project, lock: &Lock, setting: &Setting) -> Vec<Tap> {
    let open = |folder: &Path| Taps::open_ruled(folder, setting.tap_rules.clone()).ok();
    let own = open(&project.taps(&setting.root));
    let users = open(&store::Layout::new(setting.root.clone()).taps());
    let serial = |tap: &Tap| tap.subscription().map(|known| known.edition.serial);
    let newer = |(name, at): (&String, &String)| {
        if !wants::is_in_registry(at) {
            return Tap::folder(&folder_of(at, project), Some(name)).ok();
        }
        let place = place_of(name, at, project).ok()?;
        let is_it = |tap: &&Tap| {
            let mirror = setting.tap_rules.mirror(&place);
            [Some(place.clone()), mirror].iter().flatten().any(|p| tap.location() == p.to_string())
        };
        let of = |taps: &Option<Taps>| taps.as_ref()?.tap(name).ok().filter(is_it).cloned();
        of(&users).filter(|users| serial(users) > of(&own).as_ref().and_then(serial))
    };
    lock.taps.iter().filter_map(newer).collect()
}

/// Where the configuration says that a tap of a lock is mirrored.
pub(crate) fn mirror_of(lock: &Lock, tap: &str, setting: &Setting) -> Option<Place> {
    let place = Place::parse(lock.taps.get(tap)?).ok()?;
    setting.tap_rules.mirror(&place)
}

/// The folder of a tap, without `..`: what is looked at is what may be used, wherever links lead.
fn folder_of(at: &str, project: &Project) -> PathBuf {
    place::below(&project.folder().join(at), Path::new(""))
}

/// That a project's tap may be used: what an administrator lists holds for projects, too.
pub(crate) fn allowed(
    name: &str,
    at: &str,
    project: &Project,
    setting: &Setting,
) -> Result<(), taps::Error> {
    let what = match wants::is_in_registry(at) {
        true => {
            place_of(name, at, project).map_or_else(|_| at.to_owned(), |place| place.to_string())
        }
        false => folder_of(at, project).display().to_string(),
    };
    let forbidden = |by| taps::Error::Forbidden { what: what.clone(), by };
    setting.tap_rules.allowed.check(&what).map_err(forbidden)
}

/// The same of what is locked: a lock asks no tap, and says where its packages are from.
pub(crate) fn allowed_in(
    lock: &Lock,
    tap: &str,
    project: &Project,
    setting: &Setting,
) -> Result<(), taps::Error> {
    match lock.taps.get(tap) {
        Some(at) => allowed(tap, at, project, setting),
        // What is built in and what is of no tap are listed by these names.
        None => {
            let forbidden = |by| taps::Error::Forbidden { what: format!("`{tap}`"), by };
            setting.tap_rules.allowed.check(tap).map_err(forbidden)
        }
    }
}

/// That the tap is not older than what was locked from it.
fn check(name: &str, taps: &Taps, before: Option<&Lock>) -> Result<(), Error> {
    let of_it = |lock: &Lock| {
        let entries = lock.packages.iter().filter(|entry| entry.tap == name);
        entries.filter_map(|entry| entry.edition.as_ref().map(|edition| edition.serial)).max()
    };
    let Some(locked) = before.and_then(of_it) else { return Ok(()) };
    let now = taps.tap(name)?.subscription().map_or(locked, |known| known.edition.serial);
    if now < locked { Err(Error::Back { name: name.to_owned(), locked, now }) } else { Ok(()) }
}
