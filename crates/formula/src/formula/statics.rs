//! Checks of a formula that need neither merging nor expanding.

use std::collections::BTreeMap;

use super::{Release, missing};
use crate::{
    Defaults, Scheme, Version,
    model::{Root, Update, When},
    name::printable,
    read::{Map, Placed, Text},
    report::{Code, Finding, Sink},
    tap::TapKind,
    tree::{At, Table, Value},
    version,
};

/// Whether this program reads formulas of this schema; asked before anything else is looked at.
pub(super) fn schema(table: &Table) -> Result<(), Finding> {
    let Some(entry) = table.get("schema") else {
        return Err(missing("schema", "schema = 1", At::default()));
    };
    match entry.node.value {
        Value::Integer(1) => Ok(()),
        Value::Integer(newer) if newer > 1 => Err(Finding::new(
            Code::Newer,
            entry.node.at,
            format!("schema {newer} needs a newer pkg"),
        )
        .label("this pkg reads schema 1")
        .help("upgrade pkg to use this formula")),
        _ => Err(Finding::new(Code::Value, entry.node.at, "`schema` is no schema number")
            .label("unknown")
            .help("write `schema = 1`")),
    }
}

/// Everything about the top of the formula and its rules.
pub(super) fn check(root: &Root, file: &str, defaults: &Defaults, sink: &mut Sink<'_>) {
    sink.take(stem(root, file));
    sink.take(summary(root.summary.as_ref()));
    sink.take(web_page(root.homepage.as_ref()));
    aliases(root, sink);
    let scheme = root.versioning.as_ref().map_or(Scheme::default(), |scheme| scheme.value);
    let channels = root.channels.iter().flat_map(Map::iter);
    let constraints = channels.map(|(_, constraint)| constraint);
    let rules = root.when.iter().flatten();
    for constraint in constraints.chain(rules.clone().filter_map(|when| when.version.as_ref())) {
        if let Err(error) = constraint.value.check(scheme) {
            sink.push(of_scheme(&error, constraint.at));
        }
    }
    rules.for_each(|when| rule(when, sink));
    if let Some(update) = root.update.as_ref().filter(|update| update.whole) {
        sink.take(self::update(update, defaults.kind()));
    }
}

/// Where new versions are looked for, if anywhere is said.
fn update(update: &Placed<Update>, tap: &TapKind) -> Result<(), Finding> {
    let ways = [
        update.github.is_some(),
        update.url.is_some(),
        update.oci.is_some(),
        update.none.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        let message = "`[update]` looks in several places";
        return Err(Finding::new(Code::Strategy, update.at, message)
            .label("several ways")
            .help("write one of `github`, `url`, `oci` and `none`"));
    }
    match &update.url {
        Some(_) if update.matches.is_none() => {
            Err(missing("match", "match = '(\\d+\\.\\d+\\.\\d+)'", update.at))
        }
        Some(url) => crate::url::check(url, url.at, tap),
        None => Ok(()),
    }
}

/// A constraint that the formula's scheme does not have.
fn of_scheme(error: &crate::constraint::Error, at: At) -> Finding {
    use crate::constraint::Error;
    let help = match error {
        Error::NeedsSemver { .. } => "write bounds, such as `>=1.2, <2`",
        Error::NotSemver { .. } | Error::Malformed { .. } => {
            "write one, two or three numbers, such as `1.2`, or add `versioning = \"loose\"`"
        }
    };
    Finding::new(Code::Constraint, at, error.to_string()).label("not of this scheme").help(help)
}

/// Keys that every formula has.
pub(super) fn required(table: &Table, defaults: &Defaults, sink: &mut Sink<'_>) {
    let wanted = [
        ("name", "name = \"…\""),
        ("summary", "summary = \"…\""),
        ("license", "license = \"MIT\""),
        ("source", "[source]"),
        ("version", "[version.\"1.0.0\"]"),
    ];
    let there = |table: &Table, key: &str| {
        table.get(key).is_some_and(|entry| !matches!(entry.node.value, Value::Bool(false)))
    };
    let at = table.get("name").or(table.get("schema")).map(|e| e.node.at).unwrap_or_default();
    for (key, example) in wanted {
        if !there(table, key) && !there(defaults.table(), key) {
            sink.push(missing(key, example, at));
        }
    }
}

