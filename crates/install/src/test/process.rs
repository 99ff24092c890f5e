//! A process with a limit: what it prints is taken, and nothing of it is left when it ended.

use std::{
    io::{self, Read, Write as _},
    os::unix::process::CommandExt as _,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Most of a stream that is kept, in bytes; the rest is read and forgotten.
const BYTES_MAX: usize = 16 << 20;
/// How long the streams of a process that ended may stay open, held by what escaped its group.
const GRACE: Duration = Duration::from_secs(2);

/// The group of the process under way; 0 for none.
static GROUP: AtomicI32 = AtomicI32::new(0);

/// What a process printed, as text.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Ends the process under way, as the program is about to end.
pub fn interrupted() {
    end(GROUP.load(Ordering::Relaxed));
}

/// Runs a command; no status where it had to be ended after `limit`.
pub(super) fn run(
    command: &mut Command,
    input: Option<&str>,
    limit: Duration,
) -> io::Result<(Option<ExitStatus>, Output)> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = i32::try_from(child.id()).unwrap_or(0);
    GROUP.store(group, Ordering::Relaxed);
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        let input = input.to_owned();
        // What does not read it all does not want it all.
        thread::spawn(move || pipe.write_all(input.as_bytes()).is_ok());
    }
    let (done, streams) = mpsc::channel();
    let stdout = child.stdout.take().map(|stream| collect(stream, done.clone()));
    let stderr = child.stderr.take().map(|stream| collect(stream, done));
    let (ended, status) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait()).is_ok());
    let status = match status.recv_timeout(limit) {
        Ok(status) => Some(status?),
        Err(_) => None,
    };
    // Also what it left behind: it would run on with nobody to read what it says.
    end(group);
    GROUP.store(0, Ordering::Relaxed);
    for _ in 0..2 {
        if streams.recv_timeout(GRACE).is_err() {
            break;
        }
    }
    let text = |bytes: Option<Arc<Mutex<Vec<u8>>>>| {
        let bytes = bytes.unwrap_or_default();
        let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok((status, Output { stdout: text(stdout), stderr: text(stderr) }))
}

/// Reads a stream to its end on a thread; what came so far is there at any time.
fn collect(mut stream: impl Read + Send + 'static, done: mpsc::Sender<()>) -> Arc<Mutex<Vec<u8>>> {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = taken.clone();
    thread::spawn(move || {
        let mut piece = [0; 8192];
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = BYTES_MAX.saturating_sub(kept.len());
            kept.extend_from_slice(&piece[..read.min(room)]);
        }
        // Nobody waits any more where the streams stayed open for too long.
        let _ = done.send(()).is_ok();
    });
    taken
}

fn end(group: i32) {
    if let Some(group) = Pid::from_raw(group).filter(|_| group > 1) {
        // One that is gone already is what is wanted.
        let _ = kill_process_group(group, Signal::KILL).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: Option<&str>, limit: Duration) -> (Option<i32>, Output) {
        let mut command = Command::new("/bin/sh");
        let (status, output) = run(command.args(["-c", script]), input, limit).unwrap();
        (status.map(|status| status.code().unwrap_or(-1)), output)
    }

    #[test]
    fn output_input_and_code_are_taken() {
        let long = Duration::from_secs(60);
        let (code, output) = shell("cat; echo two >&2; exit 3", Some("one"), long);
        assert_eq!((code, output.stdout, output.stderr), (Some(3), "one".into(), "two\n".into()));
        assert_eq!(shell("kill -9 $$", None, long).0, Some(-1));
        // It reads none of more than a pipe holds.
        assert_eq!(shell("exit 0", Some(&"x".repeat(1 << 20)), long).0, Some(0));
    }

    #[test]
    fn what_hangs_is_ended_with_all_that_it_started() {
        let (code, output) =
            shell("echo begun; sleep 600 & exec sleep 600", None, Duration::from_millis(200));
        assert_eq!((code, output.stdout), (None, "begun\n".into()));
        // A process that it left holds the stream open until it is ended, too.
        let (code, _) = shell("sleep 600 & exit 0", None, Duration::from_secs(60));
        assert_eq!(code, Some(0));
    }
}
