//! Stopping the program, or letting a call fail, at the n-th change to the disk; for tests only.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use rustix::{
    io::{Errno, Result},
    process::{Signal, getpid, kill_process},
};

/// How many changes are still let through; none are counted while it is zero.
static LEFT: AtomicU64 = AtomicU64::new(0);

/// What happens then: an error's number, or zero for the end of the process.
static FAULT: AtomicI32 = AtomicI32::new(0);

/// What happens to a change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Kill,
    Error(Errno),
}

/// Lets the `number`th change from now on meet a fault; concerns the whole process.
pub(crate) fn arm(number: u64, fault: Fault) {
    let fault = match fault {
        Fault::Kill => 0,
        Fault::Error(errno) => errno.raw_os_error(),
    };
    FAULT.store(fault, Ordering::SeqCst);
    LEFT.store(number, Ordering::SeqCst);
}

/// Says whether the fault did not come to pass, and takes it back.
pub(crate) fn disarm() -> bool {
    LEFT.swap(0, Ordering::SeqCst) != 0
}

pub(super) fn step() -> Result<()> {
    let counted = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if counted != Ok(1) {
        return Ok(());
    }
    match FAULT.load(Ordering::SeqCst) {
        0 => loop {
            // The signal may take a moment; nothing else may be done meanwhile.
            kill_process(getpid(), Signal::KILL).expect("a process may end itself");
        },
        errno => Err(Errno::from_raw_os_error(errno)),
    }
}
