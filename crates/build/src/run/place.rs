//! Where a build happens: the private root with what it needs, and the folder that it works in.

use std::{
    collections::BTreeMap,
    fs::Permissions,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use binary::{PLACEHOLDER, placeholder};
use formula::{FullName, template::Token};
use fs_err as fs;

/// Name of the folder in the root that a build works in, and which it alone may write.
pub(crate) const FOLDER: &str = "build";

/// A private root, in which the build's dependencies are installed, and the build's own folder.
///
/// The steps see it at the placeholder path, so the packages in it must name that path as their
/// root, as they do before an installation writes another one into them.
#[derive(Debug, Clone)]
pub struct Place {
    root: PathBuf,
}

/// The folders in a build's own folder.
const FOLDERS: [&str; 4] = ["src", "out", "home", "tmp"];

impl Place {
    /// The place at `root`, an absolute path; its folders are made where they are missing.
    pub fn open(root: &Path) -> io::Result<Self> {
        let place = Self { root: root.to_owned() };
        for folder in FOLDERS {
            fs::create_dir_all(place.own().join(folder))?;
        }
        Ok(place)
    }

    /// The private root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the source code is unpacked before a build: `{src}`.
    pub fn source(&self) -> PathBuf {
        self.own().join("src")
    }

    /// Where the steps put the files: `{out}`.
    pub(crate) fn out(&self) -> PathBuf {
        self.own().join("out")
    }

    /// The build's own folder.
    pub(crate) fn own(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    /// Makes the source code the build's own: writable, the same whatever the archive and the
    /// user's mask said, and no other name of a file of the store.
    pub(crate) fn own_source(&self) -> io::Result<()> {
        let mut waiting = vec![self.source()];
        while let Some(folder) = waiting.pop() {
            set_mode(&folder, 0o755)?;
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let found = fs::symlink_metadata(&path)?;
                if found.is_dir() {
                    waiting.push(path);
                } else if found.is_file() {
                    if found.nlink() > 1 {
                        separate(&path)?;
                    }
                    set_mode(&path, if found.mode() & 0o100 == 0 { 0o644 } else { 0o755 })?;
                }
            }
        }
        Ok(())
    }

    /// Deletes the root with everything in it, folders that may not be written included.
    pub fn remove(self) -> io::Result<()> {
        discard(&self.root)
    }
}

/// Deletes a folder, whatever a build left in it.
pub fn discard(root: &Path) -> io::Result<()> {
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        set_mode(&folder, 0o700)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    fs::remove_dir_all(root)
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Has a file stand for itself alone. Its time stays: builds look at which file is newer.
fn separate(path: &Path) -> io::Result<()> {
    let (bytes, time) = (fs::read(path)?, fs::metadata(path)?.modified()?);
    fs::remove_file(path)?;
    let mut file = fs::File::create(path)?;
    file.write_all(&bytes)?;
    file.set_modified(time)
}

/// What the tokens of a build stand for: all of it below the placeholder.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    /// `{keg}`.
    pub(crate) keg: String,
    /// Each dependency, and its folder's name below `opt`.
    pub(crate) dependencies: &'a BTreeMap<FullName, String>,
    /// `{jobs}`.
    pub(crate) jobs: u32,
}

impl Words<'_> {
    pub(crate) fn value(&self, token: &Token) -> Option<String> {
        let below = |path: &str| format!("{PLACEHOLDER}/{path}");
        Some(match token {
            Token::Prefix => below("current"),
            Token::Keg => self.keg.clone(),
            Token::Etc => below("etc"),
            Token::Var => below("var"),
            Token::Out => inside("out"),
            Token::Src => inside("src"),
            Token::Jobs => self.jobs.to_string(),
            Token::Dep(name) => {
                let named =
                    |full: &&FullName| full.name.as_str() == name || full.to_string() == *name;
                let full = self.dependencies.keys().find(named)?;
                opt(&self.dependencies[full])
            }
        })
    }
}

/// A token as formulas write it.
pub(crate) fn spelled(token: &Token) -> String {
    match token {
        Token::Prefix => "{prefix}".to_owned(),
        Token::Keg => "{keg}".to_owned(),
        Token::Etc => "{etc}".to_owned(),
        Token::Var => "{var}".to_owned(),
        Token::Out => "{out}".to_owned(),
        Token::Src => "{src}".to_owned(),
        Token::Jobs => "{jobs}".to_owned(),
        Token::Dep(name) => format!("{{dep:{name}}}"),
    }
}

/// The folder of a dependency, by its name below `opt`.
pub(crate) fn opt(leaf: &str) -> String {
    format!("{PLACEHOLDER}/current/opt/{leaf}")
}

/// A folder of the build, as the steps see it.
pub(crate) fn inside(folder: &str) -> String {
    format!("{PLACEHOLDER}/{FOLDER}/{folder}")
}

/// `{keg}` of a package.
pub(crate) fn keg(package: &formula::Resolved) -> String {
    let version = formula::shown_version(&package.version, package.revision);
    placeholder::keg(package.name.as_str(), &version)
}
