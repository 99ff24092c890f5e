//! Making the root folder, and refusing one that is not safe to install into.
//!
//! Judged are the text of the path (it ends up in shebangs and relocated files) and every folder
//! and link on the way to it, as ssh does for its keys. What lies below the root is not judged:
//! nobody else can have written there.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::DirBuilder,
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _},
    },
    path::{Component, Path, PathBuf},
};

use rustix::process::geteuid;

use crate::{Layout, accounts};

/// Why a root folder is refused or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The path breaks one of the rules for text that ends up inside files.
    #[error("the root folder `{path}` cannot be used: {rule}; set PKG_ROOT to another path")]
    Text {
        /// The path as given, without control characters.
        path: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The root folder or one on the way to it can be changed by somebody else.
    #[error(
        "the root folder `{}` is not safe: `{}` {rule}",
        root.display(),
        path.display()
    )]
    Unsafe {
        /// The root folder.
        root: PathBuf,
        /// The folder or link that is to blame.
        path: PathBuf,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// A folder could not be looked at.
    #[error("cannot look at `{}`", path.display())]
    Look {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder could not be made.
    #[error("cannot make the folder `{}`", path.display())]
    Make {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Longest root in bytes: with it a shebang into a keg stays below the kernel's 255.
const ROOT_BYTES_MAX: usize = 100;

/// As many links as Linux follows in one path.
const LINKS_MAX: u32 = 40;

impl Layout {
    /// Judges the text of the root's path; reads nothing.
    pub fn check(&self) -> Result<(), Error> {
        let bytes = self.root().as_os_str().as_bytes();
        let rule = if !self.root().is_absolute() {
            "it is not absolute"
        } else if bytes.len() > ROOT_BYTES_MAX {
            "it is longer than 100 bytes, more than a script's first line can hold"
        } else if bytes.iter().any(u8::is_ascii_whitespace) {
            "it holds white space, which breaks scripts' first lines"
        } else if !bytes.is_ascii() {
            "it holds a character that is not ASCII, which breaks relocation"
        } else if bytes.iter().any(u8::is_ascii_control) {
            "it holds a control character"
        } else if bytes.contains(&b':') {
            "it holds `:`, which ends a folder of PATH"
        } else if self.root().components().any(|part| part == Component::ParentDir) {
            "it holds `..`"
        } else {
            return Ok(());
        };
        let path = self.root().to_string_lossy();
        Err(Error::Text { path: path.chars().filter(|c| !c.is_control()).collect(), rule })
    }

    /// Makes the root and its folders where they are missing, and refuses an unsafe root.
    ///
    /// Refused are a path that breaks a rule of [`Layout::check`], a root that is not the
    /// user's, and one that others can change or replace.
    pub fn create(&self) -> Result<(), Error> {
        self.check()?;
        if let Some(host) = self.host() {
            Self::new(host.to_owned()).create()?;
            make(&Self::new(host.to_owned()).projects(), 0o755)?;
        }
        self.check_way()?;
        make(self.root(), 0o755)?;
        self.check_owner()?;
        let folders = [
            self.files_dir(),
            self.plans_dir(),
            self.partial_dir(),
            self.cellar(),
            self.receipts(),
            self.generations(),
            self.etc(),
            self.var(),
            self.taps(),
        ];
        for folder in folders {
            make(&folder, 0o755)?;
        }
        make(&self.staging(), 0o700)
    }

    /// The root itself is the user's, and only the user's to write.
    fn check_owner(&self) -> Result<(), Error> {
        let found = look(self.root())?.ok_or_else(|| Error::Look {
            path: self.root().to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })?;
        // A link was judged on the way; what counts here is the folder behind it.
        let found = if found.is_symlink() { stat(self.root())? } else { found };
        let rule = if !found.is_dir() {
            "is not a folder"
        } else if found.uid() != geteuid().as_raw() {
            "belongs to another user; run as its owner, or set PKG_ROOT"
        } else if found.mode() & 0o002 != 0 {
            "may be written by everybody; `chmod o-w` it"
        } else if found.mode() & 0o020 != 0 && !accounts::is_private_group(found.gid()) {
            "may be written by its group; `chmod g-w` it"
        } else {
            return Ok(());
        };
        Err(self.blame(self.root(), rule))
    }

    /// Every folder and link between `/` and the root, links followed one step at a time.
    fn check_way(&self) -> Result<(), Error> {
        let mut way = PathBuf::from("/");
        let mut rest = parts(self.root());
        let mut links = 0;
        self.check_folder(&way)?;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                way.pop();
                continue;
            }
            way.push(&part);
            let Some(found) = look(&way)? else { return Ok(()) };
            if found.is_symlink() {
                links += 1;
                if links > LINKS_MAX {
                    return Err(self.blame(&way, "is one of more than 40 links"));
                }
                if !is_trusted(found.uid()) {
                    return Err(self.blame(&way, "is a link that belongs to another user"));
                }
                let target = fs_err::read_link(&way)
                    .map_err(|source| Error::Look { path: way.clone(), source })?;
                way.pop();
                if target.is_absolute() {
                    way = PathBuf::from("/");
                }
                let mut target = parts(&target);
                target.append(&mut rest);
                rest = target;
            } else if !rest.is_empty() {
                self.check_folder(&way)?;
            }
        }
        Ok(())
    }

    fn check_folder(&self, path: &Path) -> Result<(), Error> {
        let found = stat(path)?;
        let sticky = found.mode() & 0o1000 != 0 && accounts::is_root(found.uid());
        let rule = if !found.is_dir() {
            "is not a folder"
        } else if !is_trusted(found.uid()) {
            "belongs to another user, who may replace what is in it"
        } else if found.mode() & 0o002 != 0 && !sticky {
            "may be written by everybody; `chmod o-w` it, or set PKG_ROOT"
        } else if found.mode() & 0o020 != 0 && !sticky && !accounts::is_private_group(found.gid()) {
            "may be written by its group; `chmod g-w` it, or set PKG_ROOT"
        } else {
            return Ok(());
        };
        Err(self.blame(path, rule))
    }

    fn blame(&self, path: &Path, rule: &'static str) -> Error {
        Error::Unsafe { root: self.root().to_owned(), path: path.to_owned(), rule }
    }
}

/// The names of a path, without its root and `.`.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

/// Root may do everything anyway, and the user is who asks.
fn is_trusted(uid: u32) -> bool {
    uid == geteuid().as_raw() || accounts::is_root(uid)
}

fn look(path: &Path) -> Result<Option<std::fs::Metadata>, Error> {
    match fs_err::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Look { path: path.to_owned(), source }),
    }
}

fn stat(path: &Path) -> Result<std::fs::Metadata, Error> {
    fs_err::metadata(path).map_err(|source| Error::Look { path: path.to_owned(), source })
}

/// Makes a folder and those above it with a mode of our own, whatever the umask lets through.
fn make(path: &Path, mode: u32) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|source| Error::Make { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
