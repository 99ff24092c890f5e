//! `pkg.toml`: what a project asks for, in the words of people.
//!
//! Read with a place for every mistake. What a constraint means is the formula's business, which
//! is deliberately not looked at here.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use catalog::{BUILTIN, DIRECT, Spec, spec};
use formula::{Constraint, Name, Platform};

use crate::{
    bounded,
    malformed::{
        Key, Malformed, Problem, Value, document, in_order, line_of, problem, string, switch,
        table, unknown, wrong,
    },
    platform,
};

/// The file's name.
pub const FILE: &str = "pkg.toml";
/// The group of `[packages]`.
pub const DEFAULT: &str = "default";
/// Any version.
pub const ANY: &str = "*";
/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a project asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// The platforms that it is for; `None` for the usual ones, as far as there are packages.
    pub platforms: Option<Vec<Platform>>,
    /// Its taps, and where each is: `oci://…`, `oci:…` or a folder.
    pub taps: BTreeMap<String, String>,
    /// Its packages, in the order of their names.
    pub packages: Vec<Want>,
}

/// A package that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// The name as it is written, which may be an alias.
    pub name: Name,
    /// The group; `default` for `[packages]`.
    pub group: String,
    /// A constraint, a channel or a slot; `*` for any version.
    pub version: String,
    /// The tap, where it is named.
    pub tap: Option<String>,
    /// A reference or a formula file, for a package of no tap.
    pub from: Option<String>,
    /// Whether upgrades leave it alone; only in a bundle.
    pub pin: bool,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It says nothing that can be meant.
    #[error(transparent)]
    Malformed(Box<Malformed>),
}

/// Which keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A project's file.
    Project,
    /// A machine's file.
    Bundle,
}

impl Wants {
    /// Reads the file.
    pub fn read(file: &Path) -> Result<Self, Error> {
        Self::parse(&Self::text(file)?, file)
    }

    /// The text of the file.
    pub fn text(file: &Path) -> Result<String, Error> {
        let failed = |source| Error::Read { file: file.to_owned(), source };
        bounded::read(file, FILE_BYTES_MAX).map_err(failed)
    }

    /// Reads the text of `file`.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        Self::parse_as(Kind::Project, text, file)
    }

    pub(crate) fn parse_as(kind: Kind, text: &str, file: &Path) -> Result<Self, Error> {
        let failed = |problem: Problem| Error::Malformed(Box::new(problem.in_file(file, text)));
        read_all(kind, text).map_err(failed)
    }

    /// The package of that name.
    pub fn want(&self, name: &str) -> Option<&Want> {
        self.packages.iter().find(|want| want.name.as_str() == name)
    }

    /// The groups that there are, `default` among them.
    pub fn groups(&self) -> std::collections::BTreeSet<&str> {
        self.packages.iter().map(|want| want.group.as_str()).chain([DEFAULT]).collect()
    }
}

impl Want {
    /// The package as a user would name it on a command line in `folder`.
    pub fn spec(&self, folder: &Path) -> Spec {
        let at = (self.version != ANY).then(|| self.version.clone());
        let kind = match &self.from {
            None => spec::Kind::Name { tap: self.tap.clone(), name: self.name.clone() },
            Some(from) => match from.parse::<Spec>().map(|spec| spec.kind) {
                Ok(spec::Kind::File(path)) => spec::Kind::File(folder.join(path)),
                Ok(spec::Kind::Reference(place)) => {
                    return Spec {
                        kind: spec::Kind::Reference(place.relative_to(folder)),
                        at: None,
                    };
                }
                _ => spec::Kind::Name { tap: self.tap.clone(), name: self.name.clone() },
            },
        };
        Spec { kind, at }
    }

    /// The version as people say it: nothing for any.
    pub fn shown_version(&self) -> String {
        if self.version == ANY { "any version".to_owned() } else { format!("`{}`", self.version) }
    }
}

const KEYS: &[&str] = &["group", "packages", "platforms", "taps"];
const BUNDLE_KEYS: &[&str] = &["packages", "taps"];
const PACKAGE_KEYS: &[&str] = &["from", "tap", "version"];
const PINNED_KEYS: &[&str] = &["from", "pin", "tap", "version"];

