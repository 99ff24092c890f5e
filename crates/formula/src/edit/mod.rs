//! Edits of a formula's text: facts of a version come, change and go; comments stay.
//!
//! A formula has a half that people write and a half that programs append to. What is edited here
//! is the second one, and [`canonical`] puts both into the form that W4 asks for. No file is read
//! or written: text in, text out.

mod layout;
#[cfg(test)]
mod tests;

use std::fmt;

use digest::Digest;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::{
    Key, Report, Scheme, Version,
    report::{Sink, Sources},
    tree,
};

pub use layout::canonical;

/// Why a formula's text cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text breaks the rules that every formula follows.
    #[error("the formula cannot be read")]
    Broken(#[source] Report),
    /// The formula has no such version.
    #[error("the formula has no version `{version}`")]
    NoVersion {
        /// The version.
        version: String,
    },
    /// A version is written as a value or with dotted keys.
    #[error("version `{version}` is no table of its own: write it as `[version.\"{version}\"]`")]
    NoTable {
        /// The version, or `*` for all of them.
        version: String,
    },
    /// The text would not mean the same in another form.
    #[error("the formula cannot be put into order without changing what it says")]
    Changed,
}

/// The bare facts of a version that is added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The day of its release, as `2026-05-01`.
    pub date: Option<String>,
    /// Its tag, where no template gives it.
    pub tag: Option<String>,
    /// The digests by platform.
    pub digests: Vec<(Key, Digest)>,
    /// The digest of an index.
    pub index: Option<Digest>,
    /// The digest of its source code.
    pub source: Option<Digest>,
    /// Its commit in git.
    pub commit: Option<String>,
}

/// A formula's text that is being edited.
#[derive(Debug, Clone)]
pub struct Edit {
    document: DocumentMut,
}

impl Edit {
    /// Reads a text; what it says is looked at only as far as an edit needs it.
    ///
    /// `file` is its name in messages.
    pub fn new(text: &str, file: &str) -> Result<Self, Error> {
        let (document, _) = read(text, file)?;
        Ok(Self { document })
    }

    /// Adds a version, or replaces the facts of one that is there.
    ///
    /// It comes where the order of the file wants it: newest first, unless the file begins with
    /// the oldest.
    pub fn set_version(
        &mut self,
        version: &str,
        scheme: Scheme,
        facts: &Facts,
    ) -> Result<(), Error> {
        match self.facts_of(version) {
            Ok(table) => {
                let new = facts.texts();
                let is_kept = |key: &str| {
                    matches!(key, "date" | "revision" | "yanked")
                        || new.iter().any(|(new, _)| new == key)
                };
                table.retain(|key, _| is_kept(key));
                fill(table, facts);
                return Ok(());
            }
            Err(Error::NoVersion { .. }) => {}
            Err(error) => return Err(error),
        }
        let place = self.place_of(version, scheme)?;
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        fill(&mut table, facts);
        if let Some(versions) = self.document.get_mut("version").and_then(Item::as_table_mut) {
            layout::hand_over(versions, place, &mut table);
        }
        layout::make_room(self.document.as_table_mut(), place);
        table.set_position(Some(place));
        let versions = self.document.entry("version").or_insert_with(|| {
            let mut versions = Table::new();
            versions.set_implicit(true);
            versions.set_position(Some(place));
            Item::Table(versions)
        });
        let versions = versions.as_table_mut().ok_or_else(no_tables)?;
        versions.insert_formatted(&quoted(version), Item::Table(table));
        Ok(())
    }

    /// Takes a version away.
    pub fn remove_version(&mut self, version: &str) -> Result<(), Error> {
        self.facts_of(version)?;
        let versions = self.document.get_mut("version").and_then(Item::as_table_mut);
        versions.ok_or_else(no_tables)?.remove(version);
        Ok(())
    }

    /// Names the index that was pushed for a version.
    pub fn set_package(&mut self, version: &str, digest: &Digest) -> Result<(), Error> {
        self.set(version, "package", Some(digest.as_str().into()))
    }

    /// Says why a version should not be used; `None` takes that back.
    pub fn set_yanked(&mut self, version: &str, why: Option<&str>) -> Result<(), Error> {
        self.set(version, "yanked", why.map(Into::into))
    }

    /// Why a version should not be used, as [`Self::set_yanked`] said it.
    pub fn yanked(&self, version: &str) -> Result<Option<&str>, Error> {
        let versions = self.document.get("version").and_then(Item::as_table_like);
        let facts = versions.and_then(|versions| versions.get(version));
        let facts = facts.ok_or_else(|| Error::NoVersion { version: version.to_owned() })?;
        Ok(facts.get("yanked").and_then(Item::as_str))
    }

