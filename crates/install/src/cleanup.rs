//! How much of the past is kept, and the deletion of the rest.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use store::{
    Lock,
    collect::{self, Freed, Keep, Needed},
    generation, keg,
    lock::Wait,
};

use crate::{home::Home, receipt::Receipt, remake::Remade, transaction};

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
    /// It cannot be told what is needed, or something cannot be removed.
    #[error(transparent)]
    Collect(#[from] collect::Error),
}

impl Home {
    /// Deletes what nothing needs any more, or with `dry` only says what that is.
    pub fn clean(&self, extent: Extent, dry: bool, wait: &mut Wait<'_>) -> Result<Freed, Error> {
        if !self.layout.root().exists() {
            return Ok(Freed::default());
        }
        let lock = self.lock(wait).map_err(Box::new)?;
        self.collect(&lock, extent, dry)
    }

    pub(crate) fn collect(&self, _lock: &Lock, extent: Extent, dry: bool) -> Result<Freed, Error> {
        let needs = |keg: &keg::Id| {
            let receipt = Receipt::read(&self.layout, keg)?;
            let contents = Remade::of(&self.layout, &receipt)?.contents();
            let layers = receipt.recipe.layers.into_iter();
            Ok(Needed { contents, plans: layers.map(|layer| layer.digest).collect() })
        };
        let keep = Keep {
            generations: self.kept(extent)?,
            kegs: BTreeSet::new(),
            partials_since: match extent {
                Extent::Old => SystemTime::now() - AGE_KEPT,
                Extent::All => SystemTime::now(),
            },
            needs: &needs,
        };
        Ok(collect::collect(&self.layout, &keep, dry)?)
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
