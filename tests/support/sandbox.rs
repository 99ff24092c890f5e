//! A home of its own, in which the program runs as it does for a user.

use std::{
    cell::OnceCell,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use tempfile::TempDir;
use test_registry::TestRegistry;

use super::{Recipe, output::Output};

/// No command of a test takes so long; one that does hangs, and is killed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A user's home, a working folder, and a registry once one is asked for; gone when dropped.
pub(crate) struct Sandbox {
    folder: TempDir,
    registry: OnceCell<TestRegistry>,
}

impl Sandbox {
    /// An empty home.
    pub(crate) fn new() -> Self {
        Self::of(tempfile::Builder::new().prefix("pkg-test-").tempdir().unwrap())
    }

    /// An empty home in memory where the system has such folders: no time goes into syncs.
    pub(crate) fn in_memory() -> Self {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("pkg-test-");
        Self::of(builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir()).unwrap())
    }

    fn of(folder: TempDir) -> Self {
        fs_err::create_dir(folder.path().join("desk")).unwrap();
        Self { folder, registry: OnceCell::new() }
    }

    /// The home folder.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// The root folder that the program uses when nobody names one.
    pub(crate) fn root(&self) -> PathBuf {
        self.home().join(".local/share/pkg")
    }

    /// A path below the prefix.
    pub(crate) fn prefix(&self, path: &str) -> PathBuf {
        self.root().join("current").join(path)
    }

    /// The registry, started by the first one who asks.
    pub(crate) fn registry(&self) -> &TestRegistry {
        self.registry.get_or_init(TestRegistry::start)
    }

    /// Writes a file; a relative path is below the working folder.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join("desk").join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    /// Writes `config.toml`.
    pub(crate) fn config(&self, text: &str) {
        self.write("../.config/pkg/config.toml", text);
    }

    /// Keeps a login as `docker login` does; `auth` is `USER:PASSWORD` in base64.
    pub(crate) fn log_in(&self, host: &str, auth: &str) {
        let logins = format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{auth}\"}}}}}}");
        self.write("../.docker/config.json", logins);
    }

    /// A formula of the tap `test`, which is a folder that the first one adds.
    pub(crate) fn formula(&self, name: &str) -> Recipe<'_> {
        let is_first = !self.home().join("test").exists();
        let recipe = Recipe::new(self, name);
        if is_first {
            self.run("tap add ../test").ok();
        }
        recipe
    }

    /// The program with its words, in the working folder, with nothing of the tester's environment.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = self.foreign(env!("CARGO_BIN_EXE_pkg"));
        command.args(shlex::split(words).expect("the words of a test are well quoted"));
        command
    }

    /// A shell that runs `script` with the program as `$pkg`, in the same surroundings.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = self.foreign("/bin/sh");
        command.args(["-c", script]).env("pkg", env!("CARGO_BIN_EXE_pkg"));
        command
    }

    /// Another program in the same surroundings.
    pub(crate) fn foreign(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(self.home().join("desk"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &str) -> Output {
        self.finish(&mut self.command(words))
    }

    /// Runs a command of [`Sandbox::command`] to its end; one that hangs is killed.
    pub(crate) fn finish(&self, command: &mut Command) -> Output {
        self.end(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Starts the program beside others; [`Sandbox::end`] waits for it.
    pub(crate) fn start(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What an installed program prints; `path` is below the prefix.
    #[track_caller]
    pub(crate) fn says(&self, path: &str) -> String {
        self.finish(&mut self.foreign(self.prefix(path))).ok().stdout
    }

    /// Waits for the end of a command that was started; one that hangs is killed.
    pub(crate) fn end(&self, child: Child) -> Output {
        let deadline = Deadline::of(&child);
        let output = child.wait_with_output().unwrap();
        drop(deadline);
        Output::new(output, self.home(), self.registry.get().map(TestRegistry::host))
    }
}

/// Kills a process that runs for too long; to be dropped when it ended.
pub(crate) struct Deadline {
    ended: Option<mpsc::Sender<()>>,
    guard: Option<JoinHandle<()>>,
}

impl Deadline {
    pub(crate) fn of(child: &Child) -> Self {
        let pid = Pid::from_child(child);
        let (ended, watch) = mpsc::channel();
        let guard = thread::spawn(move || {
            if watch.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        Self { ended: Some(ended), guard: Some(guard) }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        drop(self.ended.take());
        self.guard.take().map(JoinHandle::join).transpose().unwrap();
    }
}
