//! The wish to have a package: which tap, which slot, and whether what is there will do.

use std::rc::Rc;

use formula::{Constraint, Name};

use super::{Reader, Why, line, near, not_older};
use crate::{
    Dependency, Error, Key, Obstacle, Reason,
    pool::{List, names_exactly},
    set::Set,
};

/// The words of the wish.
pub(super) struct Asked<'w> {
    pub(super) name: &'w Name,
    pub(super) tap: Option<&'w str>,
    pub(super) slot: &'w Option<String>,
    pub(super) constraint: &'w Constraint,
}

impl Reader<'_, '_> {
    pub(super) fn install(&mut self, asked: &Asked<'_>) -> Result<(), Error> {
        let list = self.look_up(asked)?;
        if list.ids.is_empty() {
            let near = near::similar(asked.name, self.pool.names());
            return Err(Error::NotFound { name: asked.name.clone(), near });
        }
        if let Some(to) = &list.renamed {
            let slots = self.pool.slots(asked.name);
            self.goals.renamed.extend(slots.map(|key| (key.clone(), to.clone())));
        }
        match self.installed_fit(&list.name, asked) {
            Some((key, id)) => self.keep(&key, id, asked),
            None => self.fetch(&list, asked),
        }
    }

    /// What the name means: in the tap that was named, else that it is installed from, else any.
    fn look_up(&self, asked: &Asked<'_>) -> Result<Rc<List>, Error> {
        if let Some(tap) = asked.tap.or_else(|| self.home(asked.name, asked.slot)) {
            return self.pool.list(asked.name, Some(tap));
        }
        let list = self.pool.list(asked.name, None)?;
        match self.home(&list.name, asked.slot) {
            Some(tap) => self.pool.list(&list.name, Some(tap)),
            None => Ok(list),
        }
    }

    /// The tap that a name is installed from, where its slots agree.
    fn home(&self, name: &Name, slot: &Option<String>) -> Option<&str> {
        let same_slot = Key { name: name.clone(), slot: slot.clone() };
        let tap = |key| self.pool.installed_at(key).map(|(_, package)| package.tap.as_str());
        if let Some(tap) = tap(&same_slot) {
            return Some(tap);
        }
        let mut taps = self.pool.slots(name).filter_map(tap);
        let first = taps.next()?;
        taps.all(|tap| tap == first).then_some(first)
    }

    /// The installed slot that will do: what was requested first, then what is newest.
    fn installed_fit(&self, name: &Name, asked: &Asked<'_>) -> Option<(Key, usize)> {
        let fits = |key: &&Key| {
            self.pool.installed_at(key).is_some_and(|(_, package)| {
                (asked.slot.is_none() || package.slot == *asked.slot)
                    && asked.tap.is_none_or(|tap| tap == package.tap)
                    && (asked.constraint.is_any() || asked.constraint.matches(&package.version))
            })
        };
        let rank = |key: &&Key| {
            let (_, package) = self.pool.installed_at(key).expect("slots are installed");
            (package.requested.is_some(), package.release())
        };
        let key = self.pool.slots(name).filter(fits).max_by_key(rank)?;
        let (id, _) = self.pool.installed_at(key)?;
        Some((key.clone(), id))
    }

    /// What is installed will do; it may still move where another wish needs it to.
    fn keep(&mut self, key: &Key, id: usize, asked: &Asked<'_>) -> Result<(), Error> {
        let constraint = self.request(key, asked);
        let ids = line(self.pool, id)?;
        let fits = |other: &usize| {
            *other == id || constraint.matches(&self.pool.entry(*other).release.version)
        };
        let set = Set::of(ids.into_iter().filter(fits));
        self.rule(key, set, Why::Wished(asked.to_string()));
        self.rule(key, not_older(self.pool, id)?, Why::Kept);
        self.name(key, Reason::Requested);
        Ok(())
    }

