//! The canonical form of a formula's text: the order of its keys, its columns, its empty lines.
//!
//! The order is that of W4. In a table the `=` of lines that follow one another stand below each
//! other; an empty line begins anew. One empty line stands before each header. A comment belongs
//! to the line below it; comments at the top of the file, up to an empty line, stay there.

use toml_edit::{DocumentMut, InlineTable, Item, RawString, Table, Value};

use super::{Error, read};
use crate::{
    check::keys_of,
    model::{ORDER, VersionTable},
    tree,
};

/// The canonical form of a formula's text; `file` is its name in messages.
///
/// What the text means stays as it is, and so do its comments; the canonical form of a text in
/// canonical form is the text itself.
pub fn canonical(text: &str, file: &str) -> Result<String, Error> {
    let (mut document, before) = read(text, file)?;
    let head = take_head(document.as_table_mut());
    sort(document.as_table_mut());
    put_head(document.as_table_mut(), &head);
    let mut place = 0;
    number(document.as_table_mut(), &mut place);
    space(&mut document);
    let text = document.to_string();
    let (_, after) = read(&text, file)?;
    let (before, after) = (tree::Value::Table(before), tree::Value::Table(after));
    if tree::same(&before, &after) { Ok(text) } else { Err(Error::Changed) }
}

/// Puts the facts of one version into order, in columns if they stood in columns.
pub(super) fn arrange_facts(table: &mut Table) {
    sort_by(table, &|key| VersionTable::place(key));
    columns(table);
}

/// The last place that a table takes.
pub(super) fn last_place(table: &Table) -> isize {
    let below = tables(table).map(|(_, table)| last_place(table)).max();
    table.position().unwrap_or(0).max(below.unwrap_or(0))
}

/// Moves all tables from `place` on by one.
pub(super) fn make_room(table: &mut Table, place: isize) {
    if let Some(position) = table.position()
        && position >= place
    {
        table.set_position(Some(position + 1));
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => make_room(table, place),
            Item::ArrayOfTables(list) => list.iter_mut().for_each(|table| make_room(table, place)),
            _ => {}
        }
    }
}

/// The tables directly below one, those of lists included.
fn tables(table: &Table) -> impl Iterator<Item = (&str, &Table)> {
    table.iter().flat_map(|(key, item)| {
        let one = item.as_table().into_iter();
        let many = item.as_array_of_tables().into_iter().flat_map(|list| list.iter());
        one.chain(many).map(move |table| (key, table))
    })
}

fn sort(root: &mut Table) {
    sort_by(root, &|key| position(&ORDER, key));
    for (key, item) in root.iter_mut() {
        if let Some(keys) = keys_of(key.get()) {
            each_table(item, &|key| position(&keys, key));
        }
        if key.get() == "version"
            && let Some(versions) = item.as_table_like_mut()
        {
            versions.iter_mut().for_each(|(_, item)| each_table(item, &VersionTable::place));
        }
    }
}

fn position(keys: &[&str], key: &str) -> usize {
    keys.iter().position(|known| *known == key).unwrap_or(usize::MAX)
}

/// Sorts a table, however it is written, or all tables of a list.
fn each_table(item: &mut Item, place: &dyn Fn(&str) -> usize) {
    match item {
        Item::Table(table) => sort_by(table, place),
        Item::ArrayOfTables(list) => list.iter_mut().for_each(|table| sort_by(table, place)),
        Item::Value(Value::InlineTable(table)) => sort_inline(table, place),
        Item::Value(Value::Array(list)) => {
            let tables = list.iter_mut().filter_map(Value::as_inline_table_mut);
            tables.for_each(|table| sort_inline(table, place));
        }
        _ => {}
    }
}

