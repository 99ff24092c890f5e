//! Settings: files that a package exposes as `etc` and that belong to the user from then on.
//!
//! A file that is as some version of the package brought it follows the package; one that was
//! changed stays, and the package's own lands beside it as `NAME.new`.

use std::{
    collections::HashSet,
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
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

/// Brings one file of a keg to its place below the root; `known` are digests that versions of it had.
pub(crate) fn bring(
    root: &Path,
    keg: &Path,
    setting: &Setting,
    known: &HashSet<Sha256>,
) -> Result<Outcome, Error> {
    let at = root.join(&setting.path);
    let failed = |step| {
        let path = at.clone();
        move |source| Error { step, path, source }
    };
    let parent = at.parent().unwrap_or(root);
    fs::create_dir_all(parent).map_err(failed("make the folder of"))?;
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
            replace(&from, &beside).map_err(failed("write beside"))?;
            return Ok(Outcome::Beside(beside));
        }
    }
    replace(&from, &at).map_err(failed("write"))?;
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

/// Copies `from` to `to` so that a crash leaves the old file or the new one.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    let executable = fs::metadata(from)?.permissions().mode() & 0o111 != 0;
    write(to, &fs::read(from)?, if executable { 0o755 } else { 0o644 })
}

/// Writes `bytes` to `to` so that a crash leaves the old file or the new one.
pub(crate) fn write(to: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use io::Write as _;
    let folder = to.parent().unwrap_or(Path::new("/"));
    let mut staged = tempfile::Builder::new()
        .prefix(".pkg-")
        .permissions(std::fs::Permissions::from_mode(mode))
        .make_in(folder, |path| {
            let mut options = std::fs::File::options();
            options.write(true).create_new(true).mode(mode).open(path)
        })?;
    staged.write_all(bytes)?;
    staged.as_file().sync_all()?;
    staged.persist(to).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_stays_and_an_unchanged_one_follows() {
        let root = tempfile::tempdir().unwrap();
        let (etc, keg) = (root.path().join("etc"), root.path().join("keg"));
        fs::create_dir_all(keg.join("etc")).unwrap();
        let mut known = HashSet::new();
        let mut version = |text: &str| {
            fs::write(keg.join("etc/foo.conf"), text).unwrap();
            let sha256 = Sha256::of(text.as_bytes());
            let (path, target) = ("etc/foo.conf".to_owned(), "etc/foo.conf".to_owned());
            let setting = Setting { path, target, sha256 };
            let outcome = bring(root.path(), &keg, &setting, &known).unwrap();
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
    }
}