    /// The newest release that will do decides the slot.
    fn fetch(&mut self, list: &List, asked: &Asked<'_>) -> Result<(), Error> {
        let fits = |id: &&usize| {
            let entry = self.pool.entry(**id);
            (asked.slot.is_none() || entry.key.slot == *asked.slot)
                && asked.tap.is_none_or(|tap| tap == entry.release.tap)
        };
        let ids: Vec<usize> = list.ids.iter().filter(fits).copied().collect();
        let place = Key { name: list.name.clone(), slot: asked.slot.clone() };
        let best = self.best(&place, &ids, asked.constraint, &list.ids)?;
        let key = self.pool.entry(best).key.clone();
        let ids: Vec<_> = ids.into_iter().filter(|id| self.pool.entry(*id).key == key).collect();
        let constraint = self.request(&key, asked);
        let best = self.best(&key, &ids, &constraint, &list.ids)?;
        if let Some((_, package)) = self.pool.installed_at(&key)
            && package.pinned
        {
            return Err(Error::Pinned { release: package.release().into(), key });
        }
        self.accept(&key, &ids, &constraint, Why::Wished(asked.to_string()));
        self.pool.choose_tap(&key.name, &self.pool.entry(best).release.tap);
        let back = self.leads_back(&key, best);
        let named = self.name(&key, Reason::Requested);
        (named.fresh, named.back) = (true, back);
        Ok(())
    }

    /// Whether candidate `best` is older than what is installed, in the same tap.
    pub(super) fn leads_back(&self, key: &Key, best: usize) -> bool {
        let best = self.pool.entry(best);
        self.pool.installed_at(key).is_some_and(|(_, package)| {
            let installed = package.release();
            installed.tap == best.release.tap && best.release.compare(&installed).is_lt()
        })
    }

    /// Remembers the request; a bare name keeps an earlier one.
    fn request(&mut self, key: &Key, asked: &Asked<'_>) -> Constraint {
        let request = self.goals.requests.entry(key.clone()).or_insert(Constraint::any());
        if !asked.constraint.is_any() {
            *request = asked.constraint.clone();
        }
        request.clone()
    }

    /// Lets `key` be any of `ids` that `constraint` takes.
    pub(super) fn accept(&mut self, key: &Key, ids: &[usize], constraint: &Constraint, why: Why) {
        let takes = |id: &usize| constraint.matches(&self.pool.entry(*id).release.version);
        let fitting: Vec<_> = ids.iter().copied().filter(takes).collect();
        let exact = |id: &usize| names_exactly(constraint, &self.pool.entry(*id).release);
        self.goals.exact.extend(fitting.iter().copied().filter(exact));
        self.rule(key, Set::of(fitting), why);
    }

    /// The newest of `ids`, newest first, that `constraint` takes and nothing keeps out.
    ///
    /// Where there is none, the error suggests out of `all`.
    pub(super) fn best(
        &self,
        place: &Key,
        ids: &[usize],
        constraint: &Constraint,
        all: &[usize],
    ) -> Result<usize, Error> {
        let mut reasons = Vec::new();
        for id in ids.iter().copied() {
            let entry = self.pool.entry(id);
            if !constraint.matches(&entry.release.version) {
                continue;
            }
            match entry.obstacle() {
                Some(Obstacle::Yanked(_)) if names_exactly(constraint, &entry.release) => {
                    return Ok(id);
                }
                Some(obstacle) => reasons.push((entry.release.clone(), obstacle)),
                None => return Ok(id),
            }
        }
        if !reasons.is_empty() {
            return Err(Error::Unavailable { key: place.clone(), reasons });
        }
        let near = near::releases(self.pool, all, constraint);
        Err(Error::NoVersion { key: place.clone(), constraint: constraint.clone(), near })
    }
}

/// As on a command line.
impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = Dependency {
            name: self.name.clone(),
            tap: self.tap.map(str::to_owned),
            constraint: self.constraint.clone(),
            slot: self.slot.clone(),
            optional: false,
        };
        words.fmt(f)
    }
}
