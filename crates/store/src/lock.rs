//! One writer at a time: a flock on `<root>/lock`, which the kernel drops when its holder dies.
//!
//! The file says who holds it, for those who wait. It is only ever read for a message: whether
//! somebody holds the lock is what the kernel says. Readers of the root never come here.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    ops::ControlFlow,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use crate::Layout;

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds it and the caller would not wait longer.
    #[error("{holder} is changing this installation; wait for it to end")]
    Busy {
        /// Who holds it.
        holder: Holder,
    },
    /// The file could not be opened, locked or written.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Who holds the lock, as far as the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// The process.
    pub pid: Option<u32>,
    /// What it does, as the user would type it.
    pub command: Option<String>,
    /// When it got the lock, in seconds since 1970.
    pub since: Option<u64>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.command {
            Some(command) => write!(f, "`{command}`")?,
            None => f.write_str("another process")?,
        }
        match self.pid {
            Some(pid) => write!(f, " (process {pid})"),
            None => Ok(()),
        }
    }
}

/// Is told who holds the lock and for how long this has waited; decides whether to go on.
pub type Wait<'a> = dyn FnMut(&Holder, Duration) -> ControlFlow<()> + 'a;

/// The right to write below a root, given back when this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The first wait between two looks, and the longest.
const POLL: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(200));

/// What is read of the lock file at most.
const HOLDER_BYTES_MAX: u64 = 4096;

impl Lock {
    /// Becomes the one writer; the root's folders must exist.
    ///
    /// While another process is, `wait` is called again and again with who it is and for how
    /// long this has waited; it decides whether to go on.
    pub fn acquire(layout: &Layout, purpose: &str, wait: &mut Wait<'_>) -> Result<Self, Error> {
        let path = layout.lock();
        let failed = |source| Error::Lock { path: path.clone(), source };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file =
            open(&path, flags, Mode::from_raw_mode(0o644)).map_err(|errno| failed(errno.into()))?;
        let mut file = File::from(file);
        let start = Instant::now();
        let mut pause = POLL.0;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(failed(errno.into())),
            }
            let holder = read_holder(&mut file);
            if wait(&holder, start.elapsed()).is_break() {
                return Err(Error::Busy { holder });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(POLL.1);
        }
        // On a full disk the lock must still be had: freeing space takes it too.
        if let Err(error) = write_holder(&mut file, purpose) {
            tracing::debug!(%error, "the lock does not say who holds it");
        }
        Ok(Self { _file: file })
    }
}

/// Says what can be said: a holder that just began may not have written yet.
fn read_holder(file: &mut File) -> Holder {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.take(HOLDER_BYTES_MAX).read_to_end(&mut bytes));
    let mut holder: Holder =
        read.ok().and_then(|_| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(command) = &mut holder.command {
        command.retain(|c| !c.is_control());
    }
    holder
}

fn write_holder(file: &mut File, purpose: &str) -> io::Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let holder = Holder {
        pid: Some(std::process::id()),
        command: Some(purpose.to_owned()),
        since: now.ok().map(|since| since.as_secs()),
    };
    let mut line = serde_json::to_vec(&holder)?;
    line.push(b'\n');
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&line)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    fn root() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("root"));
        layout.create().unwrap();
        (folder, layout)
    }

    fn at_once(_: &Holder, _: Duration) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    /// A process that another test is just starting shares a lock for a moment.
    fn soon(_: &Holder, waited: Duration) -> ControlFlow<()> {
        if waited.as_secs() < 30 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    #[test]
    fn a_second_writer_learns_who_the_first_is() {
        let (_folder, layout) = root();
        let lock = Lock::acquire(&layout, "install ripgrep", &mut at_once).unwrap();
        let Err(Error::Busy { holder }) = Lock::acquire(&layout, "upgrade", &mut at_once) else {
            panic!("two writers");
        };
        assert_eq!(holder.pid, Some(std::process::id()));
        assert_eq!(holder.command.as_deref(), Some("install ripgrep"));
        assert!(holder.since.is_some());
        drop(lock);
        drop(Lock::acquire(&layout, "upgrade", &mut soon).unwrap());
    }

    #[test]
    fn who_waits_gets_the_lock_when_it_is_free() {
        let (_folder, layout) = root();
        let first = Lock::acquire(&layout, "install a", &mut at_once).unwrap();
        let (waits, waiting) = mpsc::channel();
        let second = thread::spawn({
            let layout = layout.clone();
            move || {
                Lock::acquire(&layout, "install b", &mut |holder, _| {
                    waits.send(holder.clone()).unwrap();
                    ControlFlow::Continue(())
                })
                .map(drop)
            }
        });
        let seen = waiting.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(seen.command.as_deref(), Some("install a"));
        drop(first);
        second.join().unwrap().unwrap();
    }

    #[test]
    fn one_at_a_time_is_inside() {
        let (_folder, layout) = root();
        let tally = layout.root().join("tally");
        fs_err::write(&tally, "0").unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let mut wait = |_: &Holder, _| ControlFlow::Continue(());
                        let _lock = Lock::acquire(&layout, "count", &mut wait).unwrap();
                        let count: u32 = fs_err::read_to_string(&tally).unwrap().parse().unwrap();
                        fs_err::write(&tally, (count + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs_err::read_to_string(&tally).unwrap(), "80");
    }

    #[test]
    fn a_lock_file_with_anything_in_it_is_no_obstacle() {
        let (_folder, layout) = root();
        for text in ["", "{", "12345\n", "{\"pid\":\"x\"}", "{\"command\":\"a\\u001bb\"}"] {
            fs_err::write(layout.lock(), text).unwrap();
            let mut file = fs_err::File::open(layout.lock()).unwrap().into_parts().0;
            let holder = read_holder(&mut file);
            assert!(!holder.to_string().contains('\u{1b}'), "{text}");
            drop(Lock::acquire(&layout, "install", &mut soon).unwrap());
        }
    }
}