/// Keys with values first, then tables with headers; each in canonical order.
fn sort_by(table: &mut Table, place: &dyn Fn(&str) -> usize) {
    let rank = |key: &toml_edit::Key, item: &Item| (has_header(item), place(key.get()));
    let ranks = |table: &Table| -> Vec<_> {
        table.iter().map(|(key, item)| (has_header(item), place(key))).collect()
    };
    if !ranks(table).is_sorted() {
        table.sort_values_by(|key, item, other_key, other| {
            rank(key, item).cmp(&rank(other_key, other))
        });
    }
}

fn has_header(item: &Item) -> bool {
    item.is_array_of_tables() || item.as_table().is_some_and(|table| !table.is_dotted())
}

/// Sorts a table in braces. Blanks are set anew; with comments inside it stays as it is.
fn sort_inline(table: &mut InlineTable, place: &dyn Fn(&str) -> usize) {
    let places: Vec<_> = table.iter().map(|(key, _)| place(key)).collect();
    if places.is_sorted() || table.to_string().contains('\n') {
        return;
    }
    table.sort_values_by(|key, _, other, _| place(key.get()).cmp(&place(other.get())));
    table.fmt();
}

/// Comments at the top of the file that belong to no line: up to the last empty line.
fn take_head(root: &mut Table) -> String {
    let first = root.iter().find(|(_, item)| !has_header(item)).map(|(key, _)| key.to_owned());
    let Some(mut key) = first.as_deref().and_then(|key| root.key_mut(key)) else {
        return String::new();
    };
    let prefix = tidy(key.leaf_decor().prefix());
    let (head, own) = at_last_gap(&prefix);
    key.leaf_decor_mut().set_prefix(own);
    head.trim_start().to_owned()
}

/// Cuts what stands above a line behind the last empty line.
fn at_last_gap(prefix: &str) -> (&str, &str) {
    prefix.split_at(prefix.rfind("\n\n").map_or(0, |gap| gap + 2))
}

/// Leaves to a table that comes first what stands above the one at `place`, but its own comment.
pub(super) fn hand_over(versions: &mut Table, place: isize, first: &mut Table) {
    for (_, item) in versions.iter_mut() {
        let Some(table) = item.as_table_mut().filter(|table| table.position() == Some(place))
        else {
            continue;
        };
        let prefix = tidy(table.decor().prefix());
        let (head, own) = at_last_gap(&prefix);
        if !head.trim().is_empty() {
            first.decor_mut().set_prefix(head);
            table.decor_mut().set_prefix(format!("\n{own}"));
        }
    }
}

fn put_head(root: &mut Table, head: &str) {
    let first = root.iter().find(|(_, item)| !has_header(item)).map(|(key, _)| key.to_owned());
    if let Some(mut key) = first.as_deref().and_then(|key| root.key_mut(key)) {
        let own = tidy(key.leaf_decor().prefix());
        key.leaf_decor_mut().set_prefix(format!("{head}{}", own.trim_start()));
    }
}

/// Gives each table the place that it has when its owner is written before it.
fn number(table: &mut Table, place: &mut isize) {
    if !table.is_dotted() {
        table.set_position(Some(*place));
        *place += 1;
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => number(table, place),
            Item::ArrayOfTables(list) => list.iter_mut().for_each(|table| number(table, place)),
            _ => {}
        }
    }
}

/// Empty lines and columns, everywhere.
fn space(document: &mut DocumentMut) {
    let trailing = tidy(Some(document.trailing()));
    let trailing = trailing.trim_end();
    document.set_trailing(if trailing.is_empty() {
        String::new()
    } else {
        format!("{trailing}\n")
    });
    let root = document.as_table_mut();
    let is_bare = root.get_values().is_empty();
    space_table(root, true);
    if is_bare {
        lift_first(root);
    }
}

