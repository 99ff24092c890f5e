//! Applying patches to source code: whole or not at all, file by file, and never outside of it.
//!
//! `diffy` reads them and finds their lines; every line of context must be there, though it may
//! stand elsewhere than the patch says. The system's `patch` differs from machine to machine,
//! guesses where context does not fit, and follows links.

use std::{
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use diffy::patch_set::{FileMode, FileOperation, FilePatch, ParseOptions, PatchKind, PatchSet};
use fs_err as fs;

/// The time of a new file: 1980-01-02, as that of every file of a store.
const EPOCH: Duration = Duration::from_secs(315_619_200);

/// A patch does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not in the unified format.
    #[error("it is no patch in the unified format")]
    Syntax(#[source] diffy::patch_set::PatchSetParseError),
    /// It is a kind of change that is not applied.
    #[error("it changes `{path}` in a way that is not supported: {what}")]
    Unsupported {
        /// The file.
        path: String,
        /// The kind of change.
        what: &'static str,
    },
    /// It names a file outside of the source code.
    #[error("it names `{path}`, which is not in the source code")]
    Outside {
        /// The name as it stands in the patch, without the folders that are dropped.
        path: String,
    },
    /// It makes a file that is there already.
    #[error("it makes `{path}`, which is there already")]
    Exists {
        /// The file.
        path: String,
    },
    /// Its lines are not in the file.
    #[error("it does not fit `{path}`")]
    Hunk {
        /// The file.
        path: String,
        /// Which part of it.
        #[source]
        source: diffy::ApplyError,
    },
    /// A file cannot be read or written.
    #[error("cannot change `{path}`")]
    Change {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What one file becomes; `None` is that it is not there.
struct Change {
    path: String,
    bytes: Option<Vec<u8>>,
    is_program: Option<bool>,
}

/// Applies a patch to the files in `folder`; where one of its files does not fit, none is changed.
pub(crate) fn apply(folder: &Path, patch: &[u8], strip: u32) -> Result<(), Error> {
    let changes = changes(folder, patch, strip)?;
    for change in changes {
        write(folder, &change).map_err(|source| Error::Change { path: change.path, source })?;
    }
    Ok(())
}

fn changes(folder: &Path, patch: &[u8], strip: u32) -> Result<Vec<Change>, Error> {
    let is_git = patch.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"diff --git "));
    let options = if is_git { ParseOptions::gitdiff() } else { ParseOptions::unidiff() };
    let mut changes = Vec::new();
    for file in PatchSet::parse_bytes(patch, options) {
        of_file(folder, &file.map_err(Error::Syntax)?, strip, &mut changes)?;
    }
    Ok(changes)
}

fn of_file(
    folder: &Path,
    file: &FilePatch<'_, [u8]>,
    strip: u32,
    changes: &mut Vec<Change>,
) -> Result<(), Error> {
    let strip = usize::try_from(strip).unwrap_or(usize::MAX);
    let name = |path: &[u8]| checked(folder, path);
    let (from, to) = match file.operation().strip_prefix(strip) {
        FileOperation::Create(path) => (None, Some(name(&path)?)),
        FileOperation::Delete(path) => (Some(name(&path)?), None),
        FileOperation::Rename { from, to } => (Some(name(&from)?), Some(name(&to)?)),
        // The old name may have an ending of its own, such as `.orig`: the new one counts.
        FileOperation::Modify { modified, .. } => {
            let path = name(&modified)?;
            (Some(path.clone()), Some(path))
        }
        FileOperation::Copy { to, .. } => {
            return Err(Error::Unsupported { path: name(&to)?, what: "a copy" });
        }
    };
    let path = to.clone().or_else(|| from.clone()).unwrap_or_default();
    let PatchKind::Text(patch) = file.patch() else {
        return Err(Error::Unsupported { path, what: "not a text" });
    };
    let is_program = match file.new_mode() {
        None => None,
        Some(FileMode::Regular) => Some(false),
        Some(FileMode::Executable) => Some(true),
        Some(_) => return Err(Error::Unsupported { path, what: "not a file" }),
    };
    let before = match &from {
        Some(from) => {
            current(folder, from, changes)?.ok_or_else(|| Error::Outside { path: from.clone() })?
        }
        None => Vec::new(),
    };
    if let Some(to) = to.as_ref().filter(|to| from.as_ref() != Some(to))
        && current(folder, to, changes)?.is_some()
    {
        return Err(Error::Exists { path: to.clone() });
    }
    let after = diffy::apply_bytes(&before, patch)
        .map_err(|source| Error::Hunk { path: path.clone(), source })?;
    if let Some(from) = from.filter(|from| to.as_ref() != Some(from)) {
        changes.push(Change { path: from, bytes: None, is_program: None });
    }
    if let Some(to) = to {
        changes.push(Change { path: to, bytes: Some(after), is_program });
    }
    Ok(())
}

/// The file as earlier parts of the patch leave it.
fn current(folder: &Path, path: &str, changes: &[Change]) -> Result<Option<Vec<u8>>, Error> {
    if let Some(change) = changes.iter().rev().find(|change| change.path == path) {
        return Ok(change.bytes.clone());
    }
    match fs::read(folder.join(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Change { path: path.to_owned(), source }),
    }
}

/// A name in a patch, if it is that of a file below `folder` with no link on the way.
fn checked(folder: &Path, path: &[u8]) -> Result<String, Error> {
    let outside = || Error::Outside { path: String::from_utf8_lossy(path).into_owned() };
    let text = std::str::from_utf8(path).map_err(|_| outside())?;
    let mut place = PathBuf::from(folder);
    for part in text.split('/') {
        if part.is_empty() || part == "." || part == ".." || part.contains('\0') {
            return Err(outside());
        }
        place.push(part);
        if place.is_symlink() {
            return Err(outside());
        }
    }
    Ok(text.to_owned())
}

fn write(folder: &Path, change: &Change) -> io::Result<()> {
    let path = folder.join(&change.path);
    let Some(bytes) = &change.bytes else { return fs::remove_file(&path) };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let known = fs::metadata(&path).ok();
    let mode = match (change.is_program, &known) {
        (Some(true), _) => 0o755,
        (Some(false), _) | (None, None) => 0o644,
        (None, Some(known)) => known.permissions().mode() | 0o200,
    };
    // A file that became newer than what is made of it would have `make` make that anew, and which
    // one does would depend on the clock.
    let time = match &known {
        Some(known) => known.modified()?,
        None => SystemTime::UNIX_EPOCH + EPOCH,
    };
    if path.exists() {
        // A file that may not be written is replaced; one with a second name keeps that one whole.
        fs::remove_file(&path)?;
    }
    let mut file = fs::File::create(&path)?;
    file.write_all(bytes)?;
    file.set_modified(time)?;
    fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn read(folder: &tempfile::TempDir, path: &str) -> Option<String> {
        fs::read_to_string(folder.path().join(path)).ok()
    }

    const TWO: &str = "\
Description: as Debian's patches begin
--- x-1.0.orig/a.c
+++ x-1.0/a.c
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- /dev/null
+++ x-1.0/sub/new.c
@@ -0,0 +1 @@
+new
--- x-1.0/old.c
+++ /dev/null
@@ -1 +0,0 @@
-old
";

    #[test]
    fn files_change_come_and_go() {
        let folder = folder(&[("a.c", "zero\none\ntwo\nthree\n"), ("old.c", "old\n")]);
        let time = |path: &str| fs::metadata(folder.path().join(path)).unwrap().modified().unwrap();
        let before = time("a.c");
        apply(folder.path(), TWO.as_bytes(), 1).unwrap();
        assert_eq!((time("a.c"), time("sub/new.c")), (before, SystemTime::UNIX_EPOCH + EPOCH));
        assert_eq!(read(&folder, "a.c").as_deref(), Some("zero\none\n2\nthree\n"));
        assert_eq!(read(&folder, "sub/new.c").as_deref(), Some("new\n"));
        assert_eq!(read(&folder, "old.c"), None);
    }

    #[test]
    fn git_says_modes_and_renames() {
        let folder = folder(&[("a.sh", "one\n"), ("b.c", "two\n")]);
        let patch = "\
diff --git a/a.sh b/a.sh
old mode 100644
new mode 100755
diff --git a/b.c b/c.c
similarity index 50%
rename from b.c
rename to c.c
--- a/b.c
+++ b/c.c
@@ -1 +1 @@
-two
+2
";
        apply(folder.path(), patch.as_bytes(), 1).unwrap();
        let mode = fs::metadata(folder.path().join("a.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!((read(&folder, "b.c"), read(&folder, "c.c").as_deref()), (None, Some("2\n")));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let files = [("a.c", "zero\none\ntwo\nthree\n"), ("old.c", "other\n")];
        let folder = folder(&files);
        let error = apply(folder.path(), TWO.as_bytes(), 1).unwrap_err();
        assert!(matches!(&error, Error::Hunk { path, .. } if path == "old.c"), "{error:?}");
        for (path, text) in files {
            assert_eq!(read(&folder, path).as_deref(), Some(text));
        }
        assert_eq!(read(&folder, "sub/new.c"), None);
    }

    #[test]
    fn nothing_outside_is_named() {
        let folder = folder(&[("in/a.c", "one\n")]);
        std::os::unix::fs::symlink("/tmp", folder.path().join("in/link")).unwrap();
        for path in ["../a.c", "/etc/passwd", "in/../../a.c", "in/link/a.c", "in/link", "in//a.c"] {
            let patch = format!("--- {path}\n+++ {path}\n@@ -1 +1 @@\n-one\n+two\n");
            let error = apply(folder.path(), patch.as_bytes(), 0).unwrap_err();
            assert!(matches!(error, Error::Outside { .. }), "{path}: {error:?}");
        }
        for patch in ["", "not a patch\n"] {
            let error = apply(folder.path(), patch.as_bytes(), 0).unwrap_err();
            assert!(matches!(error, Error::Syntax(_)), "{patch:?}: {error:?}");
        }
    }
}
