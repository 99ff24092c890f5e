//! What pubgrub asks of the solver: what to decide first, which pick to try, what a pick needs.

use std::cmp::{Ordering, Reverse};

use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, VersionSet as _};

use super::{Package, Solver};
use crate::{
    Error, Key, Obstacle, Release,
    goals::Rule,
    set::{Pick, Set},
};

impl DependencyProvider for Solver<'_> {
    type P = Package;
    type V = Pick;
    type VS = Set;
    type M = Obstacle;
    type Err = Error;
    /// What is decided first keeps its best pick longest.
    type Priority = (u8, Reverse<usize>);

    fn prioritize(
        &self,
        package: &Package,
        set: &Set,
        _: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let tier = match package {
            Package::Root => 9,
            Package::Rule(_) => 8,
            Package::Name(_) => 6,
            Package::Choice(_) => 3,
            Package::Key(key) => {
                if let Some(named) = self.goals.named.get(key) {
                    return (7, Reverse(named.order));
                }
                match self.pool.installed_at(key) {
                    Some((_, package)) if package.requested.is_some() => 5,
                    Some(_) => 4,
                    // Last, when it is known whether anything needs it.
                    None if set.contains(&Pick::Absent) => 1,
                    None => 2,
                }
            }
        };
        (tier, Reverse(0))
    }

    fn choose_version(&self, package: &Package, set: &Set) -> Result<Option<Pick>, Error> {
        let pick = match package {
            Package::Root | Package::Rule(_) | Package::Name(_) => set.picks().next(),
            Package::Key(key) => set
                .picks()
                .max_by(|left, right| self.rank(key, *left).compare(&self.rank(key, *right))),
            Package::Choice(choice) => {
                let options: Vec<(Key, Set)> = self.options(*choice).into_iter().collect();
                let best = |pick: Pick| {
                    let Pick::Slot(slot) = pick else { return None };
                    let (key, set) = &options[slot];
                    let ranks = set.picks().map(|pick| self.rank(key, pick));
                    ranks.max_by(Rank::compare).map(|rank| (pick, rank))
                };
                set.picks().filter_map(best).max_by(|(_, a), (_, b)| a.compare(b)).map(|(p, _)| p)
            }
        };
        Ok(pick)
    }

    fn get_dependencies(
        &self,
        package: &Package,
        pick: &Pick,
    ) -> Result<Dependencies<Package, Set, Obstacle>, Error> {
        let available =
            |edges: Vec<(Package, Set)>| Dependencies::Available(edges.into_iter().collect());
        match (package, pick) {
            (Package::Root, _) => {
                let rule = |position| (Package::Rule(position), Set::singleton(Pick::Present));
                Ok(available((0..self.rules.len()).map(rule).collect()))
            }
            (Package::Rule(position), _) => {
                let Rule { key, set, .. } = &self.rules[*position];
                Ok(available(vec![(Package::Key(key.clone()), set.clone())]))
            }
            (Package::Choice(choice), Pick::Slot(slot)) => {
                let options = self.options(*choice);
                let (key, set) = options.into_iter().nth(*slot).expect("slots are numbered by it");
                Ok(available(vec![(Package::Key(key), set)]))
            }
            (Package::Key(_), Pick::Candidate(id)) => {
                if let Some(obstacle) = self.obstacle(*id) {
                    return Ok(Dependencies::Unavailable(obstacle));
                }
                let candidate = self.goals.candidate(self.pool, *id);
                let edges = self.edges(*id, &candidate)?;
                Ok(available(edges.into_iter().map(|edge| (edge.package, edge.set)).collect()))
            }
            _ => Ok(available(Vec::new())),
        }
    }

    fn should_cancel(&self) -> Result<(), Error> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        let steps_max = self.steps_max;
        if steps > steps_max { Err(Error::Exhausted { steps: steps_max }) } else { Ok(()) }
    }
}

impl Solver<'_> {
    /// What keeps a candidate from being chosen, if anything does.
    fn obstacle(&self, id: usize) -> Option<Obstacle> {
        match self.pool.entry(id).obstacle() {
            Some(Obstacle::Yanked(_)) if self.goals.exact.contains(&id) => None,
            obstacle => obstacle,
        }
    }

    /// How gladly a key is set to something; the greatest is tried first.
    fn rank(&self, key: &Key, pick: Pick) -> Rank {
        let named = self.goals.named.get(key);
        let installed = self.pool.installed_at(key);
        let Pick::Candidate(id) = pick else {
            // What is there goes only before an early or forbidden release would come in.
            return Rank(if installed.is_some() { 2 } else { 5 }, None);
        };
        let entry = self.pool.entry(id);
        let keeps = entry.installed && !named.is_some_and(|named| named.fresh);
        let tier = match () {
            () if self.obstacle(id).is_some() => 0,
            () if keeps => 4,
            () if named.is_some() || !entry.release.version.is_prerelease() => 3,
            () => 1,
        };
        Rank(tier, Some(entry.release.clone()))
    }
}

/// A tier, then what is newer.
#[derive(PartialEq, Eq)]
struct Rank(u8, Option<Release>);

impl Rank {
    fn compare(&self, other: &Self) -> Ordering {
        let newer = match (&self.1, &other.1) {
            (Some(left), Some(right)) => left.compare(right).then(left.tap.cmp(&right.tap)),
            (left, right) => left.is_some().cmp(&right.is_some()),
        };
        self.0.cmp(&other.0).then(newer)
    }
}
