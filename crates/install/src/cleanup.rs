//! How much of the past is kept, and the deletion of the rest.

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use store::{
    Layout, Lock,
    collect::{self, Freed, Keep, Needed},
    generation, keg,
    lock::Wait,
};

pub use crate::blobs::Dropped;
use crate::{blobs::Blobs, home::Home, projects, receipt::Receipt, remake::Remade, transaction};

/// So many of the last generations can be gone back to, however old they are.
const GENERATIONS_KEPT: usize = 10;
/// Every generation can be gone back to for so long.
const AGE_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How much is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What neither the last 10 generations nor those of the last 30 days need.
    Old,
    /// Everything that what is installed now does not need: there is no way back then.
    All,
}

/// What nothing needs cannot be found or deleted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock cannot be had.
    #[error(transparent)]
    Lock(#[from] Box<transaction::Error>),
    /// The generations cannot be read.
    #[error("cannot tell which generations are kept")]
    Generations(#[source] generation::Error),
    /// The roots of projects cannot be looked at or removed.
    #[error("cannot {step} the roots of projects")]
    Projects {
        /// What was being done, as a verb.
        step: &'static str,
        /// What the system said; it names the path.
        #[source]
        source: io::Error,
    },
    /// The downloads of the cache cannot be looked through.
    #[error("cannot look through the downloads in the cache")]
    Downloads(#[source] io::Error),
    /// It cannot be told what is needed, or something cannot be removed.
    #[error(transparent)]
    Collect(#[from] collect::Error),
}

/// What was freed, or would be.
#[derive(Debug, Clone, Default)]
pub struct Cleaned {
    /// What of the store and of all roots.
    pub freed: Freed,
    /// The folders of projects that are gone, and with them their roots.
    pub projects: Vec<PathBuf>,
    /// Downloads of the cache that nobody used for long.
    pub downloads: Dropped,
}

/// What of the roots of projects goes, and what stays of them.
#[derive(Default)]
struct Projects {
    /// The folders that are gone.
    gone: Vec<PathBuf>,
    /// Their roots, where they are only looked at.
    leaving: Vec<PathBuf>,
    freed: Freed,
    /// What the kegs that stay need of the store.
    guests: Needed,
}

impl Home {
    /// Deletes what nothing needs any more, or with `dry` only says what that is.
    pub fn clean(&self, extent: Extent, dry: bool, wait: &mut Wait<'_>) -> Result<Cleaned, Error> {
        if !self.layout.root().exists() {
            return Ok(Cleaned::default());
        }
        let lock = self.lock(wait).map_err(Box::new)?;
        let Projects { gone, leaving, freed, guests } = self.collect_projects(dry)?;
        let beside = self.collect_beside((guests, leaving), extent, dry)?;
        let mut cleaned = Cleaned { projects: gone, freed: beside, ..Cleaned::default() };
        drop(lock);
        cleaned.freed.kegs.splice(..0, freed.kegs);
        cleaned.freed.in_use.splice(..0, freed.in_use);
        cleaned.freed.bytes += freed.bytes;
        cleaned.downloads = self.drop_downloads(extent, dry)?;
        Ok(cleaned)
    }

    /// Downloads that stayed in the cache, also where none are to by now.
    fn drop_downloads(&self, extent: Extent, dry: bool) -> Result<Dropped, Error> {
        let Some(cache) = self.cache() else { return Ok(Dropped::default()) };
        let since = match extent {
            Extent::Old => SystemTime::now() - AGE_KEPT,
            Extent::All => SystemTime::now(),
        };
        Blobs::new(cache, 0).drop_unused(since, dry).map_err(Error::Downloads)
    }

    /// What of this root, with all that projects need kept.
    pub(crate) fn collect(&self, _lock: &Lock, extent: Extent, dry: bool) -> Result<Freed, Error> {
        let looked_at = |source| Error::Projects { step: "look at", source };
        let mut guests = Needed::default();
        if self.layout.host().is_none() {
            for project in projects::all(&self.layout).map_err(looked_at)?.0 {
                add(&mut guests, &project.layout(self.layout.root()), &BTreeSet::new())?;
            }
        }
        self.collect_beside((guests, Vec::new()), extent, dry)
    }

    fn collect_beside(
        &self,
        (guests, leaving): (Needed, Vec<PathBuf>),
        extent: Extent,
        dry: bool,
    ) -> Result<Freed, Error> {
        let needs = |keg: &keg::Id| needed(&self.layout, keg);
        let keep = Keep {
            generations: self.kept(extent)?,
            kegs: BTreeSet::new(),
            guests,
            leaving,
            partials_since: match extent {
                Extent::Old => SystemTime::now() - AGE_KEPT,
                Extent::All => SystemTime::now(),
            },
            needs: &needs,
        };
        Ok(collect::collect(&self.layout, &keep, dry)?)
    }

    /// Of projects everything but what they have now, and the roots of those that are gone.
    fn collect_projects(&self, dry: bool) -> Result<Projects, Error> {
        let failed = |step| move |source| Error::Projects { step, source };
        let mut all = Projects::default();
        let (known, lost) = projects::all(&self.layout).map_err(failed("look at"))?;
        for project in known {
            let layout = project.layout(self.layout.root());
            let is_in_use = projects::is_in_use(&layout).map_err(failed("look at"))?;
            if !project.is_wanted() && !is_in_use {
                match dry {
                    true => all.leaving.push(project.root),
                    false => store::remove(&project.root).map_err(failed("remove"))?,
                }
                all.gone.push(project.folder);
                continue;
            }
            let keep = Keep {
                generations: BTreeSet::new(),
                kegs: BTreeSet::new(),
                guests: Needed::default(),
                leaving: Vec::new(),
                partials_since: SystemTime::UNIX_EPOCH,
                needs: &|_| Ok(Needed::default()),
            };
            let freed = collect::collect(&layout, &keep, dry)?;
            add(&mut all.guests, &layout, &freed.kegs.iter().cloned().collect())?;
            all.freed.kegs.extend(freed.kegs);
            all.freed.in_use.extend(freed.in_use);
            all.freed.bytes += freed.bytes;
        }
        if !dry {
            lost.iter().try_for_each(|path| store::remove(path)).map_err(failed("remove"))?;
        }
        all.gone.dedup();
        Ok(all)
    }

    /// The generations that stay besides the current one.
    fn kept(&self, extent: Extent) -> Result<BTreeSet<u64>, Error> {
        if extent == Extent::All {
            return Ok(BTreeSet::new());
        }
        let numbers = generation::list(&self.layout).map_err(Error::Generations)?;
        let mut kept: BTreeSet<u64> =
            numbers.iter().rev().take(GENERATIONS_KEPT).copied().collect();
        let since = Self::now() - i64::try_from(AGE_KEPT.as_secs()).unwrap_or(i64::MAX);
        for number in numbers {
            match generation::read(&self.layout, number) {
                Ok(record) if record.time >= since => {
                    kept.insert(number);
                }
                Ok(_) => {}
                // It cannot be gone back to.
                Err(generation::Error::Parse { .. }) => {
                    kept.remove(&number);
                }
                Err(error) => return Err(Error::Generations(error)),
            }
        }
        Ok(kept)
    }
}

/// What of the store a keg needs.
fn needed(
    layout: &Layout,
    keg: &keg::Id,
) -> Result<Needed, Box<dyn std::error::Error + Send + Sync>> {
    let receipt = Receipt::read(layout, keg)?;
    let contents = Remade::of(layout, &receipt)?.contents();
    let layers = receipt.recipe.layers.into_iter();
    Ok(Needed { contents, plans: layers.map(|layer| layer.digest).collect() })
}

/// Adds what the kegs of a layout need, but for those that go.
fn add(needs: &mut Needed, layout: &Layout, gone: &BTreeSet<keg::Id>) -> Result<(), Error> {
    let kegs = projects::kegs(layout);
    let kegs = kegs.map_err(|source| Error::Projects { step: "look at", source })?;
    for keg in kegs.into_iter().filter(|keg| !gone.contains(keg)) {
        // Of one that is damaged the files stay in its keg, whatever the store gives up.
        if let Ok(Needed { contents, plans }) = needed(layout, &keg) {
            needs.contents.extend(contents);
            needs.plans.extend(plans);
        }
    }
    Ok(())
}
