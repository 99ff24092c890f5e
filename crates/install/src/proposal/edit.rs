//! Requests that change only what is remembered and linked: no planner, no download.

use formula::Name;
use plan::Key;
use store::generation::Record;

use super::{Draft, Error, Proposal};
use crate::{
    history,
    request::{Request, Target},
    state,
};

impl Draft<'_> {
    /// A request that changes only what is remembered and linked.
    pub(super) fn edited(&self, request: &Request) -> Result<Proposal, Error> {
        let mut record = self.installed.record.clone();
        match request {
            Request::Undo => record = history::undo(&self.home.layout)?,
            Request::Redo => record = history::redo(&self.home.layout)?,
            Request::Rollback(number) => record = history::rollback(&self.home.layout, *number)?,
            Request::Pin(targets, on) => self.each(targets, |name, _| {
                if *on {
                    record.pins.insert(name.to_owned())
                } else {
                    record.pins.remove(name)
                };
            })?,
            Request::Mark(targets, on) => self.each(targets, |name, _| {
                if *on {
                    record.requests.entry(name.to_owned()).or_insert_with(|| "*".to_owned());
                } else {
                    record.requests.remove(name);
                }
            })?,
            Request::Link(targets, on) => {
                self.each(targets, |_, target| link(&mut record, target, *on))?;
            }
            Request::Use(target) => {
                self.each(std::slice::from_ref(target), |_, target| {
                    link(&mut record, target, true);
                })?;
            }
            _ => {}
        }
        let before = &self.installed.record;
        let is_change = record.restores.is_some()
            || (&record.kegs, &record.requests, &record.pins)
                != (&before.kegs, &before.requests, &before.pins);
        let steps = history::steps(before, &record);
        // Versions say by themselves what went back; the rest does not show.
        let goes_back = matches!(request, Request::Undo | Request::Redo | Request::Rollback(_));
        let is_hidden = goes_back && steps.is_empty();
        let note =
            is_hidden.then(|| "the same packages, with the pins and links of then".to_owned());
        Ok(Proposal {
            steps,
            notes: note.into_iter().collect(),
            beyond: false,
            is_change,
            request: request.clone(),
            based_on: self.installed.generation,
            record,
            comings: Vec::new(),
        })
    }

    /// Calls `edit` for each target that is installed, with the name that requests go by.
    fn each(&self, targets: &[Target], mut edit: impl FnMut(&str, &Target)) -> Result<(), Error> {
        for target in targets {
            let name = self.home.own_name(self.installed, &target.name);
            let target = &Target { name, slot: target.slot.clone() };
            let found = self.installed.meant(&target.name, target.slot.as_deref());
            let found = found.ok_or_else(|| self.not_meant(target))?;
            let exact = Target { name: found.name.clone(), slot: found.slot.clone() };
            edit(&found.shown_name(), &exact);
        }
        Ok(())
    }

    /// Why a target means no package: none is there, or several slots of which none is linked.
    fn not_meant(&self, target: &Target) -> Error {
        let slots = self.installed.named(&target.name);
        match (Name::parse(&target.name), &target.slot) {
            (Ok(name), None) if slots.len() > 1 => {
                let slots = slots.iter().map(|p| Key { name: name.clone(), slot: p.slot.clone() });
                plan::Error::Ambiguous { slots: slots.collect(), name }.into()
            }
            _ => {
                let name = state::shown(&target.name, target.slot.as_deref());
                Error::NotInstalled { name }
            }
        }
    }
}

/// Links or unlinks one slot; another slot of the name gives way.
fn link(record: &mut Record, target: &Target, on: bool) {
    for keg in record.kegs.iter_mut().filter(|keg| keg.name == target.name) {
        keg.linked = on && keg.slot == target.slot;
    }
}
