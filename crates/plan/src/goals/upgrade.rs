//! The wish to move a package to the newest release inside its request.

use formula::Constraint;

use super::{Named, Reader, Why, line, not_older, within};
use crate::{Error, Key, Reason};

impl Reader<'_, '_> {
    pub(super) fn upgrade(
        &mut self,
        key: &Key,
        constraint: Option<&Constraint>,
    ) -> Result<(), Error> {
        let keys = match constraint {
            // A new request is about one slot.
            Some(wanted) => vec![self.slot_for(key, wanted)?],
            None => self.installed_slots(key)?,
        };
        for key in keys {
            self.upgrade_one(&key, constraint)?.by_name = true;
        }
        Ok(())
    }

    /// The one installed slot that has releases which a new request takes.
    fn slot_for(&self, key: &Key, wanted: &Constraint) -> Result<Key, Error> {
        let mut fitting = Vec::new();
        for slot in self.installed_slots(key)? {
            let (_, package) = self.pool.installed_at(&slot).expect("it is installed");
            let list = self.pool.list(&slot.name, Some(&package.tap))?;
            let mut entries = list.ids.iter().map(|id| self.pool.entry(*id));
            if entries.any(|e| e.key == slot && wanted.matches(&e.release.version)) {
                fitting.push(slot);
            }
        }
        match &fitting[..] {
            [one] => Ok(one.clone()),
            _ => Ok(self.one_installed(key)?.0),
        }
    }

    pub(super) fn upgrade_one(
        &mut self,
        key: &Key,
        constraint: Option<&Constraint>,
    ) -> Result<&mut Named, Error> {
        let (id, package) = self.pool.installed_at(key).expect("only installed slots are upgraded");
        let list = self.pool.list(&key.name, Some(&package.tap))?;
        if let Some(name) = &list.renamed {
            self.goals.renamed.insert(key.clone(), name.clone());
        }
        let fits = constraint.is_none_or(|wanted| wanted.matches(&package.version));
        if package.pinned && !fits {
            return Err(Error::Pinned { key: key.clone(), release: package.release().into() });
        }
        let back = match constraint {
            Some(wanted) => self.ask_anew(key, wanted, &list.ids)?,
            None => {
                let request = self.goals.requests.get(key).cloned();
                let set = within(self.pool, id, request.as_ref().unwrap_or(&Constraint::any()))?;
                let why = request.map_or(Why::Wished(key.to_string()), Why::Requested);
                self.rule(key, set, why);
                false
            }
        };
        // A wish before this one may lead back.
        let goes_back = self.goals.named.get(key).is_some_and(|named| named.back);
        if fits && !goes_back {
            self.rule(key, not_older(self.pool, id)?, Why::Kept);
        }
        let named = self.name(key, Reason::Named);
        (named.fresh, named.upgraded) = (true, true);
        named.back |= back;
        Ok(named)
    }

    /// Replaces the request; says whether the new one leads back.
    fn ask_anew(&mut self, key: &Key, wanted: &Constraint, all: &[usize]) -> Result<bool, Error> {
        let (id, package) = self.pool.installed_at(key).expect("only installed slots are upgraded");
        let ids = line(self.pool, id)?;
        let best = match wanted.matches(&package.version) {
            true => id,
            false => self.best(key, &ids, wanted, all)?,
        };
        self.goals.requests.insert(key.clone(), wanted.clone());
        let words = if wanted.is_any() { key.to_string() } else { format!("{key} {wanted}") };
        self.accept(key, &ids, wanted, Why::Wished(words));
        Ok(self.leads_back(key, best))
    }
}
