//! Choosing packages for a lock, for whichever platform: what is locked stays where it can.
//!
//! Nothing of what is installed is looked at: what is locked stands in its place.

use std::collections::BTreeSet;

use catalog::{Shape, Spec};
use formula::{Name, Pin, Source};
use plan::{Action, Key, Note, Wish};
use store::generation::Record;

use super::{Coming, Draft, Error, Exact, exactly};
use crate::{
    home::Home,
    receipt::{Receipt, Recipe},
    state::{Installed, Known},
};

/// What is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// What was chosen before; what is not requested any more goes, unless something needs it.
    pub kept: &'a [Exact],
    /// What is asked for anew, or with another constraint.
    pub specs: &'a [Spec],
    /// What of `kept` moves to the newest release inside its request, by name.
    pub update: &'a [Name],
}

/// What was chosen.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Every package, by name and slot.
    pub packages: Vec<Exact>,
    /// Name of the package that each of the specs means.
    pub meant: Vec<Name>,
    /// What the user should know, one line each.
    pub notes: Vec<String>,
}

impl Home {
    /// The name of the package that a spec means; a file is read and a reference followed for it.
    pub fn name_of(&self, spec: &Spec) -> Result<Name, Error> {
        if let catalog::spec::Kind::Name { name, .. } = &spec.kind {
            return Ok(name.clone());
        }
        let nothing = Installed::nothing();
        let guests = Draft::new(self, &nothing, &[]).guests(std::slice::from_ref(spec))?;
        let first = guests.into_iter().next().map(|guest| guest.resolved.name);
        first.ok_or_else(|| Error::NotInstalled { name: spec.to_string() })
    }

    /// Chooses packages for this home's platform; asks registries for manifests not at hand.
    pub fn choose(&self, asking: &Asking<'_>) -> Result<Chosen, Error> {
        let record = exactly::with(&Record::new("", 0), asking.kept);
        let installed = Installed::of(&self.layout, record);
        let known: Vec<Known> = asking.kept.iter().map(|one| imagined(&installed, one)).collect();
        let mut draft = Draft::new(self, &installed, &known);
        let updates: Vec<Spec> = asking.update.iter().cloned().map(Spec::named).collect();
        let mut guests = draft.guests(asking.specs)?;
        if !updates.is_empty() {
            guests.extend(draft.looked_up_again(&updates)?);
        }
        let offers = draft.offers_with(guests)?;
        let mut wishes = draft.moved(offers.guests())?;
        let mut meant = Vec::new();
        for spec in asking.specs {
            let (_, name, ..) = draft.meant(spec, &offers)?;
            meant.push(name);
            wishes.push(draft.install_wish(spec, &offers)?);
        }
        let is_updated = |one: &&Exact| asking.update.contains(&one.package.name);
        for one in asking.kept.iter().filter(is_updated) {
            wishes.push(Wish::Upgrade { key: one.key(), constraint: None });
        }
        wishes.extend(draft.changed(offers.guests())?);
        wishes.push(Wish::Autoremove);
        let before = draft.planner_view(&offers)?;
        let plan = plan::plan(&before, &wishes, &offers)?;
        let moved: BTreeSet<Key> = plan.steps.iter().map(plan::Step::key).collect();
        let mut packages = Vec::new();
        for one in asking.kept.iter().filter(|one| !moved.contains(&one.key())) {
            let is_looked_at = is_updated(&one) && one.tap != catalog::DIRECT;
            packages.push(if is_looked_at { self.look_again(one)? } else { one.clone() });
        }
        for step in plan.steps.iter().filter(|step| !matches!(step.action, Action::Remove)) {
            packages.push(exact(draft.coming(step, &offers, &installed.record.kegs)?));
        }
        for one in &mut packages {
            let request = plan.requests.get(&one.key());
            one.requested = request.map(|constraint| constraint.as_str().to_owned());
        }
        packages.sort_by_key(Exact::key);
        let notes = plan.notes.iter().filter(|note| is_of_releases(note));
        let notes = notes.map(ToString::to_string).collect();
        Ok(Chosen { packages, meant, notes })
    }

    /// What the taps, as they are known here, say today against what was chosen before.
    pub fn notices_of(&self, chosen: &[Exact]) -> Result<Vec<String>, Error> {
        let record = exactly::with(&Record::new("", 0), chosen);
        let installed = Installed::of(&self.layout, record);
        let known: Vec<Known> = chosen.iter().map(|one| imagined(&installed, one)).collect();
        let draft = Draft::new(self, &installed, &known);
        let offers = draft.offers(&[])?;
        let notices = plan::query::notices(&draft.planner_view(&offers)?, &offers)?;
        Ok(notices.iter().map(|(_, note)| note.to_string()).collect())
    }

    /// The bytes that a tap has today for the release that was chosen before.
    fn look_again(&self, one: &Exact) -> Result<Exact, Error> {
        let package = &one.package;
        let release = self.release(&one.tap, package.name.as_str(), &package.version)?;
        Ok(exact(self.coming(release, &[])?))
    }
}

/// A package that comes, with the source that its bytes come from, pinned.
fn exact(coming: Coming) -> Exact {
    let Coming { resolved: mut package, tap, origin, artifact, mut source, around, .. } = coming;
    match &mut source {
        Source::Oci { pin, .. } | Source::Image { pin, .. } => {
            *pin = Pin::Manifest(artifact.digest.clone());
        }
        _ => {}
    }
    package.source = source;
    package.package = None;
    let mut sizes = artifact.layers.iter().map(|layer| layer.size);
    let size = sizes.try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)));
    Exact { package, tap, origin, requested: None, folder: around.folder, mirror: None, size }
}

/// Whether a note is about what there is; the others speak of what is installed.
fn is_of_releases(note: &Note) -> bool {
    match note {
        Note::Newer { .. }
        | Note::Yanked { .. }
        | Note::Deprecated { .. }
        | Note::Disabled { .. }
        | Note::Renamed { .. } => true,
        Note::AlreadyInstalled { .. }
        | Note::UpToDate { .. }
        | Note::TapChanged { .. }
        | Note::Unneeded { .. } => false,
    }
}

/// A package of a lock as if it were installed.
fn imagined(installed: &Installed, one: &Exact) -> Known {
    let package = installed.packages().iter().find(|package| {
        package.name == one.package.name.as_str() && package.slot == one.package.slot
    });
    let recipe = Recipe {
        shape: Shape::Joined,
        layers: Vec::new(),
        external_links: Vec::new(),
        programs: Vec::new(),
        copies: Vec::new(),
    };
    // What has no bytes yet is not in a lock.
    let nothing = || digest::Digest::sha256(b"");
    let artifact = one.package.source.digest().cloned().unwrap_or_else(nothing);
    Known {
        package: package.expect("the record was made of it").clone(),
        receipt: Receipt {
            schema: Receipt::SCHEMA,
            tap: one.tap.clone(),
            origin: one.origin.clone(),
            package: one.package.clone(),
            artifact,
            recipe,
            exposed: crate::expose::Exposed::default(),
            settings: Vec::new(),
            unpacked_bytes: 0,
            entries: 0,
            installed_at: 0,
        },
    }
}
