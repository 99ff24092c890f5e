//! Reads a folder: every path with its kind, or why it cannot be packed.

use std::{
    fs::Metadata,
    io,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::{fs::lgetxattr, io::Errno};
use store::archive::{Rule, read_path, read_target};

use super::{Entry, Error, Kind, Problem, Refusal};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const ANY_EXECUTE: u32 = 0o111;

/// The folder of a package that only pkg itself writes to.
const RESERVED: &str = ".pkg";

/// All that is below a folder, in no order, and all that cannot be packed.
pub(super) fn walk(root: &Path) -> Result<(Vec<Entry>, Vec<Refusal>), Error> {
    let (mut entries, mut refusals) = (Vec::new(), Vec::new());
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let failed = |source| Error::Read { path: root.join(&folder), source };
        for found in fs_err::read_dir(root.join(&folder)).map_err(failed)? {
            let found = found.map_err(failed)?;
            let below = folder.join(found.file_name());
            let failed = |source| Error::Read { path: root.join(&below), source };
            let metadata = found.metadata().map_err(failed)?;
            match look(root, &below, &metadata).map_err(failed)? {
                Ok(entry) => {
                    if entry.kind == Kind::Folder {
                        folders.push(below);
                    }
                    entries.push(entry);
                }
                Err(problem) => {
                    refusals.push(Refusal::new(below.as_os_str().as_bytes(), problem));
                }
            }
        }
    }
    Ok((entries, refusals))
}

fn look(root: &Path, below: &Path, metadata: &Metadata) -> io::Result<Result<Entry, Problem>> {
    let path = match read_path(below.as_os_str().as_bytes()) {
        Ok(path) if path == RESERVED => return Ok(Err(Problem::Reserved)),
        Ok(path) => path,
        Err(rule) => return Ok(Err(Problem::Rule(rule))),
    };
    let mtime = metadata.mtime();
    Ok(kind(&root.join(below), metadata)?.map(|kind| Entry { path, kind, mtime }))
}

fn kind(path: &Path, metadata: &Metadata) -> io::Result<Result<Kind, Problem>> {
    let of = metadata.file_type();
    if of.is_dir() {
        return Ok(Ok(Kind::Folder));
    }
    if of.is_symlink() {
        let target = fs_err::read_link(path)?;
        return Ok(read_target(target.as_os_str().as_bytes())
            .map(Kind::Link)
            .map_err(Problem::Rule));
    }
    if of.is_file() {
        return file(path, metadata);
    }
    Ok(Err(match () {
        () if of.is_fifo() => Problem::Rule(Rule::Fifo),
        () if of.is_socket() => Problem::Socket,
        () if of.is_char_device() || of.is_block_device() => Problem::Rule(Rule::Device),
        () => Problem::Rule(Rule::Type),
    }))
}

fn file(path: &Path, metadata: &Metadata) -> io::Result<Result<Kind, Problem>> {
    let mode = metadata.mode();
    if mode & SETUID != 0 {
        return Ok(Err(Problem::Setuid));
    }
    if mode & SETGID != 0 {
        return Ok(Err(Problem::Setgid));
    }
    if has_capability(path)? {
        return Ok(Err(Problem::Capability));
    }
    Ok(Ok(Kind::File { size: metadata.len(), executable: mode & ANY_EXECUTE != 0 }))
}

fn has_capability(path: &Path) -> io::Result<bool> {
    // An empty buffer asks for the length only.
    match lgetxattr(path, "security.capability", &mut [0_u8; 0][..]) {
        Ok(length) => Ok(length > 0),
        Err(Errno::NOTSUP | Errno::INVAL | Errno::PERM) => Ok(false),
        #[cfg(target_os = "linux")]
        Err(Errno::NODATA) => Ok(false),
        #[cfg(target_vendor = "apple")]
        Err(Errno::NOATTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
