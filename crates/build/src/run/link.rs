//! The private root at the placeholder path without a sandbox: a link, and a lock on it.
//!
//! One build at a time can have that path. The kernel gives the lock back when its holder dies; a
//! link that is left then is replaced by the next build.

use std::{
    fs::File,
    io,
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
};

use binary::PLACEHOLDER;
use fs_err as fs;
use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    process::geteuid,
};

/// The placeholder path cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something stands there that is no link of this user.
    #[error("`{}` is not ours; delete it", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// A file or link cannot be made.
    #[error("cannot make `{}`", path.display())]
    Make {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The link; it is deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    _lock: File,
}

impl Link {
    /// Has the placeholder path lead to `root`; waits, after saying so, while another build has it.
    pub(crate) fn to(root: &Path, waits: impl FnOnce()) -> Result<Self, Error> {
        let lock = lock(waits)?;
        let path = Path::new(PLACEHOLDER);
        let failed = |source| Error::Make { path: path.to_owned(), source };
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() && found.uid() == geteuid().as_raw() => {
                fs::remove_file(path).map_err(failed)?;
            }
            Ok(_) => return Err(Error::Foreign { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        symlink(root, path).map_err(failed)?;
        Ok(Self { _lock: lock })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(fs::remove_file(PLACEHOLDER));
    }
}

/// The lock that every user's builds take; anybody may have made the file.
fn lock(waits: impl FnOnce()) -> Result<File, Error> {
    let path = PathBuf::from(format!("{PLACEHOLDER}.lock"));
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(&path, flags, Mode::empty())
        .or_else(|_| open(&path, flags | OFlags::CREATE, Mode::from_raw_mode(0o644)))
        .map_err(io::Error::from);
    let locked = file.and_then(|file| {
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            waits();
            flock(&file, FlockOperation::LockExclusive)?;
        }
        Ok(File::from(file))
    });
    locked.map_err(|source| Error::Make { path, source })
}
