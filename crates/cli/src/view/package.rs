//! Installed packages, as `list` and `prefix` answer them.

use serde::Serialize;

use crate::session::shown;

/// What is installed.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    schema: u32,
    packages: Vec<Package>,
}

/// One installed package.
#[derive(Debug, Serialize)]
pub(crate) struct Package {
    name: String,
    version: String,
    revision: u32,
    slot: Option<String>,
    tap: String,
    /// The constraint that it was asked for with, `*` for none; null for a dependency.
    requested: Option<String>,
    pinned: bool,
    linked: bool,
    keg_only: Option<String>,
    path: String,
}

impl List {
    pub(crate) fn of(packages: &[&install::Package]) -> Self {
        Self { schema: 1, packages: packages.iter().map(|package| Package::of(package)).collect() }
    }
}

impl Package {
    pub(crate) fn of(package: &install::Package) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.clone(),
            revision: package.revision,
            slot: package.slot.clone(),
            tap: package.tap.clone(),
            requested: package.requested.clone(),
            pinned: package.pinned,
            linked: package.linked,
            keg_only: package.keg_only.clone(),
            path: shown(&package.path),
        }
    }
}

impl Package {
    /// Version and whatever else a line of `info` has room for.
    pub(crate) fn described(&self) -> String {
        format!("{} in {}", self.version, self.path)
    }
}

/// The files of a package.
#[derive(Debug, Serialize)]
pub(crate) struct Files {
    schema: u32,
    name: String,
    version: String,
    /// Absolute paths of files and symlinks.
    files: Vec<String>,
}

impl Files {
    pub(crate) fn of(package: &install::Package, files: &[std::path::PathBuf]) -> Self {
        let (name, version) = (package.shown_name(), package.shown_version());
        Self { schema: 1, name, version, files: files.iter().map(|file| shown(file)).collect() }
    }
}

/// Whose file it is.
#[derive(Debug, Serialize)]
pub(crate) struct Owner {
    schema: u32,
    /// The file in the package's folder.
    path: String,
    package: Package,
}

impl Owner {
    pub(crate) fn of(package: &install::Package, path: &std::path::Path) -> Self {
        Self { schema: 1, path: shown(path), package: Package::of(package) }
    }
}

/// A folder or file.
#[derive(Debug, Serialize)]
pub(crate) struct Path {
    schema: u32,
    path: String,
}

impl Path {
    pub(crate) fn new(path: String) -> Self {
        Self { schema: 1, path }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.path
    }
}
