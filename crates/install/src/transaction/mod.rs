//! Carrying out a proposal, all or nothing: a crash at any moment leaves the old state or the new.
//!
//! The order: take the lock, clear what a crash left, fetch and decode into staging, build the
//! kegs and the links there, put everything into place, bring settings, write the generation and
//! swap `current`. Only the last step is visible.

mod error;

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    io::Read as _,
    ops::ControlFlow,
    time::Duration,
};

use digest::Digest;
use fs_err as fs;
use store::{
    Content, Lock, Staging,
    archive::Plan,
    commit,
    generation::{self, Record},
    keg::{self, StagedKeg},
    lock::Holder,
    recover,
    tree::{self, Folding},
};

pub use error::Error;

use crate::{
    assemble::{self, Assembled, Parts},
    event::Event,
    expose::Exposed,
    fetch::{Fetched, Fetcher, Wanted},
    home::Home,
    linking::{self, Linked},
    proposal::{Coming, Proposal, Step},
    receipt::{LayerRecipe, Receipt},
    settings::{self, Outcome as Brought},
    setup::Steps,
    shadow::{self, Shadow},
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
}

/// How a change talks to its user.
pub struct Talk<'a> {
    /// Whether a proposal that goes beyond what was named shall be carried out.
    pub confirm: &'a mut dyn FnMut(&Proposal) -> bool,
    /// Called while another process holds the lock; break gives up.
    pub wait: &'a mut dyn FnMut(&Holder, Duration) -> ControlFlow<()>,
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
        self.create()?;
        let lock = Lock::acquire(&self.layout, &self.setting.command, talk.wait)?;
        recover::recover(&self.layout, &lock).map_err(Error::Recover)?;
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
        let staging = Staging::begin(&self.layout).map_err(Error::Staging)?;
        let transaction = Transaction { home: self, staging: &staging, options };
        transaction.run(proposal)
    }
}

struct Transaction<'a> {
    home: &'a Home,
    staging: &'a Staging,
    options: Options,
}

/// A package of the transaction, built in staging or found in the cellar.
struct Built {
    keg: keg::Id,
    staged: Option<StagedKeg>,
    receipt: Receipt,
    plans: Vec<(Digest, Plan)>,
    notes: Vec<String>,
}

