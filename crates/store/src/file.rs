//! How every file and folder of the store is opened and made: flags, mode and time.

use rustix::{
    fd::{BorrowedFd, OwnedFd},
    fs::{Mode, OFlags, Timespec, Timestamps, openat},
    io::Result,
    path::Arg,
};

use crate::content::MTIME;

/// Opens a folder and nothing else.
pub(crate) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

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

/// Makes a file that must not exist yet, with its final mode, to be written once.
pub(crate) fn create<P: Arg>(folder: BorrowedFd<'_>, path: P, executable: bool) -> Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, path, flags, mode(executable))
}

/// Opens a file for reading, never through a link in its last part.
pub(crate) fn read<P: Arg>(folder: BorrowedFd<'_>, path: P) -> Result<OwnedFd> {
    openat(folder, path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}
