//! Which links a generation consists of: the packages' claims, folded.
//!
//! A folder is one link where one keg owns all of it, and becomes a real folder with a link for
//! each thing in it when a second keg comes, as stow does. Paths only: what is in a keg's folder
//! is asked of the caller, and only for folders that must be opened up.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use crate::{disk::is_plain_name, keg};

/// One path of the prefix that a keg wants, and what it should lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The path in the prefix, such as `bin/rg`.
    pub path: String,
    /// Whether the target is a folder that the keg offers whole, to be merged with others.
    pub folder: bool,
    /// The keg.
    pub keg: keg::Id,
    /// The path in the keg; empty for the keg itself.
    pub target: String,
}

/// One thing in a folder of a keg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder, not a link to one.
    pub folder: bool,
}

/// Says what is in a folder of a keg, for a folder that must be opened up.
pub type Entries<'a> = dyn Fn(&keg::Id, &str) -> io::Result<Vec<Entry>> + 'a;

/// A path that two packages want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The path in the prefix.
    pub path: String,
    /// The kegs that want it; one alone wants two different things there.
    pub owners: Vec<keg::Id>,
}

/// Why claims do not make a generation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Packages want the same paths; all of them are named.
    #[error("{}", describe(.0))]
    Conflicts(Vec<Conflict>),
    /// A claim's path or target would lead out of the prefix or the keg.
    #[error("`{path}` of `{keg}` is not a path inside the prefix")]
    Path {
        /// The path or target.
        path: String,
        /// The keg that claims it.
        keg: keg::Id,
    },
    /// A keg's folder could not be read.
    #[error("cannot read the folder `{path}` of `{keg}`")]
    Folder {
        /// The path in the keg.
        path: String,
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: io::Error,
    },
}

fn describe(conflicts: &[Conflict]) -> String {
    let lines = conflicts.iter().map(|conflict| {
        let owners: Vec<String> = conflict.owners.iter().map(|keg| format!("`{keg}`")).collect();
        match owners.as_slice() {
            [one] => format!("{one} offers `{}` twice", conflict.path),
            _ => format!("{} both offer `{}`", owners.join(" and "), conflict.path),
        }
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// The links of a generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(BTreeMap<String, Node>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    Link(Link),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    keg: keg::Id,
    target: String,
    folder: bool,
}

impl Links {
    /// Each link's path in the prefix, with the keg and the path in it that it leads to.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &keg::Id, &str)> {
        self.0.iter().filter_map(|(path, node)| match node {
            Node::Folder => None,
            Node::Link(link) => Some((path.as_str(), &link.keg, link.target.as_str())),
        })
    }

    /// The real folders, each after the one it is in.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let folders = self.0.iter().filter(|(_, node)| matches!(node, Node::Folder));
        folders.map(|(path, _)| path.as_str())
    }
}

/// Lays out all claims; the order in which they come does not matter.
///
/// `winners` says for a path that two packages offer the name of the one that gets it.
pub fn layout(
    mut claims: Vec<Claim>,
    winners: &BTreeMap<String, String>,
    entries: &Entries<'_>,
) -> Result<Links, Error> {
    claims.sort_unstable_by(|a, b| {
        (&a.path, !a.folder, &a.keg, &a.target).cmp(&(&b.path, !b.folder, &b.keg, &b.target))
    });
    let mut weave = Weave { nodes: BTreeMap::new(), conflicts: BTreeMap::new(), winners, entries };
    for claim in claims {
        check(&claim)?;
        let mut waiting = vec![claim];
        while let Some(claim) = waiting.pop() {
            weave.add(claim, &mut waiting)?;
        }
    }
    if weave.conflicts.is_empty() {
        return Ok(Links(weave.nodes));
    }
    let conflicts = weave.conflicts.into_iter();
    Err(Error::Conflicts(
        conflicts
            .map(|(path, owners)| Conflict { path, owners: owners.into_iter().collect() })
            .collect(),
    ))
}

fn check(claim: &Claim) -> Result<(), Error> {
    let inside = |path: &str| path.split('/').all(is_plain_name);
    let bad = if !inside(&claim.path) {
        &claim.path
    } else if !claim.target.is_empty() && !inside(&claim.target) {
        &claim.target
    } else {
        return Ok(());
    };
    Err(Error::Path { path: bad.clone(), keg: claim.keg.clone() })
}