impl Transaction<'_> {
    fn run(&self, proposal: Proposal) -> Result<Outcome, Error> {
        let built = self.build(&proposal.comings)?;
        let mut record = self.record(&proposal);
        let receipts = self.receipts(&record, &built)?;
        let mut winners = std::mem::take(&mut record.overwritten);
        let links = {
            let packages = linked(&record, &receipts);
            let staged: HashMap<keg::Id, &StagedKeg> = built
                .iter()
                .filter_map(|built| Some((built.keg.clone(), built.staged.as_ref()?)))
                .collect();
            let fresh: Vec<String> = built.iter().map(|built| built.keg.name.clone()).collect();
            let overwrite = self.options.overwrite.then_some(&fresh[..]);
            let layout = &self.home.layout;
            linking::lay_out(layout, self.staging, &packages, &staged, &mut winners, overwrite)?
        };
        record.overwritten = winners;
        let shadows = self.shadows(&built)?;
        let mut outcome = outcome(&proposal, &built, shadows);
        let kegs: Vec<keg::Id> = built.iter().map(|built| built.keg.clone()).collect();
        self.commit(built)?;
        for keg in &kegs {
            self.set_up(&receipts[keg], keg, &mut outcome.notes)?;
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
        if !matches!(
            proposal.request,
            crate::Request::Undo | crate::Request::Redo | crate::Request::Rollback(_)
        ) {
            record.restores = None;
        }
        record
    }

    /// Fetches and builds every package that comes and is not in the cellar already.
    fn build(&self, comings: &[Coming]) -> Result<Vec<Built>, Error> {
        let mut built = Vec::new();
        let mut missing = Vec::new();
        for coming in comings {
            let keg = coming.keg.clone();
            let name = || coming.resolved.name.as_str().to_owned();
            let is_there = keg::present(&self.home.layout, &keg)
                .map_err(|source| Error::Keg { name: name(), source })?;
            match Receipt::read(&self.home.layout, &keg) {
                Ok(receipt) if is_there && !coming.again => built.push(Built {
                    keg,
                    staged: None,
                    receipt: Receipt { tap: coming.tap.clone(), ..receipt },
                    plans: Vec::new(),
                    notes: Vec::new(),
                }),
                _ => missing.push(coming),
            }
        }
        let wanted: Vec<Wanted<'_>> =
            missing.iter().flat_map(|coming| wanted(coming, false)).collect();
        let mut fetched = self.fetcher().fetch(&wanted)?.into_iter();
        for coming in missing {
            let layers: Vec<Fetched> =
                fetched.by_ref().take(coming.artifact.layers.len()).collect();
            built.push(self.build_one(coming, layers)?);
        }
        Ok(built)
    }

    fn fetcher(&self) -> Fetcher<'_> {
        Fetcher {
            layout: &self.home.layout,
            staging: self.staging,
            network: &self.home.network,
            events: &self.home.setting.events,
            jobs: self.home.setting.jobs,
            downloads: &self.home.downloads,
        }
    }

    fn build_one(&self, coming: &Coming, mut layers: Vec<Fetched>) -> Result<Built, Error> {
        let keg = coming.keg.clone();
        let name = coming.resolved.name.as_str();
        (self.home.setting.events)(Event::Linking { name: name.to_owned() });
        let mut assembled = self.assemble(coming, &keg, &layers)?;
        let staged = match self.link(&assembled, &keg) {
            // The store lost files that a plan of it names: fetched anew, they are there.
            Err(keg::Error::Missing { .. }) if layers.iter().any(|layer| !layer.is_new) => {
                layers = self.fetcher().fetch(&wanted(coming, true))?;
                assembled = self.assemble(coming, &keg, &layers)?;
                self.link(&assembled, &keg)
            }
            result => result,
        }
        .map_err(|source| Error::Keg { name: name.to_owned(), source })?;
        let digests = coming.artifact.layers.iter().map(|layer| layer.digest.clone());
        let new = digests.zip(layers).filter(|(_, layer)| layer.is_new);
        let plans: Vec<(Digest, Plan)> = new.map(|(digest, layer)| (digest, layer.plan)).collect();
        let mut notes = assembled.notes.clone();
        notes.extend(plans.iter().flat_map(|(_, plan)| &plan.notes).map(|note| {
            format!("`{}` of `{name}` lost a privilege that its archive gives it", note.path)
        }));
        Ok(Built { keg, staged: Some(staged), receipt: receipt(coming, assembled), plans, notes })
    }

    fn link(&self, assembled: &Assembled, keg: &keg::Id) -> Result<StagedKeg, keg::Error> {
        let layout = &self.home.layout;
        // A program whose archive did not mark it is another file of the store.
        if let Err(error) = tree::stage_programs(&assembled.sealed, layout, self.staging) {
            tracing::debug!(%error, "cannot stage a program");
        }
        let copies = assemble::copies(&assembled.recipe);
        keg::link(layout, self.staging, &assembled.sealed, keg, &copies)
    }

    fn assemble(
        &self,
        coming: &Coming,
        keg: &keg::Id,
        layers: &[Fetched],
    ) -> Result<Assembled, Error> {
        let home = self.home;
        let plans: Vec<&Plan> = layers.iter().map(|layer| &layer.plan).collect();
        let recipes = coming.artifact.layers.iter().map(|layer| LayerRecipe {
            digest: layer.digest.clone(),
            placement: layer.placement.clone(),
        });
        let parts = Parts {
            package: &coming.resolved,
            shape: &coming.artifact.shape,
            layers: recipes.collect(),
            plans: &plans,
            folding: if cfg!(target_os = "macos") { Folding::Yes } else { Folding::No },
            head: &|content| self.head(content),
            expand: &|text| home.expand(text, keg),
            keg: home.layout.keg(&keg.name, &keg.leaf).display().to_string(),
        };
        Ok(parts.assemble()?)
    }

    /// The first four bytes of a content, wherever it is by now.
    fn head(&self, content: &Content) -> Vec<u8> {
        let mut head = Vec::new();
        let read = match self.staging.read(content) {
            Ok(file) => file.take(4).read_to_end(&mut head).is_ok(),
            Err(_) => fs::File::open(self.home.layout.file(content))
                .is_ok_and(|file| file.take(4).read_to_end(&mut head).is_ok()),
        };
        if read { head } else { Vec::new() }
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
            let id = keg::Id { name: keg.name.clone(), leaf: keg.leaf.clone() };
            if let Entry::Vacant(vacant) = receipts.entry(id) {
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

    fn commit(&self, built: Vec<Built>) -> Result<(), Error> {
        (self.home.setting.events)(Event::Syncing);
        let mut kegs = Vec::new();
        let mut receipts = Vec::new();
        let mut plans = BTreeMap::new();
        for built in built {
            receipts.push(commit::Receipt { keg: built.keg, bytes: built.receipt.to_bytes() });
            kegs.extend(built.staged);
            plans.extend(built.plans);
        }
        let plans: Vec<(Digest, Plan)> = plans.into_iter().collect();
        commit::commit(&self.home.layout, self.staging, &kegs, &receipts, &plans)
            .map_err(Error::Commit)
    }

    /// Brings settings and carries out the setup steps of one package.
    fn set_up(
        &self,
        receipt: &Receipt,
        keg: &keg::Id,
        notes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let layout = &self.home.layout;
        let path = layout.keg(&keg.name, &keg.leaf);
        if !receipt.settings.is_empty() {
            let earlier = Receipt::all_of(layout, &keg.name);
            let known: HashSet<digest::Sha256> =
                earlier.iter().flat_map(|r| &r.settings).map(|setting| setting.sha256).collect();
            for setting in &receipt.settings {
                let brought = settings::bring(layout.root(), &path, setting, &known)?;
                if let Brought::Beside(beside) = brought {
                    notes.push(format!(
                        "`{}` was changed by you and stays; the package's own is `{}`",
                        setting.path,
                        beside.display()
                    ));
                }
            }
        }
        let steps = Steps {
            name: &keg.name,
            keg: &path,
            places: [layout.etc(), layout.var()],
            expand: &|text| self.home.expand(text, keg),
        };
        Ok(steps.carry_out(&receipt.package.setup)?)
    }
}

fn wanted(coming: &Coming, anew: bool) -> Vec<Wanted<'_>> {
    let (name, shape) = (coming.resolved.name.as_str(), &coming.artifact.shape);
    let layers = coming.artifact.layers.iter();
    layers.map(|layer| Wanted { name, layer, shape, anew }).collect()
}

