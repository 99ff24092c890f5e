//! Settings: files that a package exposes as `etc` and that belong to the user from then on.
//!
//! A file that is as some version of the package brought it follows the package; one that was
//! changed stays, and the package's own lands beside it as `NAME.new`.

use std::{
    collections::HashSet,
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use digest::Sha256;
use fs_err as fs;
use serde::{Deserialize, Serialize};

/// A settings file as a package brings it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The path below the root, which starts with `etc/`.
    pub path: String,
    /// The path inside the keg.
    pub target: String,
    /// The digest of the bytes that the package brings.
    pub sha256: Sha256,
}

/// A settings file cannot be brought.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} the settings file `{}`", path.display())]
pub struct Error {
    step: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// What became of one settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not there, or as an earlier version brought it.
    Brought,
    /// It is as this version brings it already.
    Same,
    /// The user changed it: the package's own is this file.
    Beside(PathBuf),
}

/// The places that settings are brought from and to.
pub(crate) struct Places<'a> {
    /// The root folder.
    pub(crate) root: &'a Path,
    /// The keg in the cellar.
    pub(crate) keg: &'a Path,
    /// The transaction's own folder, which the next command clears after a crash.
    pub(crate) staging: &'a Path,
}

/// Brings one file of a keg to its place below the root; `known` are digests that versions of it had.
pub(crate) fn bring(
    places: &Places<'_>,
    setting: &Setting,
    known: &HashSet<Sha256>,
) -> Result<Outcome, Error> {
    let Places { root, keg, staging } = *places;
    let at = root.join(&setting.path);
    let failed = |step| {
        let path = at.clone();
        move |source| Error { step, path, source }
    };
    let parent = at.parent().unwrap_or(root);
    make_folders(parent).map_err(failed("make the folder of"))?;
    let from = keg.join(&setting.target);
    let found = present(&at).map_err(failed("read"))?;
    match found {
        Present::Nothing => {}
        Present::File(sha256) if sha256 == setting.sha256 => return Ok(Outcome::Same),
        Present::File(sha256) if known.contains(&sha256) => {}
        Present::File(_) | Present::Other => {
            let mut beside = at.clone().into_os_string();
            beside.push(".new");
            let beside = PathBuf::from(beside);
            replace(staging, &from, &beside).map_err(failed("write beside"))?;
            return Ok(Outcome::Beside(beside));
        }
    }
    replace(staging, &from, &at).map_err(failed("write"))?;
    Ok(Outcome::Brought)
}

enum Present {
    Nothing,
    File(Sha256),
    /// A link, a folder: certainly of the user's making.
    Other,
}

fn present(path: &Path) -> io::Result<Present> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Present::File(Sha256::of(&fs::read(path)?))),
        Ok(_) => Ok(Present::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Present::Nothing),
        Err(error) => Err(error),
    }
}

/// Makes a folder and those above it that only the user may write, whatever the umask lets through.
pub(crate) fn make_folders(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Copies `from` to `to` so that a crash leaves the old file or the new one.
pub(crate) fn replace(staging: &Path, from: &Path, to: &Path) -> io::Result<()> {
    let executable = fs::metadata(from)?.permissions().mode() & 0o111 != 0;
    write(staging, to, &fs::read(from)?, if executable { 0o755 } else { 0o644 })
}

/// Writes `bytes` to `to` so that a crash leaves the old file or the new one.
pub(crate) fn write(staging: &Path, to: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use io::Write as _;
    put(staging, to, |path| {
        let mut options = std::fs::File::options();
        let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    })
}

/// Makes something in `staging` and renames it to `to`, whatever stands there.
pub(crate) fn put(
    staging: &Path,
    to: &Path,
    make: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    let put = |staging| {
        let staged = tempfile::Builder::new().prefix(".pkg-").make_in(staging, &make)?;
        staged.into_temp_path().persist(to).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    };
    match put(staging) {
        // The user's folder may be a link to another filesystem; there a crash can leave something.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => put(folder),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_stays_and_an_unchanged_one_follows() {
        let root = tempfile::tempdir().unwrap();
        let [etc, keg, staging] = ["etc", "keg", "staging"].map(|name| root.path().join(name));
        fs::create_dir_all(keg.join("etc")).unwrap();
        fs::create_dir(&staging).unwrap();
        let places = Places { root: root.path(), keg: &keg, staging: &staging };
        let mut known = HashSet::new();
        let mut version = |text: &str| {
            fs::write(keg.join("etc/foo.conf"), text).unwrap();
            let sha256 = Sha256::of(text.as_bytes());
            let (path, target) = ("etc/foo.conf".to_owned(), "etc/foo.conf".to_owned());
            let setting = Setting { path, target, sha256 };
            let outcome = bring(&places, &setting, &known).unwrap();
            known.insert(sha256);
            outcome
        };
        assert_eq!(version("one"), Outcome::Brought);
        assert_eq!(version("one"), Outcome::Same);
        assert_eq!(version("two"), Outcome::Brought);
        fs::write(etc.join("foo.conf"), "mine").unwrap();
        assert_eq!(version("three"), Outcome::Beside(etc.join("foo.conf.new")));
        assert_eq!(fs::read_to_string(etc.join("foo.conf")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(etc.join("foo.conf.new")).unwrap(), "three");
        assert_eq!(fs::read_dir(etc).unwrap().count(), 2);
        assert_eq!(fs::read_dir(staging).unwrap().count(), 0);
    }
}
