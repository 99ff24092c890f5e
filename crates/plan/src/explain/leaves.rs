//! The leaves of a proof: its facts, with equal ones joined.

use std::collections::{BTreeMap, BTreeSet};

use pubgrub::{DerivationTree, External, VersionSet as _};

use crate::{
    Key, Obstacle, Release,
    goals::{Rule, Why},
    set::{Pick, Set},
    solve::{Package, Proof, Solver},
};

/// The facts of a proof, equal ones joined.
#[derive(Default)]
pub(super) struct Leaves {
    rules: BTreeSet<usize>,
    /// The candidates of a key that ask the same of a package.
    pub(super) edges: BTreeMap<(Key, Package, Set), BTreeSet<usize>>,
    /// The candidates of a key that the same thing keeps out.
    pub(super) obstacles: BTreeMap<(Key, Obstacle), BTreeSet<usize>>,
}

impl Leaves {
    pub(super) fn of(proof: &Proof) -> Self {
        let mut leaves = Self::default();
        let mut stack = vec![proof];
        let mut shared = BTreeSet::new();
        while let Some(tree) = stack.pop() {
            match tree {
                DerivationTree::External(external) => leaves.add(external),
                DerivationTree::Derived(derived) => {
                    if derived.shared_id.is_none_or(|id| shared.insert(id)) {
                        stack.extend([&*derived.cause1, &*derived.cause2]);
                    }
                }
            }
        }
        leaves
    }

    fn add(&mut self, external: &External<Package, Set, Obstacle>) {
        match external {
            External::FromDependencyOf(Package::Rule(rule), _, _, _) => {
                self.rules.insert(*rule);
            }
            External::FromDependencyOf(Package::Key(from), picks, to, set) => {
                // That a package makes its own name present is no news.
                let present = matches!(to, Package::Name(_)) && set.contains(&Pick::Present);
                if !present {
                    let fact = (from.clone(), to.clone(), set.clone());
                    self.edges.entry(fact).or_default().extend(picks.ids());
                }
            }
            External::Custom(Package::Key(key), picks, obstacle) => {
                let fact = (key.clone(), obstacle.clone());
                self.obstacles.entry(fact).or_default().extend(picks.ids());
            }
            _ => {}
        }
    }

    pub(super) fn rules<'s>(&self, solver: &'s Solver<'_>) -> impl Iterator<Item = &'s Rule> {
        self.rules.iter().map(|position| &solver.rules[*position])
    }

    /// Where to begin telling: what is wished for, then what else the rules are about.
    pub(super) fn starts(&self, solver: &Solver<'_>) -> Vec<Key> {
        let order = |key: &Key| solver.goals.named.get(key).map_or(usize::MAX, |named| named.order);
        let mut starts: Vec<Key> = self.rules(solver).map(|rule| rule.key.clone()).collect();
        starts.sort_by_cached_key(|key| (order(key), !self.is_subject(key), key.clone()));
        starts
    }

    /// Whether a fact tells what a release of `key` needs, or what keeps one out.
    pub(super) fn is_subject(&self, key: &Key) -> bool {
        self.edges.keys().any(|(from, _, _)| from == key)
            || self.obstacles.keys().any(|(of, _)| of == key)
    }

    /// The sets that facts would have `key` in.
    fn wanted<'l>(
        &'l self,
        solver: &Solver<'_>,
        key: &'l Key,
    ) -> impl Iterator<Item = Set> + use<'l> {
        let options = |to: &Package, set: &Set| match to {
            Package::Key(to) => vec![(to.clone(), set.clone())],
            Package::Choice(choice) => solver.options(*choice).into_iter().collect(),
            Package::Root | Package::Rule(_) | Package::Name(_) => Vec::new(),
        };
        let wanted: Vec<_> = self.edges.keys().flat_map(|(_, to, set)| options(to, set)).collect();
        wanted.into_iter().filter(move |(to, _)| to == key).map(|(_, set)| set)
    }

    /// The taps that facts would have `key` from; more than one is worth a word.
    pub(super) fn taps(&self, solver: &Solver<'_>, key: &Key) -> BTreeSet<String> {
        let tap = |id: usize| solver.pool.entry(id).release.tap.clone();
        let mut taps: BTreeSet<String> = self
            .wanted(solver, key)
            .flat_map(|set| set.ids().map(tap).collect::<Vec<_>>())
            .collect();
        if self.rules(solver).any(|rule| rule.key == *key) {
            taps.extend(solver.pool.installed_at(key).map(|(_, package)| package.tap.clone()));
        }
        taps
    }

    pub(super) fn hints(&self, solver: &Solver<'_>) -> Vec<String> {
        let mut hints = BTreeSet::new();
        for Rule { key, why, .. } in self.rules(solver) {
            match why {
                Why::Pinned => drop(hints.insert(format!("unpin `{key}`"))),
                Why::Requested(request) if !request.is_any() => {
                    let hint = format!("name `{key}` with other versions to change its request");
                    hints.insert(hint);
                }
                Why::Kept => hints.extend(self.hint_kept(solver, key)),
                _ => {}
            }
        }
        for ((key, obstacle), ids) in &self.obstacles {
            if let (Obstacle::Yanked(_), Some(id)) = (obstacle, ids.last()) {
                let version = &solver.pool.entry(*id).release.version;
                hints.insert(format!(
                    "name `{key}` as `={version}` to take it though it was yanked"
                ));
            }
        }
        hints.into_iter().collect()
    }

    /// What would let an installed package be something else.
    fn hint_kept(&self, solver: &Solver<'_>, key: &Key) -> Option<String> {
        let (_, installed) = solver.pool.installed_at(key)?;
        let installed = installed.release();
        let wanted: Vec<Release> = self
            .wanted(solver, key)
            .flat_map(|set| set.ids().collect::<Vec<_>>())
            .map(|id| solver.pool.entry(id).release.clone())
            .collect();
        if let Some(other) = wanted.iter().find(|release| release.tap != installed.tap) {
            return Some(format!("name `{}/{}` to change its tap", other.tap, key.name));
        }
        let older = wanted.iter().any(|release| release.compare(&installed).is_lt());
        older.then(|| format!("name `{key}` with an older version to go back to it"))
    }
}
