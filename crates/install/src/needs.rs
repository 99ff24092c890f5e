//! Where `{dep:X}` of a package leads: to the prefix, by name and by the slot that meets the need.

use std::{collections::BTreeMap, path::Path};

use formula::{Depend, FullName, Resolved};
use store::{Layout, generation::Keg};

use crate::{identity, state, transaction::Realised};

/// The places of the packages that one package needs, by name, as absolute paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs(BTreeMap<String, String>);

impl Needs {
    /// Below the prefix: `opt/NAME`, or `opt/NAME@SLOT` where a slot of `kegs` meets the need.
    ///
    /// The path stays the same when the needed package is upgraded, so its dependents stay too.
    pub(crate) fn linked(layout: &Layout, package: &Resolved, kegs: &[Keg]) -> Self {
        let opt = layout.current().join("opt");
        let slots = slots(&package.depends, kegs);
        let place = |(name, slot): (String, Option<String>)| {
            let path = opt.join(state::shown(&name, slot.as_deref()));
            (name, shown(&path))
        };
        Self(slots.into_iter().map(place).collect())
    }

    /// The kegs themselves, for a package that runs without being linked.
    pub(crate) fn kegs(layout: &Layout, realised: &[Realised]) -> Self {
        let path = |one: &Realised| shown(&layout.keg(&one.keg.name, &one.keg.leaf));
        let others = realised.iter().flat_map(|one| {
            one.receipt.package.other_names().map(|name| (name.as_str().to_owned(), path(one)))
        });
        let own = realised.iter().map(|one| (one.keg.name.clone(), path(one)));
        // A package's own name wins over another's name for itself.
        Self(others.chain(own).collect())
    }

    /// Where `{dep:NAME}` leads; a name that is no dependency is looked for in the prefix.
    pub(crate) fn place(&self, layout: &Layout, name: &str) -> String {
        let unknown = || shown(&layout.current().join("opt").join(name));
        self.0.get(name).cloned().unwrap_or_else(unknown)
    }
}

/// Each name of `depends`, with the slot among `kegs` that meets the need.
pub(crate) fn slots(
    depends: &BTreeMap<FullName, Depend>,
    kegs: &[Keg],
) -> BTreeMap<String, Option<String>> {
    let slot = |(full, depend): (&FullName, &Depend)| {
        let name = full.name.as_str();
        let meets = |keg: &Keg| {
            let version = identity::version(&keg.version)?;
            let is_one = keg.name == name
                && (depend.slot.is_none() || depend.slot == keg.slot)
                && depend.constraint.matches(&version);
            is_one.then(|| (version, keg.slot.clone()))
        };
        let newest = kegs.iter().filter_map(meets).max_by(|a, b| a.0.cmp(&b.0));
        let slot = newest.and_then(|(_, slot)| slot).or_else(|| depend.slot.clone());
        (name.to_owned(), slot)
    };
    depends.iter().map(slot).collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use formula::Constraint;

    use super::*;

    fn keg(name: &str, slot: Option<&str>, version: &str) -> Keg {
        Keg {
            name: name.to_owned(),
            slot: slot.map(ToOwned::to_owned),
            tap: "test".to_owned(),
            version: version.to_owned(),
            revision: 0,
            leaf: format!("{version}-0"),
            linked: true,
            keg_only: None,
        }
    }

    #[test]
    fn a_need_is_met_by_the_newest_slot_that_fits() {
        let kegs = [
            keg("ssl", Some("1"), "1.1.0"),
            keg("ssl", Some("3"), "3.0.0"),
            keg("ssl", Some("10"), "10.0.0"),
            keg("plain", None, "2.0.0"),
        ];
        for (name, constraint, slot, expect) in [
            ("ssl", "*", None, Some("10")),
            ("ssl", "<10", None, Some("3")),
            ("ssl", "1", None, Some("1")),
            ("ssl", "*", Some("3"), Some("3")),
            // Nothing meets it: an optional need that is not installed.
            ("ssl", "2", None, None),
            ("ssl", "*", Some("2"), Some("2")),
            ("plain", "*", None, None),
            ("absent", "*", None, None),
        ] {
            let depend = Depend {
                constraint: Constraint::parse(constraint).unwrap(),
                slot: slot.map(ToOwned::to_owned),
                optional: false,
                why: None,
            };
            let depends = [(name.parse().unwrap(), depend)].into();
            let expect = [(name.to_owned(), expect.map(ToOwned::to_owned))].into();
            assert_eq!(slots(&depends, &kegs), expect, "{name} {constraint} {slot:?}");
        }
    }
}
