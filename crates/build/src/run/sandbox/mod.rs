//! Where a step runs: shut in where the kernel can do that, and ended with whoever started it.
//!
//! A step is started by this program itself, called again: [`main`] reads an [`Order`], shuts its
//! process in, and starts the step. So a process of one thread makes the namespaces, as the kernel
//! wants it, and nothing needs to happen between fork and exec. This module deliberately knows no
//! formula: it runs a command in a room.

#[cfg(target_os = "linux")]
mod enter;
#[cfg(target_os = "linux")]
mod mounts;
mod supervise;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead as _, Read as _, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
};

use serde::{Deserialize, Serialize};

/// The word with which this program calls itself to run a step.
const WORD: &str = "__step";
/// The word with which it calls itself again, as the first process of the room.
#[cfg(target_os = "linux")]
const WORD_INSIDE: &str = "__step-inside";

/// Files that a step makes are the same whatever the user's mask is.
const UMASK: rustix::fs::Mode = rustix::fs::Mode::WGRP.union(rustix::fs::Mode::WOTH);

/// The exit code of a step that could not be started, as in containers.
const NOT_STARTED: u8 = 125;

/// A command, and where it runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program and its arguments; none to see only whether the room can be made.
    pub(crate) command: Vec<String>,
    /// The whole environment.
    pub(crate) variables: BTreeMap<String, String>,
    /// The folder that it starts in.
    pub(crate) folder: PathBuf,
    /// What it is shut into; nothing where the kernel cannot do that.
    pub(crate) room: Option<Room>,
}

/// What a step that is shut in sees beside the system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Room {
    /// A folder of this machine.
    pub(crate) root: PathBuf,
    /// Where the step sees it, below `/tmp`; it may only read there.
    pub(crate) seen_at: PathBuf,
    /// Name of the folder in it that the step may write.
    pub(crate) writable: String,
}

/// Runs an order, if this process was started to; `None` where it was not.
///
/// To be called before anything else: the kernel gives namespaces to processes of one thread.
pub fn main() -> Option<ExitCode> {
    let word = std::env::args_os().nth(1)?;
    let ended = match word.to_str()? {
        WORD => outside(),
        #[cfg(target_os = "linux")]
        WORD_INSIDE => read().and_then(|order| enter::inside(&order)),
        _ => return None,
    };
    Some(match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // This goes to the log of the build, or to the message that no room can be made.
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::from(NOT_STARTED)
        }
    })
}

fn outside() -> io::Result<u8> {
    let order = read()?;
    match &order.room {
        #[cfg(target_os = "linux")]
        Some(_) => enter::outside(&order),
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(io::Error::other("this system has no namespaces")),
        None => supervise::run(&order),
    }
}

/// The order on standard input, which stays open after it as long as whoever gave it lives.
fn read() -> io::Result<Order> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Starts `program` to carry out an order; its standard input is the life line.
fn send(program: &Path, word: &str, order: &Order, output: Output<'_>) -> io::Result<Child> {
    let (stdout, stderr) = match output {
        Output::Log(log) => (Stdio::from(log.try_clone()?), Stdio::from(log.try_clone()?)),
        Output::Pipe => (Stdio::null(), Stdio::piped()),
        #[cfg(target_os = "linux")]
        Output::Inherited => (Stdio::inherit(), Stdio::inherit()),
    };
    let mut command = Command::new(program);
    if word == WORD {
        // What is typed into the terminal is for whoever gave the order alone.
        command.process_group(0);
    }
    let mut child = command
        .arg(word)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()?;
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    let pipe = child.stdin.as_mut();
    pipe.ok_or(io::ErrorKind::BrokenPipe)?.write_all(&line)?;
    Ok(child)
}

#[derive(Debug, Clone, Copy)]
enum Output<'a> {
    Log(&'a File),
    Pipe,
    #[cfg(target_os = "linux")]
    Inherited,
}

/// Waits without closing the life line, which `Child::wait` would do first.
fn wait(mut child: Child) -> io::Result<ExitStatus> {
    let line = child.stdin.take();
    let status = child.wait();
    drop(line);
    status
}

/// Carries out an order with `program`, which calls [`main`]; what is printed goes to `log`.
pub(crate) fn run(program: &Path, order: &Order, log: &File) -> io::Result<ExitStatus> {
    wait(send(program, WORD, order, Output::Log(log))?)
}

/// Why a step cannot be shut in here; `None` where it can.
pub(crate) fn obstacle(program: &Path, room: &Room) -> io::Result<Option<String>> {
    let order = Order {
        command: Vec::new(),
        variables: BTreeMap::new(),
        folder: PathBuf::from("/"),
        room: Some(room.clone()),
    };
    let mut child = send(program, WORD, &order, Output::Pipe)?;
    let mut said = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut said)?;
    }
    let status = wait(child)?;
    Ok((!status.success()).then(|| match said.trim() {
        "" => format!("it ended with {status}"),
        said => said.to_owned(),
    }))
}

/// The command itself, ready to be started where it runs.
fn command(order: &Order) -> io::Result<Command> {
    let (program, arguments) =
        order.command.split_first().ok_or_else(|| io::Error::other("no command"))?;
    // A path is relative to the folder that the command starts in.
    let path = match program.contains('/') {
        true => order.folder.join(program),
        false => PathBuf::from(program),
    };
    let mut command = Command::new(path);
    command
        .arg0(program)
        .args(arguments)
        .env_clear()
        .envs(&order.variables)
        .current_dir(&order.folder)
        .stdin(Stdio::null());
    Ok(command)
}

/// The exit code of a step, as a shell says it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn cannot_start(order: &Order, error: &io::Error) -> io::Error {
    let program = order.command.first().map_or("", String::as_str);
    io::Error::new(error.kind(), format!("cannot start `{program}`: {error}"))
}
