//! Looking for what is wrong below a root, and bringing back what can be brought back.
//!
//! A keg is compared with what its receipt and the plans of its layers say. Nothing is fetched
//! but what no good copy on this machine is left of.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use digest::Digest;
use fs_err as fs;
use store::{
    Staging,
    archive::Plan,
    commit,
    generation::{self, Keg, Record},
    keg,
    lock::Wait,
    repair,
    verify::{self, Damage, Verifier},
};

use crate::{
    event::Event,
    fetch,
    fetch::Wanted,
    home::Home,
    linking, proposal, receipt,
    receipt::Receipt,
    remake::{self, Remade},
    transaction,
};

/// How closely files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Names, kinds, sizes and modes.
    Quick,
    /// Every byte.
    Deep,
}

/// One thing that is wrong.
#[derive(Debug)]
pub enum Finding {
    /// A keg is not as it must be.
    Damaged {
        /// The keg.
        keg: keg::Id,
        /// What of it.
        damages: Vec<Damage>,
    },
    /// What a keg must hold cannot be told, and so not checked.
    Unknown {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: remake::Error,
    },
    /// A stored file does not hold what its name says.
    Stored {
        /// The file.
        path: PathBuf,
    },
    /// The prefix leads to no generation, although there are several.
    Lost {
        /// The newest one.
        number: u64,
    },
    /// The prefix is not as what is installed makes it.
    Links {
        /// What of it, below the prefix.
        damages: Vec<Damage>,
    },
}

