//! Choosing packages for a lock, for whichever platform: what is locked stays where it can.
//!
//! Nothing of what is installed is looked at: what is locked stands in its place.

use catalog::{Shape, Spec};
use formula::{Name, Pin, Source};
use plan::{Action, Key, Note, Wish};
use store::generation::Record;

use super::{Coming, Draft, Error, Exact, exactly};
use crate::{
    home::Home,
    offer::Offers,
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
    /// Name and slot of the package that each of the specs means.
    pub meant: Vec<(Name, Option<String>)>,
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
            let (_, name, slot, _) = draft.meant(spec, &offers)?;
            meant.push((name, slot));
            wishes.push(draft.install_wish(spec, &offers)?);
        }
        let is_updated = |one: &&Exact| asking.update.contains(&one.package.name);
        for one in asking.kept.iter().filter(is_updated) {
            let key = Key { name: one.package.name.clone(), slot: one.package.slot.clone() };
            wishes.push(Wish::Upgrade { key, constraint: None });
        }
        wishes.extend(draft.changed(offers.guests())?);
        wishes.push(Wish::Autoremove);
        let before = draft.planner_view(&offers)?;
        let plan = plan::plan(&before, &wishes, &offers)?;
        let mut packages = asking.kept.to_vec();
        for step in &plan.steps {
            let key = step.key();
            packages.retain(|one| !is(one, &key));
            if !matches!(step.action, Action::Remove) {
                let coming = draft.coming(step, &offers, &installed.record.kegs)?;
                packages.push(self.exact(coming, &offers)?);
            }
        }
        for one in packages.iter_mut().filter(|one| is_updated(&&**one)) {
            self.look_again(one, &offers)?;
        }
        let order = |one: &Exact| (one.package.name.clone(), one.package.slot.clone());
        packages.sort_by_key(order);
        for (name, slot) in &mut meant {
            let is_it = |key: &&Key| key.name == *name && (slot.is_none() || key.slot == *slot);
            *slot = plan.requests.keys().find(is_it).and_then(|key| key.slot.clone());
        }
        let notes = plan.notes.iter().filter(|note| is_of_releases(note));
        let notes = notes.map(ToString::to_string).collect();
        Ok(Chosen { packages, meant, notes })
    }

    /// The bytes that a tap has today for the release that was chosen before.
    fn look_again(&self, one: &mut Exact, offers: &Offers<'_>) -> Result<(), Error> {
        if one.tap == catalog::DIRECT {
            return Ok(());
        }
        let kegs = [one.to_keg(String::new())];
        let again = self.coming_again(&kegs[0], &kegs)?;
        let requested = one.requested.take();
        *one = Exact { requested, ..self.exact(again, offers)? };
        Ok(())
    }

    /// A package that comes, with the source that its bytes come from, pinned.
    fn exact(&self, coming: Coming, offers: &Offers<'_>) -> Result<Exact, Error> {
        let Coming { resolved: mut package, tap, origin, artifact, around, .. } = coming;
        if offers.guest(package.name.as_str(), &tap, &package.version).is_none() {
            let found = offers.find(Some(&tap), package.name.as_str())?;
            package.source = self.located(&package, &self.around(&found))?.1;
        }
        match &mut package.source {
            Source::Oci { pin, .. } | Source::Image { pin, .. } => {
                *pin = Pin::Manifest(artifact.digest.clone());
            }
            _ => {}
        }
        package.package = None;
        let mut sizes = artifact.layers.iter().map(|layer| layer.size);
        let size = sizes.try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)));
        Ok(Exact { package, tap, origin, requested: None, folder: around.folder, size })
    }
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

fn is(one: &Exact, key: &Key) -> bool {
    (&one.package.name, &one.package.slot) == (&key.name, &key.slot)
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
