//! Every change to the disk: one function per system call, and the flags, modes and times used.
//!
//! All of this crate writes through here, so that a test can stop the program, or let a call
//! fail, at each step of a transaction in turn; in a release nothing of that is left.

#[cfg(test)]
pub(crate) mod faults;
mod rename;

use std::{
    fs::File,
    io::{self, Write as _},
};

use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{self, AtFlags, CWD, Mode, OFlags, Timespec, Timestamps},
    io::Result,
    path::Arg,
};

use crate::content::MTIME;

pub(crate) use rename::{At, exchange, renameat, to_free_name};

/// Opens a folder and nothing else.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Makes a file and never opens one that is there.
const NEW_FILE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The permissions of folders that nobody else needs to see.
pub(crate) const PRIVATE_FOLDER: Mode = Mode::RWXU;

/// The permissions of folders that change.
pub(crate) const OPEN_FOLDER: Mode = Mode::from_raw_mode(0o755);

/// The permissions of a keg's folders: nobody writes them.
pub(crate) const KEG_FOLDER: Mode = Mode::from_raw_mode(0o555);

/// The times of whatever carries none of its own.
pub(crate) const STORED: Timestamps = times(MTIME);

/// Access and modification at the same second.
pub(crate) const fn times(seconds: i64) -> Timestamps {
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

/// The permissions of a stored file: nobody writes it.
pub(crate) const fn mode(executable: bool) -> Mode {
    if executable { Mode::from_raw_mode(0o555) } else { Mode::from_raw_mode(0o444) }
}

/// Whether a text is one name of a path, not several and not a way out.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.bytes().any(|b| b == b'/' || b == 0)
}

/// Comes before every change.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests a step can fail")]
fn step() -> Result<()> {
    Ok(())
}

#[cfg(test)]
use faults::step;

/// Opens a folder; a link to one is refused with `NOTDIR` or `LOOP`.
pub(crate) fn open_folder(path: impl Arg) -> Result<OwnedFd> {
    fs::open(path, FOLDER, Mode::empty())
}

/// Opens a folder in another; a link to one is refused with `NOTDIR` or `LOOP`.
pub(crate) fn open_folder_at(folder: impl AsFd, path: impl Arg) -> Result<OwnedFd> {
    fs::openat(folder, path, FOLDER, Mode::empty())
}

/// Opens a file for reading, never through a link in its last part.
pub(crate) fn read(folder: BorrowedFd<'_>, path: impl Arg) -> Result<OwnedFd> {
    fs::openat(folder, path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Makes a file that must not exist yet, with its final mode, to be written once.
pub(crate) fn create(folder: BorrowedFd<'_>, path: impl Arg, executable: bool) -> Result<OwnedFd> {
    step()?;
    fs::openat(folder, path, NEW_FILE, mode(executable))
}

/// Writes a record that must not exist yet and, unlike contents, may be replaced later.
pub(crate) fn write_record(
    folder: BorrowedFd<'_>,
    name: &str,
    bytes: &[u8],
) -> io::Result<OwnedFd> {
    step()?;
    let file = fs::openat(folder, name, NEW_FILE, Mode::from_raw_mode(0o644))?;
    let mut file = File::from(file);
    write_all(&mut file, bytes)?;
    Ok(file.into())
}

pub(crate) fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    step()?;
    file.write_all(bytes)
}

pub(crate) fn mkdirat(folder: impl AsFd, path: impl Arg, mode: Mode) -> Result<()> {
    step()?;
    fs::mkdirat(folder, path, mode)
}

pub(crate) fn symlinkat(target: impl Arg, folder: impl AsFd, path: impl Arg) -> Result<()> {
    step()?;
    fs::symlinkat(target, folder, path)
}

pub(crate) fn linkat(from: impl AsFd, old: impl Arg, to: impl AsFd, new: impl Arg) -> Result<()> {
    step()?;
    fs::linkat(from, old, to, new, AtFlags::empty())
}

pub(crate) fn unlinkat(folder: impl AsFd, path: impl Arg, flags: AtFlags) -> Result<()> {
    step()?;
    fs::unlinkat(folder, path, flags)
}

/// Removes a folder if it is empty.
pub(crate) fn rmdir(path: impl Arg) -> Result<()> {
    unlinkat(CWD, path, AtFlags::REMOVEDIR)
}

pub(crate) fn fchmod(file: impl AsFd, mode: Mode) -> Result<()> {
    step()?;
    fs::fchmod(file, mode)
}

pub(crate) fn futimens(file: impl AsFd, times: &Timestamps) -> Result<()> {
    step()?;
    fs::futimens(file, times)
}

/// Sets the times of a link itself.
pub(crate) fn set_link_times(folder: impl AsFd, name: &str) -> Result<()> {
    step()?;
    fs::utimensat(folder, name, &STORED, AtFlags::SYMLINK_NOFOLLOW)
}

pub(crate) fn fsync(file: impl AsFd) -> Result<()> {
    step()?;
    fs::fsync(file)
}

/// Waits until all that was written to the filesystem of `folder` is on the disk.
pub(crate) fn sync_filesystem(folder: impl AsFd) -> Result<()> {
    step()?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fs::syncfs(&folder)?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fs::sync();
    #[cfg(target_vendor = "apple")]
    fs::fcntl_fullfsync(&folder)?;
    Ok(())
}

/// Gives `file`, which is new and empty, the blocks of another.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn clone_blocks(from: &OwnedFd, file: &OwnedFd) -> Result<()> {
    step()?;
    fs::ioctl_ficlone(file, from)
}

/// Makes a file that has the blocks of another.
#[cfg(target_vendor = "apple")]
pub(crate) fn clone_file(from: &OwnedFd, folder: BorrowedFd<'_>, name: &str) -> Result<()> {
    step()?;
    fs::fclonefileat(from, folder, name, fs::CloneFlags::empty())
}
