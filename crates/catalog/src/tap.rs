//! One tap: a named set of formulas, in a folder or carried by the program.
//!
//! A formula is read when it is asked for; a search reads headings only.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use formula::{Constraint, Defaults, Formula, Heading, Name, Release, Report, TapFile, constraint};
use fs_err as fs;

use crate::builtin;

/// Largest formula or `tap.toml` that is read, in bytes; the parser has the same bound.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A named set of formulas.
#[derive(Debug, Clone)]
pub struct Tap {
    name: String,
    place: Place,
    defaults: Defaults,
    registry: Option<String>,
}

/// Where a tap's formulas are.
#[derive(Debug, Clone)]
enum Place {
    Builtin,
    Folder(PathBuf),
}

/// A formula and the tap that it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    /// Name of the tap.
    pub tap: String,
    /// The formula, parsed.
    pub formula: Arc<Formula>,
    /// The folder that relative paths of the formula start from; none for the built-in tap.
    pub folder: Option<PathBuf>,
    /// The file, as messages name it.
    pub file: String,
    /// The base in a registry below which the tap's packages are published.
    pub registry: Option<String>,
}

/// A tap or one of its formulas cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the tap cannot be read.
    #[error("cannot read tap `{tap}`")]
    Read {
        /// Name of the tap.
        tap: String,
        /// What the system said; it names the path.
        #[source]
        source: std::io::Error,
    },
    /// A file breaks the format; the report points at each line.
    #[error("`{file}` breaks the formula format")]
    Broken {
        /// The file, as messages name it.
        file: String,
        /// The file's text, to show the lines.
        text: String,
        /// What is wrong.
        #[source]
        report: Report,
    },
    /// A file is larger than 1 MiB, or not text.
    #[error("`{file}` is not a formula: {why}")]
    NotText {
        /// The file, as messages name it.
        file: String,
        /// Which bound it breaks.
        why: &'static str,
    },
}

/// What stands after the `@` of a spec, as a formula understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// A channel of the formula, by what it means now.
    Channel(Constraint),
    /// A slot of the formula.
    Slot(String),
    /// A constraint.
    Constraint(Constraint),
}

impl Found {
    /// What `@X` means: a channel of that name, else a slot of that name, else a constraint.
    pub fn at(&self, at: &str) -> Result<At, constraint::Error> {
        let formula = &self.formula;
        if let Some(channel) = self.channel(at) {
            return Ok(At::Channel(channel.clone()));
        }
        let slot_of = |release: &Release| formula.slot(&release.version).ok().flatten();
        if formula.releases().iter().any(|release| slot_of(release).as_deref() == Some(at)) {
            return Ok(At::Slot(at.to_owned()));
        }
        Constraint::parse(at).map(At::Constraint)
    }

    /// What the channel of that name means now.
    pub fn channel(&self, name: &str) -> Option<&Constraint> {
        self.formula.channels().get(&Name::parse(name).ok()?)
    }
}

impl Tap {
    /// The tap that the program carries.
    pub fn builtin() -> Self {
        Self {
            name: builtin::NAME.to_owned(),
            place: Place::Builtin,
            defaults: Defaults::none(),
            registry: None,
        }
    }

    /// The tap in `folder`; without `name` its `tap.toml` names it, else the folder.
    pub fn folder(folder: &Path, name: Option<&str>) -> Result<Self, Error> {
        let by_folder = folder
            .file_name()
            .map_or_else(|| "tap".to_owned(), |n| n.to_string_lossy().into_owned());
        let mut tap = Self {
            name: name.unwrap_or(&by_folder).to_owned(),
            place: Place::Folder(folder.to_owned()),
            defaults: Defaults::none(),
            registry: None,
        };
        let file = folder.join("tap.toml");
        if let Some(text) = tap.read(&file)? {
            let shown = file.display().to_string();
            let parsed = TapFile::parse(&text, &shown).map_err(|report| Error::Broken {
                file: shown,
                text,
                report,
            })?;
            if let (None, Some(own)) = (name, parsed.name) {
                tap.name = own;
            }
            tap.defaults = parsed.defaults;
            tap.registry = parsed.registry;
        }
        Ok(tap)
    }

