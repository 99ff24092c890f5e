//! What can be installed on this machine: the taps' formulas as the planner's candidates.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    error::Error as StdError,
    rc::Rc,
};

use catalog::{Found, Taps};
use formula::{FullName, Name, Resolved, Source, Version, resolve};
use plan::{Candidate, Dependency};

use crate::{host::Host, receipt::Origin, state::Known};

/// A package that no tap has: from a formula file or straight from a reference.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) resolved: Resolved,
    pub(crate) tap: String,
    pub(crate) origin: Origin,
    /// The artifact, where the reference was followed already.
    pub(crate) artifact: Option<catalog::Artifact>,
    /// The formula that a file holds.
    pub(crate) found: Option<Found>,
}

/// Formulas by the tap and name that they were asked for with.
type Lookups = HashMap<(Option<String>, String), Rc<Found>>;

/// Why a file of a tap's author cannot be installed from the tap in a registry.
const OUT_OF_REACH: &str =
    "lies in a file that only the tap's author has; it has to be published as a package";

/// Every release that this machine can install, looked up when the planner asks.
pub(crate) struct Offers<'a> {
    taps: &'a Taps,
    host: &'a Host,
    known: &'a [Known],
    /// Whether what is not published may be made here.
    builds: bool,
    guests: Vec<Guest>,
    found: RefCell<Lookups>,
}

impl<'a> Offers<'a> {
    pub(crate) fn new(
        taps: &'a Taps,
        host: &'a Host,
        known: &'a [Known],
        builds: bool,
        guests: Vec<Guest>,
    ) -> Self {
        Self { taps, host, known, builds, guests, found: RefCell::default() }
    }

    /// The formula of that name; looked up once.
    pub(crate) fn find(
        &self,
        tap: Option<&str>,
        name: &str,
    ) -> Result<Rc<Found>, catalog::taps::Error> {
        let key = (tap.map(ToOwned::to_owned), name.to_owned());
        if let Some(found) = self.found.borrow().get(&key) {
            return Ok(found.clone());
        }
        let found = Rc::new(self.taps.find(tap, name)?);
        self.found.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// The packages that no tap has.
    pub(crate) fn guests(&self) -> &[Guest] {
        &self.guests
    }

    /// The guest with that identity.
    pub(crate) fn guest(&self, name: &str, tap: &str, version: &str) -> Option<&Guest> {
        self.guests.iter().find(|guest| {
            guest.resolved.name.as_str() == name
                && guest.tap == tap
                && guest.resolved.version == version
        })
    }

    /// The candidate's formula version, resolved for this machine.
    pub(crate) fn resolve(&self, candidate: &Candidate) -> Option<Resolved> {
        let name = candidate.name.as_str();
        let version = candidate.version.to_string();
        if let Some(guest) = self.guest(name, &candidate.tap, &version) {
            return Some(guest.resolved.clone());
        }
        let found = self.find(Some(&candidate.tap), name).ok()?;
        found.formula.resolve(&candidate.version, self.host.platform()).ok()
    }

    fn of_formula(&self, found: &Found) -> Vec<Candidate> {
        let versions = found.formula.releases().iter();
        versions.map(|release| self.release(found, &release.version)).collect()
    }

    /// One release; one that cannot be resolved is a candidate too, with the reason against it.
    fn release(&self, found: &Found, version: &Version) -> Candidate {
        match found.formula.resolve(version, self.host.platform()) {
            Ok(resolved) => {
                let mut candidate = candidate(&resolved, &found.tap).unwrap_or_else(|| {
                    Candidate::new(found.formula.name().clone(), &found.tap, version.clone())
                });
                candidate.obstacle = match found.is_out_of_reach(&resolved) {
                    true => Some(OUT_OF_REACH.to_owned()),
                    false => self.obstacle(&resolved),
                };
                candidate
            }
            Err(error) => {
                let name = found.formula.name().clone();
                let mut candidate = Candidate::new(name, &found.tap, version.clone());
                candidate.slot = found.formula.slot(version).ok().flatten();
                candidate.obstacle = Some(obstacle_of(&error));
                candidate
            }
        }
    }

    fn obstacle(&self, resolved: &Resolved) -> Option<String> {
        match &resolved.source {
            Source::Build { .. } if resolved.package.is_none() && !self.builds => {
                let platform = self.host.platform();
                Some(format!("has no package published for {platform}; `--build` builds it here"))
            }
            Source::Later { strategy, what } if resolved.package.is_none() => {
                Some(format!("has no package yet, and {strategy} is not yet supported: {what}"))
            }
            _ if cfg!(windows) => Some("cannot be installed on Windows yet".to_owned()),
            _ => self.host.obstacle(&resolved.requires),
        }
    }

    fn is_away(&self, tap: &str) -> bool {
        self.taps.broken().any(|(broken, _)| broken == tap)
    }

    /// What is installed from that tap, for a release that the tap no longer has.
    fn installed(&self, name: &Name, tap: Option<&str>) -> Vec<Candidate> {
        self.known
            .iter()
            .filter(|known| known.package.name == name.as_str())
            .filter(|known| tap.is_none_or(|tap| known.package.tap == tap))
            .filter_map(|known| candidate(&known.receipt.package, &known.package.tap))
            .collect()
    }
}

impl plan::Candidates for Offers<'_> {
    fn candidates(
        &self,
        name: &Name,
        tap: Option<&str>,
    ) -> Result<Vec<Candidate>, Box<dyn StdError + Send + Sync>> {
        let guests = self
            .guests
            .iter()
            .filter(|guest| guest.resolved.name == *name && tap.is_none_or(|tap| guest.tap == tap));
        let of_guest = |guest: &Guest| {
            let obstacle = self.obstacle(&guest.resolved);
            Some(Candidate { obstacle, ..candidate(&guest.resolved, &guest.tap)? })
        };
        let mut candidates: Vec<Candidate> = guests.filter_map(of_guest).collect();
        if !candidates.is_empty() {
            return Ok(candidates);
        }
        match self.find(tap, name.as_str()) {
            Ok(found) => candidates = self.of_formula(&found),
            Err(catalog::taps::Error::NoFormula { .. } | catalog::taps::Error::NoTap { .. }) => {}
            // What is installed from a tap that is away stays as it is.
            Err(_) if tap.is_some_and(|tap| self.is_away(tap)) => {}
            Err(error) => return Err(error.into()),
        }
        if candidates.is_empty() {
            candidates = self.installed(name, tap);
        }
        Ok(candidates)
    }

