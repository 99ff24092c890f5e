//! Carrying out a proposal, all or nothing: a crash at any moment leaves the old state or the new.
//!
//! The order: take the lock, clear what a crash left, fetch and decode into staging, build the
//! kegs and the links there, put everything into place, bring settings, write the generation and
//! swap `current`. Only the last step is visible.

mod build;
mod error;
mod space;

use std::collections::{HashMap, HashSet, hash_map::Entry};

use store::{
    Lock, Staging,
    generation::{self, Keg, Record},
    in_use::{self, Hold},
    keg::{self, StagedKeg},
    lock::Wait,
    recover,
};

use build::{Builder, Built};
pub use error::Error;

use crate::{
    Request, assemble,
    cleanup::Extent,
    event::Event,
    home::Home,
    linking,
    needs::Needs,
    proposal::{Coming, Proposal, Step},
    receipt::Receipt,
    settings::{self, Outcome as Brought},
    setup::Steps,
    shadow::{self, Shadow},
    state,
};

/// What a user may insist on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Where two packages offer the same path, the one that comes wins.
    pub overwrite: bool,
    /// Commands may hide those of the system.
    pub allow_shadow: bool,
}

/// What was changed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The new generation; `None` where nothing changed.
    pub generation: Option<u64>,
    /// The steps that were carried out.
    pub steps: Vec<Step>,
    /// Each package that came, with its commands.
    pub commands: Vec<(String, Vec<String>)>,
    /// What each package wants its user to know.
    pub caveats: Vec<(String, String)>,
    /// What else there is to know, one line each.
    pub notes: Vec<String>,
    /// Commands of the system that are hidden now.
    pub shadows: Vec<Shadow>,
    /// Bytes that only going back needs, after packages were removed.
    pub freeable_bytes: Option<u64>,
}

/// A package that is in the cellar, linked or not, and stays there for as long as this is held.
#[derive(Debug)]
pub struct Realised {
    /// The keg.
    pub keg: keg::Id,
    /// What is known of it.
    pub receipt: Receipt,
    /// What keeps it from being cleaned up.
    pub hold: Hold,
}

/// How a change talks to its user.
pub struct Talk<'a> {
    /// Whether a proposal that goes beyond what was named shall be carried out.
    pub confirm: &'a mut dyn FnMut(&Proposal) -> bool,
    /// Called while another process holds the lock; break gives up.
    pub wait: &'a mut Wait<'a>,
}

impl Home {
    /// Carries out a proposal; if the state changed since, what the request means then.
    pub fn carry_out(
        &self,
        proposal: Proposal,
        options: Options,
        talk: &mut Talk<'_>,
    ) -> Result<Outcome, Error> {
        if !proposal.is_change {
            return Ok(Outcome { notes: proposal.notes, ..Outcome::default() });
        }
        if !(talk.confirm)(&proposal) {
            return Err(Error::Declined);
        }
        let lock = self.lock(talk.wait)?;
        let now = generation::current_number(&self.layout).map_err(Error::Generation)?;
        let proposal = if now == proposal.based_on {
            proposal
        } else {
            let again = self.propose(&proposal.request)?;
            if again.beyond && !(talk.confirm)(&again) {
                return Err(Error::Declined);
            }
            again
        };
        if !proposal.is_change {
            return Ok(Outcome { notes: proposal.notes, ..Outcome::default() });
        }
        let removes = matches!(proposal.request, Request::Uninstall(_) | Request::Autoremove);
        let staging = Staging::begin(&self.layout).map_err(Error::Staging)?;
        let mut outcome = Transaction { home: self, staging: &staging, options }.run(proposal)?;
        if removes {
            // A help for the user: what was asked for is done, whatever this says.
            let freeable = self.collect(&lock, Extent::All, true);
            outcome.freeable_bytes = freeable.ok().map(|freed| freed.bytes);
        }
        Ok(outcome)
    }

    /// Has the packages of a proposal in the cellar without linking them, what is needed first.
    pub fn realise(
        &self,
        proposal: &Proposal,
        wait: &mut Wait<'_>,
    ) -> Result<Vec<Realised>, Error> {
        self.realise_all(&proposal.comings, &proposal.record.kegs, wait)
    }

    /// Has one package in the cellar, without what it needs.
    pub(crate) fn realise_one(
        &self,
        coming: Coming,
        wait: &mut Wait<'_>,
    ) -> Result<Realised, Error> {
        let mut realised = self.realise_all(&[coming], &[], wait)?;
        Ok(realised.pop().expect("one package was asked for"))
    }

