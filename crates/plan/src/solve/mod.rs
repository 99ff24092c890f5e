//! The solver: rules and dependencies, put to pubgrub as packages with sets of picks.
//!
//! Beside the keys there are packages that stand for something: each rule, so that an explanation
//! can name it; each name, so that a conflict can forbid it in every slot; and each choice between
//! slots. A key may be absent, so that an optional dependency limits without requiring.

mod provider;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use formula::Name;
use pubgrub::{DerivationTree, PubGrubError, VersionSet as _};

use crate::{
    Dependency, Error, Installed, Key, Obstacle,
    goals::{Goals, Rule},
    pool::Pool,
    reach::Circle,
    set::{Pick, Set},
};

/// A proof that there is no solution.
pub(crate) type Proof = DerivationTree<Package, Set, Obstacle>;

/// A variable of the solver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Package {
    /// Everything that is wished for.
    Root,
    /// A rule, by its position.
    Rule(usize),
    /// A name and slot, set to a candidate or absent.
    Key(Key),
    /// A name in any slot, present or absent.
    Name(Name),
    /// One of several slots, by the position of the choice.
    Choice(usize),
}

/// What a dependency comes to: of each slot, the releases that meet it.
pub(crate) type Slots = BTreeMap<Key, Set>;

/// One search: the goals, and what may change for them.
pub(crate) struct Solver<'s> {
    pub(crate) pool: &'s Pool<'s>,
    pub(crate) goals: &'s Goals,
    pub(crate) rules: Vec<Rule>,
    /// Installed packages that stay, so that what they need of each other is not looked up again.
    fixed: BTreeSet<&'s Key>,
    /// The same by their names, the other ones too.
    fixed_names: BTreeMap<&'s Name, Vec<&'s Installed>>,
    choices: RefCell<Vec<Slots>>,
    steps: Cell<usize>,
    /// How many decisions are taken before the search is given up.
    steps_max: usize,
}

/// The end of a search.
pub(crate) enum Outcome {
    /// What each key is set to.
    Solved(BTreeMap<Key, usize>),
    /// There is no solution.
    Refuted(Proof),
}

/// One edge from a candidate, with the dependency that it stands for.
pub(crate) struct Edge<'c> {
    pub(crate) package: Package,
    pub(crate) set: Set,
    pub(crate) cause: Cause<'c>,
}

/// Why a candidate limits another package.
#[derive(Clone, Copy)]
pub(crate) enum Cause<'c> {
    Dependency(&'c Dependency),
    Conflict(&'c Name, &'c str),
    /// The candidate makes its own name present.
    Presence,
}

impl<'s> Solver<'s> {
    pub(crate) fn new(
        pool: &'s Pool<'s>,
        goals: &'s Goals,
        circle: &Circle,
    ) -> Result<Self, Error> {
        let mut fixed = BTreeSet::new();
        let mut fixed_names: BTreeMap<&Name, Vec<&Installed>> = BTreeMap::new();
        for (key, package) in goals.unnamed(pool) {
            if circle.movable.contains(key) {
                continue;
            }
            fixed.insert(key);
            for name in std::iter::once(&package.name).chain(&package.other_names) {
                fixed_names.entry(name).or_default().push(package);
            }
        }
        let rules = goals.rules(pool, circle)?;
        // A world without contradictions takes a few decisions for each rule.
        let steps_max = 3_000 + 10 * rules.len();
        Ok(Self {
            pool,
            goals,
            rules,
            fixed,
            fixed_names,
            choices: RefCell::default(),
            steps: Cell::new(0),
            steps_max,
        })
    }

