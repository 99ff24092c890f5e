//! One test in its folder: the command is found and run, and its output is judged.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use fs_err as fs;

use super::{Error, Test, Tests, process};
use crate::event::Event;

/// How one test ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command with its arguments.
    pub command: Vec<String>,
    /// What its output had to hold.
    pub expected: Vec<Expected>,
    /// What became of it.
    pub verdict: Verdict,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// What the output of a command has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This text.
    Text(String),
    /// Something that this regular expression matches.
    Match(String),
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It ended well and its output is as expected.
    Passed,
    /// There is no such command.
    NoCommand,
    /// It ended with another code than 0, or was ended by a signal.
    Ended(ExitStatus),
    /// Its output is not as expected.
    Output,
    /// It did not end in time, and was ended.
    Hung(Duration),
}

impl Verdict {
    /// Whether all is well.
    pub fn is_passed(&self) -> bool {
        *self == Self::Passed
    }
}

impl Tests {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.tests.len()
    }

    /// Runs them one after another, each for at most `limit`.
    pub fn run(&self, limit: Duration) -> impl Iterator<Item = Result<Outcome, Error>> {
        self.tests.iter().map(move |test| {
            (self.events)(Event::Testing { name: self.package.clone() });
            let folder = tempfile::Builder::new().prefix("pkg-test-").tempdir();
            let folder = folder.map_err(Error::Folder)?.keep();
            let outcome = self.one(test, &folder, limit);
            if let Err(error) = store::remove(&folder) {
                tracing::debug!(%error, "the folder of a test stays");
            }
            outcome
        })
    }

    fn one(&self, test: &Test, folder: &Path, limit: Duration) -> Result<Outcome, Error> {
        let bin = self.furnish(folder).map_err(Error::Folder)?;
        let work = folder.join("work");
        for (path, text) in &test.files {
            let is_inside =
                store::archive::read_path(path.as_bytes()).is_ok_and(|own| own == *path);
            if !is_inside {
                return Err(Error::Path { path: path.clone() });
            }
            write(&work.join(path), text).map_err(Error::Folder)?;
        }
        let path: Vec<_> = std::iter::once(bin).chain(self.path.iter().cloned()).collect();
        let name = test.run.first().map_or("", String::as_str);
        let Some(program) = find(name, &work, &path) else {
            return Ok(outcome(test, Verdict::NoCommand, process::Output::default()));
        };
        let mut command = Command::new(program);
        command
            .args(&test.run[1..])
            .env_clear()
            .env("HOME", folder.join("home"))
            .env("TMPDIR", folder.join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("PATH", std::env::join_paths(&path).unwrap_or_default())
            .envs(&self.variables)
            .current_dir(&work);
        let ended = process::run(&mut command, test.stdin.as_deref(), limit);
        let ended = ended.map_err(|source| Error::Start { command: name.to_owned(), source })?;
        let (status, output) = ended;
        let verdict = match status {
            None => Verdict::Hung(limit),
            Some(status) if !status.success() => Verdict::Ended(status),
            Some(_) if is_as_expected(test, &output) => Verdict::Passed,
            Some(_) => Verdict::Output,
        };
        Ok(outcome(test, verdict, output))
    }

    /// Makes the folders of a test; the one with the commands.
    fn furnish(&self, folder: &Path) -> io::Result<PathBuf> {
        let folders @ [bin, ..] = &["bin", "home", "tmp", "work"].map(|name| folder.join(name));
        folders.iter().try_for_each(fs::create_dir)?;
        for (name, program) in &self.commands {
            symlink(program, bin.join(name))?;
        }
        Ok(bin.clone())
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)?;
    // A script of a test is called as one.
    let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// The program that a command means: a path, else the first of that name in the folders.
fn find(name: &str, work: &Path, path: &[PathBuf]) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        let found = path.metadata();
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(work.join(name)).filter(is_program);
    }
    path.iter().map(|folder| folder.join(name)).find(is_program)
}

/// Some programs tell their version on one stream, some on the other: either will do.
fn is_as_expected(test: &Test, output: &process::Output) -> bool {
    let streams = [&output.stdout, &output.stderr];
    let contains = |text: &String| streams.iter().any(|stream| stream.contains(text.as_str()));
    let matches = |pattern: &regex::Regex| streams.iter().any(|stream| pattern.is_match(stream));
    test.expect.as_ref().is_none_or(contains) && test.matches.as_ref().is_none_or(matches)
}

fn outcome(test: &Test, verdict: Verdict, output: process::Output) -> Outcome {
    let text = test.expect.iter().map(|text| Expected::Text(text.clone()));
    let pattern = test.matches.iter().map(|it| Expected::Match(it.as_str().to_owned()));
    let process::Output { stdout, stderr } = output;
    let expected = text.chain(pattern).collect();
    Outcome { command: test.run.clone(), expected, verdict, stdout, stderr }
}
