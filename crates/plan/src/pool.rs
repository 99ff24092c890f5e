//! The pool: every candidate met while planning, numbered, with the installed packages among them.
//!
//! It asks the taps lazily and each list once. What is wished for is deliberately not known here.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use formula::{Constraint, Name};

use crate::{Candidate, Candidates, Dependency, Error, Installed, Key, Obstacle, Release};

/// Candidates by number, and the lists that the taps answered.
pub(crate) struct Pool<'a> {
    source: &'a dyn Candidates,
    installed: BTreeMap<Key, (usize, &'a Installed)>,
    entries: RefCell<Vec<Rc<Entry>>>,
    numbers: RefCell<BTreeMap<(Key, Release), usize>>,
    lists: RefCell<BTreeMap<Asked, Rc<List>>>,
    /// Taps that the user named for a package; their releases stand for its bare name.
    chosen: RefCell<BTreeMap<Name, BTreeSet<String>>>,
}

/// A name, and the tap it is looked up in.
type Asked = (Name, Option<String>);

/// One candidate of the pool.
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) release: Release,
    pub(crate) candidate: Candidate,
    pub(crate) installed: bool,
    /// What a tap says today about a release that is installed.
    offered: OnceCell<Candidate>,
}

/// What a tap has under a name, and what is installed from there.
pub(crate) struct List {
    /// The package's own name, where an alias was asked for.
    pub(crate) name: Name,
    /// Newest first.
    pub(crate) ids: Vec<usize>,
    /// The name that now stands for an installed package's name.
    pub(crate) renamed: Option<Name>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(installed: &'a [Installed], source: &'a dyn Candidates) -> Self {
        let mut pool = Self {
            source,
            installed: BTreeMap::new(),
            entries: RefCell::default(),
            numbers: RefCell::default(),
            lists: RefCell::default(),
            chosen: RefCell::default(),
        };
        for package in installed {
            let id = pool.intern(package.to_candidate(), true);
            pool.installed.insert(package.key(), (id, package));
            if package.requested.is_some() {
                pool.choose_tap(&package.name, &package.tap);
            }
        }
        pool
    }

    /// From now on, releases of `name` in `tap` stand for the bare name in any tap's formula.
    pub(crate) fn choose_tap(&self, name: &Name, tap: &str) {
        self.chosen.borrow_mut().entry(name.clone()).or_default().insert(tap.to_owned());
    }

    pub(crate) fn entry(&self, id: usize) -> Rc<Entry> {
        Rc::clone(&self.entries.borrow()[id])
    }

    pub(crate) fn installed(&self) -> impl Iterator<Item = (&Key, usize, &'a Installed)> {
        self.installed.iter().map(|(key, (id, package))| (key, *id, *package))
    }

    pub(crate) fn installed_at(&self, key: &Key) -> Option<(usize, &'a Installed)> {
        self.installed.get(key).copied()
    }

    /// The installed slots of `name`.
    pub(crate) fn slots<'b>(&'b self, name: &'b Name) -> impl Iterator<Item = &'b Key> {
        self.installed.keys().filter(move |key| key.name == *name)
    }

    pub(crate) fn names(&self) -> Vec<Name> {
        self.source.names()
    }

    /// What `tap` has under `name`; without a tap, what the bare name means.
    pub(crate) fn list(&self, name: &Name, tap: Option<&str>) -> Result<Rc<List>, Error> {
        let asked = (name.clone(), tap.map(str::to_owned));
        if let Some(list) = self.lists.borrow().get(&asked) {
            return Ok(Rc::clone(list));
        }
        let lookup = |source| Error::Lookup { name: name.clone(), source };
        let offered = self.source.candidates(name, tap).map_err(lookup)?;
        let list = Rc::new(self.gather(name, tap, offered));
        self.lists.borrow_mut().insert(asked, Rc::clone(&list));
        Ok(list)
    }

    /// Every candidate of `key` that was met so far.
    pub(crate) fn known(&self, key: &Key) -> Vec<usize> {
        let entries = self.entries.borrow();
        (0..entries.len()).filter(|id| entries[*id].key == *key).collect()
    }

