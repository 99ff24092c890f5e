//! A formula's file on disk: read, edited and written as a whole, or left as it is.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use formula::edit::{self, Edit};
use fs_err as fs;
use tempfile::NamedTempFile;

/// A formula's file cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the formula")]
    Read(#[source] io::Error),
    /// What the file says cannot be edited.
    #[error("cannot edit `{}`", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: edit::Error,
    },
    /// The file cannot be written; it is as it was.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Edits a formula's file; says whether that changed it.
pub fn edit(
    path: &Path,
    change: impl FnOnce(&mut Edit) -> Result<(), edit::Error>,
) -> Result<bool, Error> {
    let text = fs::read_to_string(path).map_err(Error::Read)?;
    let failed = |source| Error::Edit { path: path.to_owned(), source };
    let mut edited = Edit::new(&text, &path.display().to_string()).map_err(failed)?;
    change(&mut edited).map_err(failed)?;
    let edited = edited.to_string();
    if edited == text {
        return Ok(false);
    }
    write(path, &edited)?;
    Ok(true)
}

/// Writes a file beside the old one and puts it in its place, with the old one's mode.
///
/// A link stays a link: what it leads to is written.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut staged = NamedTempFile::new_in(folder).map_err(failed)?;
    staged.write_all(content.as_ref()).map_err(failed)?;
    let mode = match fs::metadata(&path) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    staged.as_file().set_permissions(mode).map_err(failed)?;
    staged.as_file().sync_all().map_err(failed)?;
    staged.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("foo.toml"), folder.path().join("link.toml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("foo.toml", &link).unwrap();
        write(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
    }
}