    /// Counts the rebuilds of a version; 0 is not written out.
    pub fn set_revision(&mut self, version: &str, revision: u32) -> Result<(), Error> {
        self.set(version, "revision", (revision > 0).then(|| i64::from(revision).into()))
    }

    fn set(&mut self, version: &str, key: &str, value: Option<Value>) -> Result<(), Error> {
        let table = self.facts_of(version)?;
        match value {
            Some(value) => put(table, key, value),
            None => drop(table.remove(key)),
        }
        layout::arrange_facts(table);
        Ok(())
    }

    fn facts_of(&mut self, version: &str) -> Result<&mut Table, Error> {
        let version = || version.to_owned();
        let versions = self.document.get_mut("version");
        let versions = versions.and_then(Item::as_table_like_mut);
        let found = versions.and_then(|versions| versions.get_mut(&version()));
        let found = found.ok_or_else(|| Error::NoVersion { version: version() })?;
        let table = found.as_table_mut().filter(|table| !table.is_dotted());
        table.ok_or_else(|| Error::NoTable { version: version() })
    }

    /// Which place among all tables a new version takes.
    fn place_of(&self, version: &str, scheme: Scheme) -> Result<isize, Error> {
        let end = layout::last_place(self.document.as_table()) + 1;
        let Some(versions) = self.document.get("version") else { return Ok(end) };
        let versions = versions.as_table().filter(|table| !table.is_dotted());
        let versions = versions.ok_or_else(no_tables)?;
        let mut there = Vec::new();
        for (text, item) in versions.iter() {
            let place = item.as_table().filter(|table| !table.is_dotted());
            let place = place.and_then(Table::position).ok_or_else(no_tables)?;
            there.push((place, Version::parse(text, scheme).ok()));
        }
        there.sort_by_key(|(place, _)| *place);
        let new = Version::parse(version, scheme).ok();
        let ends = (there.first(), there.last());
        let is_rising = matches!(ends, (Some((_, first)), Some((_, last))) if first < last);
        let next =
            there.iter().find(|(_, other)| if is_rising { *other > new } else { *other < new });
        Ok(match (next, there.last()) {
            (Some((place, _)), _) => *place,
            (None, Some((last, _))) => last + 1,
            (None, None) => end,
        })
    }
}

/// The text as it now is.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.document.fmt(f)
    }
}

fn no_tables() -> Error {
    Error::NoTable { version: "*".to_owned() }
}

/// Versions stand in quotes always, since most of them need it.
fn quoted(version: &str) -> toml_edit::Key {
    let parsed = toml_edit::Key::parse(&format!("\"{version}\"")).ok();
    let parsed = parsed.and_then(|mut keys| keys.pop());
    parsed.unwrap_or_else(|| toml_edit::Key::new(version))
}

/// Sets a value; what stands behind the old one, such as a comment, stays.
fn put(table: &mut Table, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

fn fill(table: &mut Table, facts: &Facts) {
    for (key, text) in facts.texts() {
        put(table, &key, text.into());
    }
    if let Some(Ok(date)) = facts.date.as_ref().map(|date| date.parse::<toml_edit::Datetime>()) {
        put(table, "date", date.into());
    }
    layout::arrange_facts(table);
}

impl Facts {
    /// The facts that are texts, with their keys.
    fn texts(&self) -> Vec<(String, &str)> {
        let digests = self.digests.iter().map(|(key, digest)| (key.to_string(), digest.as_str()));
        let named = [
            ("tag", self.tag.as_deref()),
            ("index", self.index.as_ref().map(Digest::as_str)),
            ("source", self.source.as_ref().map(Digest::as_str)),
            ("commit", self.commit.as_deref()),
        ];
        let named = named.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        digests.chain(named).collect()
    }
}

/// A text as a document and as what it means.
fn read(text: &str, file: &str) -> Result<(DocumentMut, tree::Table), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let sources = Sources::new(file, &text);
    let mut sink = Sink::new(&sources);
    let table = tree::parse(0, &mut sink);
    // The second parser is the first one's sibling: what one reads, so does the other.
    match (table, text.parse::<DocumentMut>()) {
        (Some(table), Ok(document)) => Ok((document, table)),
        _ => Err(Error::Broken(sink.into_report())),
    }
}