/// The links made so far.
struct Weave<'a> {
    nodes: BTreeMap<String, Node>,
    conflicts: BTreeMap<String, BTreeSet<keg::Id>>,
    winners: &'a BTreeMap<String, String>,
    entries: &'a Entries<'a>,
}

impl Weave<'_> {
    fn add(&mut self, claim: Claim, waiting: &mut Vec<Claim>) -> Result<(), Error> {
        if !self.open_way(&claim)? {
            return Ok(());
        }
        match self.nodes.get(&claim.path) {
            None => {
                let Claim { path, keg, target, folder } = claim;
                self.nodes.insert(path, Node::Link(Link { keg, target, folder }));
            }
            Some(Node::Folder) if claim.folder => waiting.extend(self.contents(&claim)?),
            Some(Node::Folder) => {
                let other = self.first_below(&claim.path);
                self.conflict(&claim.path, other, claim.keg);
            }
            Some(Node::Link(link)) if link.keg == claim.keg && link.target == claim.target => {}
            Some(Node::Link(link)) if link.folder && claim.folder => {
                let first = link.clone();
                self.unfold(&claim.path, first)?;
                waiting.extend(self.contents(&claim)?);
            }
            Some(Node::Link(link)) => {
                let other = link.clone();
                self.settle(claim, other);
            }
        }
        Ok(())
    }

    /// Makes the folders above a claim real; says whether the claim still needs a link.
    fn open_way(&mut self, claim: &Claim) -> Result<bool, Error> {
        for (slash, _) in claim.path.match_indices('/') {
            let above = &claim.path[..slash];
            match self.nodes.get(above) {
                Some(Node::Folder) => {}
                None => {
                    self.nodes.insert(above.to_owned(), Node::Folder);
                }
                Some(Node::Link(link)) if link.holds(claim, &claim.path[slash..]) => {
                    return Ok(false);
                }
                Some(Node::Link(link)) => {
                    let link = link.clone();
                    if !link.folder {
                        self.conflict(above, link.keg, claim.keg.clone());
                        return Ok(false);
                    }
                    self.unfold(above, link)?;
                }
            }
        }
        Ok(true)
    }

    /// Replaces a link to a folder by a real folder of links.
    fn unfold(&mut self, path: &str, link: Link) -> Result<(), Error> {
        let Link { keg, target, folder } = link;
        let claim = Claim { path: path.to_owned(), folder, keg, target };
        for Claim { path, folder, keg, target } in self.contents(&claim)? {
            self.nodes.insert(path, Node::Link(Link { keg, target, folder }));
        }
        self.nodes.insert(claim.path, Node::Folder);
        Ok(())
    }

    /// Claims for all that is in a claimed folder.
    fn contents(&self, claim: &Claim) -> Result<Vec<Claim>, Error> {
        let failed =
            |source| Error::Folder { path: claim.target.clone(), keg: claim.keg.clone(), source };
        let entries = (self.entries)(&claim.keg, &claim.target).map_err(failed)?;
        let below = entries.into_iter().map(|Entry { name, folder }| Claim {
            path: keg::join(&claim.path, &name),
            folder,
            keg: claim.keg.clone(),
            target: keg::join(&claim.target, &name),
        });
        Ok(below.collect())
    }

    /// Two packages want one path: the winner gets it, if one was named.
    fn settle(&mut self, claim: Claim, other: Link) {
        let Claim { path, folder, keg, target } = claim;
        let winner = self.winners.get(&path).filter(|_| !folder && !other.folder);
        if winner == Some(&other.keg.name) {
            return;
        }
        if winner == Some(&keg.name) {
            self.conflicts.remove(&path);
            self.nodes.insert(path, Node::Link(Link { keg, target, folder }));
        } else {
            self.conflict(&path, other.keg, keg);
        }
    }

    fn first_below(&self, path: &str) -> keg::Id {
        let below = self.nodes.range(format!("{path}/")..);
        let first = below.into_iter().find_map(|(_, node)| match node {
            Node::Folder => None,
            Node::Link(link) => Some(link.keg.clone()),
        });
        first.expect("a real folder is made only for a link in it")
    }

    fn conflict(&mut self, path: &str, one: keg::Id, two: keg::Id) {
        self.conflicts.entry(path.to_owned()).or_default().extend([one, two]);
    }
}

impl Link {
    /// Whether following this folder and then `rest` leads where the claim wants to.
    fn holds(&self, claim: &Claim, rest: &str) -> bool {
        self.folder && self.keg == claim.keg && claim.target == keg::join(&self.target, &rest[1..])
    }
}

#[cfg(test)]
mod tests;
