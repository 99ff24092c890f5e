//! Roots of projects: guests of the user's root, which have its store and its lock.
//!
//! `<root>/projects/<id>` is an ordinary root but for those two, so what a project has installed
//! touches nothing of the user's, and what both have lies on the disk once. Which folder a root
//! belongs to stands in its `project.json`; what a project is deliberately is not known here.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use digest::Sha256;
use formula::Platform;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use store::{Layout, in_use, keg};

/// Hexadecimal digits of a project's id.
const ID_DIGITS: usize = 12;
/// The file that says whose root it is.
const FILE: &str = "project.json";
/// How the names of roots begin that are being made, by whoever does not have the lock yet.
const UNFINISHED: &str = ".new-";
/// When such a one is taken for one whose maker died.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The root of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRoot {
    /// The root.
    pub root: PathBuf,
    /// The project's folder.
    pub folder: PathBuf,
    /// The platform that its packages are for, where it is not that of this machine.
    pub platform: Option<Platform>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    schema: u32,
    folder: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
}

/// The root of a project cannot be made or looked at.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} the root of the project `{}`", folder.display())]
pub struct Error {
    step: &'static str,
    folder: PathBuf,
    #[source]
    source: io::Error,
}

impl ProjectRoot {
    /// The root that the project in `folder`, a path without links, has below `host`.
    pub fn of(host: &Path, folder: &Path, platform: Option<Platform>) -> Self {
        let id = &Sha256::of(folder.as_os_str().as_encoded_bytes()).to_hex()[..ID_DIGITS];
        let leaf = match platform {
            Some(platform) => format!("{id}.{platform}"),
            None => id.to_owned(),
        };
        let root = Layout::new(host.to_owned()).projects().join(leaf);
        Self { root, folder: folder.to_owned(), platform }
    }

    /// Whether it was registered, for that very folder.
    pub fn is_registered(&self) -> bool {
        read(&self.root).is_ok_and(|known| known.is_some_and(|known| known == *self))
    }

    /// Makes the root, where it is not there; from then on cleaning up knows of it.
    pub fn register(&self) -> Result<(), Error> {
        let failed = |source| Error { step: "make", folder: self.folder.clone(), source };
        if self.is_registered() {
            return Ok(());
        }
        let parent = self.root.parent().unwrap_or(&self.root);
        crate::settings::make_folders(parent).map_err(failed)?;
        let text = serde_json::to_vec(&Remembered {
            schema: 1,
            folder: self.folder.clone(),
            platform: self.platform,
        });
        let text = text.map_err(|error| failed(error.into()))?;
        // It appears whole: a root without the file belongs to nobody, and is cleaned up.
        let mut staged = tempfile::Builder::new();
        let staged = staged.prefix(UNFINISHED).tempdir_in(parent).map_err(failed)?;
        let mut file = fs::File::create(staged.path().join(FILE)).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        match fs::rename(staged.path(), &self.root) {
            Ok(()) => {
                // What was renamed is not removed.
                let _kept = staged.keep();
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                fs::set_permissions(&self.root, mode).map_err(failed)
            }
            Err(_) if self.is_registered() => Ok(()),
            Err(source) => Err(failed(source)),
        }
    }

