//! Who needs whom among packages that are installed, or would be.
//!
//! A dependency is met by any package of its name, slot and versions; a tap counts only where the
//! dependency names one. Which candidates exist is deliberately not known here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use formula::{Name, Version};

use crate::{Candidate, Dependency, Installed, Key, Needer};

/// Packages by key, and the dependencies between them.
pub(crate) struct Graph<'a> {
    nodes: BTreeMap<Key, Node<'a>>,
    /// The packages that a name means, by their own and their other names.
    names: BTreeMap<Name, Vec<Key>>,
}

/// What the graph reads of a package.
pub(crate) struct Node<'a> {
    version: &'a Version,
    tap: &'a str,
    other_names: &'a [Name],
    depends: &'a [Dependency],
    /// Whether it stays though nothing needs it.
    wanted: bool,
    requested: bool,
}

impl<'a> Node<'a> {
    pub(crate) fn of_candidate(candidate: &'a Candidate, requested: bool, pinned: bool) -> Self {
        let Candidate { version, tap, other_names, depends, .. } = candidate;
        Self { version, tap, other_names, depends, wanted: requested || pinned, requested }
    }

    fn of_installed(package: &'a Installed) -> Self {
        let Installed { version, tap, other_names, depends, .. } = package;
        let requested = package.requested.is_some();
        Self { version, tap, other_names, depends, wanted: requested || package.pinned, requested }
    }
}

impl<'a> Graph<'a> {
    pub(crate) fn new(installed: impl IntoIterator<Item = &'a Installed>) -> Self {
        Self::from_iter(installed.into_iter().map(|p| (p.key(), Node::of_installed(p))))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.nodes.keys()
    }

    pub(crate) fn is_requested(&self, key: &Key) -> bool {
        self.nodes.get(key).is_some_and(|node| node.requested)
    }

    /// What meets a dependency; several where slots lie side by side.
    pub(crate) fn providers(&self, dependency: &Dependency) -> impl Iterator<Item = &Key> {
        let keys = self.names.get(&dependency.name).map_or(&[][..], Vec::as_slice);
        let meets =
            move |key: &&Key| self.nodes.get(*key).is_some_and(|node| node.meets(key, dependency));
        keys.iter().filter(meets)
    }

    /// What `key` needs, in the order of its dependencies; optional ones on request.
    pub(crate) fn needs(&self, key: &Key, optional: bool) -> Vec<&Key> {
        let mut needs = Vec::new();
        for dependency in self.depends(key).iter().filter(|d| optional || !d.optional) {
            for provider in self.providers(dependency) {
                if provider != key && !needs.contains(&provider) {
                    needs.push(provider);
                }
            }
        }
        needs
    }

    /// Every package that cannot go on without `key`, as long as `gone` go too.
    pub(crate) fn dependents(&self, key: &Key, gone: &BTreeSet<Key>) -> Vec<&Key> {
        let broken = |dependency: &Dependency| {
            let mut met_by = self.providers(dependency).peekable();
            let met = met_by.peek().is_some();
            let mut on_it = false;
            let mut otherwise = false;
            for provider in met_by {
                on_it |= provider == key;
                otherwise |= provider != key && !gone.contains(provider);
            }
            met && on_it && !otherwise && !dependency.optional
        };
        let needs = |other: &&Key| *other != key && self.depends(other).iter().any(broken);
        self.nodes.keys().filter(needs).collect()
    }

    /// The packages that `stays` holds for and that cannot go on without `key`.
    pub(crate) fn needers(
        &self,
        key: &Key,
        gone: &BTreeSet<Key>,
        stays: impl Fn(&Key) -> bool,
    ) -> Vec<Needer> {
        let dependents = self.dependents(key, gone).into_iter().filter(|needer| stays(needer));
        let needer = |needer: &Key| {
            let chain = self.shortest_chain(needer);
            let requested = self.is_requested(&chain[0]);
            Needer { key: needer.clone(), chain, requested }
        };
        dependents.map(needer).collect()
    }

