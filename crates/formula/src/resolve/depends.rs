//! `[depends]` and `[requires]`.

use std::collections::BTreeMap;

use super::Resolving;
use crate::{
    Constraint, Depend, FullName, Requires, Scheme, model,
    read::{Map, Spanned},
    report::{Code, Finding, nearest},
};

/// Levels of processors that a formula may ask for.
const LEVELS: [&str; 3] = ["x86-64-v2", "x86-64-v3", "x86-64-v4"];

/// Dependencies by name; nothing of them needs expanding.
pub(super) fn depends(map: Option<&Map<FullName, model::Depend>>) -> BTreeMap<FullName, Depend> {
    let one = |depend: &model::Depend| match depend {
        model::Depend::Plain(constraint) => {
            Depend { constraint: constraint.value.clone(), slot: None, optional: false, why: None }
        }
        model::Depend::Full(table) => Depend {
            constraint: table.version.as_ref().map_or_else(Constraint::any, |c| c.value.clone()),
            slot: table.slot.as_ref().map(|slot| slot.0.to_string()),
            optional: table.optional.unwrap_or(false),
            why: table.why.as_ref().map(|why| why.value.clone()),
        },
    };
    let entries = map.into_iter().flat_map(Map::iter);
    entries.map(|(name, depend)| (name.value.clone(), one(depend))).collect()
}

impl Resolving<'_> {
    pub(super) fn requires(&mut self) -> Requires {
        let Some(requires) = &self.rules.requires else { return Requires::default() };
        let mut host = |constraint: &Option<Spanned<Constraint>>| {
            let constraint = constraint.as_ref()?;
            if let Err(error) = constraint.value.check(Scheme::Loose) {
                self.sink.push(
                    Finding::new(Code::Constraint, constraint.at, error.to_string())
                        .label("not of this scheme")
                        .help("versions of systems are compared part by part: write `>=2.28`"),
                );
            }
            Some(constraint.value.clone())
        };
        let (glibc, macos, linux) =
            (host(&requires.glibc), host(&requires.macos), host(&requires.linux));
        let cpu = requires.cpu.as_ref().map(|cpu| {
            if !LEVELS.contains(&cpu.as_str()) {
                let message = format!("`{}` is no level of processors", cpu.value);
                let near = nearest(cpu, LEVELS.into_iter());
                let help = near.map_or_else(
                    || format!("levels are {}", LEVELS.join(", ")),
                    |near| format!("did you mean `\"{near}\"`?"),
                );
                self.sink
                    .push(Finding::new(Code::Value, cpu.at, message).label("unknown").help(help));
            }
            cpu.value.clone()
        });
        Requires { glibc, macos, linux, cpu }
    }
}
