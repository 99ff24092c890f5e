//! W4: keys in canonical order, so that formulas read alike.
//!
//! In a table, keys with values come first and tables with headers after; each group has the
//! order of the format.

use crate::{
    model::{self, ORDER, VersionTable},
    read::Keys as _,
    report::{Code, Finding, Sink},
    tree::{Entry, Table, Value},
};

pub(crate) fn check(root: &Table, sink: &mut Sink<'_>) {
    listed(root, &ORDER, sink);
    for key in ORDER {
        if let Some(keys) = keys_of(key) {
            below(root, key, &keys, sink);
        }
    }
    let Some(Value::Table(versions)) = root.get("version").map(|entry| &entry.node.value) else {
        return;
    };
    for entry in &versions.entries {
        if let Value::Table(table) = &entry.node.value {
            let place = |entry: &Entry| Some(VersionTable::place(&entry.key));
            let order = "revision, date, tag, then digests, then package and yanked";
            in_order(table.entries.iter(), place, order, sink);
        }
    }
}

/// The keys of the tables at a key of the root, in canonical order; `None` where they have none.
pub(crate) fn keys_of(key: &str) -> Option<Vec<&'static str>> {
    Some(match key {
        "source" => model::SourceTable::every(),
        "requires" => model::Requires::every(),
        "build" => model::Build::every(),
        "expose" => model::Expose::every(),
        "service" => model::Service::every(),
        "when" => [&["platform", "version"], &ORDER[..]].concat(),
        "test" => model::Test::every(),
        "update" => model::Update::every(),
        "deprecated" | "disabled" => model::Notice::every(),
        _ => return None,
    })
}

/// A table, or every table of a list, at a key of the root.
fn below(root: &Table, key: &str, keys: &[&str], sink: &mut Sink<'_>) {
    match root.get(key).map(|entry| &entry.node.value) {
        Some(Value::Table(table)) => listed(table, keys, sink),
        Some(Value::Array(items)) => {
            for item in items {
                if let Value::Table(table) = &item.value {
                    listed(table, keys, sink);
                }
            }
        }
        _ => {}
    }
}

fn listed(table: &Table, keys: &[&str], sink: &mut Sink<'_>) {
    let place = |entry: &Entry| keys.iter().position(|key| *key == entry.key);
    let (headers, values): (Vec<&Entry>, Vec<&Entry>) =
        table.entries.iter().partition(|entry| has_header(entry, sink));
    for group in [values, headers] {
        let mut there: Vec<&str> = group.iter().map(|entry| entry.key.as_str()).collect();
        there.sort_by_key(|key| keys.iter().position(|known| known == key));
        in_order(group.into_iter(), place, &there.join(", "), sink);
    }
}

/// Whether a table is written under a header, and not as a value.
fn has_header(entry: &Entry, sink: &Sink<'_>) -> bool {
    let text = &sink.sources().get(entry.key_at.file).text;
    let before = text.get(..entry.key_at.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    matches!(entry.node.value, Value::Table(_) | Value::Array(_)) && line.trim().starts_with('[')
}

/// Reports the first entry that stands after one that it should precede.
fn in_order<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    place: impl Fn(&Entry) -> Option<usize>,
    order: &str,
    sink: &mut Sink<'_>,
) {
    let mut before: Option<(usize, &str)> = None;
    for entry in entries {
        let Some(place) = place(entry) else { continue };
        if let Some((highest, above)) = before
            && place < highest
        {
            let message = format!("`{}` comes before `{above}`", entry.key);
            sink.push(
                Finding::new(Code::Order, entry.key_at, message)
                    .label("out of order")
                    .help(format!("the order is {order}")),
            );
            return;
        }
        before = Some((place, &entry.key));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_order_has_every_key_once_and_the_page_says_it() {
        let keys: BTreeSet<&str> = model::Root::every().into_iter().collect();
        assert_eq!(ORDER.iter().copied().collect::<BTreeSet<_>>(), keys);
        assert_eq!(ORDER.len(), keys.len());
        let page = include_str!("../../../../docs/formula.md");
        assert!(page.contains(&format!("`{}`;", ORDER.join("`, `"))));
    }
}