    /// The shortest way to `key` from a request, else from a package that nothing needs.
    fn shortest_chain(&self, key: &Key) -> Vec<Key> {
        let chains = self.chains(key);
        let mut best = chains.iter().filter(|chain| self.is_requested(&chain[0]));
        let first = best.next().or(chains.first());
        first.cloned().unwrap_or_else(|| vec![key.clone()])
    }

    /// The shortest way to `key` from each request and each package that nothing needs.
    ///
    /// The shortest chains come first.
    pub(crate) fn chains(&self, key: &Key) -> Vec<Vec<Key>> {
        let above = self.reversed();
        let mut towards: BTreeMap<&Key, &Key> = BTreeMap::new();
        let mut queue = VecDeque::from([key]);
        let mut chains = Vec::new();
        let mut seen = BTreeSet::from([key]);
        while let Some(next) = queue.pop_front() {
            let parents = above.get(next).map_or(&[][..], Vec::as_slice);
            if self.is_requested(next) || (parents.is_empty() && next != key) {
                let way = std::iter::successors(Some(next), |at| towards.get(at).copied());
                chains.push(way.cloned().collect());
            }
            for parent in parents.iter().copied() {
                if seen.insert(parent) {
                    towards.insert(parent, next);
                    queue.push_back(parent);
                }
            }
        }
        chains
    }

    /// For each package, what needs it.
    fn reversed(&self) -> BTreeMap<&Key, Vec<&Key>> {
        let mut above: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
        for key in self.nodes.keys() {
            for need in self.needs(key, false) {
                above.entry(need).or_default().push(key);
            }
        }
        above
    }

    /// What stays, and everything that it needs.
    pub(crate) fn needed(&self) -> BTreeSet<&Key> {
        let wanted = self.nodes.iter().filter(|(_, node)| node.wanted);
        let mut stack: Vec<&Key> = wanted.map(|(key, _)| key).collect();
        let mut needed: BTreeSet<&Key> = stack.iter().copied().collect();
        while let Some(key) = stack.pop() {
            for need in self.needs(key, false) {
                if needed.insert(need) {
                    stack.push(need);
                }
            }
        }
        needed
    }

    /// Every package that nothing requested or pinned needs.
    pub(crate) fn orphans(&self) -> BTreeSet<Key> {
        let needed = self.needed();
        self.nodes.keys().filter(|key| !needed.contains(key)).cloned().collect()
    }

    /// All keys, each after what it needs; where packages need each other, in order of their keys.
    pub(crate) fn sorted(&self) -> Vec<&Key> {
        let mut sorted = Vec::new();
        let mut seen = BTreeSet::new();
        for start in self.nodes.keys() {
            // Each entry: a package, and those of its needs that were not looked at yet.
            let mut stack = Vec::new();
            if seen.insert(start) {
                stack.push((start, self.needs(start, true).into_iter()));
            }
            while let Some((key, rest)) = stack.last_mut() {
                match rest.next() {
                    Some(need) if seen.insert(need) => {
                        stack.push((need, self.needs(need, true).into_iter()));
                    }
                    Some(_) => {}
                    None => {
                        sorted.push(*key);
                        stack.pop();
                    }
                }
            }
        }
        sorted
    }

    fn depends(&self, key: &Key) -> &'a [Dependency] {
        self.nodes.get(key).map_or(&[], |node| node.depends)
    }
}

impl<'a> FromIterator<(Key, Node<'a>)> for Graph<'a> {
    fn from_iter<I: IntoIterator<Item = (Key, Node<'a>)>>(nodes: I) -> Self {
        let nodes: BTreeMap<Key, Node<'a>> = nodes.into_iter().collect();
        let mut names: BTreeMap<Name, Vec<Key>> = BTreeMap::new();
        for (key, node) in &nodes {
            for name in std::iter::once(&key.name).chain(node.other_names) {
                names.entry(name.clone()).or_default().push(key.clone());
            }
        }
        Self { nodes, names }
    }
}

impl Node<'_> {
    fn meets(&self, key: &Key, dependency: &Dependency) -> bool {
        dependency.tap.as_deref().is_none_or(|tap| tap == self.tap)
            && (dependency.slot.is_none() || dependency.slot == key.slot)
            && dependency.constraint.matches(self.version)
    }
}