fn space_table(table: &mut Table, is_root: bool) {
    if !table.is_dotted() && !is_root {
        let comments = tidy(table.decor().prefix());
        let comments = comments.trim_start_matches('\n');
        table.decor_mut().set_prefix(format!("\n{comments}"));
        let suffix = tidy_end(table.decor().suffix());
        table.decor_mut().set_suffix(suffix);
    }
    if !table.is_dotted() {
        columns(table);
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => space_table(table, false),
            Item::ArrayOfTables(list) => {
                list.iter_mut().for_each(|table| space_table(table, false));
            }
            _ => {}
        }
    }
}

/// No empty line stands before the first header of a file that begins with one.
fn lift_first(root: &mut Table) {
    for (_, item) in root.iter_mut() {
        let table = match item {
            Item::Table(table) => Some(table),
            Item::ArrayOfTables(list) => list.get_mut(0),
            _ => None,
        };
        let Some(table) = table else { continue };
        if table.is_implicit() && table.get_values().is_empty() {
            return lift_first(table);
        }
        let prefix = tidy(table.decor().prefix());
        table.decor_mut().set_prefix(prefix.trim_start_matches('\n').to_owned());
        return;
    }
}

/// A key's line: how wide the key is, and whether an empty line stands before it.
struct Line {
    width: usize,
    is_apart: bool,
}

/// Puts the `=` of lines that follow one another below each other.
fn columns(table: &mut Table) {
    let lines: Vec<Line> = table
        .get_values()
        .into_iter()
        .map(|(path, _)| {
            let dots = path.len() - 1;
            let width = path.iter().map(|key| key.display_repr().chars().count()).sum::<usize>();
            let prefix = path.last().and_then(|key| key.leaf_decor().prefix());
            let prefix = tidy(prefix);
            let is_apart = prefix.starts_with('\n') || prefix.contains("\n\n");
            Line { width: width + dots, is_apart }
        })
        .collect();
    let blocks = lines.chunk_by(|_, next| !next.is_apart);
    let widths = blocks.flat_map(|block| {
        let widest = block.iter().map(|line| line.width).max().unwrap_or(0);
        block.iter().map(move |line| widest - line.width + 1)
    });
    let mut gaps = widths.collect::<Vec<_>>().into_iter();
    let mut is_first = true;
    set_lines(table, &mut gaps, &mut is_first);
}

fn set_lines(table: &mut Table, gaps: &mut dyn Iterator<Item = usize>, is_first: &mut bool) {
    for (mut key, item) in table.iter_mut() {
        match item {
            Item::Table(table) if table.is_dotted() => {
                key.dotted_decor_mut().clear();
                set_lines(table, gaps, is_first);
            }
            Item::Value(value) => {
                let Some(gap) = gaps.next() else { return };
                let prefix = tidy(key.leaf_decor().prefix());
                let prefix = if *is_first { prefix.trim_start_matches('\n') } else { &prefix };
                key.leaf_decor_mut().set_prefix(prefix.to_owned());
                key.leaf_decor_mut().set_suffix(" ".repeat(gap));
                let suffix = tidy_end(value.decor().suffix());
                value.decor_mut().set_prefix(" ");
                value.decor_mut().set_suffix(suffix);
                *is_first = false;
            }
            _ => {}
        }
    }
}

/// What stands above a line: comments without indent, and of empty lines at most one in a row.
fn tidy(text: Option<&RawString>) -> String {
    let text = text.and_then(RawString::as_str).unwrap_or_default();
    let mut out = String::new();
    let (mut lines, mut was_empty) = (text.split('\n').map(str::trim).peekable(), false);
    while let Some(line) = lines.next() {
        // After the last newline comes the line itself.
        if lines.peek().is_none() {
            break;
        }
        if !line.is_empty() || !was_empty {
            out.push_str(line);
            out.push('\n');
        }
        was_empty = line.is_empty();
    }
    out
}

/// What stands behind a value: a comment or nothing.
fn tidy_end(text: Option<&RawString>) -> String {
    let text = text.and_then(RawString::as_str).unwrap_or_default();
    let comment = text.trim();
    if comment.is_empty() { String::new() } else { text.trim_end().replace('\t', " ") }
}