    pub(crate) fn realise_all(
        &self,
        comings: &[Coming],
        beside: &[Keg],
        wait: &mut Wait<'_>,
    ) -> Result<Vec<Realised>, Error> {
        let kegs: Vec<keg::Id> = comings.iter().map(|c| c.keg.clone()).collect();
        if let Ok(realised) = self.hold_all(&kegs) {
            return Ok(realised);
        }
        let _lock = self.lock(wait)?;
        let staging = Staging::begin(&self.layout).map_err(Error::Staging)?;
        let builder = Builder { home: self, staging: &staging, kegs: beside };
        let mut built = builder.build(comings)?;
        // What is installed may have come otherwise than this proposal would bring it.
        built.retain(|built| built.staged.is_some());
        builder.commit(built)?;
        self.hold_all(&kegs)
    }

    /// Makes a keg's receipt again, and puts it into place with whatever of the keg is missing.
    pub(crate) fn remember(
        &self,
        coming: &Coming,
        kegs: &[Keg],
        staging: &Staging,
    ) -> Result<Receipt, Error> {
        let builder = Builder { home: self, staging, kegs };
        let built = builder.build(std::slice::from_ref(coming))?;
        let receipt = built[0].receipt.clone();
        builder.commit(built)?;
        Ok(receipt)
    }

    /// Holds kegs that are in the cellar already.
    pub(crate) fn hold_all(&self, kegs: &[keg::Id]) -> Result<Vec<Realised>, Error> {
        let hold = |keg: &keg::Id| {
            let hold = in_use::hold(&self.layout, keg).map_err(Error::Hold)?;
            let receipt = Receipt::read(&self.layout, keg)?;
            Ok(Realised { keg: keg.clone(), receipt, hold })
        };
        kegs.iter().map(hold).collect()
    }

    /// Makes the links of what is installed anew, as a generation of their own.
    pub(crate) fn relink(&self, _lock: &Lock) -> Result<Outcome, Error> {
        let staging = Staging::begin(&self.layout).map_err(Error::Staging)?;
        let installed = self.installed().map_err(Error::Generation)?;
        let proposal = Proposal::unchanged(&installed);
        Transaction { home: self, staging: &staging, options: Options::default() }.run(proposal)
    }

    /// Becomes the one writer, and clears what an interrupted command left.
    pub(crate) fn lock(&self, wait: &mut Wait<'_>) -> Result<Lock, Error> {
        self.create()?;
        let lock = Lock::acquire(&self.layout, &self.setting.command, wait)?;
        recover::recover(&self.layout, &lock).map_err(Error::Recover)?;
        Ok(lock)
    }
}

struct Transaction<'a> {
    home: &'a Home,
    staging: &'a Staging,
    options: Options,
}

