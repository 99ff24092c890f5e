//! Having what is locked in a root of the project's own, by digests alone.

use std::collections::BTreeSet;

use formula::{Platform, Source};
use install::{
    Home, Proposal, Request, Setting,
    proposal::{self, Exact},
};
use oci::Document;

use crate::{
    lock::{Difference, Entry, Lock, closure},
    project::Project,
    taps,
    wants::{DEFAULT, Wants},
};

/// What is to be had of a lock.
#[derive(Debug, Clone, Default)]
pub struct Extent {
    /// Only these groups; all where none is named.
    pub groups: Vec<String>,
    /// The platform, where it is not that of this machine.
    pub platform: Option<Platform>,
}

/// A lock cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not for what `pkg.toml` asks.
    #[error("pkg.lock is not up to date: {}", told(differences))]
    Outdated {
        /// In what it differs.
        differences: Vec<Difference>,
    },
    /// It has nothing for the platform.
    #[error("pkg.lock has nothing for {platform}; it is for {}", list(there))]
    NoPlatform {
        /// The platform.
        platform: Platform,
        /// Those that it has.
        there: Vec<Platform>,
    },
    /// It has no such group.
    #[error("there is no group `{group}`; the groups are {}", there.join(", "))]
    NoGroup {
        /// The group.
        group: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// The root cannot be made.
    #[error(transparent)]
    Root(#[from] install::projects::Error),
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] install::home::Error),
    /// A tap may not be used.
    #[error(transparent)]
    Taps(#[from] catalog::taps::Error),
    /// What is locked cannot be had.
    #[error(transparent)]
    Proposal(#[from] Box<proposal::Error>),
    /// What is locked is gone, and its tag leads to other bytes.
    #[error("`{name}` is gone as it is locked, {}: `{reference}` was pushed again", .locked.short())]
    Moved {
        /// Name of the package.
        name: String,
        /// The reference.
        reference: String,
        /// What is locked.
        locked: digest::Digest,
        /// What the registry said of what is locked.
        #[source]
        source: Box<proposal::Error>,
    },
}

fn list(platforms: &[Platform]) -> String {
    match platforms {
        [] => "no platform".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn told(differences: &[Difference]) -> String {
    let mut told: Vec<String> = differences.iter().take(3).map(ToString::to_string).collect();
    match differences.len() {
        0..=3 => {}
        more => told.push(format!("and {} more", more - 3)),
    }
    told.join("; ")
}

/// Refuses a lock that is not for what `wants` ask.
pub fn outdated(lock: &Lock, wants: &Wants) -> Result<(), Error> {
    let differences = lock.differences(wants);
    if differences.is_empty() { Ok(()) } else { Err(Error::Outdated { differences }) }
}

/// What there is to do so that the project's root holds what is locked.
pub fn propose(
    project: &Project,
    lock: &Lock,
    extent: &Extent,
    setting: &Setting,
) -> Result<(Home, Proposal), Error> {
    let home = project.home(setting, extent.platform)?;
    let platform = *home.host().platform();
    let wanted = wanted(lock, &extent.groups, platform)?;
    for tap in wanted.iter().map(|entry| &entry.tap).collect::<BTreeSet<_>>() {
        taps::allowed_in(lock, tap, project, setting)?;
    }
    let exact = |entry: &&Entry| exact(project, lock, setting, entry, platform);
    let request = Request::Exactly(wanted.iter().map(exact).collect());
    let other =
        Some(platform).filter(|_| home.layout().root() != project.root(&setting.root, None).root);
    project.root(&setting.root, other).register()?;
    match home.propose(&request) {
        Ok(proposal) => Ok((home, proposal)),
        Err(error) => Err(explained(&home, &wanted, error)),
    }
}

/// What is said today against what is locked: yanked, deprecated, disabled or renamed since.
///
/// Nobody is asked for it: it is what the taps say as they are known on this machine.
pub fn notices(
    project: &Project,
    lock: &Lock,
    extent: &Extent,
    setting: &Setting,
) -> Result<Vec<String>, Error> {
    let known = taps::known(project, lock, setting);
    let home = Home::open(project.setting(setting, extent.platform, known))?;
    let platform = *home.host().platform();
    let wanted = wanted(lock, &extent.groups, platform)?;
    let exact = |entry: &&Entry| exact(project, lock, setting, entry, platform);
    let chosen: Vec<Exact> = wanted.iter().map(exact).collect();
    home.notices_of(&chosen).map_err(|error| Error::Proposal(Box::new(error)))
}

/// A package of a lock with all that installing it takes.
fn exact(
    project: &Project,
    lock: &Lock,
    setting: &Setting,
    entry: &Entry,
    platform: Platform,
) -> Exact {
    let request = lock.requests.values().find(|request| entry.answers(request));
    let requested = request.map(|request| request.version.clone());
    let mirror = taps::mirror_of(lock, &entry.tap, setting);
    let mirror = mirror.map(|tap| catalog::mirror::place(&tap, &entry.package));
    Exact { mirror, ..entry.exact(platform, requested, project.folder()) }
}

/// Where the tap of a locked package is, if that is in a registry and no mirror is set for it.
pub fn unmirrored<'a>(lock: &'a Lock, package: &str, setting: &Setting) -> Option<&'a str> {
    let entry = lock.packages.iter().find(|entry| entry.package.as_str() == package)?;
    let at = lock.taps.get(&entry.tap).filter(|at| at.starts_with("oci://"))?;
    taps::mirror_of(lock, &entry.tap, setting).is_none().then_some(at)
}

/// The packages of some groups for one platform, with all that they need.
fn wanted<'a>(
    lock: &'a Lock,
    groups: &[String],
    platform: Platform,
) -> Result<Vec<&'a Entry>, Error> {
    let there: BTreeSet<&str> =
        lock.requests.values().map(|request| request.group.as_str()).chain([DEFAULT]).collect();
    if let Some(group) = groups.iter().find(|group| !there.contains(group.as_str())) {
        let there = there.into_iter().map(|group| format!("`{group}`")).collect();
        return Err(Error::NoGroup { group: group.clone(), there });
    }
    if !lock.platforms.contains(&platform) {
        let there = lock.platforms.iter().copied().collect();
        return Err(Error::NoPlatform { platform, there });
    }
    let here: Vec<&Entry> = lock.on(platform).collect();
    let is_in = |group: &String| groups.is_empty() || groups.contains(group);
    let is_asked = |entry: &Entry| {
        let mut asking = lock.requests.values().filter(|request| entry.answers(request));
        asking.any(|request| is_in(&request.group))
    };
    let names = closure(&here, &is_asked);
    Ok(here.into_iter().filter(|entry| names.contains(&entry.shown_name())).collect())
}

