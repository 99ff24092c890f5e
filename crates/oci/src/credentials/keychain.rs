//! Credential helpers: programs that keep secrets (docker-credential-helpers' protocol).
//!
//! One call is one process: `docker-credential-NAME get`, the server on its standard input
//! without a line's end, JSON on its standard output; `store` and `erase` alike. No secret is ever
//! an argument. Answers are kept by the caller.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};
use zeroize::Zeroizing;

use super::{Credential, Environment, Secret, never_dump};
use crate::excerpt::excerpt;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Why a helper gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name cannot be part of a program's name.
    #[error("`{0}` is no name of a credential helper")]
    Name(String),
    /// No folder of `PATH` has the program.
    #[error("`{0}` is not in PATH; install it, or take its name out of the configuration")]
    Missing(String),
    /// The program cannot be started or waited for.
    #[error("cannot run `{}`", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The program took too long and was killed.
    #[error("`{}` gave no answer for {} s", .program.display(), .after.as_secs_f32())]
    Silent {
        /// The program.
        program: PathBuf,
        /// How long it was waited for.
        after: Duration,
    },
    /// The program failed.
    #[error("`{}` failed ({status}): {said}", .program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The start of what it said, without control characters.
        said: String,
    },
    /// The program answered with something else than credentials.
    #[error("the answer of `{}` is no JSON with `Username` and `Secret`", .program.display())]
    Answer {
        /// The program.
        program: PathBuf,
    },
}

/// Asks the helper `name` for a server's credentials; `None` if it has none.
///
/// The program is killed when it takes longer than `limit`, or when the future is dropped.
pub(super) async fn get(
    name: &str,
    server: &str,
    environment: &Environment,
    limit: Duration,
) -> Result<Option<Credential>, Error> {
    let (program, output) = run(name, "get", server.as_bytes(), environment, limit).await?;
    read(&program, &output)
}

/// Has the helper `name` keep a user and a secret for a server.
pub(super) async fn store(
    name: &str,
    server: &str,
    (user, secret): (&str, &Secret),
    environment: &Environment,
    limit: Duration,
) -> Result<(), Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Login<'a> {
        #[serde(rename = "ServerURL")]
        server: &'a str,
        username: &'a str,
        secret: &'a str,
    }
    let login = Login { server, username: user, secret: secret.expose() };
    let input = serde_json::to_vec(&login).expect("texts can be written as JSON");
    let input = Zeroizing::new(input);
    let (program, output) = run(name, "store", &input, environment, limit).await?;
    done(program, &output, Some(secret))
}

/// Has the helper `name` erase what it keeps for a server.
pub(super) async fn erase(
    name: &str,
    server: &str,
    environment: &Environment,
    limit: Duration,
) -> Result<(), Error> {
    let (program, output) = run(name, "erase", server.as_bytes(), environment, limit).await?;
    done(program, &output, None)
}

/// Runs a helper to its end.
async fn run(
    name: &str,
    verb: &str,
    input: &[u8],
    environment: &Environment,
    limit: Duration,
) -> Result<(PathBuf, Output), Error> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Error::Name(excerpt(name)));
    }
    let program = find(&format!("docker-credential-{name}"), environment.path.as_deref())?;
    never_dump();
    let run = |source| Error::Run { program: program.clone(), source };
    let mut child = Command::new(&program)
        .arg(verb)
        .env_clear()
        .envs(environment.helper_variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(run)?;
    match tokio::time::timeout(limit, talk(&mut child, input)).await {
        Ok(output) => Ok((program.clone(), output.map_err(run)?)),
        Err(_) => {
            child.kill().await.map_err(run)?;
            Err(Error::Silent { program, after: limit })
        }
    }
}

struct Output {
    status: ExitStatus,
    stdout: Zeroizing<Vec<u8>>,
    stderr: Zeroizing<Vec<u8>>,
}

async fn talk(child: &mut Child, input: &[u8]) -> io::Result<Output> {
    let stdin = child.stdin.take();
    let ask = async {
        if let Some(mut stdin) = stdin {
            // A helper may well know its answer without reading the question.
            match stdin.write_all(input).await {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        Ok(())
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ((), stdout, stderr, status) =
        tokio::try_join!(ask, collect(stdout), collect(stderr), child.wait())?;
    Ok(Output { status, stdout, stderr })
}

async fn collect(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        pipe.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn read(program: &Path, output: &Output) -> Result<Option<Credential>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: Secret,
    }
    if output.status.success() {
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|_| Error::Answer { program: program.to_owned() })?;
        return Ok(Credential::of_user(answer.username, answer.secret));
    }
    if is_not_found(String::from_utf8_lossy(&output.stdout).trim()) {
        return Ok(None);
    }
    done(program.to_owned(), output, None).map(|()| None)
}

/// Whether a helper ended well; what it says otherwise is told without the secret that it was given.
fn done(program: PathBuf, output: &Output, given: Option<&Secret>) -> Result<(), Error> {
    let Output { status, stdout, stderr } = output;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(stdout);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(stderr) } else { said };
    // Looked for in all of it: a part of a secret is one as well.
    let said = match given.filter(|secret| !secret.is_empty()) {
        // Half an answer may hold the secret.
        _ if said.contains("\"Secret\"") => "it was about to answer".to_owned(),
        Some(secret) => excerpt(said.replace(secret.expose(), "…").trim()),
        None => excerpt(said.trim()),
    };
    let said = match status.signal() {
        _ if !said.is_empty() => said,
        Some(_) => "it was killed".to_owned(),
        None => "it said nothing".to_owned(),
    };
    Err(Error::Failed { program, status: *status, said })
}

/// Helpers say only in words that they have nothing; the protocol has no status for it.
fn is_not_found(said: &str) -> bool {
    said == "credentials not found in native keychain"
        || said.starts_with("No stored credential")
        || said == "The specified item could not be found in the keychain."
}

fn find(program: &str, path: Option<&OsStr>) -> Result<PathBuf, Error> {
    let path = path.map(OsString::from).unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| {
            file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
        })
        .ok_or_else(|| Error::Missing(program.to_owned()))
}
