//! Edits of the text of `pkg.toml`: packages come and go, comments stay.
//!
//! No file is read or written: text in, text out.

use catalog::{Spec, spec};
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use crate::wants::{ANY, DEFAULT, Want};

/// What a new project begins with.
pub const NEW: &str = "# What this project uses; `pkg add` and `pkg remove` change it, `pkg sync` has it.\n\
                       [packages]\n";

/// The text cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no TOML.
    #[error("pkg.toml is not TOML")]
    Toml(#[from] toml_edit::TomlError),
    /// Something that must be a table is none.
    #[error("`{key}` in pkg.toml is no table")]
    NoTable {
        /// The key.
        key: String,
    },
    /// No group has the package.
    #[error("`{name}` is not in pkg.toml")]
    Missing {
        /// The name.
        name: String,
    },
}

/// The text with a package in a group; one that was there is replaced, wherever it was.
///
/// Its tap stays where no other source is named, and its version where none is: what was said once
/// needs no repetition.
pub fn add(text: &str, want: &Want) -> Result<String, Error> {
    let mut document: DocumentMut = text.parse()?;
    let name = want.name.as_str();
    let old = group_of(&document, name);
    let mut want = want.clone();
    if want.tap.is_none()
        && want.from.is_none()
        && let Some(old) = &old
    {
        let item = table(&mut document, old)?.get(name);
        let key = |key| Some(item?.get(key)?.as_str()?.to_owned());
        want.tap = key("tap");
        if want.version == ANY && key("from").is_none() {
            let version = item.and_then(Item::as_str).map(ToOwned::to_owned);
            want.version = version.or_else(|| key("version")).unwrap_or_else(|| ANY.to_owned());
        }
    }
    let want = &want;
    if let Some(old) = old.filter(|old| *old != want.group) {
        table(&mut document, &old)?.remove(name);
    }
    let table = table(&mut document, &want.group)?;
    match table.get_mut(name).and_then(Item::as_value_mut) {
        // What stands beside the old value stays there.
        Some(old) => {
            let decor = old.decor().clone();
            *old = value(want);
            *old.decor_mut() = decor;
        }
        None => {
            // Two branches that add to a sorted table seldom meet in one line.
            let is_sorted = table.iter().map(|(key, _)| key).is_sorted();
            table.insert(name, Item::Value(value(want)));
            if is_sorted {
                table.sort_values();
            }
        }
    }
    Ok(document.to_string())
}

/// The text without a package.
pub fn remove(text: &str, name: &str) -> Result<String, Error> {
    let mut document: DocumentMut = text.parse()?;
    let missing = || Error::Missing { name: name.to_owned() };
    let group = group_of(&document, name).ok_or_else(missing)?;
    table(&mut document, &group)?.remove(name);
    Ok(document.to_string())
}

/// The group that has a package.
fn group_of(document: &DocumentMut, name: &str) -> Option<String> {
    let has = |item: &Item| item.as_table_like().is_some_and(|table| table.contains_key(name));
    if document.get("packages").is_some_and(has) {
        return Some(DEFAULT.to_owned());
    }
    let groups = document.get("group")?.as_table_like()?;
    groups.iter().find(|(_, table)| has(table)).map(|(group, _)| group.to_owned())
}

/// The table of a group, made where it is not there.
fn table<'a>(
    document: &'a mut DocumentMut,
    group: &str,
) -> Result<&'a mut dyn toml_edit::TableLike, Error> {
    let no_table = |key: &str| Error::NoTable { key: key.to_owned() };
    let item = if group == DEFAULT {
        document.entry("packages").or_insert_with(|| Item::Table(Table::new()))
    } else {
        let mut all = Table::new();
        all.set_implicit(true);
        let groups = document.entry("group").or_insert(Item::Table(all));
        let groups = groups.as_table_like_mut().ok_or_else(|| no_table("group"))?;
        groups.entry(group).or_insert_with(|| Item::Table(Table::new()))
    };
    item.as_table_like_mut().ok_or_else(|| no_table(group))
}

fn value(want: &Want) -> Value {
    if want.tap.is_none() && want.from.is_none() && !want.pin {
        return want.version.as_str().into();
    }
    let mut table = InlineTable::new();
    if want.version != ANY {
        table.insert("version", want.version.as_str().into());
    }
    if let Some(tap) = &want.tap {
        table.insert("tap", tap.as_str().into());
    }
    if let Some(from) = &want.from {
        table.insert("from", from.as_str().into());
    }
    if want.pin {
        table.insert("pin", true.into());
    }
    Value::InlineTable(table)
}

