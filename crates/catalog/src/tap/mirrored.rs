use formula::Name;

use super::{Error, Place, Tap};
use crate::{mirror, snapshot::Changes};

impl Tap {
    /// Where all that a formula pins is looked for first, if the tap is a mirror.
    pub(super) fn mirror(&self, name: &Name) -> Option<oci::Place> {
        let subscription = self.subscription()?;
        subscription.mirror_of.as_ref()?;
        Some(mirror::place(&oci::Place::parse(&subscription.location).ok()?, name))
    }

    /// What differs from an older edition of the same tap; `None` where it may be everything.
    pub fn changes_since(&self, before: &Self) -> Result<Option<Changes>, Error> {
        let (Place::Registry(now), Place::Registry(old)) = (&self.place, &before.place) else {
            return Ok(None);
        };
        if now.snapshot.head().tap_file != old.snapshot.head().tap_file {
            return Ok(None);
        }
        now.snapshot.changes_since(&old.snapshot).map(Some).map_err(|e| self.unread(e))
    }
}
