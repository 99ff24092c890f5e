//! Packages as a lock holds them: chosen beforehand, so that no tap and no tag is asked.

use std::path::PathBuf;

use formula::Resolved;
use plan::Key;
use store::generation::{Keg, Record};

use super::{Coming, Error, Proposal, Release, keg_of, link_one_slot_each};
use crate::{
    history,
    home::Home,
    proposal::Verb,
    receipt::{Origin, Receipt},
    request::Request,
    state::{self, Installed},
};

/// A package that was chosen beforehand, with all that installing it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    /// The package; its source is the one that the bytes come from, pinned to a manifest or file.
    pub package: Resolved,
    /// The tap that it was chosen from.
    pub tap: String,
    /// Where it was found there.
    pub origin: Origin,
    /// The constraint that it was asked for with, `*` for none; `None` for a dependency.
    pub requested: Option<String>,
    /// The folder that relative paths of its source start from; none for what pkg carries.
    pub folder: Option<PathBuf>,
    /// Where all that it pins is looked for first, because its tap is mirrored.
    pub mirror: Option<oci::Place>,
    /// Bytes to download, where they are known.
    pub size: Option<u64>,
}

impl Exact {
    /// `name` or `name@slot`.
    pub fn shown_name(&self) -> String {
        state::shown(self.package.name.as_str(), self.package.slot.as_deref())
    }

    pub(super) fn key(&self) -> Key {
        Key { name: self.package.name.clone(), slot: self.package.slot.clone() }
    }

    pub(super) fn is_of(&self, keg: &Keg) -> bool {
        self.package.name.as_str() == keg.name && self.package.slot == keg.slot
    }
}

impl Home {
    /// What there is to do so that `wanted` is installed, and nothing else.
    pub(super) fn exactly(&self, wanted: &[Exact]) -> Result<Proposal, Error> {
        let installed = self.installed().map_err(Error::State)?;
        let before = &installed.record;
        let mut record = with(before, wanted);
        let beside = record.kegs.clone();
        let mut comings = Vec::new();
        for one in wanted {
            if let Some(why) = self.host.obstacle(&one.package.requires) {
                return Err(Error::Unfit { name: one.shown_name(), why });
            }
            let leaf = match self.there(&installed, one) {
                Some(keg) => keg.leaf.clone(),
                None => {
                    let coming = self.coming_exactly(one, &beside)?;
                    let leaf = coming.keg.leaf.clone();
                    comings.push(coming);
                    leaf
                }
            };
            let keg = record.kegs.iter_mut().find(|keg| one.is_of(keg));
            keg.expect("each that is wanted is in the record").leaf = leaf;
        }
        let is_change = !comings.is_empty()
            || (&record.kegs, &record.requests) != (&before.kegs, &before.requests);
        let mut steps = history::steps(before, &record);
        for step in &mut steps {
            let is_removed = step.action == Verb::Remove;
            let told = if is_removed { "the lock does not have it" } else { "the lock has it" };
            told.clone_into(&mut step.reason);
            let is_it = |coming: &&Coming| coming.shown_name() == step.name;
            let coming = comings.iter().find(is_it);
            step.download_bytes = coming.map_or(Some(0), |one| self.to_download(&one.artifact));
        }
        Ok(Proposal {
            steps,
            notes: Vec::new(),
            beyond: false,
            is_change,
            request: Request::Exactly(wanted.to_vec()),
            based_on: installed.generation,
            record,
            comings,
        })
    }

    /// The keg of what is installed already, as it is wanted.
    fn there<'a>(&self, installed: &'a Installed, one: &Exact) -> Option<&'a Keg> {
        let keg = installed.record.kegs.iter().find(|keg| one.is_of(keg))?;
        // Wrappers name the slots of what they need, which may be others by now.
        if one.package.expose.wrap || !self.layout.keg(&keg.name, &keg.leaf).exists() {
            return None;
        }
        let receipt = Receipt::read(&self.layout, &keg.id()).ok()?;
        let is_same = receipt.package == one.package
            && (&receipt.tap, &receipt.origin) == (&one.tap, &one.origin);
        is_same.then_some(keg)
    }

    fn coming_exactly(&self, one: &Exact, kegs: &[Keg]) -> Result<Coming, Error> {
        let (resolved, tap, origin) = (one.package.clone(), one.tap.clone(), one.origin.clone());
        let mut around = self.around_folder(&resolved.name, one.folder.clone());
        around.nearby.extend(one.mirror.clone());
        let artifact =
            self.artifact_for(&resolved.platform, &resolved, &resolved.source, &around)?;
        let release = Release { resolved, tap, origin, around };
        Ok(Coming::of(self, release, artifact, kegs))
    }
}

/// The record with other packages; their leaves are not known yet.
pub(super) fn with(before: &Record, wanted: &[Exact]) -> Record {
    let mut record = before.clone();
    record.restores = None;
    record.pins.clear();
    let request = |one: &Exact| Some((one.shown_name(), one.requested.clone()?));
    record.requests = wanted.iter().filter_map(request).collect();
    record.kegs = wanted.iter().map(|one| keg_of(&one.package, &one.tap)).collect();
    record.kegs.sort_by(|a, b| (&a.name, &a.slot).cmp(&(&b.name, &b.slot)));
    link_one_slot_each(&mut record);
    record
}
