//! From a request to a proposal: what would change, why, and what it would fetch.

mod choose;
mod coming;
mod direct;
mod edit;
mod error;
mod exactly;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use catalog::{At, Spec, spec};
use formula::{Constraint, Name, Resolved};
use plan::{Action, Wish};
use store::generation::{self, Keg, Record};

pub use choose::{Asking, Chosen};
pub(crate) use coming::{Coming, Release};
use direct::Meant;
pub use error::{Error, Unmet};
pub use exactly::Exact;
use step::shown_step;
pub use step::{Step, Verb};

use crate::{
    away::Away,
    event::{Event, with_causes},
    home::Home,
    offer::{Guest, Offers},
    receipt::Origin,
    request::{Request, Target},
    state::{self, Installed, Known},
};

/// What a request would change.
#[derive(Debug)]
pub struct Proposal {
    /// The steps in their order; empty where only requests, pins or links change, or nothing.
    pub steps: Vec<Step>,
    /// What the user should know besides, one line each.
    pub notes: Vec<String>,
    /// Whether it changes something that the request did not name.
    pub beyond: bool,
    /// Whether anything changes at all.
    pub is_change: bool,
    pub(crate) request: Request,
    pub(crate) based_on: Option<u64>,
    pub(crate) record: Record,
    pub(crate) comings: Vec<Coming>,
}

impl Proposal {
    /// Whether it was asked for everything, and nothing by name.
    pub fn is_sweeping(&self) -> bool {
        self.request.names_all()
    }

    /// Everything stays; carried out, it makes the links anew.
    pub(crate) fn unchanged(installed: &Installed) -> Self {
        let number = installed.record.restores.or(installed.generation).unwrap_or_default();
        Self {
            steps: Vec::new(),
            notes: Vec::new(),
            beyond: false,
            is_change: true,
            request: Request::Rollback(number),
            based_on: installed.generation,
            record: Record { restores: Some(number), ..installed.record.clone() },
            comings: Vec::new(),
        }
    }
}

impl Home {
    /// What `request` would change; asks registries for manifests that are not at hand.
    pub fn propose(&self, request: &Request) -> Result<Proposal, Error> {
        match request {
            Request::Install(_)
            | Request::Uninstall(_)
            | Request::Reinstall(_)
            | Request::Upgrade(_)
            | Request::Autoremove => {
                let (installed, known) = self.known()?;
                Draft::new(self, &installed, &known).planned(request)
            }
            Request::Exactly(wanted) => self.exactly(wanted),
            _ => Draft::new(self, &self.to_edit(request)?, &[]).edited(request),
        }
    }

    /// What is installed; to roll back, nothing of it has to be known.
    fn to_edit(&self, request: &Request) -> Result<Installed, Error> {
        match (self.installed(), request) {
            (Err(generation::Error::Parse { .. }), Request::Rollback(_)) => {
                let number = generation::current_number(&self.layout).map_err(Error::State)?;
                Ok(number.map_or_else(Installed::nothing, Installed::unreadable))
            }
            (installed, _) => installed.map_err(Error::State),
        }
    }

    /// What `specs` would bring where nothing is installed, whatever is.
    pub(crate) fn propose_apart(&self, specs: &[Spec]) -> Result<Proposal, Error> {
        let nothing = Installed::nothing();
        Draft::new(self, &nothing, &[]).planned(&Request::Install(specs.to_vec()))
    }
}

