//! From wishes to a plan: read the wishes, search, compare with what is installed.
//!
//! A solution is sought that changes nothing beyond what was named; only where there is none may
//! other installed packages move, and the steps that move them say so.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Action, Candidate, Candidates, Dependency, Error, Installed, Key, Plan, Reason, Step, Wish,
    explain::explain,
    goals::{self, Goals},
    graph::{Graph, Node},
    notes::notes,
    pool::Pool,
    reach::{Reach, circle},
    solve::{Outcome, Solver},
};

/// The steps that fulfil all wishes together.
///
/// Among the solutions, what is named first gets its newest release first; what is installed
/// stays as it is wherever it can; everything else is as new as possible.
/// The same input gives the same plan.
///
/// # Errors
/// Says which wish cannot be fulfilled, or which facts contradict each other.
pub fn plan(
    installed: &[Installed],
    wishes: &[Wish],
    candidates: &dyn Candidates,
) -> Result<Plan, Error> {
    let pool = Pool::new(installed, candidates);
    let goals = goals::read(&pool, wishes)?;
    let (chosen, follows) = search(&pool, &goals)?;
    let mut after = After::new(&pool, &goals, &chosen);
    let before = Graph::new(installed);
    if goals.autoremove {
        after.drop_orphans();
    }
    let steps =
        Draft { pool: &pool, goals: &goals, after: &after, before: &before, follows }.steps();
    let notes = notes(&pool, &goals, &after, &before);
    let mut requests = goals.requests;
    requests.retain(|key, _| after.members.contains_key(key));
    Ok(Plan { steps, requests, notes })
}

/// The first solution in widening circles, and what may follow without being beyond.
fn search(pool: &Pool<'_>, goals: &Goals) -> Result<(BTreeMap<Key, usize>, BTreeSet<Key>), Error> {
    let mut follows = None;
    let mut last = None;
    let mut refuted = None;
    for reach in Reach::ALL {
        let circle = circle(reach, pool, goals)?;
        let follows = follows.get_or_insert_with(|| circle.movable.clone());
        if last.as_ref() == Some(&circle) {
            continue;
        }
        let solver = Solver::new(pool, goals, &circle)?;
        match solver.run()? {
            Outcome::Solved(mut chosen) => {
                solver.prune(&mut chosen)?;
                return Ok((chosen, std::mem::take(follows)));
            }
            Outcome::Refuted(proof) => refuted = Some((solver, proof)),
        }
        last = Some(circle);
    }
    // What is impossible even if everything may move is what the user should know.
    let (solver, proof) = refuted.expect("a search that is not solved is refuted");
    Err(Error::NoSolution(Box::new(explain(&solver, &proof)?)))
}

/// What is installed once the plan is carried out.
pub(crate) struct After {
    pub(crate) members: BTreeMap<Key, Member>,
}

pub(crate) struct Member {
    pub(crate) id: usize,
    pub(crate) candidate: Candidate,
    requested: bool,
    pub(crate) pinned: bool,
}

impl After {
    fn new(pool: &Pool<'_>, goals: &Goals, chosen: &BTreeMap<Key, usize>) -> Self {
        let member = |(key, id): (&Key, &usize)| {
            let pinned = pool.installed_at(key).is_some_and(|(_, package)| package.pinned);
            let member = Member {
                id: *id,
                candidate: goals.candidate(pool, *id),
                requested: goals.requests.contains_key(key),
                pinned,
            };
            (key.clone(), member)
        };
        Self { members: chosen.iter().map(member).collect() }
    }

    pub(crate) fn graph(&self) -> Graph<'_> {
        self.members
            .iter()
            .map(|(key, Member { candidate, requested, pinned, .. })| {
                (key.clone(), Node::of_candidate(candidate, *requested, *pinned))
            })
            .collect()
    }

    fn drop_orphans(&mut self) {
        let orphans = self.graph().orphans();
        self.members.retain(|key, _| !orphans.contains(key));
    }
}

struct Draft<'d> {
    pool: &'d Pool<'d>,
    goals: &'d Goals,
    after: &'d After,
    before: &'d Graph<'d>,
    /// What may move with an upgrade.
    follows: BTreeSet<Key>,
}

impl Draft<'_> {
    fn steps(&self) -> Vec<Step> {
        let graph = self.after.graph();
        let mut steps: Vec<Step> =
            graph.sorted().into_iter().filter_map(|key| self.come(&graph, key)).collect();
        let gone = self.before.sorted().into_iter().rev();
        steps.extend(gone.filter_map(|key| self.go(key)));
        steps
    }

    /// The step that brings what `key` is set to, if it is not there yet.
    fn come(&self, graph: &Graph<'_>, key: &Key) -> Option<Step> {
        let member = &self.after.members[key];
        let named = self.goals.named.get(key);
        let Some((id, package)) = self.pool.installed_at(key) else {
            let reason = match named {
                Some(named) => named.reason.clone(),
                None => self.needed_by(graph, key, None),
            };
            let candidate = member.candidate.clone();
            return Some(Step { action: Action::Install, candidate, reason, beyond: false });
        };
        let again = named.is_some_and(|named| named.reinstalled);
        if id == member.id && !again {
            return None;
        }
        let from = package.release();
        let action = match self.pool.entry(member.id).release.compare(&from) {
            std::cmp::Ordering::Greater => Action::Upgrade { from },
            std::cmp::Ordering::Less => Action::Downgrade { from },
            std::cmp::Ordering::Equal => Action::Reinstall,
        };
        let reason = match named {
            Some(named) => named.reason.clone(),
            None => self.needed_by(graph, key, Some(package)),
        };
        let back = matches!(action, Action::Downgrade { .. });
        let beyond = named.is_none() && (back || !self.follows.contains(key));
        Some(Step { action, candidate: member.candidate.clone(), reason, beyond })
    }

    fn go(&self, key: &Key) -> Option<Step> {
        if self.after.members.contains_key(key) {
            return None;
        }
        let (_, package) = self.pool.installed_at(key)?;
        let named = self.goals.removed.contains(key);
        let reason = if named { Reason::Named } else { Reason::NoLongerNeeded };
        let asked = named || self.goals.autoremove || self.follows.contains(key);
        let candidate = package.to_candidate();
        Some(Step { action: Action::Remove, candidate, reason, beyond: !asked })
    }

    /// Why a key comes or moves that no wish names.
    fn needed_by(&self, graph: &Graph<'_>, key: &Key, old: Option<&Installed>) -> Reason {
        let met_before = |dependency: &Dependency| {
            old.is_some_and(|package| dependency.constraint.matches(&package.version))
        };
        let asks = |other: &&Key| {
            let depends = &self.after.members[*other].candidate.depends;
            depends.iter().any(|dependency| {
                !met_before(dependency) && graph.providers(dependency).any(|need| need == key)
            })
        };
        if let Some(of) = graph.keys().filter(|other| *other != key).find(asks) {
            return Reason::Dependency { of: of.clone() };
        }
        let misses = |dependency: &&Dependency| {
            !dependency.optional && graph.providers(dependency).next().is_none()
        };
        let broken = old.and_then(|package| package.depends.iter().find(misses));
        let named = |name: &formula::Name| graph.keys().find(|key| key.name == *name);
        let to = broken.and_then(|dependency| named(&dependency.name));
        match to.or(self.goals.named.keys().next()) {
            Some(to) => Reason::Adapts { to: to.clone() },
            None => Reason::NoLongerNeeded,
        }
    }
}
