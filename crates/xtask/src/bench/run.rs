//! Running one command: how long it took and how much memory it had at most.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, ensure};

/// A command line for `sh`; what it needs stands in `$1`, `$2` and so on.
pub(super) fn shell(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", script, "sh"]).args(arguments);
    command
}

/// The program with a root, in a home of its own.
pub(super) fn program(program: &Path, home: &Path, root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    in_home(&mut command, home);
    command.arg("--root").arg(root).args(arguments);
    command
}

/// Seconds that a command takes.
pub(super) fn seconds(mut command: Command) -> anyhow::Result<f64> {
    command.stdin(Stdio::null());
    let started = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let seconds = started.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(seconds)
}

/// The most memory that a command has at a time, in MiB, where GNU time is there to ask.
pub(super) fn peak_mib(command: &Command, home: &Path) -> anyhow::Result<Option<f64>> {
    let Some(time) = find("time") else { return Ok(None) };
    let mut timed = Command::new(time);
    in_home(&mut timed, home);
    timed.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args());
    let output = timed.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{timed:?} failed: {said}");
    Ok(said.lines().last().and_then(|kib| kib.trim().parse::<f64>().ok()).map(|kib| kib / 1024.0))
}

/// A tool on the user's PATH.
pub(super) fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|tool| tool.is_file())
}

fn in_home(command: &mut Command, home: &Path) {
    command.env("HOME", home).env_remove("PKG_ROOT");
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
}
