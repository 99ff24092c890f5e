//! Questions about what is installed: who needs what, why it is there, and what is outdated.
//!
//! Everything but [`outdated`] and [`notices`] is answered without asking a tap.

use std::collections::BTreeSet;

use formula::Constraint;

use crate::{
    Candidates, Error, Installed, Key, Note, Release, graph::Graph, notes::withdrawn, pool::Pool,
};

/// A package and what it needs, all the way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The package.
    pub key: Key,
    /// What it needs; empty too where the package stands in the tree already.
    pub needs: Vec<Self>,
    /// Whether what it needs is shown where it first stands.
    pub repeated: bool,
}

impl Tree {
    /// Everything in the tree, each once, its top among them.
    pub fn keys(&self) -> BTreeSet<&Key> {
        let mut keys: BTreeSet<&Key> = self.needs.iter().flat_map(Self::keys).collect();
        keys.insert(&self.key);
        keys
    }
}

/// An installed package that there is a newer release of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// The package.
    pub key: Key,
    /// The release that is installed.
    pub installed: Release,
    /// The newest release inside the request, if it is newer; none for a pinned package.
    pub inside: Option<Release>,
    /// The newest release of the slot, whatever the request says.
    pub newest: Release,
    /// The request, if there is one.
    pub request: Option<Constraint>,
    /// Whether the package is pinned.
    pub pinned: bool,
}

/// What `key` needs, all the way down; each package's needs are told once.
pub fn tree(installed: &[Installed], key: &Key) -> Option<Tree> {
    let graph = Graph::new(installed);
    let key = graph.keys().find(|installed| *installed == key)?;
    Some(grow(&graph, key, &mut BTreeSet::new()))
}

fn grow<'g>(graph: &'g Graph<'_>, key: &'g Key, seen: &mut BTreeSet<&'g Key>) -> Tree {
    let needs = graph.needs(key, true);
    let repeated = !seen.insert(key) && !needs.is_empty();
    let needs = if repeated { Vec::new() } else { needs };
    let needs = needs.into_iter().map(|need| grow(graph, need, seen)).collect();
    Tree { key: key.clone(), needs, repeated }
}

/// The packages that need `key` themselves, in order of their keys; optional needs count.
pub fn uses(installed: &[Installed], key: &Key) -> Vec<Key> {
    let graph = Graph::new(installed);
    let needs = |other: &&Key| graph.needs(other, true).contains(&key);
    graph.keys().filter(needs).cloned().collect()
}

/// The shortest way to `key` from each request that needs it, the shortest first.
///
/// A requested package begins with itself. For a package that no request needs, the ways from
/// packages that nothing needs are told; there are none where it is such a package itself.
pub fn why(installed: &[Installed], key: &Key) -> Vec<Vec<Key>> {
    let graph = Graph::new(installed);
    let chains = graph.chains(key);
    let requested: Vec<_> =
        chains.iter().filter(|chain| graph.is_requested(&chain[0])).cloned().collect();
    if requested.is_empty() { chains } else { requested }
}

/// The packages that no installed package needs.
pub fn leaves(installed: &[Installed]) -> Vec<Key> {
    let graph = Graph::new(installed);
    let needed: BTreeSet<&Key> = graph.keys().flat_map(|key| graph.needs(key, false)).collect();
    graph.keys().filter(|key| !needed.contains(key)).cloned().collect()
}

/// The packages that nothing requested or pinned needs: what autoremove removes.
pub fn orphans(installed: &[Installed]) -> Vec<Key> {
    Graph::new(installed).orphans().into_iter().collect()
}

/// Every installed package that its tap has a newer release of, in order of their keys.
///
/// Only releases count that could be chosen anew: neither withdrawn nor unfit for this machine,
/// and pre-releases only where the request names one.
///
/// # Errors
/// A tap could not say which releases there are.
pub fn outdated(
    installed: &[Installed],
    candidates: &dyn Candidates,
) -> Result<Vec<Outdated>, Error> {
    let pool = Pool::new(installed, candidates);
    let mut outdated = Vec::new();
    for (key, _, package) in pool.installed() {
        let release = package.release();
        let list = pool.list(&key.name, Some(&package.tap))?;
        let entries = list.ids.iter().map(|id| pool.entry(*id));
        let newer: Vec<Release> = entries
            .filter(|entry| entry.key == *key && entry.obstacle().is_none())
            .map(|entry| entry.release.clone())
            .filter(|other| other.tap == release.tap && other.compare(&release).is_gt())
            .collect();
        let request = package.requested.as_ref();
        let any = Constraint::any();
        let within = |release: &&Release| request.unwrap_or(&any).matches(&release.version);
        let shown = |release: &&Release| !release.version.is_prerelease() || within(release);
        let Some(newest) = newer.iter().find(shown).cloned() else {
            continue;
        };
        outdated.push(Outdated {
            key: key.clone(),
            installed: release,
            inside: newer.iter().find(within).filter(|_| !package.pinned).cloned(),
            newest,
            request: request.cloned(),
            pinned: package.pinned,
        });
    }
    Ok(outdated)
}

/// What the taps say today against installed packages: yanked, deprecated, disabled, renamed.
///
/// # Errors
/// A tap could not say which releases there are.
pub fn notices(
    installed: &[Installed],
    candidates: &dyn Candidates,
) -> Result<Vec<(Key, Note)>, Error> {
    let pool = Pool::new(installed, candidates);
    let mut notices = Vec::new();
    for (key, id, package) in pool.installed() {
        let list = pool.list(&key.name, Some(&package.tap))?;
        let renamed = list.renamed.clone().map(|to| Note::Renamed { key: key.clone(), to });
        let notes = withdrawn(&pool.entry(id)).into_iter().chain(renamed);
        notices.extend(notes.map(|note| (key.clone(), note)));
    }
    Ok(notices)
}
