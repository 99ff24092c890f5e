//! Running a program up to one of its changes to the disk, and what becomes of it there.
//!
//! A tracer stops every thread before each system call and counts those that change a file,
//! across all threads; before the chosen one the whole program gets SIGKILL, or the call fails.
//! So neither a clock nor luck decides where that is, and the program is the one that users
//! have: nothing in it knows of this. It knows nothing of packages; that is the test's business.

use std::{
    collections::HashSet,
    io::Write as _,
    process::{Command, Stdio},
};

use nix::{
    errno::Errno,
    libc::{self, c_long},
    sys::{
        ptrace::{self, Options},
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use super::Deadline;

/// How a traced run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code, after so many changes.
    Exited(i32, u64),
    /// Before the chosen change.
    Killed,
}

/// What happens at the chosen change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// SIGKILL for the whole program.
    Kill,
    /// The system call is not carried out, and says this.
    Error(Errno),
}

/// The script of a shell that waits for the tracer and then becomes the program after `sh`.
const WAITING: &str = r#"read -r go; exec "$@""#;

/// Runs a command with no other variables than it names; its `moment`th change, from 1 on, meets
/// the fault. A thread that does this may have no other children: it would wait for them too.
#[expect(clippy::zombie_processes, reason = "the tracer waits for all that it traces")]
pub(crate) fn run(command: &Command, moment: u64, fault: Fault) -> Result<End, Errno> {
    let mut child = waiting(command).spawn().expect("a shell is there");
    let program = Pid::from_raw(i32::try_from(child.id()).expect("a process number"));
    let clones = Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_EXITKILL;
    let traced = ptrace::seize(program, clones).and_then(|()| ptrace::interrupt(program));
    if let Err(errno) = traced {
        drop(child.stdin.take());
        child.wait().expect("the shell ends with its input");
        return Err(errno);
    }
    let mut stdin = child.stdin.take().expect("it was piped");
    stdin.write_all(b"go\n").expect("the shell reads");
    drop(stdin);
    let _deadline = Deadline::of(&child);
    let (inside, failing) = (HashSet::new(), None);
    Tracer { program, moment, fault, changes: 0, inside, failing }.follow()
}

/// A shell that becomes the program once it is told to.
fn waiting(command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", WAITING, "sh"]).arg(command.get_program()).args(command.get_args());
    let named = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    shell.env_clear().envs(named);
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell
}

struct Tracer {
    program: Pid,
    moment: u64,
    fault: Fault,
    changes: u64,
    /// Threads that are inside a system call.
    inside: HashSet<Pid>,
    /// The thread whose call is to fail, and how.
    failing: Option<(Pid, Errno)>,
}

impl Tracer {
    fn follow(mut self) -> Result<End, Errno> {
        // Only what this thread traces: other tests wait for programs of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(Pid::from_raw(-1), Some(flags))? {
                WaitStatus::Exited(pid, code) if pid == self.program => {
                    return Ok(End::Exited(code, self.changes));
                }
                WaitStatus::Signaled(pid, ..) if pid == self.program => return Ok(End::Killed),
                WaitStatus::PtraceSyscall(pid) => self.system_call(pid)?,
                WaitStatus::Stopped(pid, signal) => go_on(pid, Some(signal))?,
                WaitStatus::PtraceEvent(pid, ..) => go_on(pid, None)?,
                _ => {}
            }
        }
    }

    /// A thread stands before a system call, or after it.
    fn system_call(&mut self, pid: Pid) -> Result<(), Errno> {
        if self.inside.remove(&pid) {
            if let Some((_, errno)) = self.failing.take_if(|(failing, _)| *failing == pid) {
                let mut registers = ptrace::getregs(pid)?;
                registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                ptrace::setregs(pid, registers)?;
            }
        } else {
            self.inside.insert(pid);
            let is_change = changes(pid)?;
            self.changes += u64::from(is_change);
            if is_change && self.changes == self.moment {
                match self.fault {
                    Fault::Kill => return kill(self.program, Signal::SIGKILL),
                    Fault::Error(errno) => self.prevent(pid, errno)?,
                }
            }
        }
        go_on(pid, None)
    }

    /// Puts a call that does not exist in the place of the one that begins.
    fn prevent(&mut self, pid: Pid, errno: Errno) -> Result<(), Errno> {
        let mut registers = ptrace::getregs(pid)?;
        registers.orig_rax = u64::MAX;
        self.failing = Some((pid, errno));
        ptrace::setregs(pid, registers)
    }
}

/// Lets a thread run to its next stop; one that was killed meanwhile is none of our concern.
fn go_on(pid: Pid, signal: Option<Signal>) -> Result<(), Errno> {
    match ptrace::syscall(pid, signal) {
        Err(Errno::ESRCH) => Ok(()),
        result => result,
    }
}

/// System calls that change a folder or what is said of a file.
const CHANGES: &[c_long] = &[
    libc::SYS_chmod,
    libc::SYS_copy_file_range,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_openat2,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_rmdir,
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_syncfs,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
];

/// System calls that write to a file, or to something that is none.
const WRITES: &[c_long] =
    &[libc::SYS_pwrite64, libc::SYS_pwritev, libc::SYS_write, libc::SYS_writev, libc::SYS_ioctl];

/// Whether the system call before which a thread stands changes a file.
fn changes(pid: Pid) -> Result<bool, Errno> {
    let registers = match ptrace::getregs(pid) {
        Err(Errno::ESRCH) => return Ok(false),
        registers => registers?,
    };
    let call = c_long::from_ne_bytes(registers.orig_rax.to_ne_bytes());
    let creates = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
    Ok(match call {
        libc::SYS_open => creates(registers.rsi),
        libc::SYS_openat => creates(registers.rdx),
        libc::SYS_creat => true,
        _ if WRITES.contains(&call) => {
            let file = std::fs::read_link(format!("/proc/{pid}/fd/{}", registers.rdi));
            file.is_ok_and(|file| file.is_absolute() && !file.starts_with("/dev"))
        }
        _ => CHANGES.contains(&call),
    })
}
