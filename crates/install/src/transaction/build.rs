//! From packages that come to kegs in staging, and from there into place; nothing is linked yet.
//!
//! Which packages come, and what becomes visible, is deliberately not known here.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
};

use digest::Digest;
use store::{
    Content, Staging,
    archive::Plan,
    commit,
    generation::Keg,
    keg::{self, StagedKeg},
    tree,
};

use super::{Error, space};
use crate::{
    assemble::{self, Assembled, Parts},
    away::Away,
    event::Event,
    fetch::{Fetched, Wanted},
    home::Home,
    needs::Needs,
    proposal::Coming,
    receipt::{LayerRecipe, Receipt},
    relocate::Relocator,
};

/// Builds kegs in a transaction's staging.
pub(super) struct Builder<'a> {
    pub(super) home: &'a Home,
    pub(super) staging: &'a Staging,
    /// All kegs of the state to come, to tell where a package's needs are.
    pub(super) kegs: &'a [Keg],
}

/// A package of the transaction, built in staging or found in the cellar.
pub(super) struct Built {
    pub(super) keg: keg::Id,
    pub(super) staged: Option<StagedKeg>,
    pub(super) receipt: Receipt,
    pub(super) plans: Vec<(Digest, Plan)>,
    pub(super) notes: Vec<String>,
}

impl Builder<'_> {
    /// Fetches and builds every package that comes and is not in the cellar already.
    pub(super) fn build(&self, comings: &[Coming]) -> Result<Vec<Built>, Error> {
        let mut built = Vec::new();
        let mut missing = Vec::new();
        if let Some(coming) = comings.iter().find(|coming| coming.to_make) {
            return Err(Error::NotMade { name: coming.resolved.name.as_str().to_owned() });
        }
        for coming in comings {
            let keg = coming.keg.clone();
            let name = || coming.resolved.name.as_str().to_owned();
            let is_there = keg::present(&self.home.layout, &keg)
                .map_err(|source| Error::Keg { name: name(), source })?;
            match Receipt::read(&self.home.layout, &keg) {
                Ok(receipt) if is_there && !coming.again => built.push(Built {
                    keg,
                    staged: None,
                    // The bytes are those of then; what is said of them is of now.
                    receipt: Receipt {
                        tap: coming.tap.clone(),
                        origin: coming.origin.clone(),
                        package: coming.resolved.clone(),
                        ..receipt
                    },
                    plans: Vec::new(),
                    notes: Vec::new(),
                }),
                _ => missing.push(coming),
            }
        }
        if let Some(away) = Away::of(self.home.away(missing.iter().copied())) {
            return Err(away.into());
        }
        space::check(&self.home.layout, &missing)?;
        let wanted: Vec<Wanted<'_>> =
            missing.iter().flat_map(|coming| wanted(coming, false)).collect();
        let mut fetched = self.home.fetcher(self.staging).fetch(&wanted)?.into_iter();
        for coming in missing {
            let layers: Vec<Fetched> =
                fetched.by_ref().take(coming.artifact.layers.len()).collect();
            built.push(self.build_one(coming, layers)?);
        }
        Ok(built)
    }

    fn build_one(&self, coming: &Coming, mut layers: Vec<Fetched>) -> Result<Built, Error> {
        let keg = coming.keg.clone();
        let name = coming.resolved.name.as_str();
        (self.home.setting.events)(Event::Linking { name: name.to_owned() });
        check_declared(coming, &layers)?;
        let (assembled, staged) = match self.stage(coming, &keg, &layers) {
            // The store lost files that a plan of it names: fetched anew, they are there.
            Err(error) if error.is_missing() && layers.iter().any(|layer| !layer.is_new) => {
                layers = self.home.fetcher(self.staging).fetch(&wanted(coming, true))?;
                self.stage(coming, &keg, &layers)?
            }
            result => result?,
        };
        let digests = coming.artifact.layers.iter().map(|layer| layer.digest.clone());
        let new = digests.zip(layers).filter(|(_, layer)| layer.is_new);
        let plans: Vec<(Digest, Plan)> = new.map(|(digest, layer)| (digest, layer.plan)).collect();
        let mut notes = assembled.notes.clone();
        notes.extend(plans.iter().flat_map(|(_, plan)| &plan.notes).map(|note| {
            format!("`{}` of `{name}` lost a privilege that its archive gives it", note.path)
        }));
        Ok(Built { keg, staged: Some(staged), receipt: receipt(coming, assembled), plans, notes })
    }

    fn stage(
        &self,
        coming: &Coming,
        keg: &keg::Id,
        layers: &[Fetched],
    ) -> Result<(Assembled, StagedKeg), Error> {
        let assembled = self.assemble(coming, keg, layers)?;
        let name = || coming.resolved.name.as_str().to_owned();
        let staged = self.link(&assembled, keg);
        let staged = staged.map_err(|source| Error::Keg { name: name(), source })?;
        Ok((assembled, staged))
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
        let needs = Needs::linked(&home.written, &coming.resolved, self.kegs);
        let root = home.written.root().display().to_string();
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
            head: &|content| self.head(content),
            expand: &|text| Home::expand(&home.written, text, keg, &needs),
            keg: home.written.keg(&keg.name, &keg.leaf).display().to_string(),
            relocations: coming.artifact.annotation.as_ref().map(|said| &said.relocations),
            relocator: Relocator { root: &root, keg, open: &|content| self.open(content) },
        };
        Ok(parts.assemble()?)
    }

    /// The first four bytes of a content, wherever it is by now.
    fn head(&self, content: &Content) -> Vec<u8> {
        let mut head = Vec::new();
        let file = self.open(content);
        let read = file.is_ok_and(|file| file.take(4).read_to_end(&mut head).is_ok());
        if read { head } else { Vec::new() }
    }

    /// A content, in staging or in the store.
    fn open(&self, content: &Content) -> io::Result<File> {
        match self.staging.read(content) {
            Ok(file) => Ok(file),
            Err(_) => File::open(self.home.layout.file(content)),
        }
    }

    /// Puts what was built into place; it is on the disk when this returns.
    pub(super) fn commit(&self, built: Vec<Built>) -> Result<(), Error> {
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
}

fn wanted(coming: &Coming, anew: bool) -> Vec<Wanted<'_>> {
    Wanted::all(coming.resolved.name.as_str(), &coming.artifact, anew)
}

/// Compares what a package of several layers holds with what it declares.
fn check_declared(coming: &Coming, layers: &[Fetched]) -> Result<(), Error> {
    let Some(said) = coming.artifact.annotation.as_ref() else { return Ok(()) };
    let bytes: u64 = layers.iter().map(|layer| layer.plan.size_bytes).sum();
    let entries: usize = layers.iter().map(|layer| layer.plan.entries.len()).sum();
    let is = |declared: Option<u64>, found| declared.is_none_or(|declared| declared == found);
    if is(said.unpacked_size, bytes) && is(said.entries, entries as u64) {
        return Ok(());
    }
    let number = |number: Option<u64>| number.map_or("any".to_owned(), |n| n.to_string());
    let (size, count) = (number(said.unpacked_size), number(said.entries));
    Err(Error::Declared {
        name: coming.resolved.name.as_str().to_owned(),
        found: format!("{bytes} bytes in {entries} entries"),
        declared: format!("{size} bytes in {count} entries"),
    })
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
