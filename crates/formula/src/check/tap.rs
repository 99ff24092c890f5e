//! What must hold between the formulas of one tap: names, dependencies, successors.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    FullName, Name, Report,
    formula::Formula,
    model::{Depend, DependTable, Rules},
    read::{Keys as _, Map, OneOrMany},
    report::{Code, Finding, Sink, nearest},
    resolve::successor,
    tree::At,
};

/// Something that one formula says of another.
struct Mention {
    name: FullName,
    at: At,
    /// Whether it must be installed with it.
    needed: bool,
}

/// Errors between the formulas of one tap, with the index of the formula that they are in.
///
/// Full names lead to other taps and are not followed.
pub fn check_tap(formulas: &[Formula]) -> Vec<(usize, Report)> {
    let owners = owners(formulas);
    let mentions: Vec<Vec<Mention>> = formulas.iter().map(mentions).collect();
    let mut reports = Vec::new();
    for (index, formula) in formulas.iter().enumerate() {
        let mut sink = Sink::new(&formula.sources);
        clashes(formula, index, &owners, formulas, &mut sink);
        for mention in mentions[index].iter().filter(|mention| mention.name.tap.is_none()) {
            if !owners.contains_key(&mention.name.name) {
                sink.push(nothing(mention, &owners));
            }
        }
        reports.push(sink.into_report());
    }
    for (index, finding) in cycles(formulas, &mentions, &owners) {
        let mut sink = Sink::new(&formulas[index].sources);
        sink.push(finding);
        reports[index].append(sink.into_report());
    }
    reports.into_iter().enumerate().filter(|(_, report)| !report.is_empty()).collect()
}

/// Which formula each name leads to; a formula's own name before aliases and former names.
fn owners(formulas: &[Formula]) -> BTreeMap<&Name, usize> {
    let mut owners = BTreeMap::new();
    for (index, formula) in formulas.iter().enumerate() {
        owners.entry(formula.name()).or_insert(index);
    }
    for (index, formula) in formulas.iter().enumerate() {
        for name in formula.aliases().chain(formula.replaces()) {
            owners.entry(name).or_insert(index);
        }
    }
    owners
}

fn clashes(
    formula: &Formula,
    index: usize,
    owners: &BTreeMap<&Name, usize>,
    formulas: &[Formula],
    sink: &mut Sink<'_>,
) {
    let own = std::iter::once(&formula.name);
    for name in own.chain(&formula.aliases).chain(&formula.replaces) {
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
fn cycles(
    formulas: &[Formula],
    mentions: &[Vec<Mention>],
    owners: &BTreeMap<&Name, usize>,
) -> Vec<(usize, Finding)> {
    let next = |index: usize| {
        let needed = mentions[index].iter().filter(|m| m.needed && m.name.tap.is_none());
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
