//! What must hold between the formulas of one tap: names, dependencies, successors.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    FullName, Name, Report,
    formula::Formula,
    model::{Depend, DependTable, Rules},
    read::{Keys as _, Map, OneOrMany, Spanned},
    report::{Code, Finding, Sink, Sources, nearest},
    resolve::successor,
    tree::At,
};

/// What a formula is called and what it says of others, without the tree that says it: all that
/// can be held of each formula of a large tap.
#[derive(Debug, Clone)]
pub struct Outline {
    sources: Sources,
    /// Its own name first.
    names: Vec<Spanned<Name>>,
    mentions: Vec<Mention>,
}

impl Outline {
    /// Name of the package.
    pub fn name(&self) -> &Name {
        &self.names[0]
    }

    /// The formula's source as it was read.
    pub fn text(&self) -> &str {
        &self.sources.get(0).text
    }

    /// The formula's file, as messages name it.
    fn file(&self) -> &str {
        &self.sources.get(0).file
    }
}

impl Formula {
    /// What [`check_tap`] takes of it.
    pub fn outline(&self) -> Outline {
        let own = std::iter::once(&self.name);
        let names = own.chain(&self.aliases).chain(&self.replaces).cloned().collect();
        Outline { sources: self.sources.clone(), names, mentions: mentions(self) }
    }
}

/// Something that one formula says of another.
#[derive(Debug, Clone)]
struct Mention {
    name: FullName,
    at: At,
    /// Whether it must be installed with it.
    needed: bool,
}

/// Errors between the formulas of one tap, formula by formula.
///
/// Full names lead to other taps and are not followed.
pub fn check_tap(formulas: &[Outline]) -> Vec<Report> {
    let owners = owners(formulas);
    let mut reports = Vec::new();
    for (index, formula) in formulas.iter().enumerate() {
        let mut sink = Sink::new(&formula.sources);
        clashes(formula, index, &owners, formulas, &mut sink);
        for mention in formula.mentions.iter().filter(|mention| mention.name.tap.is_none()) {
            if !owners.contains_key(&mention.name.name) {
                sink.push(nothing(mention, &owners));
            }
        }
        reports.push(sink.into_report());
    }
    for (index, finding) in cycles(formulas, &owners) {
        let mut sink = Sink::new(&formulas[index].sources);
        sink.push(finding);
        reports[index].append(sink.into_report());
    }
    reports.retain(|report| !report.is_empty());
    reports
}

/// Which formula each name leads to; a formula's own name before aliases and former names.
fn owners(formulas: &[Outline]) -> BTreeMap<&Name, usize> {
    let mut owners = BTreeMap::new();
    for (index, formula) in formulas.iter().enumerate() {
        owners.entry(formula.name()).or_insert(index);
    }
    for (index, formula) in formulas.iter().enumerate() {
        for name in &formula.names[1..] {
            owners.entry(&name.value).or_insert(index);
        }
    }
    owners
}

fn clashes(
    formula: &Outline,
    index: usize,
    owners: &BTreeMap<&Name, usize>,
    formulas: &[Outline],
    sink: &mut Sink<'_>,
) {
    for name in &formula.names {
        let owner = owners[&name.value];
        if owner != index {
            let other = formulas[owner].name();
            let message = format!("`{}` is a name of formula `{other}` already", name.value);
            sink.push(
                Finding::new(Code::Name, name.at, message)
                    .label(format!("leads to {}", formulas[owner].file()))
                    .help("leave it out of one of the two"),
            );
        }
    }
}

fn nothing(mention: &Mention, owners: &BTreeMap<&Name, usize>) -> Finding {
    let name = &mention.name.name;
    let help = match nearest(name.as_str(), owners.keys().map(|name| name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add a formula of that name, or write `tap/name` for one of another tap".to_owned(),
    };
    Finding::new(Code::Unresolved, mention.at, format!("the tap has no `{name}`"))
        .label("names nothing")
        .help(help)
}

/// What a formula says of others, in any of its rules.
fn mentions(formula: &Formula) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let bodies = std::iter::once(&formula.base).chain(formula.rules.iter().map(|rule| &rule.body));
    for table in bodies {
        let rules = Rules::fields(table, &mut Sink::new(&formula.sources));
        add_depends(rules.depends.as_ref(), true, &mut mentions);
        let build = rules.build.as_ref().and_then(|build| build.depends.as_ref());
        add_depends(build, false, &mut mentions);
        for test in rules.test.iter().flat_map(OneOrMany::as_slice) {
            add_depends(test.depends.as_ref(), false, &mut mentions);
        }
        for notice in [&rules.deprecated, &rules.disabled].into_iter().flatten() {
            if let Some(instead) = &notice.instead
                && let Ok((name, _)) = successor(instead)
            {
                mentions.push(Mention { name, at: instead.at, needed: false });
            }
        }
    }
    mentions
}

fn add_depends(map: Option<&Map<FullName, Depend>>, needed: bool, mentions: &mut Vec<Mention>) {
    for (name, depend) in map.into_iter().flat_map(Map::iter) {
        let optional = matches!(
            depend,
            Depend::Full(table) if matches!(**table, DependTable { optional: Some(true), .. })
        );
        let needed = needed && !optional;
        mentions.push(Mention { name: name.value.clone(), at: name.at, needed });
    }
}

/// One finding for each cycle, in the formula that it is found from.
fn cycles(formulas: &[Outline], owners: &BTreeMap<&Name, usize>) -> Vec<(usize, Finding)> {
    let next = |index: usize| {
        let mentions = formulas[index].mentions.iter();
        let needed = mentions.filter(|m| m.needed && m.name.tap.is_none());
        needed.filter_map(|mention| Some((*owners.get(&mention.name.name)?, mention.at)))
    };
    // What needs nothing that is left is in no cycle; so is, in the end, what only leads to one.
    let mut left: BTreeSet<usize> = (0..formulas.len()).collect();
    loop {
        let free = |index: &usize| !next(*index).any(|(to, _)| left.contains(&to));
        let free: Vec<usize> = left.iter().copied().filter(free).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|index| !free.contains(index));
    }
    let mut found = Vec::new();
    while let Some(start) = left.first().copied() {
        let mut way = vec![start];
        let cycle = loop {
            let last = way[way.len() - 1];
            let step = next(last).find(|(to, _)| left.contains(to));
            let Some((to, at)) = step else { break None };
            if let Some(place) = way.iter().position(|seen| *seen == to) {
                break Some((last, at, way.split_off(place)));
            }
            way.push(to);
        };
        let Some((last, at, cycle)) = cycle else {
            left.retain(|index| !way.contains(index));
            continue;
        };
        let around = cycle.iter().chain(&cycle[..1]);
        let names: Vec<&str> = around.map(|index| formulas[*index].name().as_str()).collect();
        let finding =
            Finding::new(Code::Cycle, at, format!("a cycle: `{}`", names.join("` needs `")))
                .label(format!("leads back to `{}`", names[0]))
                .help("make one of the dependencies `optional = true`, or leave it out");
        found.push((last, finding));
        left.retain(|index| !cycle.contains(index));
    }
    found
}