/// Whether all is well cannot be told, or not mended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock cannot be had, or a new generation not be made.
    #[error(transparent)]
    Transaction(#[from] Box<transaction::Error>),
    /// The root's folders cannot be read.
    #[error("cannot look at `{}`", path.display())]
    Look {
        /// The folder.
        path: PathBuf,
        /// What the system said; it names the path.
        #[source]
        source: std::io::Error,
    },
    /// The current generation cannot be read.
    #[error("cannot read what is installed")]
    Generation(#[source] generation::Error),
    /// A keg or the store cannot be compared.
    #[error("cannot compare what is there with what must be")]
    Verify(#[from] verify::Error),
    /// Only the lost receipt knew where the package came from.
    #[error("only the receipt of `{keg}`, which is lost, knew where it came from")]
    Straight {
        /// The keg.
        keg: keg::Id,
    },
    /// The receipt is lost, and the formula is another one now.
    #[error("the receipt of `{keg}` is lost, and its formula was changed since")]
    Changed {
        /// The keg.
        keg: keg::Id,
    },
    /// What a keg must hold cannot be told.
    #[error("cannot tell what `{keg}` must hold")]
    Remake {
        /// The keg.
        keg: keg::Id,
        /// Why.
        #[source]
        source: remake::Error,
    },
    /// The package's bytes cannot be found again.
    #[error("cannot find the bytes of `{keg}` again")]
    Locate {
        /// The keg.
        keg: keg::Id,
        /// Why.
        #[source]
        source: Box<proposal::Error>,
    },
    /// Where the package was found, there are other bytes now.
    #[error("`{keg}` was made of {was}, and its formula leads to {now}")]
    Moved {
        /// The keg.
        keg: keg::Id,
        /// The artifact that it was made of.
        was: Digest,
        /// The artifact that is found now.
        now: Digest,
    },
    /// The package's bytes cannot be fetched again.
    #[error("cannot fetch `{keg}` again")]
    Fetch {
        /// The keg.
        keg: keg::Id,
        /// Why.
        #[source]
        source: fetch::Error,
    },
    /// A keg cannot be brought back.
    #[error("cannot bring `{keg}` back")]
    Repair {
        /// The keg.
        keg: keg::Id,
        /// Why.
        #[source]
        source: repair::Error,
    },
}

impl Home {
    /// Everything that is wrong, kegs first.
    pub fn examine(&self, depth: Depth) -> Result<Vec<Finding>, Error> {
        let mut verifier = Verifier::new(depth == Depth::Deep);
        let mut findings = Vec::new();
        let needed = self.needed()?;
        for keg in self.kegs()? {
            (self.setting.events)(Event::Checking { name: keg.to_string() });
            let finding = self.examine_keg(&keg, &mut verifier)?;
            // What nothing needs goes with the next cleanup, or is going while this looks at it.
            let counts = || needed.contains(&keg) || Receipt::read(&self.layout, &keg).is_ok();
            findings.extend(finding.filter(|_| counts()));
        }
        if depth == Depth::Deep && self.layout.files_dir().exists() {
            let damaged = verifier.files(&self.layout)?;
            findings.extend(damaged.into_iter().map(|path| Finding::Stored { path }));
        }
        let lost = generation::lost(&self.layout).map_err(Error::Generation)?;
        findings.extend(lost.map(|number| Finding::Lost { number }));
        let damages = self.links()?;
        if !damages.is_empty() {
            findings.push(Finding::Links { damages });
        }
        Ok(findings)
    }

    /// What is wrong with one keg.
    fn examine_keg(
        &self,
        keg: &keg::Id,
        verifier: &mut Verifier,
    ) -> Result<Option<Finding>, Error> {
        let receipt = Receipt::read(&self.layout, keg).map_err(remake::Error::from);
        let keg = keg.clone();
        match receipt.and_then(|receipt| Remade::of(&self.layout, &receipt)) {
            Ok(Remade { sealed, copies }) => {
                let damages = verifier.keg(&self.layout, &keg, &sealed, &copies)?;
                Ok((!damages.is_empty()).then_some(Finding::Damaged { keg, damages }))
            }
            Err(source) => Ok(Some(Finding::Unknown { keg, source })),
        }
    }

    /// Mends what can be mended of what was found; tells the first thing that cannot be.
    pub fn mend(&self, findings: &[Finding], wait: &mut Wait<'_>) -> Result<(), Error> {
        if findings.is_empty() {
            return Ok(());
        }
        let lock = self.lock(wait).map_err(Box::new)?;
        let staging =
            Staging::begin(&self.layout).map_err(transaction::Error::Staging).map_err(Box::new)?;
        for finding in findings {
            if let Finding::Lost { number } = finding {
                generation::switch(&self.layout, &staging, *number).map_err(Error::Generation)?;
            }
        }
        let mut failures = Vec::new();
        for finding in findings {
            if let Finding::Damaged { keg, .. } | Finding::Unknown { keg, .. } = finding {
                failures.extend(self.mend_keg(keg, &staging).err());
            }
        }
        drop(staging);
        if findings.iter().any(|finding| matches!(finding, Finding::Stored { .. })) {
            self.drop_damaged_files()?;
        }
        // Those of a keg that came back could not be told before.
        if !self.links()?.is_empty() {
            self.relink(&lock).map_err(Box::new)?;
        }
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    /// Deletes stored files that are still damaged: kegs were given good bytes before.
    fn drop_damaged_files(&self) -> Result<(), Error> {
        for path in Verifier::new(true).files(&self.layout)? {
            fs::remove_file(&path).map_err(|source| Error::Look { path, source })?;
        }
        Ok(())
    }

    fn mend_keg(&self, id: &keg::Id, staging: &Staging) -> Result<(), Error> {
        let receipt = match Receipt::read(&self.layout, id) {
            Ok(receipt) => receipt,
            Err(_) => match self.receipt_again(id, staging)? {
                Some(receipt) => receipt,
                None => return Ok(()),
            },
        };
        let mend = |remade: &Remade| {
            repair::keg(&self.layout, staging, id, &remade.sealed, &remade.copies)
        };
        let failed = |source| Error::Repair { keg: id.clone(), source };
        if let Ok(remade) = Remade::of(&self.layout, &receipt) {
            match mend(&remade) {
                Err(repair::Error::Missing { .. }) => {}
                result => return result.map_err(failed),
            }
        }
        let plans = self.fetch_again(id, &receipt, staging)?;
        let remade =
            Remade::with(&receipt, &plans.iter().map(|(_, plan)| plan).collect::<Vec<_>>())
                .map_err(|source| Error::Remake { keg: id.clone(), source })?;
        mend(&remade).map_err(failed)?;
        commit::commit(&self.layout, staging, &[], &[], &plans)
            .map_err(transaction::Error::Commit)
            .map_err(Box::new)?;
        Ok(())
    }

    /// Writes a lost receipt anew, by what the tap says; `None` for a keg that nothing needs.
    fn receipt_again(&self, id: &keg::Id, staging: &Staging) -> Result<Option<Receipt>, Error> {
        let records = self.records()?;
        let is_it = |keg: &&Keg| keg.id() == *id;
        let find = |record: &Record| {
            let keg = record.kegs.iter().find(is_it)?;
            Some((keg.clone(), record.kegs.clone()))
        };
        let Some((keg, kegs)) = records.iter().rev().find_map(find) else { return Ok(None) };
        if keg.tap == catalog::DIRECT {
            return Err(Error::Straight { keg: id.clone() });
        }
        let coming = self
            .coming_again(&keg, &kegs)
            .map_err(|source| Error::Locate { keg: id.clone(), source: Box::new(source) })?;
        if coming.keg != *id {
            return Err(Error::Changed { keg: id.clone() });
        }
        Ok(Some(self.remember(&coming, &kegs, staging).map_err(Box::new)?))
    }

    /// Decodes all layers of a package into staging once more, whatever the store has of them.
    fn fetch_again(
        &self,
        id: &keg::Id,
        receipt: &Receipt,
        staging: &Staging,
    ) -> Result<Vec<(Digest, Plan)>, Error> {
        let package = &receipt.package;
        let found = self
            .taps()
            .ok()
            .and_then(|taps| taps.find(Some(&receipt.tap), package.name.as_str()).ok());
        let mut around = found.map(|found| self.around(&found)).unwrap_or_default();
        if let receipt::Origin::File(path) = &receipt.origin {
            around.folder = path.parent().map(ToOwned::to_owned);
        }
        let artifact = self
            .artifact(package, &around)
            .map_err(|source| Error::Locate { keg: id.clone(), source: Box::new(source) })?;
        if artifact.digest != receipt.artifact {
            let (was, now) = (receipt.artifact.clone(), artifact.digest);
            return Err(Error::Moved { keg: id.clone(), was, now });
        }
        let wanted = Wanted::all(package.name.as_str(), &artifact, true);
        let fetched = self
            .fetcher(staging)
            .fetch(&wanted)
            .map_err(|source| Error::Fetch { keg: id.clone(), source })?;
        let digests = artifact.layers.iter().map(|layer| layer.digest.clone());
        Ok(digests.zip(fetched.into_iter().map(|fetched| fetched.plan)).collect())
    }

    /// The records of all generations that can be gone back to, the current one last.
    fn records(&self) -> Result<Vec<Record>, Error> {
        let numbers = generation::list(&self.layout).map_err(Error::Generation)?;
        Ok(numbers
            .iter()
            .filter_map(|number| generation::read(&self.layout, *number).ok())
            .collect())
    }

    /// The kegs that a generation needs.
    fn needed(&self) -> Result<BTreeSet<keg::Id>, Error> {
        let kegs = self.records()?.into_iter().flat_map(|record| record.kegs);
        Ok(kegs.map(|keg| keg.id()).collect())
    }

    /// The kegs of the cellar, and those that the current generation needs.
    fn kegs(&self) -> Result<BTreeSet<keg::Id>, Error> {
        let installed = self.installed().map_err(Error::Generation)?;
        let mut kegs: BTreeSet<keg::Id> =
            installed.packages().iter().map(|package| package.keg.clone()).collect();
        for name in names(&self.layout.cellar())? {
            let leaves = names(&self.layout.cellar().join(&name))?.into_iter();
            kegs.extend(leaves.map(|leaf| keg::Id { name: name.clone(), leaf }));
        }
        Ok(kegs)
    }

    /// What of the current generation is not as it would be made today.
    fn links(&self) -> Result<Vec<Damage>, Error> {
        let installed = self.installed().map_err(Error::Generation)?;
        let Some(number) = installed.generation else { return Ok(Vec::new()) };
        let receipts = installed.packages().iter().filter_map(|package| {
            Some((package.keg.clone(), Receipt::read(&self.layout, &package.keg).ok()?))
        });
        let receipts: HashMap<keg::Id, Receipt> = receipts.collect();
        if receipts.len() < installed.packages().len() {
            // What cannot be read is told of the kegs; without it the links cannot be.
            return Ok(Vec::new());
        }
        let packages = linking::packages(&installed.record, &receipts);
        let entries = |id: &keg::Id, path: &str| generation::entries(&self.layout, id, path);
        let mut winners = installed.record.overwritten.clone();
        // A damaged keg may make no links; it is told by itself.
        let Ok(links) = linking::lay_out(&packages, &entries, &mut winners, None) else {
            return Ok(Vec::new());
        };
        let path = self.layout.generation(number);
        generation::compare(&self.layout, number, &links)
            .map_err(|source| Error::Look { path, source })
    }
}

/// The names in a folder; none where it is not there yet.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Look { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(failed)
    };
    entries.map(name).collect()
}
