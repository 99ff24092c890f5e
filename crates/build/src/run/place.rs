//! Where a build happens: the private root with what it needs, and the folder that it works in.

use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::PermissionsExt as _,
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

    /// Deletes the root with everything in it, folders that may not be written included.
    pub fn remove(self) -> io::Result<()> {
        make_writable(&self.root)?;
        fs::remove_dir_all(&self.root)
    }
}

fn make_writable(folder: &Path) -> io::Result<()> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
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
            Token::Prefix => prefix(),
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

/// `{prefix}`.
pub(crate) fn prefix() -> String {
    format!("{PLACEHOLDER}/current")
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
    let version = match package.revision {
        0 => package.version.clone(),
        revision => format!("{}_{revision}", package.version),
    };
    placeholder::keg(package.name.as_str(), &version)
}
