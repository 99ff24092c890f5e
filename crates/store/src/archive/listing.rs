//! Collects an archive's entries into a plan and applies the rules about their names.

use std::collections::{HashMap, hash_map::Entry as Slot};

use super::{
    Error, Order, Profile, Rule,
    bounds::Budget,
    format::Format,
    name::{self, OPAQUE, WHITEOUT},
    plan::{Dropped, Entry, Kind, Note, Plan},
    sink::Taken,
};
use crate::Content;

/// The entries of an archive so far.
pub(crate) struct Listing {
    profile: Profile,
    by_path: HashMap<String, (Held, i64)>,
    markers: Vec<Entry>,
    notes: Vec<Note>,
    pub(crate) budget: Budget,
}

/// What an entry is, as far as it is known before all files are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// Anything but a file that is installed.
    Kind(Kind),
    /// A file, or a hard link to one.
    File(Taken),
}

impl From<Kind> for Held {
    fn from(kind: Kind) -> Self {
        Self::Kind(kind)
    }
}

/// What a name is, once it is read.
pub(crate) enum Admitted {
    /// A path at which something may lie.
    Path(String),
    /// The root of the archive, which needs no entry.
    Root,
    /// A whiteout, which is listed already; it needs no contents.
    Marker,
    /// Nothing that may be installed, listed already as such; its contents are passed over.
    Refused,
}

impl Listing {
    pub(crate) fn new(profile: Profile, budget: Budget) -> Self {
        let (by_path, markers, notes) = (HashMap::new(), Vec::new(), Vec::new());
        Self { profile, by_path, markers, notes, budget }
    }

    /// The number of entries so far, for messages about one that has no name yet.
    pub(crate) fn count(&self) -> usize {
        self.by_path.len() + self.markers.len()
    }

    /// Reads an entry's name and counts the entry.
    pub(crate) fn admit(&mut self, bytes: &[u8]) -> Result<Admitted, Error> {
        match self.profile {
            Profile::Strict => {
                let refused = |rule| Error::Refused { entry: name::legible_bytes(bytes), rule };
                let path = name::strict(bytes).map_err(refused)?;
                if path.is_empty() {
                    return Ok(Admitted::Root);
                }
                self.budget.take_entry(path.len())?;
                if self.by_path.contains_key(&path) {
                    return Err(refused(Rule::Equal));
                }
                Ok(Admitted::Path(path))
            }
            Profile::Image => self.admit_image(bytes),
        }
    }

    fn admit_image(&mut self, bytes: &[u8]) -> Result<Admitted, Error> {
        let (path, rule) = name::image(bytes);
        if path.is_empty() && rule.is_none() {
            return Ok(Admitted::Root);
        }
        self.budget.take_entry(path.len())?;
        if let Some(rule) = rule {
            // What stands for the root has no path by which it could be selected.
            if !path.is_empty() {
                self.insert(path, Kind::Refused(rule), 0);
            }
            return Ok(Admitted::Refused);
        }
        let (parent, last) = path.rsplit_once('/').unwrap_or(("", &path));
        let hidden = last.strip_prefix(WHITEOUT);
        let marker = |path: String, kind| Entry { path, kind, mtime: 0 };
        if parent.split('/').any(|part| part.starts_with(WHITEOUT)) {
            self.insert(path, Kind::Refused(Rule::Whiteout), 0);
            return Ok(Admitted::Refused);
        }
        match hidden {
            None => return Ok(Admitted::Path(path)),
            Some(_) if last == OPAQUE => self.markers.push(marker(parent.to_owned(), Kind::Opaque)),
            Some("" | "." | "..") => self.insert(path, Kind::Refused(Rule::Whiteout), 0),
            // Names that begin so twice belong to the storage driver that invented them.
            Some(hidden) if hidden.starts_with(WHITEOUT) => {}
            Some(hidden) => {
                let path =
                    if parent.is_empty() { hidden.into() } else { format!("{parent}/{hidden}") };
                self.markers.push(marker(path, Kind::Whiteout));
            }
        }
        Ok(Admitted::Marker)
    }

    /// Lists what lies at a path that [`Listing::admit`] returned.
    pub(crate) fn insert(&mut self, path: String, held: impl Into<Held>, mtime: i64) {
        let held = held.into();
        match self.by_path.entry(path) {
            Slot::Vacant(slot) => {
                slot.insert((held, mtime));
            }
            // Only layers of images come here: an admitted path is new in other archives.
            Slot::Occupied(mut slot) => {
                let directory = Held::Kind(Kind::Directory);
                if slot.get().0 != directory || held != directory {
                    slot.insert((Kind::Refused(Rule::Equal).into(), 0));
                }
            }
        }
    }

    /// Refuses the archive for an entry, or in an image's layer only the entry.
    pub(crate) fn refuse(&mut self, path: String, rule: Rule) -> Result<(), Error> {
        match self.profile {
            Profile::Strict => Err(Error::refused(&path, rule)),
            Profile::Image => {
                self.insert(path, Kind::Refused(rule), 0);
                Ok(())
            }
        }
    }

    /// What an earlier entry of this name is; a hard link becomes the same.
    pub(crate) fn linked(&self, target: &[u8]) -> Result<Held, Rule> {
        let path = match self.profile {
            Profile::Strict => name::strict(target).map_err(|_| Rule::HardLink)?,
            Profile::Image => name::image(target).0,
        };
        match self.by_path.get(&path) {
            Some((held @ Held::File(_), _)) => Ok(held.clone()),
            Some((held @ Held::Kind(Kind::Symlink(_)), _)) if self.profile == Profile::Image => {
                Ok(held.clone())
            }
            _ => Err(Rule::HardLink),
        }
    }

    pub(crate) fn note(&mut self, path: &str, dropped: Dropped) {
        self.notes.push(Note { path: path.to_owned(), dropped });
    }

    /// The plan of all entries, if they are what was declared; `contents` are those of all files.
    pub(crate) fn finish(
        self,
        order: &Order,
        format: Format,
        contents: &[Content],
    ) -> Result<Plan, Error> {
        let size_bytes = self.budget.finish()?;
        let mut entries = self.markers;
        entries.extend(self.by_path.into_iter().map(|(path, (held, mtime))| {
            let kind = match held {
                Held::Kind(kind) => kind,
                Held::File(taken) => Kind::File(taken.content(contents)),
            };
            Entry { path, kind, mtime }
        }));
        let (notes, profile) = (self.notes, self.profile);
        let asked = order.effective_format();
        let mut plan = Plan { entries, notes, format, asked, profile, size_bytes };
        plan.sort();
        Ok(plan)
    }
}
