//! A folder with a `pkg.toml`, and the root that its packages are in.

use std::{
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use catalog::{Rules, Spec, Tap, spec};
use formula::Platform;
use fs_err as fs;
use install::{Home, Setting, home, projects::ProjectRoot};

use crate::{lock, place, wants};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    folder: PathBuf,
}

/// A project's folder or files cannot be looked at, made or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} `{}`", path.display())]
pub struct Error {
    step: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Project {
    /// The project in `folder`, whether there is a `pkg.toml` or not.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        let folder = std::path::absolute(folder)
            .and_then(fs::canonicalize)
            .map_err(|source| Error { step: "look at", path: folder.to_owned(), source })?;
        Ok(Self { folder })
    }

    /// The project that `folder` is in: the nearest `pkg.toml` from there up.
    ///
    /// In a folder for passing things, such as `/tmp`, anybody could have put one.
    pub fn around(folder: &Path) -> Result<Option<Self>, Error> {
        let start = Self::in_folder(folder)?.folder;
        let is_there = |folder: &&Path| folder.join(wants::FILE).is_file() && !is_passed(folder);
        let folder = start.ancestors().find(is_there);
        Ok(folder.map(|folder| Self { folder: folder.to_owned() }))
    }

    /// The folder, without links.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `pkg.toml`.
    pub fn file(&self) -> PathBuf {
        self.folder.join(wants::FILE)
    }

    /// `pkg.lock`.
    pub fn lock_file(&self) -> PathBuf {
        self.folder.join(lock::FILE)
    }

    /// The root of its packages for this machine, or for another platform.
    pub fn root(&self, host: &Path, platform: Option<Platform>) -> ProjectRoot {
        ProjectRoot::of(host, &self.folder, platform)
    }

    /// That root, opened; `setting` is the user's.
    pub fn home(&self, setting: &Setting, platform: Option<Platform>) -> Result<Home, home::Error> {
        Home::open(self.setting(setting, platform, Vec::new()))
    }

    pub(crate) fn setting(
        &self,
        setting: &Setting,
        platform: Option<Platform>,
        lent: Vec<Tap>,
    ) -> Setting {
        let host = &setting.root;
        // The same machine has one root, whether it is named or not.
        let here = install::Host::detect().map(|host| *host.platform());
        let other = platform.filter(|platform| Some(*platform) != here);
        Setting {
            root: self.root(host, other).root,
            shared: Some(host.clone()),
            platform: other,
            // A project's taps are its own, and are kept once for all platforms.
            taps: Some(self.taps(host)),
            // Those of a machine's configuration are not in the lock of who has another one.
            tap_rules: Rules { declared: Vec::new(), ..setting.tap_rules.clone() },
            lent,
            ..setting.clone()
        }
    }

    /// A spec as one of its `pkg.toml`, whose relative paths start at its folder.
    pub fn spec_from(&self, spec: &Spec) -> Spec {
        let here = std::path::absolute(".").unwrap_or_default();
        let mut spec = spec.clone();
        match &mut spec.kind {
            spec::Kind::File(path) => *path = place::below(&here.join(&*path), &self.folder),
            spec::Kind::Reference(place) => {
                *place = place::seen_from(place.clone(), &here, &self.folder);
            }
            spec::Kind::Name { .. } => {}
        }
        spec
    }

    /// The folder that remembers its taps.
    pub(crate) fn taps(&self, host: &Path) -> PathBuf {
        store::Layout::new(self.root(host, None).root).taps()
    }

    /// Writes a file that people edit: whole, and only where it still is as it was read.
    pub fn replace(&self, name: &str, before: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let failed = |step, source| Error { step, path: path.clone(), source };
        let now = fs::read_to_string(&path).map_err(|source| failed("read", source))?;
        if now != before {
            let changed = "somebody changed it meanwhile; run the command again";
            return Err(failed("write", io::Error::other(changed)));
        }
        self.write(name, text)
    }

    /// Writes a file of the project: whole, or not at all.
    pub fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        // A link stays one, and what it leads to is written.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let failed = |source| Error { step: "write", path: path.clone(), source };
        let folder = path.parent().unwrap_or(&self.folder);
        let mode = fs::metadata(&path).map_or(0o666, |found| found.permissions().mode() & 0o777);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pkg-").permissions(std::fs::Permissions::from_mode(mode));
        let mut staged = builder.tempfile_in(folder).map_err(failed)?;
        staged.write_all(text.as_bytes()).map_err(failed)?;
        staged.as_file().sync_all().map_err(failed)?;
        staged.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Whether everybody may put files there, and nobody may take another's: a sticky folder.
fn is_passed(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|found| found.mode() & 0o1002 == 0o1002)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_from_here_up_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let deep = root.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let around = |at: &Path| Project::around(at).unwrap().map(|it| it.folder);
        assert_eq!(around(&deep), None);
        fs::write(root.join("pkg.toml"), "").unwrap();
        assert_eq!(around(&deep), Some(root.clone()));
        fs::write(deep.join("pkg.toml"), "").unwrap();
        assert_eq!(around(&deep), Some(deep.clone()));
        fs::remove_file(deep.join("pkg.toml")).unwrap();
        fs::set_permissions(&root, std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(around(&deep), None, "a folder for passing things is nobody's project");
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::in_folder(folder.path()).unwrap();
        project.write(wants::FILE, "one").unwrap();
        project.replace(wants::FILE, "one", "two").unwrap();
        let error = project.replace(wants::FILE, "one", "three").unwrap_err();
        let why = install::with_causes(&error);
        assert!(why.ends_with("somebody changed it meanwhile; run the command again"), "{why}");
        assert_eq!(fs::read_to_string(project.file()).unwrap(), "two");
    }

    #[test]
    fn a_file_is_written_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::in_folder(folder.path()).unwrap();
        project.write("pkg.lock", "one").unwrap();
        let path = project.lock_file();
        fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        project.write("pkg.lock", "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(project.folder()).unwrap().count(), 1);
    }
}