fn read_all(kind: Kind, text: &str) -> Result<Wants, Problem> {
    let document = document(text)?;
    let (mut all, mut at) = (Wants::default(), BTreeMap::new());
    let keys = if kind == Kind::Project { KEYS } else { BUNDLE_KEYS };
    for (key, value) in in_order(document.get_ref()) {
        match key.get_ref().as_ref() {
            "platforms" if kind == Kind::Project => all.platforms = Some(platforms(value)?),
            "taps" => {
                for (key, value) in in_order(table(value)?) {
                    let (name, place) = tap(key, value)?;
                    all.taps.insert(name, place);
                }
            }
            "packages" => packages(kind, text, DEFAULT, value, &mut all, &mut at)?,
            "group" if kind == Kind::Project => {
                for (key, value) in in_order(table(value)?) {
                    let group = group(key)?;
                    packages(kind, text, group.as_str(), value, &mut all, &mut at)?;
                }
            }
            "name" | "source" | "summary" | "version" => {
                let help = "a formula is installed with `pkg install ./FILE.toml`".to_owned();
                let what = "this is a formula, and no project".to_owned();
                return Err(problem(key.span(), what, "only a formula has this", Some(help)));
            }
            _ => return Err(unknown(key, keys)),
        }
    }
    all.packages.sort_by(|a, b| a.name.cmp(&b.name));
    for (span, tap) in at.into_values() {
        let Some(tap) = tap else { continue };
        if tap != BUILTIN && kind == Kind::Project && !all.taps.contains_key(&tap) {
            let help = format!("write where it is: [taps] {tap} = \"oci://…\"");
            let what = format!("there is no tap `{tap}` in this file");
            return Err(problem(span, what, "a project knows its own taps only", Some(help)));
        }
    }
    Ok(all)
}

fn platforms(value: &Value<'_>) -> Result<Vec<Platform>, Problem> {
    let expected = "a list of platforms";
    let list = value.get_ref().as_array().ok_or_else(|| wrong(value, expected))?;
    if list.is_empty() {
        return Err(wrong(value, "at least one platform"));
    }
    let mut platforms = Vec::new();
    for item in list {
        let text = string(item)?;
        let help = Some("write for example \"linux-amd64\" or \"macos-arm64\"".to_owned());
        let platform = platform::read(text)
            .map_err(|error| problem(item.span(), error.to_string(), "this one", help))?;
        platforms.push(platform);
    }
    platforms.sort();
    platforms.dedup();
    Ok(platforms)
}

fn tap(key: &Key<'_>, value: &Value<'_>) -> Result<(String, String), Problem> {
    let name = name(key)?;
    if name.as_str() == BUILTIN || name.as_str() == DIRECT {
        let what = format!("`{name}` is a tap that pkg has by itself");
        return Err(problem(key.span(), what, "give it another name", None));
    }
    let place = string(value)?;
    if is_in_registry(place)
        && let Err(error) = oci::Place::parse(place)
    {
        let what = format!("`{place}` is not a reference: {}", install::with_causes(&error));
        return Err(problem(value.span(), what, "a registry's repository", None));
    }
    if place.is_empty() {
        return Err(wrong(value, "`oci://HOST/REPOSITORY` or a folder"));
    }
    Ok((name.as_str().to_owned(), place.to_owned()))
}

/// Whether a tap is in a registry or a layout; else it is a folder.
pub(crate) fn is_in_registry(place: &str) -> bool {
    ["oci:", "oci-archive:", "ocidir:"].iter().any(|start| place.starts_with(start))
}

/// Where each name stands, with the tap that it names.
type Places = BTreeMap<Name, (Range<usize>, Option<String>)>;

fn packages(
    kind: Kind,
    text: &str,
    group: &str,
    value: &Value<'_>,
    all: &mut Wants,
    places: &mut Places,
) -> Result<(), Problem> {
    for (key, value) in in_order(table(value)?) {
        let want = want(kind, key, value, group)?;
        let place = (key.span(), want.tap.clone());
        if let Some((other, _)) = places.insert(want.name.clone(), place) {
            let line = line_of(text, other.start);
            let what = format!("`{}` is asked for twice", want.name);
            let label = format!("line {line} asks for it already");
            return Err(problem(key.span(), what, &label, None));
        }
        all.packages.push(want);
    }
    Ok(())
}

fn want(kind: Kind, key: &Key<'_>, value: &Value<'_>, group: &str) -> Result<Want, Problem> {
    let (name, group) = (name(key)?, group.to_owned());
    let mut want = Want { name, group, version: ANY.to_owned(), tap: None, from: None, pin: false };
    if value.get_ref().as_str().is_some() {
        want.version = version(value)?;
        return Ok(want);
    }
    let Some(table) = value.get_ref().as_table() else {
        return Err(wrong(value, "a version, or a table such as { version = \"1\", tap = \"x\" }"));
    };
    for (key, value) in in_order(table) {
        match key.get_ref().as_ref() {
            "version" => want.version = version(value)?,
            "tap" => {
                let tap = Name::parse(string(value)?);
                let tap = tap.map_err(|e| problem(value.span(), e.to_string(), "a tap", None))?;
                want.tap = Some(tap.as_str().to_owned());
            }
            "from" => want.from = Some(from(value)?),
            "pin" if kind == Kind::Bundle => want.pin = switch(value)?,
            _ if kind == Kind::Bundle => return Err(unknown(key, PINNED_KEYS)),
            _ => return Err(unknown(key, PACKAGE_KEYS)),
        }
    }
    let from = want.from.as_deref();
    let is_reference = from.is_some_and(is_in_registry);
    if from.is_some() && want.tap.is_some() || is_reference && want.version != ANY {
        let what = format!("`{}` says twice where it comes from", want.name);
        let label = "`from` names it already: its tag or digest is its version";
        return Err(problem(value.span(), what, label, None));
    }
    Ok(want)
}

