//! Which links a generation has: the claims of its kegs, and who wins where two want one path.

use std::collections::{BTreeMap, HashMap};

use store::{
    generation::{self, Claim, Conflict, Entries, LayoutError, Links, Record},
    keg,
};

use crate::{expose::Exposed, receipt::Receipt, state};

/// One package of a generation to come, with what it offers.
pub(crate) struct Linked<'a> {
    pub(crate) name: &'a str,
    pub(crate) slot: Option<&'a str>,
    pub(crate) keg: keg::Id,
    /// Whether it is the slot that is linked into `bin` and the like.
    pub(crate) linked: bool,
    pub(crate) exposed: &'a Exposed,
}

/// The links cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two packages offer the same path.
    #[error("{}", sentences(.0))]
    Conflict(Vec<Conflict>),
    /// A keg cannot be read, or its claims lead out of the prefix.
    #[error("cannot lay out the links")]
    Layout(#[source] LayoutError),
}

/// The packages of a record, as their receipts say what they offer.
pub(crate) fn packages<'a>(
    record: &'a Record,
    receipts: &'a HashMap<keg::Id, Receipt>,
) -> Vec<Linked<'a>> {
    static NOTHING: Exposed = Exposed { links: Vec::new(), etc: Vec::new() };
    let linked = |keg: &'a generation::Keg| {
        let id = keg::Id { name: keg.name.clone(), leaf: keg.leaf.clone() };
        let exposed = receipts.get(&id).map_or(&NOTHING, |receipt| &receipt.exposed);
        let (name, slot) = (keg.name.as_str(), keg.slot.as_deref());
        Linked { name, slot, keg: id, linked: keg.linked, exposed }
    };
    record.kegs.iter().map(linked).collect()
}

/// Lays out the links, with what `entries` says is in a keg's folder; with `overwrite` a package of `fresh` wins where two want one path.
pub(crate) fn lay_out(
    packages: &[Linked<'_>],
    entries: &Entries<'_>,
    winners: &mut BTreeMap<String, String>,
    overwrite: Option<&[String]>,
) -> Result<Links, Error> {
    winners.retain(|_, winner| packages.iter().any(|package| package.name == winner));
    let claims: Vec<Claim> = packages.iter().flat_map(claims).collect();
    loop {
        match generation::layout(claims.clone(), winners, entries) {
            Ok(links) => return Ok(links),
            Err(LayoutError::Conflicts(conflicts)) => {
                let Some(fresh) = overwrite else { return Err(Error::Conflict(conflicts)) };
                let before = winners.len();
                for conflict in &conflicts {
                    let winner = conflict.owners.iter().find(|owner| fresh.contains(&owner.name));
                    if let Some(winner) = winner.or(conflict.owners.first()) {
                        winners.insert(conflict.path.clone(), winner.name.clone());
                    }
                }
                if winners.len() == before {
                    return Err(Error::Conflict(conflicts));
                }
            }
            Err(error) => return Err(Error::Layout(error)),
        }
    }
}

fn claims(package: &Linked<'_>) -> Vec<Claim> {
    let claim = |path: String, target: &str, folder: bool| Claim {
        path,
        folder,
        keg: package.keg.clone(),
        target: target.to_owned(),
    };
    let mut claims = Vec::new();
    if package.linked || package.slot.is_none() {
        claims.push(claim(format!("opt/{}", package.name), "", false));
    }
    if package.slot.is_some() {
        claims.push(claim(format!("opt/{}", state::shown(package.name, package.slot)), "", false));
    }
    if package.linked {
        let links = package.exposed.links.iter();
        claims.extend(links.map(|link| claim(link.path.clone(), &link.target, link.folder)));
    }
    claims
}

/// At most this many conflicts are spelled out.
const SPELLED_MAX: usize = 5;

fn sentences(conflicts: &[Conflict]) -> String {
    let mut lines: Vec<String> = conflicts
        .iter()
        .take(SPELLED_MAX)
        .map(|conflict| {
            let owners: Vec<String> =
                conflict.owners.iter().map(|owner| format!("`{}`", owner.name)).collect();
            match &owners[..] {
                [one] => format!("{one} offers `{}` twice", conflict.path),
                _ => format!("{} both offer `{}`", owners.join(" and "), conflict.path),
            }
        })
        .collect();
    if conflicts.len() > SPELLED_MAX {
        lines.push(format!("and {} more", conflicts.len() - SPELLED_MAX));
    }
    lines.join("; ")
}