/// A proposal in the making.
pub(crate) struct Draft<'a> {
    home: &'a Home,
    installed: &'a Installed,
    known: &'a [Known],
    /// What the user wrote after `@`, by `name`, where it is not the constraint's own text.
    asked: BTreeMap<String, String>,
    /// What the user should know besides what the planner says.
    notes: Vec<String>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(home: &'a Home, installed: &'a Installed, known: &'a [Known]) -> Self {
        Self { home, installed, known, asked: BTreeMap::new(), notes: Vec::new() }
    }

    /// What there is to install, with the packages that `specs` name by file or reference.
    pub(crate) fn offers(&self, specs: &[Spec]) -> Result<Offers<'a>, Error> {
        self.offers_with(self.guests(specs)?)
    }

    /// What an upgrade of everything would choose from, and who could not be asked for it.
    pub(crate) fn offers_to_upgrade(&mut self) -> Result<(Offers<'a>, Vec<String>), Error> {
        let guests = self.looked_up_again(&[])?;
        self.notes.extend(self.away()?);
        Ok((self.offers_with(guests)?, std::mem::take(&mut self.notes)))
    }

    fn offers_with(&self, guests: Vec<Guest>) -> Result<Offers<'a>, Error> {
        let Home { host, setting, .. } = self.home;
        Ok(Offers::new(self.home.taps()?, host, self.known, setting.builds, guests))
    }

    /// The plan for a request, and what was installed before.
    pub(crate) fn solve(
        &mut self,
        request: &Request,
        offers: &Offers<'_>,
    ) -> Result<(plan::Plan, Vec<plan::Installed>), Error> {
        let mut wishes = match request {
            Request::Upgrade(_) => self.moved(offers.guests())?,
            _ => Vec::new(),
        };
        wishes.extend(self.wishes(request, offers)?);
        wishes.extend(self.changed(offers.guests())?);
        let before = self.planner_view(offers)?;
        let plan = plan::plan(&before, &wishes, offers)
            .map_err(|error| self.unmet(error, &wishes, offers))?;
        Ok((plan, before))
    }

    /// A request that the planner answers.
    fn planned(&mut self, request: &Request) -> Result<Proposal, Error> {
        let mut guests = self.guests(request.specs())?;
        if let Request::Upgrade(specs) = request {
            guests.extend(self.looked_up_again(specs)?);
            if specs.is_empty() {
                self.notes.extend(self.away()?);
            }
            // Who upgrades at night and reads nothing must hear of it all the same.
            let stays = std::mem::take(&mut self.notes);
            stays.into_iter().for_each(|text| (self.home.setting.events)(Event::Warning(text)));
        }
        let offers = self.offers_with(guests)?;
        let (plan, before) = self.solve(request, &offers)?;
        self.warn_of_lookalikes(&plan)?;
        let mut record = self.installed.record.clone();
        record.requests = plan
            .requests
            .iter()
            .map(|(key, constraint)| (key.to_string(), self.request_text(key, constraint, &offers)))
            .collect();
        let mut comings = Vec::new();
        let mut steps = Vec::new();
        let mut away = Vec::new();
        for step in &plan.steps {
            let mut shown = shown_step(step, request);
            if !matches!(step.action, Action::Remove) {
                let coming = match self.coming(step, &offers, &record.kegs) {
                    Err(error) if error.is_offline() => {
                        away.push(step.candidate.name.as_str().to_owned());
                        continue;
                    }
                    coming => coming?,
                };
                shown.download_bytes = self.home.to_download(&coming.artifact);
                Self::place(&mut record, &coming);
                comings.push(coming);
            } else {
                let gone = step.key();
                record.kegs.retain(|keg| keg.name != gone.name.as_str() || keg.slot != gone.slot);
                record.pins.remove(&gone.to_string());
            }
            steps.push(shown);
        }
        if !away.is_empty() {
            away.extend(self.home.away(&comings));
            return Err(Away::of(away).expect("some are away").into());
        }
        record.kegs.sort_by(|a, b| (&a.name, &a.slot).cmp(&(&b.name, &b.slot)));
        link_one_slot_each(&mut record);
        self.notes.extend(notes(request, &plan, &before, &offers)?);
        let to_make = comings.iter().filter(|coming| coming.to_make);
        self.notes.extend(to_make.map(|coming| {
            let resolved = &coming.resolved;
            format!("`{}` {} is built here first", resolved.name, resolved.version)
        }));
        self.notes.extend(left_unlinked(&self.installed.record, &record));
        Ok(Proposal {
            beyond: plan.steps.iter().any(|step| step.beyond),
            is_change: !steps.is_empty() || record.requests != self.installed.record.requests,
            notes: std::mem::take(&mut self.notes),
            steps,
            request: request.clone(),
            based_on: self.installed.generation,
            record,
            comings,
        })
    }

    /// The taps that cannot be read, where something is installed from them.
    fn away(&self) -> Result<Vec<String>, Error> {
        let taps = self.home.taps()?;
        let is_used = |tap: &str| self.known.iter().any(|known| known.package.tap == tap);
        let away = taps.broken().filter(|(tap, _)| is_used(tap));
        let stays = |error| format!("{}; what is installed from it stays", with_causes(&error));
        Ok(away.map(|(_, error)| stays(error)).collect())
    }

    /// Warns of packages that come for the first time, from another tap than the built-in one,
    /// under a name that can be mistaken for one of that.
    fn warn_of_lookalikes(&self, plan: &plan::Plan) -> Result<(), Error> {
        let taps = self.home.taps()?;
        for step in plan.steps.iter().filter(|step| matches!(step.action, Action::Install)) {
            let (tap, name) = (step.candidate.tap.as_str(), step.candidate.name.as_str());
            if tap == catalog::BUILTIN || tap == catalog::DIRECT {
                continue;
            }
            if let Some(like) = taps.lookalike(name) {
                let builtin = catalog::BUILTIN;
                (self.home.setting.events)(Event::Warning(format!(
                    "`{tap}/{name}` is easily mistaken for `{builtin}/{like}`, which is another package"
                )));
            }
        }
        Ok(())
    }

    /// What is installed, with what each request means by its formula's channels.
    pub(crate) fn planner_view(&self, offers: &Offers<'_>) -> Result<Vec<plan::Installed>, Error> {
        let mut view = Vec::new();
        for known in self.known {
            let requested = match &known.package.requested {
                None => None,
                Some(text) => Some(self.meaning(text, known, offers)?),
            };
            view.extend(known.to_installed(requested));
        }
        Ok(view)
    }

    fn meaning(&self, text: &str, known: &Known, offers: &Offers<'_>) -> Result<Constraint, Error> {
        if let Ok(found) = offers.find(Some(&known.package.tap), &known.package.name)
            && let Some(constraint) = found.channel(text)
        {
            return Ok(constraint.clone());
        }
        Constraint::parse(text).map_err(|source| Error::At { spec: text.to_owned(), source })
    }

    /// The text by which a request is remembered: what the user wrote, else the constraint.
    fn request_text(
        &self,
        key: &plan::Key,
        constraint: &Constraint,
        offers: &Offers<'_>,
    ) -> String {
        if let Some(asked) = self.asked.get(key.name.as_str()) {
            return asked.clone();
        }
        let shown = key.to_string();
        let known = self.known.iter().find(|known| known.package.shown_name() == shown);
        // A channel stays the channel that was asked for, wherever it leads by now.
        let same = known.and_then(|known| {
            let before = known.package.requested.as_ref()?;
            let meaning = self.meaning(before, known, offers).ok()?;
            (meaning == *constraint).then(|| before.clone())
        });
        same.unwrap_or_else(|| constraint.as_str().to_owned())
    }

    fn wishes(&mut self, request: &Request, offers: &Offers<'_>) -> Result<Vec<Wish>, Error> {
        match request {
            Request::Install(specs) => {
                specs.iter().map(|spec| self.install_wish(spec, offers)).collect()
            }
            Request::Upgrade(specs) if specs.is_empty() => Ok(vec![Wish::UpgradeAll]),
            Request::Upgrade(specs) => {
                specs.iter().map(|spec| self.upgrade_wish(spec, offers)).collect()
            }
            Request::Uninstall(targets) => self.keyed(targets, |key| Wish::Uninstall { key }),
            Request::Reinstall(targets) => self.keyed(targets, |key| Wish::Reinstall { key }),
            _ => Ok(vec![Wish::Autoremove]),
        }
    }

    fn keyed(
        &self,
        targets: &[Target],
        wish: impl Fn(plan::Key) -> Wish,
    ) -> Result<Vec<Wish>, Error> {
        targets
            .iter()
            .map(|target| {
                let no_name = |_| Error::NotInstalled { name: target.name.clone() };
                let name = Name::parse(&target.name).map_err(no_name)?;
                Ok(wish(plan::Key { name, slot: target.slot.clone() }))
            })
            .collect()
    }

    fn install_wish(&mut self, spec: &Spec, offers: &Offers<'_>) -> Result<Wish, Error> {
        let (tap, name, slot, constraint) = self.meant(spec, offers)?;
        // Without a constraint what is installed stays as it is; `@*` lifts the one that it has.
        if constraint.as_ref().is_some_and(Constraint::is_any)
            && !self.installed.named(name.as_str()).is_empty()
        {
            return Ok(Wish::Upgrade { key: plan::Key { name, slot }, constraint });
        }
        let constraint = constraint.unwrap_or_else(Constraint::any);
        Ok(Wish::Install { name, tap, slot, constraint })
    }

    fn upgrade_wish(&mut self, spec: &Spec, offers: &Offers<'_>) -> Result<Wish, Error> {
        // What is installed stays with its tap, whoever else has the name.
        let meant = self.meant(spec, offers).or_else(|error| {
            match self.home.of_own_tap(self.installed, spec).filter(|_| error.is_of_several_taps())
            {
                Some(own) => self.meant(&own, offers).map_err(|_| error),
                None => Err(error),
            }
        });
        let (_, name, slot, constraint) = meant?;
        Ok(Wish::Upgrade { key: plan::Key { name, slot }, constraint })
    }

    /// What a spec means: `@X` is a channel of that name, else a slot, else a constraint.
    fn meant(&mut self, spec: &Spec, offers: &Offers<'_>) -> Result<Meant, Error> {
        let found = match &spec.kind {
            spec::Kind::Name { tap, name } => match offers.find(tap.as_deref(), name.as_str()) {
                Ok(found) => found,
                Err(error) => return self.meant_without_tap(spec, name, tap.as_deref(), error),
            },
            spec::Kind::File(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let is_it = |guest: &&Guest| guest.origin == Origin::File(path.clone());
                match offers.guests().iter().find(is_it).and_then(|guest| guest.found.clone()) {
                    Some(found) => std::rc::Rc::new(found),
                    None => return Err(Error::NoFile { path }),
                }
            }
            spec::Kind::Reference(place) => {
                let origin = Origin::Reference(direct::settled(place).to_string());
                let guest = offers.guests().iter().find(|guest| guest.origin == origin);
                let guest = guest.ok_or_else(|| Error::NotInstalled { name: place.to_string() })?;
                return self.meant_exactly(guest);
            }
        };
        let tap = match &spec.kind {
            spec::Kind::Name { tap, .. } => tap.clone(),
            _ => Some(found.tap.clone()),
        };
        let name = found.formula.name().clone();
        let Some(at) = &spec.at else { return Ok((tap, name, None, None)) };
        let meant = found.at(at).map_err(|source| Error::At { spec: spec.to_string(), source })?;
        Ok(match meant {
            At::Slot(slot) => (tap, name, Some(slot), None),
            At::Constraint(constraint) => (tap, name, None, Some(constraint)),
            At::Channel(constraint) => {
                self.asked.insert(name.as_str().to_owned(), at.clone());
                (tap, name, None, Some(constraint))
            }
        })
    }

    fn place(record: &mut Record, coming: &Coming) {
        let keg = Keg { leaf: coming.keg.leaf.clone(), ..keg_of(&coming.resolved, &coming.tap) };
        let is_it = |other: &Keg| (&other.name, &other.slot) == (&keg.name, &keg.slot);
        let before = record.kegs.iter().position(is_it);
        let was_linked = before.map(|position| record.kegs.remove(position).linked);
        record.kegs.push(Keg { linked: was_linked.unwrap_or(keg.linked), ..keg });
    }
}

