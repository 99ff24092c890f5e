//! The words for facts: each one a clause, told along the way from wishes to contradiction.

use std::collections::BTreeSet;

use formula::Name;
use pubgrub::VersionSet as _;

use super::{Missing, leaves::Leaves};
use crate::{
    Dependency, Error, Key, Release,
    error::join,
    goals::{Rule, Why, releases},
    set::{Pick, Set},
    solve::{Cause, Package, Solver},
};

pub(super) struct Teller<'t> {
    solver: &'t Solver<'t>,
    leaves: &'t Leaves,
    seen: BTreeSet<Key>,
    facts: Vec<String>,
    missing: Vec<Missing>,
}

impl<'t> Teller<'t> {
    pub(super) fn new(solver: &'t Solver<'t>, leaves: &'t Leaves) -> Self {
        Self { solver, leaves, seen: BTreeSet::new(), facts: Vec::new(), missing: Vec::new() }
    }

    /// The facts that were told, and what is missing by them.
    pub(super) fn into_told(self) -> (Vec<String>, Vec<Missing>) {
        (self.facts, self.missing)
    }

    /// Tells the facts about `key`, then those about what it needs.
    pub(super) fn visit(&mut self, key: &Key) -> Result<(), Error> {
        if !self.seen.insert(key.clone()) {
            return Ok(());
        }
        self.tell_rules(key);
        let mut next = Vec::new();
        let mut edges: Vec<_> =
            self.leaves.edges.iter().filter(|((from, ..), _)| from == key).collect();
        let newest = |ids: &BTreeSet<usize>| {
            ids.iter().map(|id| self.solver.pool.entry(*id).release.clone()).max()
        };
        edges.sort_by_cached_key(|(_, ids)| std::cmp::Reverse(newest(ids)));
        for ((_, to, set), ids) in edges {
            let fact = self.edge(key, ids, to, set)?;
            self.facts.push(fact);
            match to {
                Package::Key(to) => next.push(to.clone()),
                Package::Choice(choice) => next.extend(self.solver.options(*choice).into_keys()),
                Package::Name(name) => next.extend(self.keys_of(name)),
                Package::Root | Package::Rule(_) => {}
            }
        }
        let obstacles = self.leaves.obstacles.iter().filter(|((of, _), _)| of == key);
        for ((_, obstacle), ids) in obstacles {
            let (subject, plural) = self.subject(key, ids);
            self.facts.push(format!("{subject} {}", obstacle.told(plural)));
        }
        next.iter().try_for_each(|key| self.visit(key))
    }

    fn keys_of(&self, name: &Name) -> Vec<Key> {
        let rules = self.leaves.rules(self.solver).map(|rule| &rule.key);
        rules.filter(|key| key.name == *name).cloned().collect()
    }

    /// Rules are told by themselves only where no other fact mentions them in passing.
    fn tell_rules(&mut self, key: &Key) {
        let rules = self.leaves.rules(self.solver).filter(|rule| rule.key == *key);
        let subject = self.leaves.is_subject(key);
        let mut told = Vec::new();
        for Rule { set, why, .. } in rules {
            match why {
                Why::Wished(words) if !subject || self.leaves_out(key, set) => {
                    told.push(format!("you asked for {words}"));
                }
                Why::Uninstalled => told.push(format!("{key} is to be uninstalled")),
                Why::Pinned | Why::Kept | Why::Fixed | Why::Requested(_) if !subject => {
                    told.extend(self.installed(key, why));
                }
                _ => {}
            }
        }
        // The request and the release that is installed say the same thing.
        if told.len() > 1 && told.iter().any(|fact| fact.contains(ASKED)) {
            told.retain(|fact| !fact.contains(" is installed") || fact.contains(ASKED));
        }
        self.facts.extend(told);
    }

    /// "lib 2.0, which you asked for, is installed".
    fn installed(&self, key: &Key, why: &Why) -> Option<String> {
        let (id, package) = self.solver.pool.installed_at(key)?;
        let from = self.tap_words(key, [id]);
        let release = package.release();
        Some(match why {
            Why::Pinned => format!("{} is pinned at {release}{from}", key.name),
            _ => {
                let asked = self.asked(key).unwrap_or_default();
                format!("{} {release}{asked} is installed{from}", key.name)
            }
        })
    }

    /// Whether a rule keeps out releases that could be chosen but for it.
    fn leaves_out(&self, key: &Key, set: &Set) -> bool {
        let lists = self.solver.pool.known(key);
        lists.into_iter().any(|id| {
            let entry = self.solver.pool.entry(id);
            entry.obstacle().is_none()
                && !entry.release.version.is_prerelease()
                && !set.contains(&Pick::Candidate(id))
        })
    }

