//! A token server as the distribution project describes one: it knows one user, and signs what
//! that user may do with a key that `openssl` made.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;

use super::registry::{ISSUER, SERVICE};

/// How long a token is good, in seconds.
const LIFE_SECONDS: u64 = 300;

/// A token server on a free port of 127.0.0.1, until it is dropped.
pub(super) struct Issuer {
    shared: Arc<Shared>,
    address: SocketAddr,
    answering: Option<JoinHandle<()>>,
}

struct Shared {
    folder: TempDir,
    /// The user and password, as the header of a request says them.
    known: String,
    /// Which requests came, and whether each said who asks.
    asked: Mutex<Vec<bool>>,
    is_over: Mutex<bool>,
}

impl Issuer {
    /// Knows the user that `base64` of `user:password` names.
    pub(super) fn start(base64: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=issuer.test \
                       -keyout key.pem -out certificate.pem";
        openssl(folder.path(), request, &[]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let known = format!("Basic {base64}");
        let shared =
            Arc::new(Shared { folder, known, asked: Mutex::default(), is_over: Mutex::default() });
        let answering = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming() {
                    if *shared.is_over.lock().unwrap() {
                        return;
                    }
                    // A client that goes away is no concern of the next one.
                    drop(stream.and_then(|stream| shared.answer(stream)));
                }
            }
        });
        Self { shared, address, answering: Some(answering) }
    }

    /// Where it is, without a path.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where tokens are asked for.
    pub(super) fn realm(&self) -> String {
        format!("{}/token", self.origin())
    }

    /// Whose signature is on its tokens.
    pub(super) fn certificate(&self) -> PathBuf {
        self.shared.folder.path().join("certificate.pem")
    }

    /// Whether each request since the last question said who asks.
    pub(super) fn take_asked(&self) -> Vec<bool> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut given = None;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header == "\r\n" {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("authorization") {
                given = Some(value.trim().to_owned());
            }
        }
        self.asked.lock().unwrap().push(given.is_some());
        let (status, body) = match given {
            Some(given) if given != self.known => {
                let body =
                    json!({"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]});
                ("401 Unauthorized", body)
            }
            given => ("200 OK", json!({"token": self.token(&target, given.is_some())})),
        };
        let body = body.to_string();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// A token for what the query asks for; for who is not known it is good for nothing.
    fn token(&self, target: &str, is_known: bool) -> String {
        let url: url::Url = format!("http://issuer.test{target}").parse().unwrap();
        let scopes = url.query_pairs().filter(|(name, _)| name == "scope");
        let scopes: Vec<String> = scopes
            .flat_map(|(_, value)| value.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let access: Vec<_> = scopes
            .iter()
            .filter(|_| is_known)
            .filter_map(|scope| {
                let (rest, actions) = scope.rsplit_once(':')?;
                let (kind, name) = rest.split_once(':')?;
                let actions: Vec<&str> = actions.split(',').collect();
                Some(json!({"type": kind, "name": name, "actions": actions}))
            })
            .collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let folder = self.folder.path();
        let certificate = fs_err::read_to_string(folder.join("certificate.pem")).unwrap();
        let der: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
        let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [der]});
        let claims = json!({
            "iss": ISSUER, "sub": if is_known { "maker" } else { "" }, "aud": SERVICE,
            "exp": now + LIFE_SECONDS, "nbf": now - 10, "iat": now, "jti": format!("{now}"),
            "access": access,
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = openssl(folder, "dgst -sha256 -sign key.pem", signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        *self.shared.is_over.lock().unwrap() = true;
        // Wakes the thread, which then sees that it is over.
        drop(TcpStream::connect(self.address));
        self.answering.take().map(JoinHandle::join).transpose().unwrap();
    }
}

/// Runs `openssl` in a folder; what it answers to what it is given.
fn openssl(folder: &Path, words: &str, input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(shlex::split(words).unwrap()).current_dir(folder).stderr(Stdio::null());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("openssl is here");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let mut output = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "openssl {words}");
    output
}

/// `user:password` as it stands in a header and in Docker's file.
pub(super) fn pair(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:{password}"))
}
