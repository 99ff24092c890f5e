//! Which links a generation has: the claims of its kegs, and who wins where two want one path.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use formula::Name;
use store::{
    generation::{self, Claim, Conflict, Entries, LayoutError, Links, Record},
    keg,
};

use crate::{expose::Exposed, receipt::Receipt, state};

/// One package of a generation to come, with what it offers.
pub(crate) struct Linked<'a> {
    pub(crate) name: &'a str,
    pub(crate) slot: Option<&'a str>,
    /// Aliases, and names that it took over: `{dep:X}` of another package may say one of them.
    pub(crate) other_names: Vec<&'a str>,
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
        let id = keg.id();
        let receipt = receipts.get(&id);
        let exposed = receipt.map_or(&NOTHING, |receipt| &receipt.exposed);
        let names = receipt.into_iter().flat_map(|receipt| receipt.package.other_names());
        let (name, slot) = (keg.name.as_str(), keg.slot.as_deref());
        let other_names = names.map(Name::as_str).collect();
        Linked { name, slot, other_names, keg: id, linked: keg.linked, exposed }
    };
    record.kegs.iter().map(linked).collect()
}

/// Lays out the links, with what `entries` says is in a keg's folder.
///
/// Where two packages want one path, one that `overwrite` names wins.
pub(crate) fn lay_out(
    packages: &[Linked<'_>],
    entries: &Entries<'_>,
    winners: &mut BTreeMap<String, String>,
    overwrite: Option<&[String]>,
) -> Result<Links, Error> {
    winners.retain(|_, winner| packages.iter().any(|package| package.name == winner));
    let mut claims: Vec<Claim> = packages.iter().flat_map(claims).collect();
    claims.extend(other_names(packages));
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

/// `opt/NAME` by the other names of packages, where no package has that name itself.
fn other_names(packages: &[Linked<'_>]) -> Vec<Claim> {
    let own: BTreeSet<&str> = packages.iter().map(|package| package.name).collect();
    let mut claims = BTreeMap::new();
    for package in packages {
        for name in package.other_names.iter().filter(|name| !own.contains(*name)) {
            let plain = (package.linked || package.slot.is_none()).then(|| (*name).to_owned());
            let of_slot = package.slot.map(|slot| state::shown(name, Some(slot)));
            for name in plain.into_iter().chain(of_slot) {
                claims.entry(name).or_insert_with_key(|name| opt(name, package));
            }
        }
    }
    claims.into_values().collect()
}

fn opt(name: &str, package: &Linked<'_>) -> Claim {
    let (keg, target) = (package.keg.clone(), String::new());
    Claim { path: format!("opt/{name}"), folder: false, keg, target }
}

fn claims(package: &Linked<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    if package.linked || package.slot.is_none() {
        claims.push(opt(package.name, package));
    }
    if package.slot.is_some() {
        claims.push(opt(&state::shown(package.name, package.slot), package));
    }
    if package.linked {
        let links = package.exposed.links.iter();
        claims.extend(links.map(|link| Claim {
            path: link.path.clone(),
            folder: link.folder,
            keg: package.keg.clone(),
            target: link.target.clone(),
        }));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_lead_to_a_package_where_nobody_has_them() {
        static NOTHING: Exposed = Exposed { links: Vec::new(), etc: Vec::new() };
        let linked = |name, slot, linked, other_names: &[&'static str]| Linked {
            name,
            slot,
            other_names: other_names.to_vec(),
            keg: keg::Id { name: String::from(name), leaf: slot.unwrap_or("0").to_owned() },
            linked,
            exposed: &NOTHING,
        };
        let packages = [
            linked("a", None, true, &["b", "old"]),
            linked("b", None, true, &["old"]),
            linked("c", Some("1"), true, &["d"]),
            linked("c", Some("2"), false, &["d"]),
            linked("e", None, false, &["f"]),
        ];
        let claims = other_names(&packages);
        let claims: Vec<_> =
            claims.iter().map(|claim| format!("{} {}", claim.path, claim.keg)).collect();
        assert_eq!(claims, ["opt/d c/1", "opt/d@1 c/1", "opt/d@2 c/2", "opt/f e/0", "opt/old a/0"]);
    }
}
