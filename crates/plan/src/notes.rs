//! The notes of a plan: what is newer, what was withdrawn, what is left behind.

use formula::{Constraint, Name};

use crate::{
    Because, Candidate, Key, Note, Reason,
    goals::{Goals, Named},
    graph::Graph,
    planner::{After, Member},
    pool::{Entry, Pool},
};

/// What the user should know about a plan, ordered by what it is about.
pub(crate) fn notes(
    pool: &Pool<'_>,
    goals: &Goals,
    after: &After,
    before: &Graph<'_>,
) -> Vec<Note> {
    let writer = Writer { pool, goals, after };
    let mut notes = Vec::new();
    for (key, member) in &after.members {
        if let Some(named) = goals.named.get(key) {
            notes.extend(writer.about_named(key, member, named));
        }
        if goals.named.contains_key(key) || pool.installed_at(key).is_none() {
            notes.extend(withdrawn(&pool.entry(member.id)));
        }
        if let Some(to) = goals.renamed.get(key) {
            notes.push(Note::Renamed { key: key.clone(), to: to.clone() });
        }
        notes.extend(writer.moved(key, member));
    }
    let orphans_before = before.orphans();
    let orphans = after.graph().orphans();
    let keys: Vec<Key> = orphans.difference(&orphans_before).cloned().collect();
    if !keys.is_empty() {
        notes.push(Note::Unneeded { keys });
    }
    notes
}

struct Writer<'w> {
    pool: &'w Pool<'w>,
    goals: &'w Goals,
    after: &'w After,
}

impl Writer<'_> {
    fn about_named(&self, key: &Key, member: &Member, named: &Named) -> Vec<Note> {
        let unchanged = self.pool.installed_at(key).is_some_and(|(id, _)| id == member.id);
        let release = member.candidate.release();
        if named.reinstalled {
            return Vec::new();
        }
        if named.reason == Reason::Requested && unchanged && !named.upgraded {
            let request = self.goals.requests[key].clone();
            let newer = self.newest_inside(key, member).map(|newer| newer.release.clone());
            let key = key.clone();
            return vec![Note::AlreadyInstalled { key, release, request, newer }];
        }
        let newer: Vec<Note> = self.newer(key, member);
        if newer.is_empty() && unchanged && named.by_name {
            let request = self.goals.requests.get(key).cloned();
            return vec![Note::UpToDate { key: key.clone(), release, request }];
        }
        newer
    }

    /// The newest release inside the request, and the newest at all, where the plan has neither.
    fn newer(&self, key: &Key, member: &Member) -> Vec<Note> {
        let note = |entry: &Entry, because| Note::Newer {
            key: key.clone(),
            release: member.candidate.release(),
            newer: entry.release.clone(),
            because,
        };
        let mut notes = Vec::new();
        let inside = self.newest_inside(key, member);
        if let Some(entry) = &inside {
            let because = match member.pinned {
                true => Because::Pinned,
                false => Because::Held { by: self.holder(key, entry) },
            };
            notes.push(note(entry, because));
        }
        let known = inside.map_or(member.candidate.release(), |entry| entry.release.clone());
        let request = self.goals.requests.get(key);
        let takes = |entry: &Entry| request.is_none_or(|r| r.matches(&entry.release.version));
        let beyond = self.newest(key, member, |entry| entry.release.compare(&known).is_gt());
        let Some(entry) = beyond else { return notes };
        match (&entry.candidate.obstacle, request) {
            (Some(why), _) if takes(&entry) => notes.push(note(&entry, Because::Host(why.clone()))),
            (None, Some(request)) if self.is_old_request(key, request) && !takes(&entry) => {
                notes.push(note(&entry, Because::Request(request.clone())));
            }
            _ => {}
        }
        notes
    }

    /// Whether an upgrade stays inside a request that this plan does not change.
    fn is_old_request(&self, key: &Key, request: &Constraint) -> bool {
        let installed = self.pool.installed_at(key);
        self.goals.named[key].upgraded
            && installed.is_some_and(|(_, package)| package.requested.as_ref() == Some(request))
    }

    fn newest_inside(&self, key: &Key, member: &Member) -> Option<std::rc::Rc<Entry>> {
        let request = self.goals.requests.get(key);
        self.newest(key, member, |entry| {
            entry.candidate.obstacle.is_none()
                && request.is_none_or(|request| request.matches(&entry.release.version))
        })
    }

    /// The newest release of the same tap that comes after the plan's and that `takes` holds for.
    ///
    /// Withdrawn releases are no news, and pre-releases only where the request names one.
    fn newest(
        &self,
        key: &Key,
        member: &Member,
        takes: impl Fn(&Entry) -> bool,
    ) -> Option<std::rc::Rc<Entry>> {
        let planned = member.candidate.release();
        let request = self.goals.requests.get(key);
        let early = |entry: &Entry| {
            let version = &entry.release.version;
            version.is_prerelease() && !request.is_some_and(|request| request.matches(version))
        };
        let entries = self.pool.known(key).into_iter().map(|id| self.pool.entry(id));
        entries
            .filter(|entry| entry.release.tap == planned.tap)
            .filter(|entry| entry.release.compare(&planned).is_gt() && !early(entry))
            .filter(|entry| entry.candidate.yanked.is_none() && entry.candidate.disabled.is_none())
            .filter(|entry| takes(entry))
            .max_by(|left, right| left.release.compare(&right.release))
    }

    /// The one package beside which `newer` cannot stand, if there is one.
    fn holder(&self, key: &Key, newer: &Entry) -> Option<Key> {
        let graph = self.after.graph();
        let Entry { release, candidate, .. } = newer;
        let others = || self.after.members.iter().filter(|(other, _)| *other != key);
        let excludes =
            |one: &Candidate, other: &Name| one.conflicts.iter().any(|(name, _)| name == other);
        let refuses = others().find(|(other, member)| {
            let holds = member.candidate.depends.iter().any(|dependency| {
                !dependency.constraint.matches(&release.version)
                    && graph.providers(dependency).any(|provider| provider == key)
            });
            let excluded = excludes(&member.candidate, &key.name);
            holds || excluded || excludes(candidate, &other.name)
        });
        if let Some((other, _)) = refuses {
            return Some(other.clone());
        }
        let mut unmet = candidate
            .depends
            .iter()
            .filter(|dependency| graph.providers(dependency).next().is_none());
        unmet.find_map(|dependency| {
            let stays = |other: &&Key| {
                other.name == dependency.name
                    && (!dependency.optional || other.slot == dependency.slot)
            };
            graph.keys().find(stays).cloned()
        })
    }

    fn moved(&self, key: &Key, member: &Member) -> Option<Note> {
        let (_, package) = self.pool.installed_at(key)?;
        (package.tap != member.candidate.tap).then(|| Note::TapChanged {
            key: key.clone(),
            from: package.tap.clone(),
            to: member.candidate.tap.clone(),
        })
    }
}

/// What the tap says today against a release.
pub(crate) fn withdrawn(entry: &Entry) -> Vec<Note> {
    let today = entry.today();
    let key = || entry.key.clone();
    let yanked = today.yanked.clone().map(|why| {
        let release = entry.release.clone();
        Note::Yanked { key: key(), release, why }
    });
    let deprecated = today.deprecated.clone().map(|why| Note::Deprecated { key: key(), why });
    let disabled = today.disabled.clone().map(|why| Note::Disabled { key: key(), why });
    [yanked, deprecated, disabled].into_iter().flatten().collect()
}
