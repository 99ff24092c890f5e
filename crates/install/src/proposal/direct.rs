//! Packages that no tap has: by a formula file, or straight from a reference.
//!
//! Their file or tag is looked up again each time that they are named, and at an upgrade.

use std::path::Path;

use catalog::{DIRECT, Spec, spec, tap};
use formula::{Constraint, Name};
use oci::reference::Wanted;
use plan::Wish;

use super::{Draft, Error, error::Unmet};
use crate::{
    event::{Event, with_causes},
    offer::{Guest, Offers, dependencies, obstacle_of},
    receipt::Origin,
    state::Known,
};

/// The parts of a wish: tap, name, slot and constraint.
pub(super) type Meant = (Option<String>, Name, Option<String>, Option<Constraint>);

impl Draft<'_> {
    /// Packages that are named by a file or a reference.
    pub(super) fn guests(&self, specs: &[Spec]) -> Result<Vec<Guest>, Error> {
        let mut guests: Vec<Guest> = Vec::new();
        for spec in specs {
            let named = match &spec.kind {
                spec::Kind::Name { .. } => continue,
                spec::Kind::File(path) => self.file_guests(path)?,
                spec::Kind::Reference(place) => vec![self.reference_guest(place)?],
            };
            let is_same = |a: &Guest, b: &Guest| a.resolved.name == b.resolved.name;
            if let Some(guest) = named.first()
                && let Some(other) = guests.iter().find(|other| is_same(other, guest))
                && other.origin != guest.origin
            {
                let name = guest.resolved.name.as_str().to_owned();
                return Err(Error::SameName { spec: spec.to_string(), name });
            }
            guests.extend(named);
        }
        Ok(guests)
    }

    /// Packages to upgrade that once were named so.
    pub(super) fn looked_up_again(&mut self, specs: &[Spec]) -> Result<Vec<Guest>, Error> {
        let mut guests = Vec::new();
        let known = self.known;
        for known in known.iter().filter(|known| is_meant(known, specs)) {
            match self.found_again(&known.receipt.origin) {
                Ok(found) => guests.extend(found),
                // One registry that is away does not keep everything else from moving.
                Err(error) if specs.is_empty() => {
                    self.notes.push(format!(
                        "{} stays: {}",
                        known.package.name,
                        with_causes(&error)
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(guests)
    }

    /// What the file or the tag holds today; nothing where it is gone or never moves.
    fn found_again(&self, origin: &Origin) -> Result<Vec<Guest>, Error> {
        // What is here may stay; nothing newer comes.
        if self.home.taps()?.check_direct().is_err() {
            return Ok(Vec::new());
        }
        match origin {
            Origin::File(path) if path.is_file() => self.file_guests(path),
            Origin::Reference(text) => match oci::Place::parse(text) {
                Ok(place) if !matches!(place.wanted(), Some(Wanted::Digest(_))) => {
                    Ok(vec![self.reference_guest(&place)?])
                }
                _ => Ok(Vec::new()),
            },
            _ => Ok(Vec::new()),
        }
    }

    fn file_guests(&self, path: &Path) -> Result<Vec<Guest>, Error> {
        self.home.taps()?.check_direct()?;
        if path.is_dir() {
            return Err(Error::Folder { path: path.to_owned() });
        }
        let no_file = || Error::NoFile { path: path.to_owned() };
        let path = std::path::absolute(path).map_err(|_| no_file())?;
        let folder = path.parent().ok_or_else(no_file)?;
        let tap = catalog::Tap::folder(folder, Some(DIRECT))?;
        let found = tap.formula_file(&path)?.ok_or_else(no_file)?;
        let host = self.home.host.platform();
        let (mut guests, mut why) = (Vec::new(), None);
        for release in found.formula.releases() {
            match found.formula.resolve(&release.version, host) {
                Ok(resolved) => guests.push(Guest {
                    resolved,
                    tap: DIRECT.to_owned(),
                    origin: Origin::File(path.clone()),
                    artifact: None,
                    found: Some(found.clone()),
                }),
                Err(error) => why = why.or(Some(error)),
            }
        }
        match why {
            Some(error) if guests.is_empty() => {
                Err(Error::NotHere { path, why: obstacle_of(&error) })
            }
            _ => Ok(guests),
        }
    }

    fn reference_guest(&self, place: &oci::Place) -> Result<Guest, Error> {
        let home = self.home;
        home.taps()?.check_direct()?;
        let place = &settled(place);
        (home.setting.events)(Event::Resolving { name: place.to_string() });
        let (runtime, client) = home.network.start()?;
        let follow = catalog::direct::follow(place, home.host.platform(), &home.manifests, client);
        let direct = runtime
            .block_on(follow)
            .map_err(|source| Error::Locate { name: place.to_string(), source })?;
        Ok(Guest {
            resolved: direct.resolved,
            tap: DIRECT.to_owned(),
            origin: Origin::Reference(place.to_string()),
            artifact: Some(direct.artifact),
            found: None,
        })
    }

    /// An error of the planner; where it comes of what such a package needs, all that it needs and
    /// that was not named with it, as the planner stops at the first.
    pub(super) fn unmet(&self, error: plan::Error, wishes: &[Wish], offers: &Offers<'_>) -> Error {
        let plan::Error::NoSolution(explanation) = &error else { return error.into() };
        let missing = explanation.missing().iter().find(|missing| missing.tap == DIRECT);
        let Some(by) = missing.map(|missing| &missing.by) else { return error.into() };
        let Some(guest) = offers.guests().iter().find(|guest| guest.resolved.name == by.name)
        else {
            return error.into();
        };
        let taps = self.home.taps().ok();
        let have = |name: &Name| {
            let taps = taps.into_iter().flat_map(catalog::Taps::iter);
            let having = taps.filter(|tap| matches!(tap.formula(name.as_str()), Ok(Some(_))));
            having.map(|tap| tap.name().to_owned()).collect()
        };
        let is_named = |name: &Name| {
            let is_it = |wish: &Wish| matches!(wish, Wish::Install { name: it, .. } if it == name);
            wishes.iter().any(is_it) || !self.installed.named(name.as_str()).is_empty()
        };
        let needs = dependencies(&guest.resolved.depends).into_iter();
        let needs = needs.filter(|need| need.tap.is_none() && !need.optional);
        let unmet = needs.filter(|need| !is_named(&need.name));
        let needs: Vec<Unmet> = unmet.map(|need| Unmet { taps: have(&need.name), need }).collect();
        match needs.is_empty() {
            true => error.into(),
            false => Error::Unmet { package: by.to_string(), needs },
        }
    }

    /// Installed packages whose tag now leads to another version, newer or not: a tag has no order.
    pub(super) fn moved(&mut self, guests: &[Guest]) -> Result<Vec<Wish>, Error> {
        let mut wishes = Vec::new();
        for guest in guests.iter().filter(|g| matches!(g.origin, Origin::Reference(_))) {
            let is_moved = |known: &&Known| {
                let (new, old) = (&guest.resolved, &known.receipt.package);
                known.receipt.origin == guest.origin
                    && new.name == old.name
                    && (&new.version, new.revision) != (&old.version, old.revision)
            };
            if self.known.iter().any(|known| is_moved(&known)) {
                let (tap, name, slot, constraint) = self.meant_exactly(guest)?;
                let constraint = constraint.unwrap_or_else(Constraint::any);
                wishes.push(Wish::Install { name, tap, slot, constraint });
            }
        }
        Ok(wishes)
    }

    /// Installed packages whose version is now something else: only taps promise that it is not.
    pub(crate) fn changed(&self, guests: &[Guest]) -> Result<Vec<Wish>, Error> {
        let is_changed = |known: &&Known| guests.iter().any(|guest| is_another(guest, known));
        let wish = |known: &Known| match known.to_installed(None) {
            Some(package) if package.pinned => {
                let (key, release) = (package.key(), package.release().into());
                Err(plan::Error::Pinned { key, release }.into())
            }
            package => Ok(package.map(|package| Wish::Reinstall { key: package.key() })),
        };
        let wishes = self.known.iter().filter(is_changed).map(wish);
        wishes.filter_map(Result::transpose).collect()
    }

    /// What a reference means: its version and no other, whatever is installed; remembered as
    /// `*`, as its tag may lead to another version later.
    pub(super) fn meant_exactly(&mut self, guest: &Guest) -> Result<Meant, Error> {
        let name = guest.resolved.name.clone();
        self.asked.insert(name.as_str().to_owned(), Constraint::any().as_str().to_owned());
        let constraint = self.constraint(&format!("={}", guest.resolved.version))?;
        Ok((Some(guest.tap.clone()), name, None, Some(constraint)))
    }

    /// What a name means that no tap has, where a package of that name is installed without one.
    pub(super) fn meant_without_tap(
        &self,
        spec: &Spec,
        name: &Name,
        tap: Option<&str>,
        error: catalog::taps::Error,
    ) -> Result<Meant, Error> {
        let is_direct = self
            .known
            .iter()
            .any(|known| known.package.tap == DIRECT && known.package.name == name.as_str());
        let is_unknown = matches!(
            error,
            catalog::taps::Error::NoFormula { .. } | catalog::taps::Error::NoTap { .. }
        );
        if !is_direct || !is_unknown || tap.is_some_and(|tap| tap != DIRECT) {
            return Err(error.into());
        }
        let constraint = spec.at.as_deref().map(|at| self.constraint(at)).transpose()?;
        Ok((Some(DIRECT.to_owned()), name.clone(), None, constraint))
    }

    fn constraint(&self, text: &str) -> Result<Constraint, Error> {
        tap::constraint(text).map_err(|source| Error::At { spec: text.to_owned(), source })
    }
}

/// The place with an absolute folder: a later upgrade may start in another one.
pub(super) fn settled(place: &oci::Place) -> oci::Place {
    match std::path::absolute(".") {
        Ok(base) => place.clone().relative_to(&base),
        Err(_) => place.clone(),
    }
}

/// Whether `guest` is the installed release with other bytes, or unpacked in another way.
fn is_another(guest: &Guest, known: &Known) -> bool {
    let (resolved, package) = (&guest.resolved, &known.receipt.package);
    guest.tap == known.package.tap
        && (&resolved.name, &resolved.slot) == (&package.name, &package.slot)
        && (&resolved.version, resolved.revision) == (&package.version, package.revision)
        && match &guest.artifact {
            Some(artifact) => artifact.digest != known.receipt.artifact,
            None => resolved != package,
        }
}

/// Whether an upgrade of `specs` means that package; without any it means every requested one.
/// What is pinned stays, and nobody has to be asked for it.
fn is_meant(known: &Known, specs: &[Spec]) -> bool {
    let is_named = |spec: &Spec| match &spec.kind {
        spec::Kind::Name { tap, name } => {
            *name.as_str() == known.package.name
                && tap.as_ref().is_none_or(|tap| *tap == known.package.tap)
        }
        _ => false,
    };
    let is_one = match specs {
        [] => known.package.requested.is_some(),
        specs => specs.iter().any(is_named),
    };
    is_one && !known.package.pinned
}
