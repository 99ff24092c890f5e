//! The system's `git`, run so that neither the user, the machine nor a repository steers it.
//!
//! Its environment is cleared, its configuration written here, its repository made here: nothing
//! from `~/.gitconfig`, no hooks, no helper for credentials, no question, no transport but those
//! that the place needs. What a server sends is checked as it is taken.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use fs_err as fs;
use tempfile::TempDir;

use super::{Error, Git, Place};

/// Most of what `git` said that is kept, in bytes.
pub(super) const SAID_BYTES_MAX: usize = 4 << 10;

/// Faults of old commits and trees that harm nobody: only names and contents are used.
const HARMLESS: &[&str] = &[
    "badEmail",
    "badTimezone",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
];

/// Where systems keep the certificates that they trust, in one file.
const CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// `git` with one repository of its own, which is gone when this is dropped.
pub(crate) struct Program {
    folder: TempDir,
    variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    protocols: &'static str,
}

/// A process of `git`, ended when it is dropped.
pub(crate) struct Running {
    child: Child,
    said: Option<std::path::PathBuf>,
}

impl Program {
    /// Makes an empty repository in `staging` for the kind of hash that `commit` is.
    pub(super) fn new(
        git: &Git,
        place: &Place,
        commit: &str,
        staging: &Path,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Repository { source };
        let folder = tempfile::Builder::new().prefix("git-").tempdir_in(staging).map_err(failed)?;
        let at = folder.path();
        for name in ["objects/info", "objects/pack", "refs"] {
            fs::create_dir_all(at.join(name)).map_err(failed)?;
        }
        fs::write(at.join("HEAD"), "ref: refs/heads/none\n").map_err(failed)?;
        let certificates = certificates(&git.config.ca, at).map_err(failed)?;
        let config = config(&git.config, commit, certificates.as_deref());
        fs::write(at.join("config"), config).map_err(failed)?;
        let (variables, protocols) = (git.variables.clone(), place.protocols);
        Ok(Self { folder, variables, protocols })
    }

    /// The folder of the repository.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(words)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("HOME", self.folder())
            .env("XDG_CONFIG_HOME", self.folder())
            .env("LC_ALL", "C")
            .env("GIT_DIR", self.folder())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", self.protocols)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Starts `git` with `words`, what it says on a pipe.
    pub(super) fn talking(&self, words: &[&str], input: Stdio) -> Result<Running, Error> {
        let mut command = self.command(words);
        Running::start(command.stdin(input).stderr(Stdio::piped()), None)
    }

    /// Starts `git` with `words`, what it answers on a pipe, what it says in a file.
    pub(super) fn answering(&self, words: &[&str], input: Stdio) -> Result<Running, Error> {
        let said = self.folder().join(format!("said-{}", words[0]));
        let file = File::create(&said).map_err(|source| Error::Repository { source })?;
        let mut command = self.command(words);
        let command = command.stdin(input).stdout(Stdio::piped()).stderr(file);
        Running::start(command, Some(said))
    }
}

impl Running {
    fn start(command: &mut Command, said: Option<std::path::PathBuf>) -> Result<Self, Error> {
        match command.spawn() {
            Ok(child) => Ok(Self { child, said }),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Err(Error::Missing),
            Err(source) => Err(Error::Run { source }),
        }
    }

    pub(super) fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(super) fn answer(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    pub(super) fn messages(&mut self) -> Option<std::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits for its end; whether it was content.
    pub(super) fn end(&mut self) -> Result<bool, Error> {
        let status = self.child.wait().map_err(|source| Error::Run { source })?;
        Ok(status.success())
    }

    /// What it said so far, where that goes to a file.
    pub(super) fn said(&self) -> String {
        let mut bytes = Vec::new();
        let file = self.said.as_ref().and_then(|path| File::open(path).ok());
        // Nothing said is as good as nothing readable: the step that failed is told anyway.
        let _ = file.map(|file| file.take(SAID_BYTES_MAX as u64).read_to_end(&mut bytes)).is_some();
        sentence(&String::from_utf8_lossy(&bytes))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended already is only taken note of.
        let _ = self.child.kill().is_ok();
        let _ = self.child.wait().is_ok();
    }
}

/// The faults that `git` names, in one line; else all that it said.
pub(super) fn sentence(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let fault = |line: &str| {
        let fault = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: "));
        fault.map(ToOwned::to_owned)
    };
    let mut faults: Vec<String> = lines().filter_map(fault).collect();
    faults.dedup();
    if faults.is_empty() {
        faults = lines().map(ToOwned::to_owned).collect();
    }
    match faults.is_empty() {
        true => "it ended without a word".to_owned(),
        false => faults.join("; ").replace(char::is_control, "\u{fffd}"),
    }
}

/// The configuration of our repository.
fn config(oci: &oci::Config, commit: &str, certificates: Option<&str>) -> String {
    let mut text = String::from("[core]\n\trepositoryFormatVersion = ");
    match commit.len() {
        64 => text.push_str("1\n[extensions]\n\tobjectFormat = sha256\n[core]\n"),
        _ => text.push_str("0\n"),
    }
    text.push_str(
        "\tbare = true\n\thooksPath = /dev/null\n\tattributesFile = /dev/null\n\
         \tfsync = none\n\tbigFileThreshold = 16m\n\
         [transfer]\n\tfsckObjects = true\n\
         [protocol]\n\tversion = 2\n\
         [gc]\n\tauto = 0\n\
         [maintenance]\n\tauto = false\n\
         [credential]\n\thelper =\n\
         [fetch \"fsck\"]\n",
    );
    for fault in HARMLESS {
        text.push_str(&format!("\t{fault} = ignore\n"));
    }
    let seconds = oci.stall.as_secs().max(1);
    text.push_str(&format!("[http]\n\tlowSpeedLimit = 1\n\tlowSpeedTime = {seconds}\n"));
    if let Some(file) = certificates {
        text.push_str(&format!("\tsslCAInfo = {}\n", quoted(file)));
    }
    text
}

fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// The certificates of the configuration beside the system's, which `git` takes from one file.
fn certificates(ca: &[std::path::PathBuf], at: &Path) -> io::Result<Option<String>> {
    if ca.is_empty() {
        return Ok(None);
    }
    let system = CERTIFICATES.iter().find_map(|path| fs::read(path).ok());
    let mut all = system.unwrap_or_default();
    for path in ca {
        all.push(b'\n');
        all.extend(fs::read(path)?);
    }
    let path = at.join("certificates.pem");
    fs::write(&path, all)?;
    Ok(Some(path.display().to_string()))
}
