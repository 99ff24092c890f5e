//! Finding formulas of a tap by anything else than their very names.
//!
//! A tap in a registry has lines made for it; of the others every heading is read.

use formula::{Heading, Name};

use super::{Error, Place, Tap};
use crate::snapshot::{Other, Record, words as split};

/// What a formula says of itself to a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Name of the package.
    pub name: String,
    /// What the package is, in a few words.
    pub summary: String,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// Its license, as far as the formula alone says it.
    pub license: Option<String>,
    /// Other names that it is found by.
    pub aliases: Vec<String>,
}

impl Tap {
    /// Names and aliases that begin with `prefix`, in no particular order.
    pub fn names_from(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        match &self.place {
            Place::Registry(followed) => {
                let mut on = |name: &str| names.push(name.to_owned());
                followed.snapshot.names_from(prefix, &mut on).map_err(|e| self.unread(e))?;
            }
            Place::Builtin | Place::Folder(_) => self.each_heading(&mut |heading| {
                let own = std::iter::once(&heading.name).chain(&heading.aliases);
                let own = own.map(Name::as_str).filter(|name| name.starts_with(prefix));
                names.extend(own.map(ToOwned::to_owned));
            })?,
        }
        Ok(names)
    }

    /// The names of the formulas that have `name` as an alias, else of those that replace it.
    pub(crate) fn by_other_name(&self, name: &str) -> Result<Vec<(Other, String)>, Error> {
        if let Place::Registry(followed) = &self.place {
            return followed.snapshot.by_other_name(name).map_err(|e| self.unread(e));
        }
        let mut found = Vec::new();
        self.each_heading(&mut |heading| {
            let is = |names: &[Name]| names.iter().any(|known| known.as_str() == name);
            if is(&heading.aliases) {
                found.push((Other::Alias, heading.name.as_str().to_owned()));
            } else if is(&heading.replaces) {
                found.push((Other::Former, heading.name.as_str().to_owned()));
            }
        })?;
        Ok(found)
    }

    /// Every formula's names, its own first and then its aliases.
    pub(crate) fn each_names(&self, on: &mut dyn FnMut(&[&str])) -> Result<(), Error> {
        match &self.place {
            Place::Registry(followed) => {
                let each = followed.snapshot.each(&mut |record| {
                    on(&record.names().collect::<Vec<_>>());
                    true
                });
                each.map_err(|e| self.unread(e))
            }
            Place::Builtin | Place::Folder(_) => self.each_heading(&mut |heading| {
                let names = std::iter::once(&heading.name).chain(&heading.aliases);
                on(&names.map(Name::as_str).collect::<Vec<_>>());
            }),
        }
    }

    /// Formulas whose names or summary hold every word, with how well they fit; 0 is best.
    pub(crate) fn search(&self, words: &[String]) -> Result<Vec<(u8, Summary)>, Error> {
        let mut found = Vec::new();
        if let Place::Registry(followed) = &self.place {
            // The longest word is in the fewest lines.
            let needle = words.iter().max_by_key(|word| word.len());
            let mut on = |record: &Record<'_>| {
                let names: Vec<_> = record.names().collect();
                if let Some(rank) = rank(&names, record.lower_summary(), words) {
                    found.push((rank, Summary::of_record(record)));
                }
            };
            let searched = match needle.filter(|word| !word.is_empty()) {
                Some(word) => followed.snapshot.holding(word, &mut on),
                None => followed.snapshot.each(&mut |record| {
                    on(record);
                    true
                }),
            };
            return searched.map(|()| found).map_err(|e| self.unread(e));
        }
        self.each_heading(&mut |heading| {
            let names = std::iter::once(&heading.name).chain(&heading.aliases);
            let names: Vec<_> = names.map(Name::as_str).collect();
            if let Some(rank) = rank(&names, &heading.summary.to_lowercase(), words) {
                found.push((rank, Summary::of_heading(heading)));
            }
        })?;
        Ok(found)
    }

    /// Every heading, in order of name; one that is broken is left out.
    fn each_heading(&self, on: &mut dyn FnMut(Heading)) -> Result<(), Error> {
        for name in self.names()? {
            if let Some((text, _)) = self.text(&name)?
                && let Ok(heading) = Heading::parse(&text)
            {
                on(heading);
            }
        }
        Ok(())
    }
}

impl Summary {
    fn of_record(record: &Record<'_>) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            name: record.name.to_owned(),
            summary: record.summary.to_owned(),
            homepage: text(record.homepage),
            license: text(record.license),
            aliases: split(record.aliases).map(ToOwned::to_owned).collect(),
        }
    }

    fn of_heading(heading: Heading) -> Self {
        Self {
            name: heading.name.to_string(),
            summary: heading.summary,
            homepage: heading.homepage,
            license: heading.license,
            aliases: heading.aliases.iter().map(Name::to_string).collect(),
        }
    }
}

/// How well a formula fits: 0 it is named so, 1 its names hold the words, 2 its summary does.
fn rank(names: &[&str], summary: &str, words: &[String]) -> Option<u8> {
    let in_name = |word: &String| names.iter().any(|name| name.contains(word.as_str()));
    if words.iter().all(|word| names.contains(&word.as_str())) {
        Some(0)
    } else if words.iter().all(in_name) {
        Some(1)
    } else {
        words.iter().all(|word| in_name(word) || summary.contains(word.as_str())).then_some(2)
    }
}
