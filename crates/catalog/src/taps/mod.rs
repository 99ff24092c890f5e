//! The taps of one user: the built-in one and those that were added, in order.
//!
//! A bare name resolves in one tap only: a second tap that offers it is an error, never a choice.

mod opening;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use formula::Name;

use crate::{
    builtin,
    direct::TAP as DIRECT,
    remembered::Remembered,
    snapshot::Other,
    tap::{self, Found, Summary, Tap},
};

pub use opening::{Declared, Rules};

/// The taps of one user, in the order in which they were added, the built-in one first.
#[derive(Debug)]
pub struct Taps {
    folder: PathBuf,
    rules: Rules,
    taps: Vec<Tap>,
    /// Taps that were added and cannot be read now.
    broken: Vec<Broken>,
}

/// A tap that was added and cannot be read.
#[derive(Debug)]
struct Broken {
    name: String,
    location: String,
    is_remote: bool,
    source: Arc<tap::Error>,
}

/// A formula that a search found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Name of the tap.
    pub tap: String,
    /// What the formula says of itself.
    pub formula: Summary,
}

/// A tap cannot be added, removed or searched, or a name is not found in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One tap or formula cannot be read.
    #[error("cannot look into tap `{tap}`")]
    Tap {
        /// Name of the tap.
        tap: String,
        /// What is wrong with it.
        #[source]
        source: Arc<tap::Error>,
    },
    /// A bare name could be one of a tap that cannot be read.
    #[error("cannot tell which formula `{name}` is: tap `{tap}` cannot be read")]
    Unsure {
        /// The name as asked for.
        name: String,
        /// Name of the tap.
        tap: String,
        /// What is wrong with it.
        #[source]
        source: Arc<tap::Error>,
    },
    /// No tap has a formula of that name.
    #[error("there is no formula `{name}`{}", in_tap(tap))]
    NoFormula {
        /// The name as asked for.
        name: String,
        /// The tap, where only one was asked.
        tap: Option<String>,
        /// Names that are close to it.
        suggestions: Vec<String>,
        /// Whether a tap was asked that is in a registry, and may have it by now.
        may_be_newer: bool,
    },
    /// Two taps offer the name.
    #[error("`{name}` is in more than one tap: say which, `{}`", full_names.join("` or `"))]
    Ambiguous {
        /// The name as asked for.
        name: String,
        /// The full names, one per tap.
        full_names: Vec<String>,
    },
    /// No tap of that name was added.
    #[error("there is no tap `{name}`; there are: {}", taps.join(", "))]
    NoTap {
        /// The name as asked for.
        name: String,
        /// The taps that there are.
        taps: Vec<String>,
    },
    /// Another tap has the name already.
    #[error("a tap `{name}` is there already, from {location}")]
    Taken {
        /// The name.
        name: String,
        /// Where that tap is.
        location: String,
    },
    /// A tap's name breaks the grammar of names, or is one that the program uses itself.
    #[error("`{name}` cannot be the name of a tap; give another with --name")]
    Name {
        /// The name.
        name: String,
    },
    /// The location is no folder with formulas.
    #[error("`{}` is no folder with formulas", path.display())]
    NoFolder {
        /// The location as given.
        path: PathBuf,
    },
    /// It is not on a list of what may be used.
    #[error("{what} is not on the list of taps that may be used: {by}")]
    Forbidden {
        /// Where the tap is, or what else it is.
        what: String,
        /// Where the list is.
        by: String,
    },
    /// A configuration says that the tap is there.
    #[error("tap `{tap}` is there by {by}, and stays as long as that says so")]
    Declared {
        /// Name of the tap.
        tap: String,
        /// Where the configuration says it.
        by: String,
    },
    /// The built-in tap cannot be removed.
    #[error("tap `{}` is built into the program and stays", builtin::NAME)]
    Builtin,
    /// What is remembered of the taps cannot be read or written.
    #[error("cannot {step} what is remembered of tap `{tap}`")]
    State {
        /// What was being done, as a verb.
        step: &'static str,
        /// Name of the tap.
        tap: String,
        /// What the system said; it names the path.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether a bare name is of more than one tap, or may be.
    pub fn is_of_several(&self) -> bool {
        matches!(self, Self::Ambiguous { .. } | Self::Unsure { .. })
    }
}

fn in_tap(tap: &Option<String>) -> String {
    tap.as_ref().map_or_else(String::new, |tap| format!(" in tap `{tap}`"))
}

impl Taps {
    /// Puts a tap among them for this run, in place of one of the same name.
    pub fn lend(&mut self, tap: Tap) {
        self.taps.retain(|other| other.name() != tap.name());
        self.taps.push(tap);
    }

    /// All taps that can be read, the built-in one first.
    pub fn iter(&self) -> impl Iterator<Item = &Tap> {
        self.taps.iter()
    }

