//! `[[setup]]`: data, not scripts, carried out below `{etc}` and `{var}` before the switch.
//!
//! Each step creates or replaces atomically and may be done again: after a crash it may have been
//! done already.

use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use formula::{Setup, Verb};
use fs_err as fs;

use crate::settings;

/// A setup step cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text holds a token that means nothing here.
    #[error("a setup step of `{name}` cannot be expanded")]
    Expand {
        /// Name of the package.
        name: String,
        /// The token.
        #[source]
        source: formula::template::Error,
    },
    /// A place is not below `{etc}` or `{var}`.
    #[error("a setup step of `{name}` would change `{}`, outside of {{etc}} and {{var}}", path.display())]
    Outside {
        /// Name of the package.
        name: String,
        /// The place.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot carry out a setup step of `{name}` at `{}`", path.display())]
    Step {
        /// Name of the package.
        name: String,
        /// The place.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Carries out the steps of one package.
pub(crate) struct Steps<'a> {
    pub(crate) name: &'a str,
    /// The keg as it will lie in the cellar.
    pub(crate) keg: &'a Path,
    /// The transaction's own folder.
    pub(crate) staging: &'a Path,
    /// `<root>/etc` and `<root>/var`.
    pub(crate) places: [PathBuf; 2],
    /// Expands install-time tokens of a place that is changed or looked at.
    pub(crate) place: &'a dyn Fn(&str) -> Result<String, formula::template::Error>,
    /// Expands install-time tokens of a text that is written.
    pub(crate) text: &'a dyn Fn(&str) -> Result<String, formula::template::Error>,
}

impl Steps<'_> {
    pub(crate) fn carry_out(&self, steps: &[Setup]) -> Result<(), Error> {
        for step in steps {
            let exists = |text: &Option<String>| match text {
                Some(text) => Ok(Some(fs::symlink_metadata(self.place(text)?).is_ok())),
                None => Ok(None),
            };
            if exists(&step.if_missing)? != Some(true) && exists(&step.if_exists)? != Some(false) {
                self.verb(&step.verb, step.keep)?;
            }
        }
        Ok(())
    }

    fn verb(&self, verb: &Verb, keep: bool) -> Result<(), Error> {
        match verb {
            Verb::Mkdir { path, mode } => self.at(path, |path| {
                settings::make_folders(path)?;
                mode.map_or(Ok(()), |mode| chmod(path, mode))
            }),
            Verb::Copy { from, to, mode } => self.at(to, |to| {
                if keep && exists(to) {
                    return Ok(());
                }
                copy(self.staging, &self.keg.join(from), to, *mode)
            }),
            Verb::Write { path, text, mode } => {
                let text = self.text(text)?;
                self.at(path, |path| {
                    if keep && exists(path) {
                        return Ok(());
                    }
                    make_parent(path)?;
                    settings::write(self.staging, path, text.as_bytes(), mode.unwrap_or(0o644))
                })
            }
            Verb::Symlink { path, to } => {
                let to = self.text(to)?;
                self.at(path, |path| {
                    if keep && exists(path) {
                        return Ok(());
                    }
                    make_parent(path)?;
                    symlink(self.staging, Path::new(&to), path)
                })
            }
            Verb::Replace { path, with } => {
                let mut pairs = Vec::new();
                for (old, new) in with {
                    pairs.push((self.text(old)?, self.text(new)?));
                }
                self.at(path, |path| {
                    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
                    let mut text = fs::read_to_string(path)?;
                    for (old, new) in &pairs {
                        text = text.replace(old, new);
                    }
                    settings::write(self.staging, path, text.as_bytes(), mode)
                })
            }
            Verb::Chmod { path, mode } => self.at(path, |path| chmod(path, *mode)),
            // The programs that keep these caches find new files by themselves.
            Verb::Cache { .. } => Ok(()),
        }
    }

    fn place(&self, text: &str) -> Result<String, Error> {
        (self.place)(text).map_err(|source| Error::Expand { name: self.name.to_owned(), source })
    }

    fn text(&self, text: &str) -> Result<String, Error> {
        (self.text)(text).map_err(|source| Error::Expand { name: self.name.to_owned(), source })
    }

    /// Does `work` at an expanded place, which must lie below `{etc}` or `{var}`.
    fn at(&self, place: &str, work: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Error> {
        let path = PathBuf::from(self.place(place)?);
        let name = || self.name.to_owned();
        let plain = path.components().all(|c| !matches!(c, std::path::Component::ParentDir));
        if !plain || !self.places.iter().any(|allowed| path.starts_with(allowed)) {
            return Err(Error::Outside { name: name(), path });
        }
        work(&path).map_err(|source| Error::Step { name: name(), path, source })
    }
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), settings::make_folders)
}

fn chmod(path: &Path, mode: u32) -> io::Result<()> {
    // Nothing that pkg makes is writable by others or runs as somebody else.
    fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o755))
}

fn symlink(staging: &Path, to: &Path, path: &Path) -> io::Result<()> {
    settings::put(staging, path, |staged| std::os::unix::fs::symlink(to, staged))
}

fn copy(staging: &Path, from: &Path, to: &Path, mode: Option<u32>) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_dir() {
        settings::make_folders(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(staging, &entry.path(), &to.join(entry.file_name()), mode)?;
        }
        return Ok(());
    }
    make_parent(to)?;
    settings::replace(staging, from, to)?;
    mode.map_or(Ok(()), |mode| chmod(to, mode))
}
