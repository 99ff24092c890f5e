//! The taps of one user: the built-in one and those that were added, in order.
//!
//! A bare name resolves in one tap only: a second tap that offers it is an error, never a choice.

use std::{
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use formula::{Heading, Name};
use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use serde::{Deserialize, Serialize};

use crate::{
    builtin,
    tap::{self, Found, Tap},
};

/// The taps of one user, in the order in which they were added, the built-in one first.
#[derive(Debug)]
pub struct Taps {
    folder: PathBuf,
    taps: Vec<Tap>,
}

/// A formula that a search found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Name of the tap.
    pub tap: String,
    /// What the formula says of itself.
    pub heading: Heading,
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
        source: Box<tap::Error>,
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

fn in_tap(tap: &Option<String>) -> String {
    tap.as_ref().map_or_else(String::new, |tap| format!(" in tap `{tap}`"))
}

/// What `<root>/taps/<name>/tap.json` remembers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    schema: u32,
    /// Counts up with each tap added, and so keeps their order.
    order: u64,
    /// The folder, absolute.
    folder: PathBuf,
}

impl Taps {
    /// Reads which taps were added; `folder` is `<root>/taps` and need not exist.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let mut added = Vec::new();
        for name in subfolders(folder)? {
            if let Some(remembered) = remembered(folder, &name)? {
                added.push((remembered.order, name, remembered.folder));
            }
        }
        added.sort();
        let mut taps = vec![Tap::builtin()];
        for (_, name, folder) in added {
            taps.push(Tap::folder(&folder, Some(&name)).map_err(|e| Error::from_tap(&name, e))?);
        }
        Ok(Self { folder: folder.to_owned(), taps })
    }

    /// Puts a tap among them for this run, in place of one of the same name.
    pub fn lend(&mut self, tap: Tap) {
        self.taps.retain(|other| other.name() != tap.name());
        self.taps.push(tap);
    }

    /// All taps, the built-in one first.
    pub fn iter(&self) -> impl Iterator<Item = &Tap> {
        self.taps.iter()
    }

    /// The tap of that name.
    pub fn tap(&self, name: &str) -> Result<&Tap, Error> {
        self.taps.iter().find(|tap| tap.name() == name).ok_or_else(|| Error::NoTap {
            name: name.to_owned(),
            taps: self.taps.iter().map(|tap| tap.name().to_owned()).collect(),
        })
    }

    /// The formula called `name`, by its own name, else by an alias, else by a name it replaces.
    pub fn find(&self, tap: Option<&str>, name: &str) -> Result<Found, Error> {
        let one;
        let taps = match tap {
            Some(tap) => {
                one = [self.tap(tap)?.clone()];
                &one[..]
            }
            None => &self.taps[..],
        };
        let mut found = Vec::new();
        for tap in taps {
            found.extend(tap.formula(name).map_err(|e| Error::from_tap(tap.name(), e))?);
        }
        if found.is_empty() {
            found = by_alias(taps, name)?;
        }
        match found.len() {
            0 => Err(no_formula(taps, tap, name)?),
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

    /// Formulas whose name, alias or summary holds every word, those named so first.
    pub fn search(&self, words: &[String]) -> Result<Vec<Hit>, Error> {
        let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let mut hits = Vec::new();
        for tap in &self.taps {
            for heading in tap.headings().map_err(|e| Error::from_tap(tap.name(), e))? {
                if let Some(rank) = rank(&heading, &words) {
                    hits.push((rank, Hit { tap: tap.name().to_owned(), heading }));
                }
            }
        }
        hits.sort_by(|(a, x), (b, y)| {
            (a, x.heading.name.as_str()).cmp(&(b, y.heading.name.as_str()))
        });
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }

    /// Adds the tap in `location`, a folder; what was there before is kept in order.
    pub fn add(&mut self, location: &Path, name: Option<&str>) -> Result<&Tap, Error> {
        let no_folder = || Error::NoFolder { path: location.to_owned() };
        let folder = std::path::absolute(location).map_err(|_| no_folder())?;
        if !folder.is_dir() {
            return Err(no_folder());
        }
        let tap = Tap::folder(&folder, name).map_err(|e| Error::from_tap("", e))?;
        if Name::parse(tap.name()).is_err() || matches!(tap.name(), "direct") {
            return Err(Error::Name { name: tap.name().to_owned() });
        }
        if let Some(known) = self.taps.iter().find(|known| known.name() == tap.name()) {
            let location = known.path().map_or("the program".into(), |p| p.display().to_string());
            return Err(Error::Taken { name: tap.name().to_owned(), location });
        }
        if tap.names().map_err(|e| Error::from_tap(tap.name(), e))?.is_empty() {
            return Err(no_folder());
        }
        self.remember(&tap, folder)?;
        self.taps.push(tap);
        Ok(&self.taps[self.taps.len() - 1])
    }

    /// Forgets a tap; what was installed from it stays.
    pub fn remove(&mut self, name: &str) -> Result<(), Error> {
        if name == builtin::NAME {
            return Err(Error::Builtin);
        }
        self.tap(name)?;
        fs::remove_dir_all(self.folder.join(name)).map_err(|source| Error::State {
            step: "remove",
            tap: name.to_owned(),
            source,
        })?;
        self.taps.retain(|tap| tap.name() != name);
        Ok(())
    }

    fn remember(&self, tap: &Tap, folder: PathBuf) -> Result<(), Error> {
        let mut order = 1;
        for name in subfolders(&self.folder)? {
            order = remembered(&self.folder, &name)?.map_or(order, |r| order.max(r.order + 1));
        }
        let state = |source| Error::State { step: "write", tap: tap.name().to_owned(), source };
        let own = self.folder.join(tap.name());
        // Nobody else may write the root, whatever the umask lets through.
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&own).map_err(state)?;
        let json = serde_json::to_vec_pretty(&Remembered { schema: 1, order, folder })
            .map_err(|error| state(error.into()))?;
        // The rename makes the file whole or absent, whatever happens in between.
        let staged = own.join("tap.json.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o644);
        options.open(&staged).and_then(|mut file| file.write_all(&json)).map_err(state)?;
        fs::rename(&staged, own.join("tap.json")).map_err(state)
    }
}

impl Error {
    fn from_tap(tap: &str, source: tap::Error) -> Self {
        Self::Tap { tap: tap.to_owned(), source: Box::new(source) }
    }
}

/// The formulas that have `name` as an alias, else those that replace it.
fn by_alias(taps: &[Tap], name: &str) -> Result<Vec<Found>, Error> {
    let (mut aliased, mut replacing) = (Vec::new(), Vec::new());
    for tap in taps {
        for heading in tap.headings().map_err(|e| Error::from_tap(tap.name(), e))? {
            let is = |names: &[Name]| names.iter().any(|known| known.as_str() == name);
            if is(&heading.aliases) {
                aliased.push((tap, heading.name));
            } else if is(&heading.replaces) {
                replacing.push((tap, heading.name));
            }
        }
    }
    let chosen = if aliased.is_empty() { replacing } else { aliased };
    let mut found = Vec::new();
    for (tap, name) in chosen {
        found.extend(tap.formula(name.as_str()).map_err(|e| Error::from_tap(tap.name(), e))?);
    }
    Ok(found)
}

fn no_formula(taps: &[Tap], tap: Option<&str>, name: &str) -> Result<Error, Error> {
    let mut close = Vec::new();
    for tap in taps {
        for heading in tap.headings().map_err(|e| Error::from_tap(tap.name(), e))? {
            let names = std::iter::once(&heading.name).chain(&heading.aliases);
            let nearest = names.map(|known| strsim::jaro_winkler(known.as_str(), name));
            let likeness = nearest.fold(0.0, f64::max);
            if likeness > 0.84 {
                close.push((likeness, heading.name.as_str().to_owned()));
            }
        }
    }
    close.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let suggestions = close.into_iter().take(3).map(|(_, name)| name).collect();
    Ok(Error::NoFormula { name: name.to_owned(), tap: tap.map(str::to_owned), suggestions })
}

/// How well a formula fits: 0 it is named so, 1 its name holds the words, 2 its summary does.
fn rank(heading: &Heading, words: &[String]) -> Option<u8> {
    let names: Vec<&str> =
        std::iter::once(&heading.name).chain(&heading.aliases).map(Name::as_str).collect();
    let summary = heading.summary.to_lowercase();
    let in_name = |word: &String| names.iter().any(|name| name.contains(word.as_str()));
    if words.iter().all(|word| names.contains(&word.as_str())) {
        Some(0)
    } else if words.iter().all(in_name) {
        Some(1)
    } else {
        words.iter().all(|word| in_name(word) || summary.contains(word.as_str())).then_some(2)
    }
}

fn subfolders(folder: &Path) -> Result<Vec<String>, Error> {
    let state = |source| Error::State { step: "read", tap: "*".to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(state(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(state)?.file_name().into_string());
    }
    Ok(names)
}

fn remembered(folder: &Path, name: &str) -> Result<Option<Remembered>, Error> {
    let state = |source| Error::State { step: "read", tap: name.to_owned(), source };
    match fs::read(folder.join(name).join("tap.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| state(e.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(state(error)),
    }
}