    fn gather(&self, asked: &Name, tap: Option<&str>, mut offered: Vec<Candidate>) -> List {
        let own = offered.first().map_or(asked, |candidate| &candidate.name).clone();
        let kept = own != *asked && self.slots(asked).next().is_some();
        let (name, renamed) = if kept { (asked.clone(), Some(own)) } else { (own, None) };
        offered.retain(|candidate| candidate.name == name);
        let mut taps: BTreeSet<&str> = tap.into_iter().collect();
        taps.extend(offered.iter().map(|candidate| candidate.tap.as_str()));
        let from_there = |package: &Installed| {
            package.name == name && (taps.is_empty() || taps.contains(package.tap.as_str()))
        };
        let here = self.installed().filter(|(_, _, package)| from_there(package));
        let mut ids: BTreeSet<usize> = here.map(|(_, id, _)| id).collect();
        ids.extend(offered.into_iter().map(|candidate| self.intern(candidate, false)));
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_by_cached_key(|id| std::cmp::Reverse(self.entry(*id).release.clone()));
        List { name, ids, renamed }
    }

    fn intern(&self, candidate: Candidate, installed: bool) -> usize {
        let (key, release) = (candidate.key(), candidate.release());
        let mut entries = self.entries.borrow_mut();
        let mut numbers = self.numbers.borrow_mut();
        if let Some(id) = numbers.get(&(key.clone(), release.clone())) {
            // An installed release goes by its receipt; what the tap says comes beside it.
            entries[*id].offered.get_or_init(|| candidate);
            return *id;
        }
        let id = entries.len();
        numbers.insert((key.clone(), release.clone()), id);
        let offered = OnceCell::new();
        entries.push(Rc::new(Entry { key, release, candidate, installed, offered }));
        id
    }

    /// The candidates, newest first, that meet `dependency` of a package from `tap`.
    ///
    /// A bare name means the package of the dependent's own tap, or of a tap the user chose.
    pub(crate) fn matches(&self, tap: &str, dependency: &Dependency) -> Result<Vec<usize>, Error> {
        let mut ids = Vec::new();
        for list in self.lists_for(tap, dependency)? {
            ids.extend(list.ids.iter().copied().filter(|id| {
                let entry = self.entry(*id);
                (dependency.slot.is_none() || dependency.slot == entry.key.slot)
                    && dependency.constraint.matches(&entry.release.version)
            }));
        }
        Ok(ids)
    }

    /// Every list in which a dependency of a package from `tap` may be met; at least one.
    pub(crate) fn lists_for(
        &self,
        tap: &str,
        dependency: &Dependency,
    ) -> Result<Vec<Rc<List>>, Error> {
        let own = dependency.tap.as_deref().unwrap_or(tap);
        let mut lists = vec![self.list(&dependency.name, Some(own))?];
        if dependency.tap.is_none() {
            let name = &lists[0].name.clone();
            let taps = self.chosen.borrow().get(name).cloned().unwrap_or_default();
            for other in taps.iter().filter(|other| *other != own) {
                lists.push(self.list(name, Some(other))?);
            }
        }
        Ok(lists)
    }
}

impl Entry {
    /// What is known of the release today: the tap's word, else the receipt's.
    pub(crate) fn today(&self) -> &Candidate {
        self.offered.get().unwrap_or(&self.candidate)
    }

    /// Whether a tap still offers the release.
    pub(crate) fn is_offered(&self) -> bool {
        !self.installed || self.offered.get().is_some()
    }

    /// What keeps the release from being chosen anew; nothing does for what is installed.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        let Candidate { yanked, disabled, obstacle, .. } = &self.candidate;
        if self.installed {
            return None;
        }
        let host = obstacle.clone().map(Obstacle::Host);
        let disabled = disabled.clone().map(Obstacle::Disabled);
        host.or(disabled).or(yanked.clone().map(Obstacle::Yanked))
    }
}

/// Whether `constraint` names this very version, as `=1.2` does.
pub(crate) fn names_exactly(constraint: &Constraint, release: &Release) -> bool {
    constraint.as_str().split("||").any(|all| {
        all.split(',').any(|part| part.trim_start().starts_with('='))
            && Constraint::parse(all).is_ok_and(|all| all.matches(&release.version))
    })
}
