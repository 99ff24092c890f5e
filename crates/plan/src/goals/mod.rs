//! Wishes, read against what is installed: what is named, and the rules that follow.
//!
//! A rule says what one key may be set to, and why. How rules are met together is the solver's.

mod install;
mod near;
mod upgrade;

use std::collections::{BTreeMap, BTreeSet};

use formula::{Constraint, Name};
use pubgrub::VersionSet as _;

pub(crate) use near::releases;

use crate::{
    Candidate, Error, Installed, Key, Reason, Wish,
    graph::Graph,
    pool::Pool,
    reach::Circle,
    set::{Pick, Set},
};

/// What all wishes of a plan come to.
pub(crate) struct Goals {
    /// What the wishes name, and so may change without asking.
    pub(crate) named: BTreeMap<Key, Named>,
    /// What is to be uninstalled.
    pub(crate) removed: BTreeSet<Key>,
    /// Whether what nothing needs is to be removed.
    pub(crate) autoremove: bool,
    /// The requests as they are once the plan is carried out.
    pub(crate) requests: BTreeMap<Key, Constraint>,
    /// Candidates that a request names exactly; being yanked does not keep them out.
    pub(crate) exact: BTreeSet<usize>,
    /// Installed packages whose name gave way to another one.
    pub(crate) renamed: BTreeMap<Key, Name>,
    rules: Vec<Rule>,
}

/// One named package.
pub(crate) struct Named {
    /// The place of its wish: what is named first gets its newest release first.
    pub(crate) order: usize,
    /// Whether the newest release is wanted, though another one is installed.
    pub(crate) fresh: bool,
    /// Whether what it needs moves with it.
    pub(crate) upgraded: bool,
    /// Whether the wish's constraint leads to an older release than is installed.
    pub(crate) back: bool,
    /// Whether the wish has its name, and not just everything.
    pub(crate) by_name: bool,
    /// Whether the installed release is to be installed again.
    pub(crate) reinstalled: bool,
    pub(crate) reason: Reason,
}

/// What one key may be set to.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) key: Key,
    pub(crate) set: Set,
    pub(crate) why: Why,
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The user wishes it now; the words of the wish.
    Wished(String),
    /// The user asked for it before.
    Requested(Constraint),
    /// What is installed goes back only where a wish says so.
    Kept,
    /// It is pinned.
    Pinned,
    /// It is to be uninstalled.
    Uninstalled,
    /// Nothing named it, so it stays; only where a solution without it is sought first.
    Fixed,
}

/// Reads all wishes; the error is about the first one that cannot be fulfilled by itself.
pub(crate) fn read(pool: &Pool<'_>, wishes: &[Wish]) -> Result<Goals, Error> {
    let requests = pool
        .installed()
        .filter_map(|(key, _, package)| Some((key.clone(), package.requested.clone()?)));
    let mut reader = Reader {
        pool,
        order: 0,
        goals: Goals {
            named: BTreeMap::new(),
            removed: BTreeSet::new(),
            autoremove: false,
            requests: requests.collect(),
            exact: BTreeSet::new(),
            renamed: BTreeMap::new(),
            rules: Vec::new(),
        },
    };
    for wish in wishes {
        reader.read(wish)?;
        reader.order += 1;
    }
    reader.goals.check_removals(pool)?;
    Ok(reader.goals)
}

struct Reader<'p, 'a> {
    pool: &'p Pool<'a>,
    order: usize,
    goals: Goals,
}