    pub(crate) fn run(&self) -> Result<Outcome, Error> {
        match pubgrub::resolve(self, Package::Root, Pick::Present) {
            Ok(solution) => {
                let chosen = |(package, pick)| match (package, pick) {
                    (Package::Key(key), Pick::Candidate(id)) => Some((key, id)),
                    _ => None,
                };
                Ok(Outcome::Solved(solution.into_iter().filter_map(chosen).collect()))
            }
            Err(PubGrubError::NoSolution(proof)) => Ok(Outcome::Refuted(proof)),
            Err(
                PubGrubError::ErrorRetrievingDependencies { source, .. }
                | PubGrubError::ErrorChoosingVersion { source, .. }
                | PubGrubError::ErrorInShouldCancel(source),
            ) => Err(source),
        }
    }

    /// Drops new releases that a choice brought in where another slot meets it as well.
    pub(crate) fn prune(&self, chosen: &mut BTreeMap<Key, usize>) -> Result<(), Error> {
        let mut needs: Vec<(Key, Slots)> = Vec::new();
        for (key, id) in chosen.iter() {
            for edge in self.edges(*id, &self.goals.candidate(self.pool, *id))? {
                match edge.package {
                    Package::Key(to) if !edge.set.contains(&Pick::Absent) => {
                        needs.push((key.clone(), Slots::from([(to, edge.set)])));
                    }
                    Package::Choice(choice) => needs.push((key.clone(), self.options(choice))),
                    _ => {}
                }
            }
        }
        let is_new = |key: &Key| {
            self.pool.installed_at(key).is_none() && !self.goals.named.contains_key(key)
        };
        let new: Vec<Key> = chosen.keys().filter(|key| is_new(key)).cloned().collect();
        loop {
            let meets = |chosen: &BTreeMap<Key, usize>, key: &Key, set: &Set| {
                chosen.get(key).is_some_and(|id| set.contains(&Pick::Candidate(*id)))
            };
            let spare = |chosen: &BTreeMap<Key, usize>, key: &Key| {
                let mut asked = needs.iter().filter(|(from, _)| chosen.contains_key(from));
                asked.all(|(_, slots)| {
                    !slots.contains_key(key)
                        || slots
                            .iter()
                            .any(|(other, set)| other != key && meets(chosen, other, set))
                })
            };
            match new.iter().find(|key| chosen.contains_key(key) && spare(chosen, key)) {
                Some(key) => drop(chosen.remove(key)),
                None => return Ok(()),
            }
        }
    }

