//! A step that is not shut in: only its processes are kept together, to be ended together.

use std::{io, os::unix::process::CommandExt as _, thread};

use rustix::process::{Pid, Signal, kill_process_group, umask};

use super::{Order, cannot_start, code, command};

/// Runs the command; it is killed when the life line is cut, and what it leaves behind with it.
pub(super) fn run(order: &Order) -> io::Result<u8> {
    umask(super::UMASK);
    let mut command = command(order)?;
    let mut child =
        command.process_group(0).spawn().map_err(|error| cannot_start(order, &error))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    thread::spawn(move || {
        // Whoever gave the order never writes again: the line ends with it.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        kill(group);
    });
    let status = child.wait();
    kill(group);
    Ok(code(status?))
}

fn kill(group: Option<Pid>) {
    if let Some(group) = group {
        // There may be nobody left.
        kill_process_group(group, Signal::KILL).ok();
    }
}
