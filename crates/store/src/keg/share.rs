//! One file's bytes into a keg: shared with the store where the filesystem can, else copied.

use std::{
    collections::HashSet,
    io::{self, BufReader, BufWriter, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::AtFlags,
    io::Errno,
};

use super::Patch;
use crate::{
    Content,
    disk::{self, create, fchmod, futimens, linkat, mode, read, times, unlinkat},
};

/// Where contents lie.
pub(super) struct Sources<'a> {
    pub(super) staged: &'a HashSet<Content>,
    pub(super) staging: BorrowedFd<'a>,
    pub(super) store: BorrowedFd<'a>,
}

impl Sources<'_> {
    /// The folder that holds a content, and the content's path in it.
    pub(super) fn find(&self, content: &Content) -> (BorrowedFd<'_>, String) {
        let folder = if self.staged.contains(content) { self.staging } else { self.store };
        (folder, content.shelf_path())
    }
}

/// Whether the filesystem shares blocks between files, as found out by trying.
pub(super) struct Sharing {
    clones: AtomicBool,
}

/// What came of an attempt to share.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Shared,
    /// The source is gone.
    Missing,
    /// Sharing is not possible here; the bytes are to be copied.
    CopyInstead,
}

impl Sharing {
    pub(super) fn new() -> Self {
        Self { clones: AtomicBool::new(true) }
    }

    /// Makes `name` in `folder` with the bytes of `source`, without writing them again.
    pub(super) fn share(
        &self,
        source: (BorrowedFd<'_>, &str),
        folder: BorrowedFd<'_>,
        name: &str,
        file: &Finish,
    ) -> io::Result<Outcome> {
        if self.clones.load(Ordering::Relaxed) {
            match clone(source, folder, name, file) {
                Ok(()) => return Ok(Outcome::Shared),
                Err(Errno::NOENT) => return Ok(Outcome::Missing),
                Err(errno) if lacks_clones(errno) => self.clones.store(false, Ordering::Relaxed),
                Err(errno) => return Err(errno.into()),
            }
        }
        outcome(linkat(source.0, source.1, folder, name))
    }
}

/// What an attempt to link means: these refusals leave a copy as the way out.
///
/// MLINK: the file has all links it can have. XDEV: another filesystem. PERM: no links here, or
/// not to this file. The others are how network filesystems say that they know no links.
pub(super) fn outcome(linked: rustix::io::Result<()>) -> io::Result<Outcome> {
    match linked {
        Ok(()) => Ok(Outcome::Shared),
        Err(Errno::NOENT) => Ok(Outcome::Missing),
        Err(Errno::MLINK | Errno::XDEV | Errno::PERM | Errno::NOTSUP | Errno::NOSYS) => {
            Ok(Outcome::CopyInstead)
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Mode and time that a file of its own gets at its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish {
    pub(super) executable: bool,
    pub(super) mtime: i64,
    /// Whether the umask took bits away.
    pub(super) masked: bool,
}

impl Finish {
    fn apply(&self, file: BorrowedFd<'_>) -> rustix::io::Result<()> {
        if self.masked {
            fchmod(file, mode(self.executable))?;
        }
        futimens(file, &times(self.mtime))
    }
}

/// Makes a file that holds `bytes`.
pub(super) fn write(
    folder: BorrowedFd<'_>,
    name: &str,
    bytes: &[u8],
    finish: &Finish,
) -> io::Result<()> {
    let mut file = std::fs::File::from(create(folder, name, finish.executable)?);
    disk::write_all(&mut file, bytes)?;
    Ok(finish.apply(file.as_fd())?)
}

/// Makes a file with the bytes of another; `false` where that is missing.
pub(super) fn copy(
    source: (BorrowedFd<'_>, &str),
    folder: BorrowedFd<'_>,
    name: &str,
    finish: &Finish,
) -> io::Result<bool> {
    let Some(mut from) = open(source)? else { return Ok(false) };
    let mut file = std::fs::File::from(create(folder, name, finish.executable)?);
    io::copy(&mut from, &mut file)?;
    finish.apply(file.as_fd())?;
    Ok(true)
}

/// Makes a file with the bytes of another, changed in some places; `false` where that is missing.
pub(super) fn patched(
    source: (BorrowedFd<'_>, &str),
    patches: &[Patch],
    place: (BorrowedFd<'_>, &str),
    finish: &Finish,
) -> io::Result<bool> {
    let Some(from) = open(source)? else { return Ok(false) };
    let file = std::fs::File::from(create(place.0, place.1, finish.executable)?);
    let mut to = BufWriter::with_capacity(PATCHED_BYTES, &file);
    super::patch(&mut BufReader::with_capacity(PATCHED_BYTES, from), patches, &mut to)?;
    to.flush()?;
    drop(to);
    finish.apply(file.as_fd())?;
    Ok(true)
}

/// What is held of a file while it is patched.
const PATCHED_BYTES: usize = 256 << 10;

fn open(source: (BorrowedFd<'_>, &str)) -> io::Result<Option<std::fs::File>> {
    match read(source.0, source.1) {
        Ok(from) => Ok(Some(std::fs::File::from(from))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Errors of a filesystem that cannot share blocks, or not between these two files.
fn lacks_clones(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOTSUP | Errno::NOTTY | Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::PERM
    )
}

fn clone(
    source: (BorrowedFd<'_>, &str),
    folder: BorrowedFd<'_>,
    name: &str,
    finish: &Finish,
) -> rustix::io::Result<()> {
    let from = read(source.0, source.1)?;
    match cloned(&from, folder, name, finish) {
        Ok(file) => finish.apply(file.as_fd()),
        Err(errno) => {
            // Another way of sharing must find the name free.
            let _ = unlinkat(folder, name, AtFlags::empty());
            Err(errno)
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn cloned(
    from: &OwnedFd,
    folder: BorrowedFd<'_>,
    name: &str,
    finish: &Finish,
) -> rustix::io::Result<OwnedFd> {
    let file = create(folder, name, finish.executable)?;
    disk::clone_blocks(from, &file)?;
    Ok(file)
}

#[cfg(target_vendor = "apple")]
fn cloned(
    from: &OwnedFd,
    folder: BorrowedFd<'_>,
    name: &str,
    finish: &Finish,
) -> rustix::io::Result<OwnedFd> {
    disk::clone_file(from, folder, name)?;
    let file = read(folder, name)?;
    fchmod(&file, mode(finish.executable))?;
    Ok(file)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn cloned(
    _from: &OwnedFd,
    _folder: BorrowedFd<'_>,
    _name: &str,
    _finish: &Finish,
) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOTSUP)
}