    fn edge(
        &mut self,
        key: &Key,
        ids: &BTreeSet<usize>,
        to: &Package,
        set: &Set,
    ) -> Result<String, Error> {
        let (subject, plural) = self.subject(key, ids);
        let id = *ids.last().expect("a fact is about a candidate");
        let candidate = self.solver.goals.candidate(self.solver.pool, id);
        let edges = self.solver.edges(id, &candidate)?;
        let edge = edges.iter().find(|edge| edge.package == *to && edge.set == *set);
        Ok(match edge.map(|edge| edge.cause) {
            Some(Cause::Dependency(dependency)) if dependency.optional => {
                let works = if plural { "work" } else { "works" };
                format!("{subject} {works} only beside {dependency}")
            }
            Some(Cause::Dependency(dependency)) => {
                let needs = if plural { "need" } else { "needs" };
                let what = self.need(key, &candidate.tap, dependency, to, set)?;
                format!("{subject} {needs} {what}")
            }
            Some(Cause::Conflict(name, why)) => {
                let cannot = if plural { "conflict" } else { "conflicts" };
                format!("{subject} {cannot} with {name} ({why})")
            }
            Some(Cause::Presence) | None => format!("{subject} cannot be installed"),
        })
    }

    /// "lib 2"; and what there is instead, if there is no such thing.
    fn need(
        &mut self,
        by: &Key,
        tap: &str,
        dependency: &Dependency,
        to: &Package,
        set: &Set,
    ) -> Result<String, Error> {
        let Package::Key(key) = to else { return Ok(dependency.to_string()) };
        if *set != Set::empty() {
            let tap = match dependency.tap {
                Some(_) => String::new(),
                None => self.tap_words(key, set.ids()),
            };
            return Ok(format!("{dependency}{tap}"));
        }
        let mut ids = Vec::new();
        for list in self.solver.pool.lists_for(tap, dependency)? {
            ids.extend(list.ids.iter().copied());
        }
        let tap = dependency.tap.as_deref().unwrap_or(tap);
        Ok(if ids.is_empty() {
            let (by, need) = (by.clone(), dependency.clone());
            self.missing.push(Missing { by, tap: tap.to_owned(), need });
            format!("{dependency}, which tap `{tap}` does not have")
        } else {
            let near = releases(self.solver.pool, &ids, &dependency.constraint);
            let all = if near.len() == ids.len() { "there is only" } else { "the nearest are" };
            let near: Vec<String> = near.iter().map(|(_, release)| release.to_string()).collect();
            format!("{dependency}, and {all} {} {}", key.name, join(&near, "and"))
        })
    }

    /// " from tap `core`", where the facts have a package from several.
    fn tap_words(&self, key: &Key, ids: impl IntoIterator<Item = usize>) -> String {
        let tap = ids.into_iter().next().map(|id| self.solver.pool.entry(id).release.tap.clone());
        match tap {
            Some(tap) if self.leaves.taps(self.solver, key).len() > 1 => {
                format!(" from tap `{tap}`")
            }
            _ => String::new(),
        }
    }

    /// The releases a fact is about, how they came to be there, and whether they are several.
    fn subject(&self, key: &Key, ids: &BTreeSet<usize>) -> (String, bool) {
        let mut releases: Vec<Release> =
            ids.iter().map(|id| self.solver.pool.entry(*id).release.clone()).collect();
        releases.sort();
        releases.dedup_by(|later, earlier| later.to_string() == earlier.to_string());
        let words =
            |releases: &[Release]| releases.iter().map(Release::to_string).collect::<Vec<_>>();
        let name = &key.name;
        let (what, plural) = match releases.as_slice() {
            [one] => (format!("{name} {one}"), false),
            few if few.len() <= 3 => (format!("{name} {}", join(&words(few), "and")), true),
            [first, .., last] => (format!("every {name} from {first} to {last}"), false),
            [] => (name.to_string(), false),
        };
        let installed = self.solver.pool.installed_at(key);
        let named = self.solver.goals.named.contains_key(key);
        let there = installed.is_some_and(|(id, _)| ids.contains(&id));
        let passing = match (installed, named) {
            (Some((_, package)), _) if package.pinned && there => ", which is pinned,".to_owned(),
            (Some(_), false) if self.asked(key).is_some() => self.asked(key).unwrap_or_default(),
            (Some(_), false) if there => ", which is installed,".to_owned(),
            _ => String::new(),
        };
        (format!("{what}{passing}"), plural)
    }

    /// ", which you asked for,": of a package that an earlier request is about.
    fn asked(&self, key: &Key) -> Option<String> {
        let (_, package) = self.solver.pool.installed_at(key)?;
        let request = package.requested.as_ref()?;
        Some(match request.is_any() {
            true => format!(", {ASKED},"),
            false => format!(", {ASKED} as `{request}`,"),
        })
    }
}

const ASKED: &str = "which you asked for";
