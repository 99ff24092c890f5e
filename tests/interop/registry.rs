//! Registries as their makers ship them, each on a free port of 127.0.0.1 until it is dropped.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::peers;
use crate::support::say;

/// How long a registry may take until it answers; only one that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two questions whether it answers.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a port is chosen anew because another process was quicker.
const PORTS: u32 = 3;

/// Whose registry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Zot,
    Distribution,
    DockerRegistry,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Zot, Self::Distribution, Self::DockerRegistry];

    /// The name that the documentation uses, and the program's but for distribution.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zot => "zot",
            Self::Distribution => "distribution",
            Self::DockerRegistry => "docker-registry",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Distribution => "registry",
            other => other.name(),
        }
    }

    fn config(self, folder: &str, port: u16, guard: Option<&Guard>) -> String {
        match self {
            Self::Zot => {
                let guard = guard.map(Guard::of_zot).unwrap_or_default();
                format!(
                    r#"{{"distSpecVersion": "1.1.1",
                    "storage": {{"rootDirectory": "{folder}", "gc": false}},
                    "http": {{"address": "127.0.0.1", "port": "{port}", "compat": ["docker2s2"]
                        {guard}}},
                    "log": {{"level": "error"}}}}"#
                )
            }
            Self::Distribution | Self::DockerRegistry => {
                let tls = guard.map(Guard::tls_of_distribution).unwrap_or_default();
                let users = guard.map(Guard::users_of_distribution).unwrap_or_default();
                format!(
                    "version: 0.1\n\
                     storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}\n\
                     http: {{addr: \"127.0.0.1:{port}\"{tls}}}\n\
                     {users}log: {{level: error}}\n"
                )
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a registry that is not open to everyone needs: files, by their paths.
pub(super) enum Guard {
    /// Passwords, and so TLS.
    Passwords {
        /// Certificate and key of its TLS.
        tls: [PathBuf; 2],
        /// Its users, as `htpasswd` writes them.
        users: PathBuf,
    },
    /// Tokens of a server that it names.
    Tokens {
        /// Where the server is.
        realm: String,
        /// Whose signature is good on a token.
        certificate: PathBuf,
    },
}

/// What tokens are for, and whose they are.
pub(super) const SERVICE: &str = "registry.test";
pub(super) const ISSUER: &str = "issuer.test";

impl Guard {
    fn of_zot(&self) -> String {
        match self {
            Self::Passwords { tls, users } => {
                let [certificate, key] = tls.each_ref().map(|path| path.display());
                let users = users.display();
                format!(
                    r#", "tls": {{"cert": "{certificate}", "key": "{key}"}},
                    "auth": {{"htpasswd": {{"path": "{users}"}}}}"#
                )
            }
            Self::Tokens { realm, certificate } => {
                let certificate = certificate.display();
                format!(
                    r#", "auth": {{"bearer": {{"realm": "{realm}", "service": "{SERVICE}",
                    "cert": "{certificate}"}}}}"#
                )
            }
        }
    }

    fn tls_of_distribution(&self) -> String {
        let Self::Passwords { tls, .. } = self else { return String::new() };
        let [certificate, key] = tls.each_ref().map(|path| path.display());
        format!(", tls: {{certificate: {certificate}, key: {key}}}")
    }

    fn users_of_distribution(&self) -> String {
        match self {
            Self::Passwords { users, .. } => {
                format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", users.display())
            }
            Self::Tokens { realm, certificate } => format!(
                "auth: {{token: {{realm: \"{realm}\", service: {SERVICE}, issuer: {ISSUER}, \
                 rootcertbundle: {}}}}}\n",
                certificate.display()
            ),
        }
    }

    /// How the registry answers who speaks neither TLS nor knows a name.
    fn greeting(&self) -> &'static str {
        match self {
            Self::Passwords { .. } => "HTTP/1.0 400",
            Self::Tokens { .. } => "HTTP/1.1 401",
        }
    }
}

/// A registry that answers.
pub(super) struct Registry {
    pub(super) kind: Kind,
    /// `127.0.0.1:PORT`.
    pub(super) host: String,
    /// None where a page of the documentation starts it.
    process: Option<Child>,
    folder: TempDir,
    greeting: &'static str,
}

impl Registry {
    /// Every registry that is here, started one after the other.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let here = Kind::ALL.into_iter().filter(|kind| peers::is_here(kind.program()));
        here.map(|kind| Self::start(kind, None))
    }

    /// The same, each behind a guard.
    pub(super) fn all_behind(guard: &Guard) -> impl Iterator<Item = Self> {
        let here = Kind::ALL.into_iter().filter(|kind| peers::is_here(kind.program()));
        here.map(move |kind| Self::start(kind, Some(guard)))
    }

    /// Every registry that is here, for a page that starts it itself at a free port.
    pub(super) fn all_to_start() -> impl Iterator<Item = Self> {
        let here = Kind::ALL.into_iter().filter(|kind| peers::is_here(kind.program()));
        here.map(|kind| {
            let folder = tempfile::Builder::new().prefix("pkg-peer-").tempdir().unwrap();
            let host = format!("127.0.0.1:{}", free_port());
            Self { kind, host, process: None, folder, greeting: "" }
        })
    }

    fn start(kind: Kind, guard: Option<&Guard>) -> Self {
        let started = (0..PORTS).find_map(|_| {
            let mut registry = Self::launch(kind, guard);
            registry.wait().then_some(registry)
        });
        started.unwrap_or_else(|| panic!("{kind} ends as soon as it starts"))
    }

    fn launch(kind: Kind, guard: Option<&Guard>) -> Self {
        let folder = tempfile::Builder::new().prefix("pkg-peer-").tempdir().unwrap();
        let port = free_port();
        let end = if kind == Kind::Zot { "json" } else { "yml" };
        let config = folder.path().join("config").with_extension(end);
        let data = folder.path().join("data");
        fs_err::write(&config, kind.config(data.to_str().unwrap(), port, guard)).unwrap();
        let log = fs_err::File::create(folder.path().join("log")).unwrap().into_parts().0;
        let process = Command::new(kind.program())
            .arg("serve")
            .arg(config)
            .current_dir(&folder)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {kind}: {error}"));
        let greeting = guard.map_or("HTTP/1.1 200", Guard::greeting);
        let host = format!("127.0.0.1:{port}");
        Self { kind, host, process: Some(process), folder, greeting }
    }

    /// Whether it came to answer; false when it ended instead.
    fn wait(&mut self) -> bool {
        let start = Instant::now();
        while !self.answers().unwrap_or(false) {
            if self.has_ended() {
                say(&self.log());
                return false;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not answer: {}", self.kind, self.log());
            thread::sleep(PAUSE);
        }
        // Else another process answers on a port that this one did not get.
        !self.has_ended()
    }

    fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_some())
    }

    fn answers(&self) -> io::Result<bool> {
        let address: SocketAddr = self.host.parse().unwrap();
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = &self.host;
        write!(stream, "GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(64).read_to_string(&mut answer)?;
        Ok(answer.starts_with(self.greeting))
    }

    fn log(&self) -> String {
        fs_err::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if thread::panicking() {
            say(&format!("{} at {} said: {}", self.kind, self.host, self.log()));
        }
        if let Some(process) = &mut self.process {
            // It is this test's own process; one that ended by itself needs no end.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
