//! One tap: a named set of formulas, in a folder, carried by the program, or from a registry.
//!
//! A formula is read when it is asked for; a search reads headings only. No registry is asked
//! here: a tap in one is read as the last refresh left it.

mod find;
mod mirrored;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use find::Summary;
use formula::{
    Constraint, Defaults, Formula, Name, Patch, PatchPlace, Release, Report, Resolved, Source,
    TapFile, TapKind, constraint::Error as Malformed,
};
use fs_err as fs;

use crate::{
    artifact::is_here, builtin, edition::Version, remembered::Subscription, snapshot::Snapshot,
    taps::Declared,
};

/// Largest formula or `tap.toml` that is read, in bytes; the parser has the same bound.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The newest version, where no channel and no slot is called so.
pub const LATEST: &str = "latest";

/// A named set of formulas.
#[derive(Debug, Clone)]
pub struct Tap {
    name: String,
    place: Place,
    defaults: Defaults,
    registry: Option<String>,
    keep: Option<u32>,
}

/// Where a tap's formulas are.
#[derive(Debug, Clone)]
enum Place {
    Builtin,
    Folder(PathBuf),
    Registry(Arc<Followed>),
}

/// A tap in a registry, as it is here.
#[derive(Debug)]
pub(crate) struct Followed {
    /// The folder in which it is kept.
    pub(crate) folder: PathBuf,
    pub(crate) subscription: Subscription,
    pub(crate) snapshot: Snapshot,
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
    /// What was published of its versions, as far as the tap says it.
    pub published: Vec<Version>,
    /// Whether the tap is in a registry, so that no files stand beside the formula.
    pub is_remote: bool,
    /// Where all that it pins is looked for first, because its tap is a mirror.
    pub mirror: Option<oci::Place>,
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
    /// The tap's folder is not there.
    #[error("the folder `{}` is not there", folder.display())]
    Gone {
        /// The folder.
        folder: PathBuf,
    },
    /// The tap is not on a list of what may be used.
    #[error("{location} is not on the list of taps that may be used: {by}")]
    Forbidden {
        /// Where the tap is.
        location: String,
        /// Where the list is.
        by: String,
    },
    /// A configuration says that the tap is there, and nobody asked for it yet.
    #[error("it is there by {} and was not fetched yet; `pkg update` brings it", .0.by)]
    NotYet(Declared),
    /// A configuration says that the tap is elsewhere.
    #[error("by {} it is {}, and it was added from elsewhere before", .0.by, .0.location)]
    Otherwise(Declared),
    /// What was kept of a tap in a registry is not there.
    #[error("what was here of it is gone; `pkg update` brings it again")]
    Lost,
    /// The tap has the formula, and this program cannot read it.
    #[error("`{tap}/{name}` cannot be read by this pkg: {why}")]
    Skipped {
        /// Name of the tap.
        tap: String,
        /// Name of the formula.
        name: String,
        /// What is wrong with it.
        why: String,
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

/// What `@X` means where it names no channel and no slot: `latest` is any version.
pub fn constraint(at: &str) -> Result<Constraint, Malformed> {
    if at == LATEST { Ok(Constraint::any()) } else { Constraint::parse(at) }
}

impl Found {
    /// What `@X` means: a channel of that name, else a slot of that name, else a constraint.
    pub fn at(&self, at: &str) -> Result<At, Malformed> {
        if let Some(channel) = self.channel(at) {
            return Ok(At::Channel(channel.clone()));
        }
        let mut releases = self.formula.releases().iter();
        if releases.any(|release| self.slot_of(release).as_deref() == Some(at)) {
            return Ok(At::Slot(at.to_owned()));
        }
        constraint(at).map(At::Constraint)
    }

    /// Whether a release is one of those that `@X` means.
    pub fn takes(&self, at: &At, release: &Release) -> bool {
        match at {
            At::Channel(constraint) | At::Constraint(constraint) => {
                constraint.matches(&release.version)
            }
            At::Slot(slot) => self.slot_of(release).as_ref() == Some(slot),
        }
    }

    fn slot_of(&self, release: &Release) -> Option<String> {
        self.formula.slot(&release.version).ok().flatten()
    }

    /// Whether the version lies in a file that only the tap's author has, and was not published.
    pub fn is_out_of_reach(&self, resolved: &Resolved) -> bool {
        let is_local = |source: &Source| match source {
            Source::File { .. } => true,
            Source::Git { url, .. } => is_here(url),
            Source::Oci { reference, .. } | Source::Image { reference, .. } => {
                oci::Place::parse(reference).is_ok_and(|place| place.path().is_some())
            }
            _ => false,
        };
        let is_here = |patch: &Patch| matches!(patch.place, PatchPlace::File(_));
        let is_built_of_local = resolved
            .build
            .as_ref()
            .is_some_and(|build| is_local(&build.source) || build.patches.iter().any(is_here));
        self.is_remote
            && resolved.package.is_none()
            && (is_local(&resolved.source) || is_built_of_local)
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
            keep: None,
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
            keep: None,
        };
        let file = folder.join("tap.toml");
        if let Some(text) = tap.read(&file)? {
            let own = tap.take_file(text, file.display().to_string(), TapKind::Folder)?;
            if let (None, Some(own)) = (name, own) {
                tap.name = own;
            }
        }
        Ok(tap)
    }

    /// The tap `name` of a registry, as it is here.
    pub(crate) fn followed(name: &str, followed: Followed, kind: TapKind) -> Result<Self, Error> {
        let text = followed.snapshot.head().tap_file.clone();
        let mut tap = Self {
            name: name.to_owned(),
            place: Place::Registry(Arc::new(followed)),
            defaults: Defaults::none().with_kind(kind.clone()),
            registry: None,
            keep: None,
        };
        if let Some(text) = text {
            tap.take_file(text, format!("{name}/tap.toml"), kind)?;
        }
        Ok(tap)
    }

    /// Takes over what `tap.toml` says, but the name, which is returned.
    fn take_file(
        &mut self,
        text: String,
        file: String,
        kind: TapKind,
    ) -> Result<Option<String>, Error> {
        match TapFile::parse_from(&text, &file, kind) {
            Ok(parsed) => {
                self.defaults = parsed.defaults;
                self.registry = parsed.registry;
                self.keep = parsed.keep;
                Ok(parsed.name)
            }
            Err(report) => Err(Error::Broken { file, text, report }),
        }
    }

    /// The tap's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The base in a registry below which the tap's packages are published.
    pub(crate) fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// How many versions stay in a formula when a new one is added.
    pub fn keep(&self) -> Option<u32> {
        self.keep
    }

    /// The folder, if the tap is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Builtin | Place::Registry(_) => None,
        }
    }

    /// Where in a registry the tap is and which edition is here, if it is one of a registry.
    pub fn subscription(&self) -> Option<&Subscription> {
        match &self.place {
            Place::Registry(followed) => Some(&followed.subscription),
            Place::Builtin | Place::Folder(_) => None,
        }
    }

    /// Where the tap is, in words.
    pub fn location(&self) -> String {
        match &self.place {
            Place::Builtin => "the program".to_owned(),
            Place::Folder(folder) => folder.display().to_string(),
            Place::Registry(followed) => followed.subscription.location.clone(),
        }
    }

    /// Formulas of the tap that this program cannot read, and why.
    pub fn skipped(&self) -> &[(String, String)] {
        match &self.place {
            Place::Registry(followed) => &followed.snapshot.head().skipped,
            Place::Builtin | Place::Folder(_) => &[],
        }
    }

    /// The formula of that very name; aliases are not looked at.
    pub fn formula(&self, name: &str) -> Result<Option<Found>, Error> {
        let Some((text, file)) = self.text(name)? else { return Ok(None) };
        let mut found = self.parse(text, file)?;
        if let Place::Registry(followed) = &self.place {
            found.published = followed.snapshot.versions(name).map_err(|e| self.unread(e))?;
        }
        Ok(Some(found))
    }

    /// The text of a formula, and its file as messages name it.
    fn text(&self, name: &str) -> Result<Option<(String, String)>, Error> {
        let file = || format!("{}/{name}.toml", self.name);
        match &self.place {
            Place::Builtin => Ok(builtin::formula(name).map(|text| (text.to_owned(), file()))),
            Place::Folder(folder) => {
                let path = folder.join(format!("{name}.toml"));
                Ok(self.read(&path)?.map(|text| (text, path.display().to_string())))
            }
            Place::Registry(followed) => match followed.snapshot.text(name) {
                Ok(Some(text)) => Ok(Some((text, file()))),
                Ok(None) => self.skipped_formula(name).map_or(Ok(None), Err),
                Err(source) => Err(self.unread(source)),
            },
        }
    }

    fn skipped_formula(&self, name: &str) -> Option<Error> {
        let (_, why) = self.skipped().iter().find(|(skipped, _)| skipped == name)?;
        let (tap, name, why) = (self.name.clone(), name.to_owned(), why.clone());
        Some(Error::Skipped { tap, name, why })
    }

    fn unread(&self, source: std::io::Error) -> Error {
        Error::Read { tap: self.name.clone(), source }
    }

    /// The text of `tap.toml`, where there is one.
    pub(crate) fn tap_file(&self) -> Result<Option<String>, Error> {
        match &self.place {
            Place::Builtin => Ok(builtin::file("tap.toml")
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .map(ToOwned::to_owned)),
            Place::Folder(folder) => self.read(&folder.join("tap.toml")),
            Place::Registry(followed) => Ok(followed.snapshot.head().tap_file.clone()),
        }
    }

    /// The formula in `file`, a file of this tap's folder.
    pub fn formula_file(&self, file: &Path) -> Result<Option<Found>, Error> {
        let shown = file.display().to_string();
        self.read(file)?.map(|text| self.parse(text, shown)).transpose()
    }

    /// The stems of all formulas, in order.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        match &self.place {
            Place::Builtin => Ok(builtin::names().map(ToOwned::to_owned).collect()),
            Place::Folder(folder) => self.stems(folder),
            Place::Registry(followed) => {
                let mut names = Vec::new();
                let each = followed.snapshot.each(&mut |record| {
                    names.push(record.name.to_owned());
                    true
                });
                each.map(|()| names).map_err(|e| self.unread(e))
            }
        }
    }

    /// How many formulas the tap has.
    pub fn count(&self) -> Result<usize, Error> {
        match &self.place {
            Place::Registry(followed) => {
                Ok(usize::try_from(followed.snapshot.head().formulas).unwrap_or(usize::MAX))
            }
            Place::Builtin | Place::Folder(_) => Ok(self.names()?.len()),
        }
    }

    fn parse(&self, text: String, file: String) -> Result<Found, Error> {
        match Formula::parse(&text, &file, &self.defaults) {
            Ok(formula) => Ok(Found {
                tap: self.name.clone(),
                folder: self.base().map(Path::to_owned),
                file,
                registry: self.registry.clone(),
                published: Vec::new(),
                is_remote: self.subscription().is_some(),
                mirror: self.mirror(formula.name()),
                formula: Arc::new(formula),
            }),
            Err(report) => Err(Error::Broken { file, text, report }),
        }
    }

    /// Where relative paths of formulas start.
    fn base(&self) -> Option<&Path> {
        match &self.place {
            Place::Builtin => None,
            Place::Folder(folder) => Some(folder),
            Place::Registry(followed) => Some(&followed.folder),
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