/// The keg of a package in a record; its leaf is not known yet.
pub(crate) fn keg_of(package: &Resolved, tap: &str) -> Keg {
    Keg {
        name: package.name.as_str().to_owned(),
        slot: package.slot.clone(),
        tap: tap.to_owned(),
        version: package.version.clone(),
        revision: package.revision,
        leaf: String::new(),
        linked: package.keg_only.is_none(),
        keg_only: package.keg_only.clone(),
    }
}

/// What to know of a plan; an upgrade of everything says it of all that is installed.
fn notes(
    request: &Request,
    plan: &plan::Plan,
    before: &[plan::Installed],
    offers: &Offers<'_>,
) -> Result<Vec<String>, Error> {
    let mut notes = plan.notes.clone();
    if request.names_all() {
        let moved: Vec<_> = plan.steps.iter().map(plan::Step::key).collect();
        let of_others = plan::query::notices(before, offers)?.into_iter();
        let of_others = of_others.filter(|(key, _)| !moved.contains(key)).map(|(_, note)| note);
        let new: Vec<_> = of_others.filter(|note| !notes.contains(note)).collect();
        notes.extend(new);
    }
    Ok(notes.iter().map(ToString::to_string).collect())
}

/// The slots that could be linked, now that the one that was is gone.
fn left_unlinked(before: &Record, after: &Record) -> Vec<String> {
    let linked = |record: &Record| -> BTreeSet<String> {
        record.kegs.iter().filter(|keg| keg.linked).map(|keg| keg.name.clone()).collect()
    };
    let lost = &linked(before) - &linked(after);
    let left = after.kegs.iter().filter(|keg| lost.contains(&keg.name) && keg.keg_only.is_none());
    left.map(|keg| {
        let name = state::shown(&keg.name, keg.slot.as_deref());
        format!("{name} is not linked; `pkg use {name}` links it")
    })
    .collect()
}

/// Of each name one slot is linked at most: the one that was linked first.
fn link_one_slot_each(record: &mut Record) {
    let mut linked: BTreeMap<String, usize> = BTreeMap::new();
    for position in 0..record.kegs.len() {
        let keg = &record.kegs[position];
        if keg.linked && linked.insert(keg.name.clone(), position).is_some() {
            record.kegs[position].linked = false;
        }
    }
}