    /// The tap's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, unless the program carries the tap.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Builtin => None,
            Place::Folder(folder) => Some(folder),
        }
    }

    /// The formula of that very name; aliases are not looked at.
    pub fn formula(&self, name: &str) -> Result<Option<Found>, Error> {
        let (text, file) = match &self.place {
            Place::Builtin => match builtin::formula(name) {
                Some(text) => (text.to_owned(), format!("{}/{name}.toml", self.name)),
                None => return Ok(None),
            },
            Place::Folder(folder) => {
                let path = folder.join(format!("{name}.toml"));
                match self.read(&path)? {
                    Some(text) => (text, path.display().to_string()),
                    None => return Ok(None),
                }
            }
        };
        self.parse(text, file).map(Some)
    }

    /// The formula in `file`, a file of this tap's folder.
    pub fn formula_file(&self, file: &Path) -> Result<Option<Found>, Error> {
        let shown = file.display().to_string();
        self.read(file)?.map(|text| self.parse(text, shown)).transpose()
    }

    /// Stem and text of every formula, in order of name.
    pub fn texts(&self) -> Result<Vec<(String, String)>, Error> {
        let folder = match &self.place {
            Place::Builtin => {
                return Ok(builtin::formulas()
                    .map(|(stem, text)| (stem.to_owned(), text.to_owned()))
                    .collect());
            }
            Place::Folder(folder) => folder,
        };
        let mut texts = Vec::new();
        for stem in self.stems(folder)? {
            if let Some(text) = self.read(&folder.join(format!("{stem}.toml")))? {
                texts.push((stem, text));
            }
        }
        Ok(texts)
    }

    /// The stems of all formulas, in order.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        match &self.place {
            Place::Builtin => Ok(builtin::formulas().map(|(stem, _)| stem.to_owned()).collect()),
            Place::Folder(folder) => self.stems(folder),
        }
    }

    /// The headings of all formulas, in order of name; one that is broken is left out.
    pub fn headings(&self) -> Result<Vec<Heading>, Error> {
        let texts = self.texts()?;
        Ok(texts.iter().filter_map(|(_, text)| Heading::parse(text).ok()).collect())
    }

    fn parse(&self, text: String, file: String) -> Result<Found, Error> {
        match Formula::parse(&text, &file, &self.defaults) {
            Ok(formula) => Ok(Found {
                tap: self.name.clone(),
                formula: Arc::new(formula),
                folder: self.path().map(Path::to_owned),
                file,
                registry: self.registry.clone(),
            }),
            Err(report) => Err(Error::Broken { file, text, report }),
        }
    }

    fn stems(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let read = |source| Error::Read { tap: self.name.clone(), source };
        let mut stems = Vec::new();
        for entry in fs::read_dir(folder).map_err(read)? {
            let name = entry.map_err(read)?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".toml"));
            if let Some(stem) = stem.filter(|stem| *stem != "tap" && Name::parse(stem).is_ok()) {
                stems.push(stem.to_owned());
            }
        }
        stems.sort();
        Ok(stems)
    }

    /// The text of a file; `None` where it does not exist.
    fn read(&self, path: &Path) -> Result<Option<String>, Error> {
        let read = |source| Error::Read { tap: self.name.clone(), source };
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
        };
        let not_text = |why| Error::NotText { file: path.display().to_string(), why };
        let mut bytes = Vec::new();
        let mut bounded = std::io::Read::take(&mut file, FILE_BYTES_MAX + 1);
        std::io::Read::read_to_end(&mut bounded, &mut bytes).map_err(read)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(not_text("it is larger than 1 MiB"));
        }
        String::from_utf8(bytes).map(Some).map_err(|_| not_text("it is not UTF-8"))
    }
}