fn receipt(coming: &Coming, assembled: Assembled) -> Receipt {
    Receipt {
        schema: Receipt::SCHEMA,
        tap: coming.tap.clone(),
        origin: coming.origin.clone(),
        package: coming.resolved.clone(),
        artifact: coming.artifact.digest.clone(),
        unpacked_bytes: assembled.sealed.files().map(|(_, content)| content.size).sum(),
        entries: assembled.sealed.iter().count() as u64,
        recipe: assembled.recipe,
        exposed: assembled.exposed,
        settings: assembled.settings,
        installed_at: Home::now(),
    }
}

fn linked<'a>(record: &'a Record, receipts: &'a HashMap<keg::Id, Receipt>) -> Vec<Linked<'a>> {
    static NOTHING: Exposed = Exposed { links: Vec::new(), etc: Vec::new() };
    record
        .kegs
        .iter()
        .map(|keg| {
            let id = keg::Id { name: keg.name.clone(), leaf: keg.leaf.clone() };
            let exposed = receipts.get(&id).map_or(&NOTHING, |receipt| &receipt.exposed);
            Linked {
                name: &keg.name,
                slot: keg.slot.as_deref(),
                keg: id,
                linked: keg.linked,
                exposed,
            }
        })
        .collect()
}

fn outcome(proposal: &Proposal, built: &[Built], shadows: Vec<Shadow>) -> Outcome {
    let mut notes = proposal.notes.clone();
    notes.extend(built.iter().flat_map(|built| built.notes.clone()));
    let commands = built.iter().map(|built| {
        let commands = assemble::commands(&built.receipt.exposed).into_iter().collect();
        (built.keg.name.clone(), commands)
    });
    let caveats = built
        .iter()
        .filter_map(|built| Some((built.keg.name.clone(), built.receipt.package.caveats.clone()?)));
    Outcome {
        generation: None,
        steps: proposal.steps.clone(),
        commands: commands.collect(),
        caveats: caveats.collect(),
        notes,
        shadows,
    }
}
