//! Shutting a step in: namespaces of its own, no rights, and nothing left when it ends.
//!
//! Two processes do it. The one outside makes the namespaces and waits; the one inside is the
//! first process of the room, furnishes it, gives up its rights and starts the step. When the
//! first process ends, the kernel kills all others of the room.

use std::{io, process::Child};

use fs_err as fs;
use nix::sched::{CloneFlags, unshare};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        Pid, Signal, WaitOptions, getgid, getuid, set_parent_process_death_signal, setsid, umask,
    },
    system::sethostname,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        configure_capability_in_ambient_set, set_capabilities, set_no_new_privs,
    },
};

use super::{Order, Output, WORD_INSIDE, cannot_start, code, command, mounts, send, wait};

/// The user and group of a step: nobody's on this machine, and not root, whom some builds refuse.
pub(super) const USER: u32 = 1000;

/// The name of the machine, as a step sees it.
const HOST: &str = "build";

/// Makes the namespaces and waits for the process inside.
pub(super) fn outside(order: &Order) -> io::Result<u8> {
    let (user, group) = (getuid(), getgid());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS,
    )
    .map_err(|error| said("cannot make user namespaces", error.into()))?;
    die_with_parent()?;
    let map = |file: &str, text: String| {
        fs::write(file, text).map_err(|error| said("cannot map the user into the namespace", error))
    };
    map("/proc/self/setgroups", "deny".to_owned())?;
    map("/proc/self/uid_map", format!("{USER} {} 1", user.as_raw()))?;
    map("/proc/self/gid_map", format!("{USER} {} 1", group.as_raw()))?;
    keep_mount_right()?;
    wait(send("/proc/self/exe".as_ref(), WORD_INSIDE, order, Output::Inherited)?).map(code)
}

/// Lets the process inside mount: exec takes every right from users other than root.
fn keep_mount_right() -> io::Result<()> {
    let known = capabilities(None)?;
    set_capabilities(None, CapabilitySets { inheritable: CapabilitySet::SYS_ADMIN, ..known })?;
    Ok(configure_capability_in_ambient_set(CapabilitySet::SYS_ADMIN, true)?)
}

/// Furnishes the room, starts the step, and waits until it ends.
pub(super) fn inside(order: &Order) -> io::Result<u8> {
    die_with_parent()?;
    let room = order.room.as_ref().ok_or_else(|| io::Error::other("no room to enter"))?;
    sethostname(HOST.as_bytes())?;
    mounts::furnish(room)?;
    // Without a terminal, nothing can be typed into that of the user.
    setsid().map_err(|error| said("cannot leave the terminal", error.into()))?;
    umask(super::UMASK);
    give_up_rights()?;
    if order.command.is_empty() {
        return Ok(0);
    }
    let step = command(order)?.spawn().map_err(|error| cannot_start(order, &error))?;
    reap(step)
}

fn give_up_rights() -> io::Result<()> {
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(set_no_new_privs(true)?)
}

/// Waits for the step; the first process of a room also inherits what others leave behind.
fn reap(step: Child) -> io::Result<u8> {
    let step = i32::try_from(step.id()).ok().and_then(Pid::from_raw);
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if Some(pid) == step => {
                let code =
                    status.exit_status().or_else(|| Some(128 + status.terminating_signal()?));
                return Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Has the kernel kill this process when its parent dies, also if that has happened already.
fn die_with_parent() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let stdin = io::stdin();
    let mut line = [PollFd::new(&stdin, PollFlags::empty())];
    poll(&mut line, Some(&Timespec::default()))?;
    match line[0].revents().contains(PollFlags::HUP) {
        true => Err(io::Error::other("whoever started the step is gone")),
        false => Ok(()),
    }
}

pub(super) fn said(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