    /// The names of the taps that are in a registry, whether they can be read or not; not of those
    /// that may not be used.
    pub fn in_registries(&self) -> impl Iterator<Item = &str> {
        let here = self.taps.iter().filter(|tap| tap.subscription().is_some()).map(Tap::name);
        use tap::Error::{Forbidden, Otherwise};
        let is_kept = |b: &&Broken| !matches!(*b.source, Forbidden { .. } | Otherwise(_));
        let broken = self.broken.iter().filter(|broken| broken.is_remote).filter(is_kept);
        here.chain(broken.map(|broken| broken.name.as_str()))
    }

    /// The taps that cannot be read, and why.
    pub fn broken(&self) -> impl Iterator<Item = (&str, Error)> {
        self.broken.iter().map(|Broken { name, source, .. }| {
            let (tap, source) = (name.clone(), source.clone());
            (name.as_str(), Error::Tap { tap, source })
        })
    }

    /// The tap of that name.
    pub fn tap(&self, name: &str) -> Result<&Tap, Error> {
        self.known(name)?;
        let broken = || self.broken().find(|(broken, _)| *broken == name).map(|(_, error)| error);
        let tap = self.taps.iter().find(|tap| tap.name() == name);
        tap.ok_or_else(|| broken().unwrap_or_else(|| self.no_tap(name)))
    }

    /// That there is a tap of that name, whether it can be read or not.
    pub(crate) fn known(&self, name: &str) -> Result<(), Error> {
        if self.names_of_taps().any(|known| known == name) {
            Ok(())
        } else {
            Err(self.no_tap(name))
        }
    }

    fn no_tap(&self, name: &str) -> Error {
        let taps = self.names_of_taps().map(ToOwned::to_owned).collect();
        Error::NoTap { name: name.to_owned(), taps }
    }

    fn names_of_taps(&self) -> impl Iterator<Item = &str> {
        self.taps.iter().map(Tap::name).chain(self.broken.iter().map(|broken| broken.name.as_str()))
    }

    /// The formula called `name`, by its own name, else by an alias, else by a name it replaces.
    ///
    /// A bare name may be in any tap, so none is found while a tap cannot be read: else whoever
    /// has the name in another tap would take its place.
    pub fn find(&self, tap: Option<&str>, name: &str) -> Result<Found, Error> {
        let taps: Vec<&Tap> = match (tap, self.broken().next()) {
            (Some(tap), _) => vec![self.tap(tap)?],
            (None, None) => self.taps.iter().collect(),
            (None, Some((tap, _))) => return Err(self.unsure(name, tap)),
        };
        let mut found = Vec::new();
        for tap in &taps {
            found.extend(tap.formula(name).map_err(|e| Error::from_tap(tap.name(), e))?);
        }
        if found.is_empty() {
            found = by_alias(&taps, name)?;
        }
        match found.len() {
            0 => Err(no_formula(&taps, tap, name)?),
            1 => Ok(found.remove(0)),
            _ => Err(Error::Ambiguous {
                name: name.to_owned(),
                full_names: found
                    .iter()
                    .map(|found| format!("{}/{}", found.tap, found.formula.name()))
                    .collect(),
            }),
        }
    }

    fn unsure(&self, name: &str, tap: &str) -> Error {
        let broken = self.broken.iter().find(|broken| broken.name == tap);
        let source = broken.map_or_else(|| Arc::new(tap::Error::Lost), |b| b.source.clone());
        Error::Unsure { name: name.to_owned(), tap: tap.to_owned(), source }
    }