impl Transaction<'_> {
    fn run(&self, proposal: Proposal) -> Result<Outcome, Error> {
        let mut record = self.record(&proposal);
        let kegs = record.kegs.clone();
        let builder = Builder { home: self.home, staging: self.staging, kegs: &kegs };
        let built = builder.build(&proposal.comings)?;
        let receipts = self.receipts(&record, &built)?;
        let mut winners = std::mem::take(&mut record.overwritten);
        let links = {
            let packages = linking::packages(&record, &receipts);
            let staged: HashMap<keg::Id, &StagedKeg> = built
                .iter()
                .filter_map(|built| Some((built.keg.clone(), built.staged.as_ref()?)))
                .collect();
            let fresh: Vec<String> = built.iter().map(|built| built.keg.name.clone()).collect();
            let overwrite = self.options.overwrite.then_some(&fresh[..]);
            let entries = |id: &keg::Id, path: &str| match staged.get(id) {
                Some(keg) => keg.entries(self.staging, path),
                None => generation::entries(&self.home.layout, id, path),
            };
            linking::lay_out(&packages, &entries, &mut winners, overwrite)?
        };
        record.overwritten = winners;
        let shadows = self.shadows(&built)?;
        let mut outcome = outcome(&proposal, &record, &built, shadows);
        let fresh: Vec<keg::Id> = built.iter().map(|built| built.keg.clone()).collect();
        builder.commit(built)?;
        for keg in &fresh {
            self.set_up(&receipts[keg], keg, &kegs, &mut outcome.notes)?;
        }
        let layout = &self.home.layout;
        let number =
            generation::write(layout, self.staging, &links, &record).map_err(Error::Generation)?;
        generation::switch(layout, self.staging, number).map_err(Error::Generation)?;
        (self.home.setting.events)(Event::Switched { generation: number });
        outcome.generation = Some(number);
        Ok(outcome)
    }

    /// The record of the generation to come.
    fn record(&self, proposal: &Proposal) -> Record {
        let mut record = proposal.record.clone();
        record.command.clone_from(&self.home.setting.command);
        record.time = Home::now();
        if !matches!(proposal.request, Request::Undo | Request::Redo | Request::Rollback(_)) {
            record.restores = None;
        }
        record
    }

    /// The receipts of all packages of the generation to come.
    fn receipts(
        &self,
        record: &Record,
        built: &[Built],
    ) -> Result<HashMap<keg::Id, Receipt>, Error> {
        let mut receipts: HashMap<keg::Id, Receipt> =
            built.iter().map(|built| (built.keg.clone(), built.receipt.clone())).collect();
        for keg in &record.kegs {
            if let Entry::Vacant(vacant) = receipts.entry(keg.id()) {
                let receipt = Receipt::read(&self.home.layout, vacant.key())?;
                vacant.insert(receipt);
            }
        }
        Ok(receipts)
    }

    /// Commands of the system that packages which come would hide.
    fn shadows(&self, built: &[Built]) -> Result<Vec<Shadow>, Error> {
        let Some(path) = &self.home.setting.path else { return Ok(Vec::new()) };
        let mut shadows = Vec::new();
        for built in built {
            let package = &built.receipt.package;
            for command in built.receipt.exposed.commands() {
                let root = self.home.layout.root();
                let Some(hidden) = shadow::hidden(path, root, command) else { continue };
                let expected = package.name.as_str() == command
                    || package.aliases.iter().any(|alias| alias.as_str() == command);
                let shadow = Shadow { command: command.to_owned(), hidden, expected };
                if !expected && !self.options.allow_shadow {
                    return Err(Error::Shadow { package: built.keg.name.clone(), shadow });
                }
                shadows.push(shadow);
            }
        }
        Ok(shadows)
    }

    /// Brings settings and carries out the setup steps of one package.
    fn set_up(
        &self,
        receipt: &Receipt,
        keg: &keg::Id,
        kegs: &[Keg],
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let layout = &self.home.layout;
        let path = layout.keg(&keg.name, &keg.leaf);
        if !receipt.settings.is_empty() {
            let earlier = Receipt::all_of(layout, &keg.name);
            let known: HashSet<digest::Sha256> =
                earlier.iter().flat_map(|r| &r.settings).map(|setting| setting.sha256).collect();
            let (root, staging) = (layout.root(), self.staging.path());
            let places = settings::Places { root, keg: &path, staging };
            for setting in &receipt.settings {
                let brought = settings::bring(&places, setting, &known)?;
                if let Brought::Beside(beside) = brought {
                    notes.push(format!(
                        "`{}` was changed by you and stays; the package's own is `{}`",
                        setting.path,
                        beside.display()
                    ));
                }
            }
        }
        let expand = |layout, text: &str| {
            Home::expand(layout, text, keg, &Needs::linked(layout, &receipt.package, kegs))
        };
        let steps = Steps {
            name: &keg.name,
            keg: &path,
            staging: self.staging.path(),
            places: [layout.etc(), layout.var()],
            place: &|text| expand(layout, text),
            text: &|text| expand(&self.home.written, text),
        };
        Ok(steps.carry_out(&receipt.package.setup)?)
    }
}

fn outcome(proposal: &Proposal, record: &Record, built: &[Built], shadows: Vec<Shadow>) -> Outcome {
    let mut notes = proposal.notes.clone();
    notes.extend(built.iter().flat_map(|built| built.notes.clone()));
    notes.extend(built.iter().filter_map(|built| service(&built.receipt)));
    let mut commands = Vec::new();
    for built in built {
        let is_it = |keg: &&Keg| keg.leaf == built.keg.leaf;
        let mut named = record.kegs.iter().filter(|keg| keg.name == built.keg.name);
        match named.clone().find(is_it) {
            Some(keg) if !keg.linked => notes.extend(unlinked(keg, named.find(|k| k.linked))),
            _ => {
                let names = assemble::commands(&built.receipt.exposed).into_iter().collect();
                commands.push((built.keg.name.clone(), names));
            }
        }
    }
    let caveats = built
        .iter()
        .filter_map(|built| Some((built.keg.name.clone(), built.receipt.package.caveats.clone()?)));
    Outcome {
        generation: None,
        steps: proposal.steps.clone(),
        commands,
        caveats: caveats.collect(),
        notes,
        shadows,
        freeable_bytes: None,
    }
}

/// That a package can run as a service, which its user has to see to.
fn service(receipt: &Receipt) -> Option<String> {
    let name = &receipt.package.name;
    receipt.package.service.as_ref()?;
    Some(format!(
        "{name} can run as a service, and pkg starts none: `pkg info {name}` has its command"
    ))
}

/// Why a package that came is not linked, where the user may not expect it.
fn unlinked(keg: &Keg, linked: Option<&Keg>) -> Option<String> {
    let name = state::shown(&keg.name, keg.slot.as_deref());
    match (linked, &keg.keg_only) {
        (Some(linked), _) => {
            let linked = state::shown(&linked.name, linked.slot.as_deref());
            Some(format!("{name} is not linked, {linked} is; `pkg use {name}` changes that"))
        }
        (None, Some(why)) => Some(format!("{name} is not linked: {why}")),
        (None, None) => None,
    }
}
