//! Kegs that a running program needs: a shared flock on the keg's folder.
//!
//! The lock lives in an open file that exec hands on, so it lasts exactly as long as the
//! program and whatever it started; no list has to be kept or cleaned up after a crash.

use std::{io, os::unix::fs::MetadataExt as _, path::PathBuf};

use rustix::{
    fd::OwnedFd,
    fs::{FlockOperation, flock},
    io::{Errno, FdFlags, fcntl_setfd},
};

use crate::{Layout, disk::open_folder, keg};

/// Why a keg cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The keg is not there, or is being removed.
    #[error("`{keg}` is not installed any more")]
    Gone {
        /// The keg.
        keg: keg::Id,
    },
    /// Its folder could not be opened or locked.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// As long as this is open in any process, its keg is not collected.
#[derive(Debug)]
pub struct Hold {
    folder: OwnedFd,
}

impl Hold {
    /// Lets the program that this process becomes hold the keg too; call it right before exec.
    pub fn pass_on(self) -> io::Result<()> {
        fcntl_setfd(&self.folder, FdFlags::empty())?;
        // The open file is now the business of the kernel.
        std::mem::forget(self);
        Ok(())
    }
}

/// Keeps a keg from being collected for as long as this process holds it.
pub fn hold(layout: &Layout, keg: &keg::Id) -> Result<Hold, Error> {
    let path = layout.keg(&keg.name, &keg.leaf);
    let failed = |errno: Errno| match errno {
        Errno::NOENT | Errno::WOULDBLOCK => Error::Gone { keg: keg.clone() },
        errno => Error::Lock { path: path.clone(), source: errno.into() },
    };
    loop {
        let folder = open_folder(&path).map_err(failed)?;
        match flock(&folder, FlockOperation::NonBlockingLockShared) {
            // Where folders cannot be locked, kept generations must protect the keg.
            Ok(()) | Err(Errno::BADF | Errno::NOLCK | Errno::NOTSUP | Errno::INVAL) => {}
            Err(errno) => return Err(failed(errno)),
        }
        // It may have been moved away or replaced between the two calls.
        let locked = std::fs::File::from(folder);
        let same = locked.metadata().and_then(|locked| {
            let now = fs_err::symlink_metadata(&path)?;
            Ok((locked.dev(), locked.ino()) == (now.dev(), now.ino()))
        });
        match same {
            Ok(true) => {
                return Ok(Hold { folder: locked.into() });
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(failed(Errno::NOENT));
            }
            Err(source) => return Err(Error::Lock { path: path.clone(), source }),
        }
    }
}

/// Takes a keg that nobody holds, so that nobody can begin to; `None` where somebody does.
pub(crate) fn take(layout: &Layout, keg: &keg::Id) -> io::Result<Option<OwnedFd>> {
    let folder = open_folder(layout.keg(&keg.name, &keg.leaf))?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) | Err(Errno::BADF | Errno::NOLCK | Errno::NOTSUP | Errno::INVAL) => Ok(Some(folder)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether a program runs that needs the keg.
pub fn is_held(layout: &Layout, keg: &keg::Id) -> io::Result<bool> {
    match take(layout, keg) {
        Ok(taken) => Ok(taken.is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        os::unix::process::CommandExt as _,
        process::{Command, Stdio},
    };

    use super::*;
    use crate::{
        faults::{ROOT, again, eventually},
        sandbox::{Sandbox, id, package},
    };

    #[test]
    fn a_keg_is_held_for_as_long_as_a_program_runs_that_was_executed() {
        if let Some(root) = std::env::var_os(ROOT) {
            hold(&Layout::new(root.into()), &id("tool")).unwrap().pass_on().unwrap();
            let program = "echo ready; read line; exec cat";
            panic!("{}", Command::new("/bin/sh").args(["-c", program]).exec());
        }
        let sandbox = Sandbox::new();
        sandbox.install("tool", &package("bin/tool* = run"), &[]);
        let held = || take(&sandbox.layout, &id("tool")).unwrap().is_none();
        eventually(|| !held());
        let test = "in_use::tests::a_keg_is_held_for_as_long_as_a_program_runs_that_was_executed";
        let mut child = again(test)
            .env(ROOT, sandbox.layout.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut wait_for = |end: &str| {
            let mut said = String::new();
            while !said.ends_with(end) {
                let mut byte = [0];
                output.read_exact(&mut byte).unwrap();
                said.push(byte[0].into());
            }
        };
        wait_for("ready\n");
        assert!(held(), "the program has the lock");
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"go on\nstill here").unwrap();
        wait_for("still here");
        assert!(held(), "so has what the program became");
        drop(input);
        child.wait().unwrap();
        eventually(|| !held());
    }

    #[test]
    fn a_keg_that_is_gone_or_going_cannot_be_held() {
        let sandbox = Sandbox::new();
        let gone = |keg: &keg::Id| matches!(hold(&sandbox.layout, keg), Err(Error::Gone { .. }));
        assert!(gone(&id("tool")));
        sandbox.install("tool", &package("bin/tool* = run"), &[]);
        let taken = take(&sandbox.layout, &id("tool")).unwrap();
        assert!(taken.is_some() && gone(&id("tool")));
        drop(taken);
        eventually(|| !gone(&id("tool")));
    }
}