/// The failure, and where a digest is gone whether its tag was pushed again.
fn explained(home: &Home, wanted: &[&Entry], error: proposal::Error) -> Error {
    match moved(home, wanted, &error) {
        Some((name, reference, locked)) => {
            Error::Moved { name, reference, locked, source: Box::new(error) }
        }
        None => Error::Proposal(Box::new(error)),
    }
}

fn moved(
    home: &Home,
    wanted: &[&Entry],
    error: &proposal::Error,
) -> Option<(String, String, digest::Digest)> {
    let proposal::Error::Locate { name, source } = error else { return None };
    let catalog::locate::Error::Ask { source, .. } = source else { return None };
    if source.kind() != oci::Kind::NotFound {
        return None;
    }
    let entry = wanted.iter().find(|entry| entry.package.as_str() == name)?;
    let (Source::Oci { reference, .. } | Source::Image { reference, .. }) = &entry.source else {
        return None;
    };
    let place = oci::Place::parse(reference).ok()?;
    let place = place.with_tag(place.tag()?).ok()?;
    let (runtime, client) = home.online().ok()?;
    let locked = entry.source.digest()?.clone();
    let now = runtime.block_on(client.manifest(&place)).ok()?;
    // An index that names what is locked is as it was, and only that went away.
    if let Ok(Document::Index(index)) = now.document()
        && index.manifests.iter().any(|manifest| manifest.digest == locked)
    {
        return None;
    }
    Some((name.clone(), place.to_string(), locked))
}
