//! Commands of the system that a new link would hide on PATH.

use std::{
    ffi::OsStr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// A command of a package and the one that it hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The command's name.
    pub command: String,
    /// The file that PATH found before.
    pub hidden: PathBuf,
    /// Whether the command is what the package is named or aliased for.
    pub expected: bool,
}

/// The first file on `path` that `command` finds, outside of `prefix`.
pub(crate) fn hidden(path: &OsStr, prefix: &Path, command: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute() && !folder.starts_with(prefix))
        .map(|folder| folder.join(command))
        .find(|file| {
            let metadata = std::fs::metadata(file);
            metadata.is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}