    /// Whether the project's folder is there.
    pub fn is_wanted(&self) -> bool {
        // A disk that is not there today is no reason to throw anything away.
        match fs::metadata(&self.folder) {
            Ok(found) => found.is_dir(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// The paths below the root.
    pub fn layout(&self, host: &Path) -> Layout {
        Layout::guest(self.root.clone(), host.to_owned())
    }
}

/// The root that the one of a project is a guest of; `None` for every other root.
pub fn host_of(root: &Path) -> Option<PathBuf> {
    let host = root.parent()?.parent()?;
    let is_guest = Layout::new(host.to_owned()).projects() == root.parent()?;
    let is_known = || read(root).is_ok_and(|known| known.is_some());
    (is_guest && is_known()).then(|| host.to_owned())
}

/// The roots of all projects below `host`, and what lies there and is nobody's.
pub(crate) fn all(host: &Layout) -> io::Result<(Vec<ProjectRoot>, Vec<PathBuf>)> {
    let (mut known, mut lost) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(host.projects()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((known, lost)),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            if is_abandoned(&path) {
                lost.push(path);
            }
            continue;
        }
        match read(&path) {
            Ok(Some(project)) => known.push(project),
            Ok(None) => lost.push(path),
            Err(error) => return Err(error),
        }
    }
    known.sort_by(|a, b| a.root.cmp(&b.root));
    Ok((known, lost))
}

/// Whether a root that somebody began to make will not be finished.
fn is_abandoned(path: &Path) -> bool {
    let made = fs::symlink_metadata(path).and_then(|found| found.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > ABANDONED))
}

fn read(root: &Path) -> io::Result<Option<ProjectRoot>> {
    let file = root.join(FILE);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(error),
    };
    let remembered = serde_json::from_slice(&bytes).map_err(|error| {
        io::Error::other(format!("`{}` cannot be understood: {error}", file.display()))
    });
    let Remembered { folder, platform, .. } = remembered?;
    Ok(Some(ProjectRoot { root: root.to_owned(), folder, platform }))
}

/// Every keg that has a receipt below a layout.
pub(crate) fn kegs(layout: &Layout) -> io::Result<Vec<keg::Id>> {
    let names = |folder: &Path| -> io::Result<Vec<String>> {
        match fs::read_dir(folder) {
            Ok(entries) => {
                entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    };
    let mut kegs = Vec::new();
    for name in names(&layout.receipts())? {
        for file in names(&layout.receipts().join(&name))? {
            let leaf = file.strip_suffix(".json").map(ToOwned::to_owned);
            kegs.extend(leaf.map(|leaf| keg::Id { name: name.clone(), leaf }));
        }
    }
    Ok(kegs)
}

/// Whether a program runs from any keg of a layout.
pub(crate) fn is_in_use(layout: &Layout) -> io::Result<bool> {
    for keg in kegs(layout)? {
        if in_use::is_held(layout, &keg)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_registered_once_and_for_one_folder() {
        let host = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let one = ProjectRoot::of(host.path(), folder.path(), None);
        assert!(!one.is_registered() && host_of(&one.root).is_none());
        one.register().unwrap();
        assert_eq!(host_of(&one.root).as_deref(), Some(host.path()));
        one.register().unwrap();
        assert!(one.is_registered() && one.is_wanted());
        let platform = Some("linux-arm64-gnu".parse().unwrap());
        let other = ProjectRoot::of(host.path(), folder.path(), platform);
        assert!(!other.is_registered());
        other.register().unwrap();
        // Another folder whose id would be the same is another project.
        let moved = ProjectRoot { folder: "/elsewhere".into(), ..one.clone() };
        assert!(!moved.is_registered() && !moved.is_wanted());
        fs::create_dir(Layout::new(host.path().to_owned()).projects().join("lost")).unwrap();
        let (known, lost) = all(&Layout::new(host.path().to_owned())).unwrap();
        assert_eq!(known, [one, other]);
        assert_eq!(lost.len(), 1);
    }

    #[test]
    fn a_root_that_is_being_made_is_let_alone_for_a_day() {
        let host = tempfile::tempdir().unwrap();
        let layout = Layout::new(host.path().to_owned());
        let [new, old] = [".new-1", ".new-2"].map(|name| layout.projects().join(name));
        for root in [&new, &old] {
            fs::create_dir_all(root).unwrap();
            fs::write(root.join(FILE), r#"{"schema":1,"folder":"/"}"#).unwrap();
        }
        let time = std::time::SystemTime::now() - 2 * ABANDONED;
        std::fs::File::open(&old).unwrap().set_modified(time).unwrap();
        assert_eq!(all(&layout).unwrap(), (Vec::new(), vec![old]));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_named() {
        let host = tempfile::tempdir().unwrap();
        let layout = Layout::new(host.path().to_owned());
        let root = layout.projects().join("0123456789ab");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join(FILE), "").unwrap();
        let error = all(&layout).unwrap_err().to_string();
        assert!(error.contains("0123456789ab/project.json` cannot be understood"), "{error}");
    }
}
