//! Where `{dep:X}` of a package leads: to the prefix, by name and by the slot that meets the need.

use std::{collections::BTreeMap, path::Path};

use formula::{Resolved, Scheme, Version};
use store::{Layout, generation::Keg, keg};

use crate::state;

/// The places of the packages that one package needs, by name, as absolute paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs(BTreeMap<String, String>);

impl Needs {
    /// Below the prefix: `opt/NAME`, or `opt/NAME@SLOT` where a slot of `kegs` meets the need.
    ///
    /// The path stays the same when the needed package is upgraded, so its dependents stay too.
    pub(crate) fn linked(layout: &Layout, package: &Resolved, kegs: &[Keg]) -> Self {
        let opt = layout.current().join("opt");
        let slots = slots(package, kegs);
        let place = |(name, slot): (String, Option<String>)| {
            let path = opt.join(state::shown(&name, slot.as_deref()));
            (name, shown(&path))
        };
        Self(slots.into_iter().map(place).collect())
    }

    /// The kegs themselves, for a package that runs without being linked.
    pub(crate) fn kegs<'a>(layout: &Layout, kegs: impl Iterator<Item = &'a keg::Id>) -> Self {
        Self(kegs.map(|id| (id.name.clone(), shown(&layout.keg(&id.name, &id.leaf)))).collect())
    }

    /// Where `{dep:NAME}` leads; a name that is no dependency is looked for in the prefix.
    pub(crate) fn place(&self, layout: &Layout, name: &str) -> String {
        let unknown = || shown(&layout.current().join("opt").join(name));
        self.0.get(name).cloned().unwrap_or_else(unknown)
    }
}

/// Each name that a package needs, with the slot among `kegs` that meets the need.
pub(crate) fn slots(package: &Resolved, kegs: &[Keg]) -> BTreeMap<String, Option<String>> {
    let slot = |(full, depend): (&formula::FullName, &formula::Depend)| {
        let name = full.name.as_str();
        let meets = |keg: &Keg| {
            let version = Version::parse(&keg.version, Scheme::Semver)
                .or_else(|_| Version::parse(&keg.version, Scheme::Loose))
                .ok()?;
            let is_one = keg.name == name
                && (depend.slot.is_none() || depend.slot == keg.slot)
                && depend.constraint.matches(&version);
            is_one.then(|| (version, keg.slot.clone()))
        };
        let newest = kegs.iter().filter_map(meets).max_by(|a, b| a.0.cmp(&b.0));
        let slot = newest.and_then(|(_, slot)| slot).or_else(|| depend.slot.clone());
        (name.to_owned(), slot)
    };
    package.depends.iter().map(slot).collect()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