    fn names(&self) -> Vec<Name> {
        let names = self.taps.names().unwrap_or_default();
        names.iter().filter_map(|name| Name::parse(name).ok()).collect()
    }
}

/// A resolved version as the planner's candidate; `None` for a name or version that is malformed.
pub(crate) fn candidate(resolved: &Resolved, tap: &str) -> Option<Candidate> {
    let version = Version::parse(&resolved.version.to_string(), resolved.scheme).ok()?;
    let mut candidate = Candidate::new(resolved.name.clone(), tap, version);
    candidate.revision = resolved.revision;
    candidate.slot = resolved.slot.clone();
    candidate.depends = dependencies(&resolved.depends);
    candidate.other_names = resolved.other_names().cloned().collect();
    candidate.conflicts = resolved
        .conflicts
        .iter()
        .filter_map(|(name, why)| Some((Name::parse(name.as_str()).ok()?, why.clone())))
        .collect();
    candidate.yanked = resolved.yanked.clone();
    candidate.deprecated = resolved.deprecated.as_ref().map(notice);
    candidate.disabled = resolved.disabled.as_ref().map(notice);
    Some(candidate)
}

/// A bare name stays bare: the planner looks it up in the dependent's own tap.
pub(crate) fn dependencies(depends: &BTreeMap<FullName, formula::Depend>) -> Vec<Dependency> {
    depends
        .iter()
        .map(|(full, depend)| Dependency {
            name: full.name.clone(),
            tap: full.tap.as_ref().map(ToString::to_string),
            constraint: depend.constraint.clone(),
            slot: depend.slot.clone(),
            optional: depend.optional,
        })
        .collect()
}

/// Why a package is deprecated or disabled, with what to use instead.
pub(crate) fn notice(notice: &formula::Notice) -> String {
    let why = &notice.why;
    match &notice.instead {
        Some(instead) => format!("{why}; use `{instead}`"),
        None => why.clone(),
    }
}

/// A sentence's end, whose subject is the release: "has no build for …".
pub(crate) fn obstacle_of(error: &resolve::Error) -> String {
    match error {
        resolve::Error::Unavailable { .. } | resolve::Error::NoVersion { .. } => error.to_string(),
        resolve::Error::Broken { report, .. } => {
            let first = report.problems().first();
            first.map_or_else(|| error.to_string(), ToString::to_string)
        }
    }
}