/// What a spec asks for; one that is a file or a reference is called `name`.
pub fn want(spec: &Spec, name: Option<&formula::Name>, group: &str) -> Option<Want> {
    let (tap, own, from) = match &spec.kind {
        spec::Kind::Name { tap, name } => (tap.clone(), Some(name), None),
        spec::Kind::File(path) => (None, None, Some(written(path))),
        spec::Kind::Reference(place) => (None, None, Some(place.to_string())),
    };
    Some(Want {
        name: own.or(name)?.clone(),
        group: group.to_owned(),
        version: spec.at.clone().unwrap_or_else(|| ANY.to_owned()),
        tap,
        from,
        pin: false,
    })
}

/// A path that is read as one, whatever its name begins with.
fn written(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    if text.starts_with(['.', '/']) { text } else { format!("./{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Ours.\n[packages]\njaq = \"3\" # as CI has it\n\n[group.dev]\njust = \"*\"\n";

    fn added(text: &str, spec: &str, group: &str) -> String {
        let spec: Spec = spec.parse().unwrap();
        let name = formula::Name::parse("named").unwrap();
        add(text, &want(&spec, Some(&name), group).unwrap()).unwrap()
    }

    #[test]
    fn a_package_comes_and_comments_stay() {
        for (spec, group, old, new) in [
            ("jaq@4", "default", "jaq = \"3\" #", "jaq = \"4\" #"),
            ("xh", "default", "CI has it\n", "CI has it\nxh = \"*\"\n"),
            ("age", "default", "jaq = ", "age = \"*\"\njaq = "),
            (
                "acme/xh@1",
                "default",
                "has it\n",
                "has it\nxh = { version = \"1\", tap = \"acme\" }\n",
            ),
            ("acme/xh", "default", "has it\n", "has it\nxh = { tap = \"acme\" }\n"),
            ("./a.toml", "default", "has it\n", "has it\nnamed = { from = \"./a.toml\" }\n"),
            (
                "oci://r.example/a:1",
                "dev",
                "just = \"*\"\n",
                "just = \"*\"\nnamed = { from = \"oci://r.example/a:1\" }\n",
            ),
            ("xh", "ci", "just = \"*\"\n", "just = \"*\"\n\n[group.ci]\nxh = \"*\"\n"),
            (
                "just@1",
                "default",
                "CI has it\n\n[group.dev]\njust = \"*\"\n",
                "CI has it\njust = \"1\"\n\n[group.dev]\n",
            ),
        ] {
            assert_eq!(added(TEXT, spec, group), TEXT.replace(old, new), "{spec}");
        }
        assert_eq!(added("", "xh", "default"), "[packages]\nxh = \"*\"\n");
        assert_eq!(added(NEW, "xh", "default"), format!("{NEW}xh = \"*\"\n"));
    }

    #[test]
    fn a_package_stays_in_its_tap_unless_another_source_is_named() {
        let text = "[group.dev]\nxh = { version = \"1\", tap = \"acme\" }\n";
        for (spec, entry) in [
            ("xh@2", "{ version = \"2\", tap = \"acme\" }"),
            ("xh", "{ version = \"1\", tap = \"acme\" }"),
            ("core/xh@2", "{ version = \"2\", tap = \"core\" }"),
        ] {
            let expect = format!("[group.dev]\nxh = {entry}\n");
            assert_eq!(added(text, spec, "dev"), expect, "{spec}");
        }
        let moved = "[group.dev]\n\n[packages]\nxh = { version = \"2\", tap = \"acme\" }\n";
        assert_eq!(added(text, "xh@2", "default"), moved);
        let named = "[packages]\nnamed = { tap = \"acme\" }\n";
        let from = "[packages]\nnamed = { from = \"./a.toml\" }\n";
        assert_eq!(added(named, "./a.toml", "default"), from);
    }

    #[test]
    fn a_package_keeps_its_version_where_none_is_named() {
        let check = |before: &str, expect: &str| {
            assert_eq!(added(before, "hello", DEFAULT), expect, "{before}");
        };
        check("[packages]\nhello = \"1\"\n", "[packages]\nhello = \"1\"\n");
        let own = "[packages]\nhello = { version = \"1\", tap = \"acme\" }\n";
        check(own, own);
        let elsewhere = "[packages]\nhello = { from = \"./hello.toml\" }\n";
        check(elsewhere, "[packages]\nhello = \"*\"\n");
        let moved = "[group.dev]\nhello = \"1\"\n\n[packages]\n";
        check(moved, "[group.dev]\n\n[packages]\nhello = \"1\"\n");
    }

    #[test]
    fn a_package_goes_from_wherever_it_is() {
        assert_eq!(remove(TEXT, "just").unwrap(), TEXT.replace("just = \"*\"\n", ""));
        let gone = TEXT.replace("jaq = \"3\" # as CI has it\n", "");
        assert_eq!(remove(TEXT, "jaq").unwrap(), gone);
        assert!(matches!(remove(TEXT, "xh"), Err(Error::Missing { .. })));
    }
}
