//! Taking an edition from an archive: the tap is followed where it always was.

use digest::Digest;
use oci::Place;

use super::{Error, Refresh, Refreshed, refreshed, state, sweep};
use crate::{
    closure,
    remembered::{Remembered, Subscription, make_folder},
    snapshot::{Changes, Snapshot},
    taps::Taps,
};

/// What became of a tap of an archive.
#[derive(Debug, Clone)]
pub enum Imported {
    /// It is new here.
    Added(Refreshed),
    /// It was here, in an older edition.
    Updated(Refreshed),
    /// This edition was here.
    Same,
    /// A newer one was here, with this serial, and stays.
    Newer(u64),
    /// It is kept at another edition here.
    Kept,
}

impl Taps {
    /// Takes the edition that `archive` has of a tap; no registry is asked.
    pub async fn import(
        &self,
        edition: &closure::Edition,
        archive: &Place,
        refresh: Refresh<'_>,
    ) -> Result<Imported, Error> {
        let name = &edition.name;
        self.check_allowed(&edition.location)?;
        let state = |step| state(step, name);
        let is_here = self.known(name).is_ok();
        if !is_here {
            self.check_free(name)?;
        }
        let own = make_folder(refresh.taps, name).map_err(state("write"))?;
        let _lock = refresh.lock(name)?;
        let remembered = Remembered::read(refresh.taps, name).map_err(state("read"))?;
        let before = match (&remembered, is_here) {
            (Some(Remembered { registry: Some(before), .. }), _)
                if before.location == edition.location =>
            {
                Some(before.clone())
            }
            (Some(other), _) => return Err(elsewhere(edition, other.location())),
            (None, true) => {
                return Err(elsewhere(edition, self.location(name).unwrap_or_default()));
            }
            (None, false) => None,
        };
        if let Some(before) = &before {
            if before.edition.digest == edition.digest {
                return Ok(Imported::Same);
            }
            if before.as_of.is_some() {
                return Ok(Imported::Kept);
            }
        }
        let found = refresh.manifest(archive, &pinned(archive, &edition.digest)).await?;
        let known = before.as_ref().map(|before| own.join(before.edition.file()));
        let known = known.and_then(|path| Snapshot::open(&path).ok());
        if let Some(before) = &before {
            if found.parts.serial < before.seen.serial {
                return Ok(Imported::Newer(before.edition.serial));
            }
            found.check(before, known.as_ref())?;
        }
        let snapshot = refresh.take(&own, name, &found, known.as_ref()).await?;
        let changes = known.as_ref().map(|known| snapshot.changes_since(known)).transpose();
        let changes = changes.map_err(state("read"))?.unwrap_or_else(Changes::default);
        let taken = found.edition();
        let subscription = Subscription {
            location: edition.location.clone(),
            as_of: None,
            seen: taken.clone(),
            edition: taken,
            checked: before.as_ref().map_or(refresh.now, |before| before.checked),
            mirror_of: edition.mirror_of.clone(),
        };
        let order = match &remembered {
            Some(remembered) => remembered.order,
            None => Remembered::next_order(refresh.taps).map_err(state("read"))?,
        };
        let registry = Some(subscription.clone());
        let now = Remembered { schema: 1, order, folder: None, registry };
        now.write(refresh.taps, name).map_err(state("write"))?;
        sweep(&own, &subscription.edition.file()).map_err(state("write"))?;
        let taken = refreshed(name, subscription, &snapshot, Some(changes));
        Ok(if before.is_some() { Imported::Updated(taken) } else { Imported::Added(taken) })
    }
}

fn pinned(archive: &Place, digest: &Digest) -> Place {
    archive.bare().with_digest(digest.clone())
}

fn elsewhere(edition: &closure::Edition, here: String) -> Error {
    let (tap, there) = (edition.name.clone(), edition.location.clone());
    Error::Elsewhere { tap, here, there }
}