impl Reader<'_, '_> {
    fn read(&mut self, wish: &Wish) -> Result<(), Error> {
        match wish {
            Wish::Install { name, tap, slot, constraint } => {
                self.install(&install::Asked { name, tap: tap.as_deref(), slot, constraint })
            }
            Wish::Upgrade { key, constraint } => self.upgrade(key, constraint.as_ref()),
            Wish::UpgradeAll => {
                let keys: Vec<_> = self.goals.requests.keys().cloned().collect();
                for key in keys {
                    // A wish before this one may have asked for something that is not there yet.
                    if self.pool.installed_at(&key).is_some() {
                        self.upgrade_one(&key, None)?;
                        self.order += 1;
                    }
                }
                Ok(())
            }
            Wish::Uninstall { key } => self.uninstall(key),
            Wish::Reinstall { key } => self.reinstall(key),
            Wish::Autoremove => {
                self.goals.autoremove = true;
                Ok(())
            }
        }
    }

    fn uninstall(&mut self, key: &Key) -> Result<(), Error> {
        let (key, _, package) = self.one_installed(key)?;
        if package.pinned {
            return Err(Error::Pinned { release: package.release().into(), key });
        }
        self.goals.requests.remove(&key);
        self.goals.removed.insert(key);
        Ok(())
    }

    fn reinstall(&mut self, key: &Key) -> Result<(), Error> {
        let (key, id, package) = self.one_installed(key)?;
        self.pool.list(&key.name, Some(&package.tap))?;
        if !self.pool.entry(id).is_offered() {
            return Err(Error::Gone { release: package.release().into(), key });
        }
        self.rule(&key, Set::of([id]), Why::Wished(format!("{key} {}", package.release())));
        self.name(&key, Reason::Named).reinstalled = true;
        Ok(())
    }

    /// The installed slot that a key means; without a slot, the only one.
    fn one_installed(&self, key: &Key) -> Result<(Key, usize, &Installed), Error> {
        let mut keys = self.installed_slots(key)?;
        if keys.len() > 1 {
            return Err(Error::Ambiguous { name: key.name.clone(), slots: keys });
        }
        let key = keys.remove(0);
        let (id, package) = self.pool.installed_at(&key).expect("installed_slots are installed");
        Ok((key, id, package))
    }

    /// The installed slots that a key means, at least one.
    fn installed_slots(&self, key: &Key) -> Result<Vec<Key>, Error> {
        let slots = || self.pool.slots(&key.name).cloned();
        let mut keys: Vec<Key> = match &key.slot {
            Some(_) => slots().filter(|installed| installed == key).collect(),
            None => slots().collect(),
        };
        if keys.is_empty() {
            // What was installed by an alias is named by it, too.
            let is_alias = |package: &Installed| package.other_names.contains(&key.name);
            let fits = |other: &Key| key.slot.is_none() || key.slot == other.slot;
            let aliased = self.pool.installed().filter(|(other, _, p)| is_alias(p) && fits(other));
            keys = aliased.map(|(other, _, _)| other.clone()).collect();
        }
        if keys.is_empty() {
            let near = near::similar_keys(key, self.pool.installed().map(|(key, _, _)| key));
            return Err(Error::NotInstalled { key: key.clone(), near });
        }
        Ok(keys)
    }

    fn rule(&mut self, key: &Key, set: Set, why: Why) {
        self.goals.rules.push(Rule { key: key.clone(), set, why });
    }

    /// Marks `key` as named; what several wishes name keeps the first one's place.
    fn name(&mut self, key: &Key, reason: Reason) -> &mut Named {
        let order = self.order;
        self.goals.named.entry(key.clone()).or_insert(Named {
            order,
            fresh: false,
            upgraded: false,
            back: false,
            by_name: false,
            reinstalled: false,
            reason,
        })
    }
}

