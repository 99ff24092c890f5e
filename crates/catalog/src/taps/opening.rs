//! Which taps there are: those that were added, and those that a configuration says are there.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use formula::TapKind;
use oci::Allowed;

use super::{Broken, DIRECT, Error, Taps};
use crate::{
    builtin, refresh,
    remembered::{self, Remembered},
    snapshot::Snapshot,
    tap::{self, Tap},
};

/// How often a snapshot is looked for that an update replaces again and again.
const OPENS_MAX: usize = 3;

/// What a configuration says of taps.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Which may be used: by where they are, the built-in one by its name, and what is of no tap
    /// as `direct`.
    pub allowed: Allowed,
    /// Which are there, in their order and before those that were added.
    pub declared: Vec<Declared>,
    /// Which are mirrored, and where; both sides without tag and digest.
    pub mirrors: BTreeMap<oci::Place, oci::Place>,
}

impl Rules {
    /// Where the tap at `place` is mirrored, at the same tag or digest.
    pub fn mirror(&self, place: &oci::Place) -> Option<oci::Place> {
        let mirror = self.mirrors.get(&place.bare())?;
        match (place.digest(), place.tag()) {
            (Some(digest), _) => Some(mirror.with_digest(digest.clone())),
            (None, Some(tag)) => mirror.with_tag(tag).ok(),
            (None, None) => Some(mirror.clone()),
        }
    }
}

/// A tap that is there by a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Where it is: `oci://host/repository`, or a folder.
    pub location: String,
    /// Where the configuration says so.
    pub by: String,
}

impl Declared {
    /// The place in a registry or a layout; none where it is a folder.
    pub(crate) fn place(&self) -> Option<oci::Place> {
        let is_place = self.location.starts_with("oci:") || self.location.starts_with("ocidir:");
        is_place.then(|| self.location.parse().ok()).flatten()
    }
}

impl Taps {
    /// Reads which taps were added; `folder` is `<root>/taps` and need not exist.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_ruled(folder, Rules::default())
    }

    /// The same with what a configuration says.
    pub fn open_ruled(folder: &Path, rules: Rules) -> Result<Self, Error> {
        let builtin = rules.allowed.check(builtin::NAME).is_ok().then(Tap::builtin);
        let folder = folder.to_owned();
        let taps = Vec::from_iter(builtin);
        let mut all = Self { folder, rules: rules.clone(), taps, broken: Vec::new() };
        let mut added = all.added()?;
        for declared in rules.declared {
            let remembered = added.remove(&declared.name);
            all.declare(declared, remembered);
        }
        let mut added: Vec<(String, Remembered)> = added.into_iter().collect();
        added.sort_by(|(a, first), (b, second)| (first.order, a).cmp(&(second.order, b)));
        for (name, remembered) in added {
            let (location, is_remote) = (remembered.location(), remembered.registry.is_some());
            let opened = open(&all.folder, &name, remembered);
            all.put(name, location, is_remote, opened);
        }
        Ok(all)
    }

    /// What is remembered of the taps that were added, by their names.
    fn added(&mut self) -> Result<BTreeMap<String, Remembered>, Error> {
        let mut added = BTreeMap::new();
        let names = remembered::names(&self.folder).map_err(|e| Error::state("read", "*", e))?;
        for name in names {
            match Remembered::read(&self.folder, &name) {
                Ok(None) => {}
                Ok(Some(remembered)) => {
                    added.insert(name, remembered);
                }
                Err(source) => {
                    let error = tap::Error::Read { tap: name.clone(), source };
                    self.put(name, String::new(), false, Err(error));
                }
            }
        }
        Ok(added)
    }

    /// Puts a tap among them that a configuration says is there.
    fn declare(&mut self, declared: Declared, remembered: Option<Remembered>) {
        let Declared { name, location, .. } = declared.clone();
        let is_remote = declared.place().is_some();
        match remembered {
            Some(remembered) if remembered.location() == location => {
                let opened = open(&self.folder, &name, remembered);
                self.put(name, location, is_remote, opened);
            }
            Some(other) => {
                let error = tap::Error::Otherwise(declared);
                self.put(name, other.location(), other.registry.is_some(), Err(error));
            }
            None if is_remote => self.put(name, location, true, Err(tap::Error::NotYet(declared))),
            None => {
                let opened = Tap::folder(Path::new(&location), Some(&name));
                self.put(name, location, false, opened);
            }
        }
    }

    fn put(
        &mut self,
        name: String,
        location: String,
        is_remote: bool,
        opened: Result<Tap, tap::Error>,
    ) {
        let opened = match self.rules.allowed.check(&location) {
            Ok(()) => opened,
            Err(by) => Err(tap::Error::Forbidden { location: location.clone(), by }),
        };
        match opened.map_err(Arc::new) {
            Ok(tap) => self.taps.push(tap),
            Err(source) => self.broken.push(Broken { name, location, is_remote, source }),
        }
    }

    /// What a configuration says of the tap of that name.
    pub fn declared(&self, name: &str) -> Option<&Declared> {
        self.rules.declared.iter().find(|declared| declared.name == name)
    }

    /// That a tap at `location` may be used.
    pub(crate) fn check_allowed(&self, location: &str) -> Result<(), Error> {
        let what = || location.to_owned();
        self.rules.allowed.check(location).map_err(|by| Error::Forbidden { what: what(), by })
    }

    /// That what is of no tap may be used.
    pub fn check_direct(&self) -> Result<(), Error> {
        let what = || format!("`{DIRECT}`, which is what is of no tap,");
        self.rules.allowed.check(DIRECT).map_err(|by| Error::Forbidden { what: what(), by })
    }
}

/// The tap as it is remembered.
fn open(taps: &Path, name: &str, mut remembered: Remembered) -> Result<Tap, tap::Error> {
    let read = |source| tap::Error::Read { tap: name.to_owned(), source };
    // A refresh may replace the snapshot between reading its name and opening it.
    for _ in 0..OPENS_MAX {
        let (folder, subscription) = match (remembered.folder, remembered.registry) {
            (Some(folder), _) if folder.is_dir() => return Tap::folder(&folder, Some(name)),
            (Some(folder), _) => return Err(tap::Error::Gone { folder }),
            (None, Some(subscription)) => (taps.join(name), subscription),
            (None, None) => return Err(read(std::io::ErrorKind::InvalidData.into())),
        };
        match Snapshot::open(&folder.join(subscription.edition.file())) {
            Ok(snapshot) => {
                let place = oci::Place::parse(&subscription.location);
                let kind = place.map_or_else(|_| registry(""), |place| refresh::kind(&place));
                let followed = tap::Followed { folder, subscription, snapshot };
                return Tap::followed(name, followed, kind);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(read(error)),
        }
        let again = Remembered::read(taps, name).map_err(read)?;
        remembered = again.ok_or(tap::Error::Lost)?;
    }
    Err(tap::Error::Lost)
}

/// The kind of a tap of which the host is not known: nothing private may be named.
fn registry(host: &str) -> TapKind {
    TapKind::Registry { host: host.to_owned() }
}