    /// The names of all formulas of all taps, sorted, each once.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for tap in &self.taps {
            names.extend(tap.names().map_err(|e| Error::from_tap(tap.name(), e))?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Names and aliases of all taps that begin with `prefix`, sorted, each once.
    pub fn names_from(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for tap in &self.taps {
            names.extend(tap.names_from(prefix).map_err(|e| Error::from_tap(tap.name(), e))?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Formulas whose name, alias or summary holds every word, those named so first.
    ///
    /// Taps that cannot be read are left out; [`Taps::broken`] has them.
    pub fn search(&self, words: &[String]) -> Result<Vec<Hit>, Error> {
        let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let mut hits = Vec::new();
        for tap in &self.taps {
            for (rank, formula) in tap.search(&words).map_err(|e| Error::from_tap(tap.name(), e))? {
                hits.push((rank, Hit { tap: tap.name().to_owned(), formula }));
            }
        }
        hits.sort_by(|(a, x), (b, y)| (a, &x.formula.name).cmp(&(b, &y.formula.name)));
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }

    /// The name of the built-in tap that `name`, which is another one's, can be mistaken for.
    pub fn lookalike(&self, name: &str) -> Option<String> {
        let builtin = self.taps.iter().find(|tap| tap.name() == builtin::NAME);
        let (builtin, seen) = (builtin?, skeleton(name));
        let mut found = None;
        let each = builtin.each_names(&mut |names| {
            let like = |known: &&&str| {
                **known != name
                    && (strsim::damerau_levenshtein(known, name) <= 1 || skeleton(known) == seen)
            };
            // What has that very name is no mistake, whatever else is like it.
            if names.contains(&name) {
                found = Some(None);
            } else if found.is_none() {
                found = names.iter().find(like).map(|known| Some((*known).to_owned()));
            }
        });
        each.ok().and(found).flatten()
    }

    /// Adds the tap in `location`, a folder; what was there before is kept in order.
    pub fn add(&mut self, location: &Path, name: Option<&str>) -> Result<&Tap, Error> {
        let no_folder = || Error::NoFolder { path: location.to_owned() };
        let folder = std::path::absolute(location).map_err(|_| no_folder())?;
        if !folder.is_dir() {
            return Err(no_folder());
        }
        let own = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        self.check_allowed(&folder.to_string_lossy())?;
        let tap = Tap::folder(&folder, name)
            .map_err(|e| Error::from_tap(name.unwrap_or(&own.unwrap_or_default()), e))?;
        self.check_free(tap.name())?;
        if tap.names().map_err(|e| Error::from_tap(tap.name(), e))?.is_empty() {
            return Err(no_folder());
        }
        let state = |step| {
            let tap = tap.name().to_owned();
            move |error| Error::state(step, &tap, error)
        };
        let order = Remembered::next_order(&self.folder).map_err(state("read"))?;
        Remembered { schema: 1, order, folder: Some(folder), registry: None }
            .write(&self.folder, tap.name())
            .map_err(state("write"))?;
        self.taps.push(tap);
        Ok(&self.taps[self.taps.len() - 1])
    }

    /// That a tap may have the name: it is one, and no other tap's.
    pub(crate) fn check_free(&self, name: &str) -> Result<(), Error> {
        if Name::parse(name).is_err() || name == DIRECT {
            let name = name.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(Error::Name { name });
        }
        if self.known(name).is_ok() { Err(self.taken(name)) } else { Ok(()) }
    }

    /// That the name is another tap's.
    pub(crate) fn taken(&self, name: &str) -> Error {
        Error::Taken { name: name.to_owned(), location: self.location(name).unwrap_or_default() }
    }

    /// Where the tap of that name is, in words, whether it can be read or not.
    pub fn location(&self, name: &str) -> Option<String> {
        let here = self.taps.iter().find(|tap| tap.name() == name).map(Tap::location);
        let broken = self.broken.iter().find(|broken| broken.name == name);
        here.or_else(|| broken.map(|broken| broken.location.clone()))
    }

    /// Forgets a tap; what was installed from it stays.
    pub fn remove(&mut self, name: &str) -> Result<(), Error> {
        if name == builtin::NAME {
            return Err(Error::Builtin);
        }
        self.known(name)?;
        let is_own =
            |declared: &&Declared| self.location(name).as_ref() == Some(&declared.location);
        if let Some(declared) = self.declared(name).filter(is_own) {
            return Err(Error::Declared { tap: name.to_owned(), by: declared.by.clone() });
        }
        Remembered::forget(&self.folder, name).map_err(|e| Error::state("remove", name, e))?;
        self.taps.retain(|tap| tap.name() != name);
        self.broken.retain(|broken| broken.name != name);
        Ok(())
    }
}

impl Error {
    fn from_tap(tap: &str, source: tap::Error) -> Self {
        Self::Tap { tap: tap.to_owned(), source: Arc::new(source) }
    }

    fn state(step: &'static str, tap: &str, source: std::io::Error) -> Self {
        Self::State { step, tap: tap.to_owned(), source }
    }
}

/// The formulas that have `name` as an alias, else those that replace it.
fn by_alias(taps: &[&Tap], name: &str) -> Result<Vec<Found>, Error> {
    let (mut aliased, mut replacing) = (Vec::new(), Vec::new());
    for tap in taps {
        let others = tap.by_other_name(name).map_err(|e| Error::from_tap(tap.name(), e))?;
        for (other, owner) in others {
            match other {
                Other::Alias => aliased.push((tap, owner)),
                Other::Former => replacing.push((tap, owner)),
            }
        }
    }
    let chosen = if aliased.is_empty() { replacing } else { aliased };
    let mut found = Vec::new();
    for (tap, name) in chosen {
        found.extend(tap.formula(&name).map_err(|e| Error::from_tap(tap.name(), e))?);
    }
    Ok(found)
}

fn no_formula(taps: &[&Tap], tap: Option<&str>, name: &str) -> Result<Error, Error> {
    let mut close = Vec::new();
    for tap in taps {
        let each = tap.each_names(&mut |names| {
            let nearest = names.iter().map(|known| strsim::jaro_winkler(known, name));
            let likeness = nearest.fold(0.0, f64::max);
            if likeness > 0.84 {
                close.push((likeness, names[0].to_owned()));
            }
        });
        each.map_err(|e| Error::from_tap(tap.name(), e))?;
    }
    close.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let suggestions = close.into_iter().take(3).map(|(_, name)| name).collect();
    Ok(Error::NoFormula {
        name: name.to_owned(),
        tap: tap.map(str::to_owned),
        suggestions,
        may_be_newer: taps.iter().any(|tap| tap.subscription().is_some()),
    })
}

/// The name without what the eye misses: `0` and `o`, `1` and `l`, `rn` and `m`, and separators.
fn skeleton(name: &str) -> String {
    let name = name.replace(['-', '_', '.'], "").replace('0', "o").replace(['1', 'i'], "l");
    name.replace("rn", "m").replace("vv", "w")
}