    /// Everything that candidate `id` asks of other packages.
    pub(crate) fn edges<'c>(
        &self,
        id: usize,
        candidate: &'c crate::Candidate,
    ) -> Result<Vec<Edge<'c>>, Error> {
        let entry = self.pool.entry(id);
        let stays = entry.installed && self.fixed.contains(&entry.key);
        let mut edges = vec![Edge {
            package: Package::Name(entry.key.name.clone()),
            set: Set::singleton(Pick::Present),
            cause: Cause::Presence,
        }];
        for dependency in &candidate.depends {
            if !(stays && self.is_settled(dependency)) {
                self.push_edges(&mut edges, &entry.key, &candidate.tap, dependency)?;
            }
        }
        for (name, why) in candidate.conflicts.iter().filter(|(name, _)| *name != entry.key.name) {
            edges.push(Edge {
                package: Package::Name(name.clone()),
                set: Set::singleton(Pick::Absent),
                cause: Cause::Conflict(name, why),
            });
        }
        Ok(edges)
    }

    fn push_edges<'c>(
        &self,
        edges: &mut Vec<Edge<'c>>,
        own: &Key,
        tap: &str,
        dependency: &'c Dependency,
    ) -> Result<(), Error> {
        let cause = Cause::Dependency(dependency);
        let mut slots = self.slots(tap, dependency)?;
        if slots.contains_key(own) {
            // A package that asks for its own name has it; pubgrub knows no such loop.
            return Ok(());
        }
        if dependency.optional {
            slots.retain(|key, _| key.slot == dependency.slot);
            let limit = |(key, set): (Key, Set)| Edge {
                package: Package::Key(key),
                set: set.with(Pick::Absent),
                cause,
            };
            edges.extend(slots.into_iter().map(limit));
            return Ok(());
        }
        slots.retain(|_, set| *set != Set::empty());
        let (package, set) = match slots.len() {
            0 => {
                let name = self.pool.lists_for(tap, dependency)?[0].name.clone();
                (Package::Key(Key { name, slot: dependency.slot.clone() }), Set::empty())
            }
            1 => {
                let (key, set) = slots.pop_first().expect("there is one slot");
                (Package::Key(key), set)
            }
            count => (self.choice(slots), (0..count).map(Pick::Slot).collect()),
        };
        edges.push(Edge { package, set, cause });
        Ok(())
    }

    /// The slots that can meet a dependency, and the one that it names in any case.
    fn slots(&self, tap: &str, dependency: &Dependency) -> Result<Slots, Error> {
        let mut slots = Slots::new();
        for id in self.pool.matches(tap, dependency)? {
            let key = self.pool.entry(id).key.clone();
            let set = slots.remove(&key).unwrap_or_else(Set::empty);
            slots.insert(key, set.with(Pick::Candidate(id)));
        }
        for list in self.pool.lists_for(tap, dependency)? {
            for id in &list.ids {
                let key = &self.pool.entry(*id).key;
                if key.slot == dependency.slot {
                    slots.entry(key.clone()).or_insert_with(Set::empty);
                }
            }
        }
        Ok(slots)
    }

    /// Whether the dependency of something that stays is about something else that stays.
    ///
    /// It was met when it was installed; should it not be, this plan makes it no worse.
    fn is_settled(&self, dependency: &Dependency) -> bool {
        let named = self.fixed_names.get(&dependency.name).map_or(&[][..], Vec::as_slice);
        named.iter().any(|package| {
            let meets = dependency.constraint.matches(&package.version);
            let any_slot = dependency.slot.is_none() && !dependency.optional;
            package.slot == dependency.slot || (any_slot && meets)
        })
    }

    fn choice(&self, slots: Slots) -> Package {
        let mut choices = self.choices.borrow_mut();
        let position = choices.iter().position(|choice| *choice == slots);
        Package::Choice(position.unwrap_or_else(|| {
            choices.push(slots);
            choices.len() - 1
        }))
    }

    /// The slots of a choice.
    pub(crate) fn options(&self, choice: usize) -> Slots {
        self.choices.borrow()[choice].clone()
    }
}

/// For pubgrub's own log; explanations have better words.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Rule(position) => write!(f, "rule {position}"),
            Self::Key(key) => write!(f, "{key}"),
            Self::Name(name) => write!(f, "name {name}"),
            Self::Choice(choice) => write!(f, "choice {choice}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use formula::{Scheme, Version};

    use super::*;
    use crate::{Candidate, Candidates, Wish, goals};

    struct Nothing;

    impl Candidates for Nothing {
        fn candidates(
            &self,
            _: &Name,
            _: Option<&str>,
        ) -> Result<Vec<Candidate>, Box<dyn std::error::Error + Send + Sync>> {
            Ok(Vec::new())
        }

        fn names(&self) -> Vec<Name> {
            Vec::new()
        }
    }

    #[test]
    fn a_search_is_given_up_after_its_steps() {
        let name = Name::parse("app").unwrap();
        let version = Version::parse("1.0.0", Scheme::Semver).unwrap();
        let installed = [Installed::new(Candidate::new(name, "core", version), None, false)];
        let pool = Pool::new(&installed, &Nothing);
        let goals = goals::read(&pool, &[Wish::Autoremove]).unwrap();
        let mut solver = Solver::new(&pool, &goals, &Circle::default()).unwrap();
        assert!(matches!(solver.run(), Ok(Outcome::Solved(chosen)) if chosen.len() == 1));
        (solver.steps_max, solver.steps) = (2, Cell::new(0));
        assert!(matches!(solver.run(), Err(Error::Exhausted { steps: 2 })));
    }
}
