//! What the planner promises, said a second time: every world is tried, none is searched.

use std::collections::BTreeMap;

use formula::Constraint;
use pkg_plan::{Candidate, Dependency, Installed, Key, Wish};

use crate::world::World;

/// What may be installed at once: a release per key.
pub(crate) type State = BTreeMap<Key, Candidate>;

/// Whether a candidate is what a wish asks for.
type Wanted<'w> = Box<dyn Fn(&Candidate) -> bool + 'w>;

/// What a wish allows for each key, and what rules keep the rest.
pub(crate) struct Question<'q> {
    pub(crate) world: &'q World,
    pub(crate) installed: &'q [Installed],
    pub(crate) wish: &'q Wish,
    /// Whether packages that the wish does not name may change.
    pub(crate) beyond: bool,
}

impl Question<'_> {
    /// Every state that fulfils the wish and keeps all promises.
    pub(crate) fn answers(&self) -> Vec<State> {
        let domains = self.domains();
        let mut answers = Vec::new();
        self.extend(&domains, &mut State::new(), &mut answers);
        answers
    }

    fn extend(
        &self,
        domains: &[(Key, Vec<Option<Candidate>>)],
        state: &mut State,
        answers: &mut Vec<State>,
    ) {
        let Some(((key, options), rest)) = domains.split_first() else {
            if is_sound(state) {
                answers.push(state.clone());
            }
            return;
        };
        for option in options {
            if let Some(candidate) = option {
                state.insert(key.clone(), candidate.clone());
            }
            self.extend(rest, state, answers);
            state.remove(key);
        }
    }

    fn domains(&self) -> Vec<(Key, Vec<Option<Candidate>>)> {
        let mut keys: Vec<Key> = self.world.candidates.iter().map(Candidate::key).collect();
        keys.extend(self.installed.iter().map(Installed::key));
        keys.push(self.place().0);
        keys.sort();
        keys.dedup();
        keys.into_iter().map(|key| (key.clone(), self.domain(&key))).collect()
    }

    fn domain(&self, key: &Key) -> Vec<Option<Candidate>> {
        let old = self.installed.iter().find(|package| package.key() == *key);
        let all = self.world.candidates.iter().filter(|candidate| candidate.key() == *key);
        let mut options: Vec<Option<Candidate>> = Vec::new();
        let is_old = |candidate: &Candidate| {
            old.is_some_and(|package| package.release() == candidate.release())
        };
        let open = |candidate: &Candidate| {
            is_old(candidate) || (candidate.yanked.is_none() && candidate.obstacle.is_none())
        };
        let releases: Vec<Candidate> = all.filter(|candidate| open(candidate)).cloned().collect();
        let named = self.named(key);
        let allowed = |candidate: &Candidate| match &named {
            Some(wanted) => {
                let pinned = old.is_some_and(|package| package.pinned);
                wanted(candidate) && (is_old(candidate) || !pinned)
            }
            None => self.unnamed(old, candidate),
        };
        options.extend(releases.into_iter().filter(allowed).map(Some));
        let may_go = self.beyond && old.is_some_and(|p| p.requested.is_none() && !p.pinned);
        if named.is_none() && (old.is_none() || may_go) {
            options.push(None);
        }
        options
    }

    fn unnamed(&self, old: Option<&Installed>, candidate: &Candidate) -> bool {
        let Some(package) = old else { return true };
        if package.release() == candidate.release() {
            return true;
        }
        let inside = package.requested.as_ref().is_none_or(|r| r.matches(&candidate.version));
        let on = candidate.release() > package.release();
        let back = package.requested.is_none() && self.yields(&package.key());
        self.beyond && !package.pinned && inside && (on || back)
    }

    /// Whether a package may go back, because one that may need it is asked to.
    fn yields(&self, key: &Key) -> bool {
        let (place, _) = self.place();
        let Some(old) = self.installed.iter().find(|package| package.key() == place) else {
            return false;
        };
        let domain: Vec<Candidate> = self.domain(&place).into_iter().flatten().collect();
        let best = domain.iter().map(Candidate::release).max();
        if best.is_none_or(|best| best >= old.release()) {
            return false;
        }
        let receipt = self.installed.iter().map(|package| &package.depends);
        let old = self.installed.iter().position(|package| package.key() == place);
        let mut seen: Vec<Candidate> = domain;
        let mut needs: Vec<Dependency> = receipt
            .enumerate()
            .filter(|(at, _)| Some(*at) == old)
            .flat_map(|(_, d)| d.clone())
            .collect();
        needs.extend(seen.iter().flat_map(|candidate| candidate.depends.clone()));
        while let Some(need) = needs.pop() {
            for candidate in self.world.candidates.iter().filter(|c| answers(c, &need)) {
                if !seen.contains(candidate) {
                    needs.extend(candidate.depends.clone());
                    seen.push(candidate.clone());
                }
            }
        }
        seen.iter().any(|candidate| candidate.key() == *key)
    }

    fn place(&self) -> (Key, Option<&Constraint>) {
        match self.wish {
            Wish::Install { name, slot, constraint, .. } => {
                (Key { name: name.clone(), slot: slot.clone() }, Some(constraint))
            }
            Wish::Upgrade { key, constraint } => (key.clone(), constraint.as_ref()),
            _ => unreachable!("questions are about installs and upgrades"),
        }
    }

    /// What the wish asks of a key, if it names it.
    fn named(&self, key: &Key) -> Option<Wanted<'_>> {
        let (place, constraint) = self.place();
        if *key != place {
            return None;
        }
        let old = self.installed.iter().find(|package| package.key() == *key);
        let request = old.and_then(|package| package.requested.clone());
        // A bare install keeps an earlier request, a bare upgrade to `*` lets go of it.
        let bare = matches!(self.wish, Wish::Install { constraint, .. } if constraint.is_any());
        let wanted = constraint.filter(|_| !bare || request.is_none()).cloned().or(request);
        let fits = old.is_some_and(|package| {
            constraint.is_none_or(|wanted| wanted.is_any() || wanted.matches(&package.version))
        });
        Some(Box::new(move |candidate| {
            let is_old = old.is_some_and(|package| package.release() == candidate.release());
            let inside = wanted.as_ref().is_none_or(|wanted| wanted.matches(&candidate.version));
            let back = old.is_some_and(|package| candidate.release() < package.release());
            (inside || (is_old && fits)) && !(fits && back)
        }))
    }
}

/// Whether every need is met and nothing conflicts.
pub(crate) fn is_sound(state: &State) -> bool {
    state.values().all(|candidate| {
        let conflicts = candidate.conflicts.iter();
        let excluded = conflicts.filter(|(name, _)| *name != candidate.name);
        let beside = |name: &formula::Name| state.keys().any(|key| key.name == *name);
        candidate.depends.iter().all(|need| is_met(state, need))
            && !excluded.map(|(name, _)| name).any(beside)
    })
}

pub(crate) fn answers(candidate: &Candidate, need: &Dependency) -> bool {
    candidate.name == need.name
        && (need.slot.is_none() || need.slot == candidate.slot)
        && need.constraint.matches(&candidate.version)
}

fn is_met(state: &State, need: &Dependency) -> bool {
    let about =
        |key: &&Key| key.name == need.name && (need.slot.is_none() || need.slot == key.slot);
    let mut there = state.iter().filter(|(key, _)| about(key));
    let meets = |candidate: &Candidate| need.constraint.matches(&candidate.version);
    if !need.optional {
        return there.any(|(_, candidate)| meets(candidate));
    }
    // Without a slot, an optional need says nothing about a name that has slots.
    there.all(|(key, candidate)| meets(candidate) || key.slot != need.slot)
}