fn version(value: &Value<'_>) -> Result<String, Problem> {
    let text = string(value)?;
    if is_version(text) {
        return Ok(text.to_owned());
    }
    let help = "write \"*\", \"1.2\", \">=1, <3\", or the name of a channel or slot".to_owned();
    let what = format!("`{text}` is not a version that can be asked for");
    Err(problem(value.span(), what, "a constraint", Some(help)))
}

/// Whether a text can be asked for as a version: as a constraint, or as a channel or slot, of which
/// only a formula can tell whether there is one.
pub(crate) fn is_version(text: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
    };
    text == ANY || Constraint::parse(text).is_ok() || is_name(text)
}

fn from(value: &Value<'_>) -> Result<String, Problem> {
    let text = string(value)?;
    match text.parse::<Spec>() {
        Ok(Spec { kind: spec::Kind::File(_) | spec::Kind::Reference(_), at: None }) => {
            Ok(text.to_owned())
        }
        Ok(_) => Err(wrong(value, "a reference (`oci://…`) or a formula file (`./x.toml`)")),
        Err(error) => {
            let what = install::with_causes(&error);
            Err(problem(value.span(), what, "a reference or a formula file", None))
        }
    }
}

fn group(key: &Key<'_>) -> Result<Name, Problem> {
    let name = name(key)?;
    if name.as_str() == DEFAULT {
        let what = "the group `default` is `[packages]`".to_owned();
        return Err(problem(key.span(), what, "write its packages there", None));
    }
    Ok(name)
}

fn name(key: &Key<'_>) -> Result<Name, Problem> {
    let parsed = Name::parse(key.get_ref().as_ref());
    parsed.map_err(|error| problem(key.span(), error.to_string(), "a name", None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Wants, String> {
        Wants::parse(text, Path::new("pkg.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read() {
        let all = parse(
            "platforms = [\"macos-arm64\", \"linux/amd64\"]\n\
             [taps]\nacme = \"oci://reg.example/acme\"\nown = \"./formulas\"\n\
             [packages]\njaq = \"3\"\ntool = { version = \">=1, <2\", tap = \"acme\" }\n\
             mine = { from = \"./mine.toml\" }\n\
             [group.dev]\njust = \"*\"\n",
        )
        .unwrap();
        let shown: Vec<String> = all
            .packages
            .iter()
            .map(|w| format!("{} {} {}", w.group, w.spec(Path::new("/p")), w.version))
            .collect();
        assert_eq!(
            shown,
            [
                "default jaq@3 3",
                "dev just *",
                "default /p/./mine.toml *",
                "default acme/tool@>=1, <2 >=1, <2",
            ]
        );
        let platforms: Vec<_> = all.platforms.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(platforms, ["linux-amd64-gnu", "macos-arm64"]);
        assert_eq!(all.groups().into_iter().collect::<Vec<_>>(), ["default", "dev"]);
        assert_eq!(parse("").unwrap(), Wants::default());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (text, expect) in [
            ("[packages]\njaq = 3", "pkg.toml:2: this is the number 3, not a version"),
            ("[packages]\njaq = \"\"", "pkg.toml:2: `` is not a version that can be asked for"),
            ("[packages]\nJaq = \"3\"", "pkg.toml:2: `Jaq` is not a name: it holds upper-case"),
            ("[package]\njaq = \"3\"", "pkg.toml:1: unknown key `package`"),
            ("[packages]\na = \"1\"\n[group.dev]\na = \"1\"", "pkg.toml:4: `a` is asked for twice"),
            ("[packages]\na = { tap = \"acme\" }", "pkg.toml:2: there is no tap `acme` in this"),
            ("[packages]\na = { pin = true }", "pkg.toml:2: unknown key `pin`"),
            ("[packages]\na = { from = \"b\" }", "pkg.toml:2: this is a string, not a reference"),
            (
                "[packages]\na = { from = \"oci://r.example/a:1\", version = \"1\" }",
                "pkg.toml:2: `a` says twice where it comes from",
            ),
            ("[taps]\ncore = \"./x\"", "pkg.toml:2: `core` is a tap that pkg has by itself"),
            ("[taps]\na = \"oci://\"", "pkg.toml:2: `oci://` is not a reference"),
            ("platforms = []", "pkg.toml:1: this is a list, not at least one platform"),
            ("platforms = [\"linux\"]", "pkg.toml:1: `linux` is not a platform"),
            ("[group.default]\na = \"1\"", "pkg.toml:1: the group `default` is `[packages]`"),
            ("schema = 1\nname = \"x\"", "pkg.toml:1: unknown key `schema`"),
            ("name = \"x\"", "pkg.toml:1: this is a formula, and no project"),
            ("a = ", "pkg.toml:1: this is not TOML"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expect), "{text}: {error}");
        }
    }
}