impl Goals {
    /// The rules of the wishes, and those that keep everything outside of `circle`.
    pub(crate) fn rules(&self, pool: &Pool<'_>, circle: &Circle) -> Result<Vec<Rule>, Error> {
        let mut rules = self.rules.clone();
        for (key, id, package) in pool.installed() {
            let mut rule = |set, why| rules.push(Rule { key: key.clone(), set, why });
            if self.removed.contains(key) {
                rule([Pick::Absent].into_iter().collect(), Why::Uninstalled);
            } else if package.pinned {
                rule(Set::of([id]), Why::Pinned);
            } else if self.named.contains_key(key) {
                // The wish made its rules.
            } else if !circle.movable.contains(key) {
                rule(Set::of([id]), Why::Fixed);
            } else if circle.yielding.contains(key) {
                rule(Set::of(line(pool, id)?).with(Pick::Absent), Why::Kept);
            } else if let Some(request) = &package.requested {
                rule(within(pool, id, request)?, Why::Requested(request.clone()));
                rule(not_older(pool, id)?, Why::Kept);
            } else {
                rule(not_older(pool, id)?.with(Pick::Absent), Why::Kept);
            }
        }
        Ok(rules)
    }

    /// Installed packages that no wish names or removes.
    pub(crate) fn unnamed<'p>(
        &'p self,
        pool: &'p Pool<'_>,
    ) -> impl Iterator<Item = (&'p Key, &'p Installed)> {
        pool.installed()
            .filter(|(key, _, _)| !self.named.contains_key(key) && !self.removed.contains(key))
            .map(|(key, _, package)| (key, package))
    }

    /// The candidates that the wishes would accept for each key, and the installed one.
    pub(crate) fn named_ids(&self, pool: &Pool<'_>) -> Vec<(Key, BTreeSet<usize>)> {
        let accepted = |key: &Key| {
            let sets = self.rules.iter().filter(|rule| rule.key == *key).map(|rule| &rule.set);
            let all = sets.fold(Set::full(), |all, set| all.intersection(set));
            let installed = pool.installed_at(key).map(|(id, _)| id);
            (key.clone(), all.ids().chain(installed).collect())
        };
        self.named.keys().map(accepted).collect()
    }

    /// What a number stands for in this plan: a reinstalled package is read anew.
    pub(crate) fn candidate(&self, pool: &Pool<'_>, id: usize) -> Candidate {
        let entry = pool.entry(id);
        let reinstalled = |named: &Named| named.reinstalled && entry.installed;
        if self.named.get(&entry.key).is_some_and(reinstalled) {
            entry.today().clone()
        } else {
            entry.candidate.clone()
        }
    }

    /// Refuses to remove what something needs that stays and that no wish may change.
    fn check_removals(&self, pool: &Pool<'_>) -> Result<(), Error> {
        if self.removed.is_empty() {
            return Ok(());
        }
        let all = Graph::new(pool.installed().map(|(_, _, package)| package));
        for key in &self.removed {
            let stays =
                |needer: &Key| !self.removed.contains(needer) && !self.named.contains_key(needer);
            let by = all.needers(key, &self.removed, stays);
            if !by.is_empty() {
                return Err(Error::Needed { key: key.clone(), by });
            }
        }
        Ok(())
    }
}

/// The releases of an installed package's key and tap that `request` takes, and the package's own.
fn within(pool: &Pool<'_>, id: usize, request: &Constraint) -> Result<Set, Error> {
    Ok(Set::of(
        line(pool, id)?
            .into_iter()
            .filter(|other| *other == id || request.matches(&pool.entry(*other).release.version)),
    ))
}

/// The releases of an installed package's key and tap that are no older.
fn not_older(pool: &Pool<'_>, id: usize) -> Result<Set, Error> {
    let installed = pool.entry(id);
    Ok(Set::of(
        line(pool, id)?
            .into_iter()
            .filter(|other| pool.entry(*other).release.compare(&installed.release).is_ge()),
    ))
}

/// Every release of an installed package's key and tap, newest first.
fn line(pool: &Pool<'_>, id: usize) -> Result<Vec<usize>, Error> {
    let installed = pool.entry(id);
    let list = pool.list(&installed.key.name, Some(&installed.release.tap))?;
    let same = |other: &usize| {
        let entry = pool.entry(*other);
        entry.key == installed.key && entry.release.tap == installed.release.tap
    };
    Ok(list.ids.iter().copied().filter(same).collect())
}