/// The file is found by its name, so the two must agree.
fn stem(root: &Root, file: &str) -> Result<(), Finding> {
    let Some(name) = &root.name else { return Ok(()) };
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    match last.strip_suffix(".toml") {
        Some(stem) if stem != name.as_str() => {
            let message = format!("`{}` stands in the file `{}`", name.value, printable(last));
            Err(Finding::new(Code::Name, name.at, message)
                .label("not the file's name")
                .help(format!("rename the file to `{}.toml`, or write its name", name.value)))
        }
        _ => Ok(()),
    }
}

fn summary(summary: Option<&Text>) -> Result<(), Finding> {
    match summary {
        Some(text) if !text.is_empty() && !text.contains(char::is_alphanumeric) => {
            Err(Finding::new(Code::Value, text.at, "`summary` says nothing")
                .label("to be filled in")
                .help("say in a few words what the package is"))
        }
        Some(text) if text.trim().is_empty() || text.contains('\n') => {
            Err(Finding::new(Code::Value, text.at, "`summary` is one line of text")
                .label("not one line")
                .help("say in a few words what the package is; the rest goes to `description`"))
        }
        _ => Ok(()),
    }
}

fn web_page(homepage: Option<&Text>) -> Result<(), Finding> {
    let Some(url) = homepage else { return Ok(()) };
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(()),
        _ => Err(Finding::new(Code::Value, url.at, "`homepage` is the URL of a page")
            .label("no URL")
            .help("write `https://…`")),
    }
}

fn aliases(root: &Root, sink: &mut Sink<'_>) {
    let mut seen: Vec<&str> = root.name.iter().map(|name| name.as_str()).collect();
    for alias in root.aliases.iter().flatten() {
        if seen.contains(&alias.as_str()) {
            let message = format!("`{}` is a name of this formula already", alias.value);
            sink.push(
                Finding::new(Code::Name, alias.at, message)
                    .label("there twice")
                    .help("leave it out of `aliases`"),
            );
        }
        seen.push(alias.as_str());
    }
}

fn rule(when: &Placed<When>, sink: &mut Sink<'_>) {
    if when.whole && when.platform.is_none() && when.version.is_none() {
        sink.push(
            Finding::new(
                Code::Missing,
                when.at,
                "`[[when]]` says neither `platform` nor `version`",
            )
            .label("would always hold")
            .help("add `platform = \"…\"`, or write its keys at the top of the formula"),
        );
    }
    if let (Some(_), Some(slot)) = (&when.platform, &when.rules.slot) {
        sink.push(
            Finding::new(Code::Forbidden, slot.at, "`slot` cannot differ by platform")
                .label("in a rule with `platform`")
                .help("choose the slot by `version` alone"),
        );
    }
}

/// The version in the formula's scheme.
pub(super) fn version(text: &str, at: At, scheme: Scheme) -> Result<Version, Finding> {
    Version::parse(text, scheme).map_err(|error| {
        let finding = Finding::new(Code::Version, at, error.to_string());
        match error {
            version::Error::NotSemver { .. } => finding
                .label("cannot be ordered as SemVer")
                .help("add `versioning = \"loose\"` to order versions the way distributions do"),
            version::Error::Malformed { .. } => finding.label("malformed version"),
        }
    })
}

/// What holds of the version tables without knowing the source.
pub(super) fn versions(releases: &[Release], sink: &mut Sink<'_>) {
    let mut folded: BTreeMap<String, &Version> = BTreeMap::new();
    for release in releases {
        let other = folded.insert(release.version.as_str().to_ascii_lowercase(), &release.version);
        if let Some(other) = other {
            let message = format!("`{}` and `{other}` differ in case only", release.version);
            sink.push(
                Finding::new(Code::Version, release.at, message)
                    .label("the same version to many file systems")
                    .help("keep one of them"),
            );
        }
        if let Some(finding) = unpinned(release) {
            sink.push(finding);
        }
    }
}

fn unpinned(release: &Release) -> Option<Finding> {
    let Release { version, keys, .. } = release;
    if release.index.is_some() && !keys.is_empty() {
        let message = format!("version `{version}` pins an index and platforms");
        return Some(
            Finding::new(Code::Unpinned, release.digests[0].0.at, message)
                .label("says again what the index says")
                .help("keep `index` alone, or the platforms alone"),
        );
    }
    let pinned = release.index.is_some()
        || release.source.is_some()
        || release.commit.is_some()
        || !keys.is_empty();
    if pinned || !release.whole {
        return None;
    }
    let message = format!("version `{version}` has no digest");
    Some(
        Finding::new(Code::Unpinned, release.at, message)
            .label("does not say what its bytes are")
            .help("add `linux-amd64 = \"sha256:…\"`, or what the source has: `index`, `source`"),
    )
}
