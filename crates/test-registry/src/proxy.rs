//! A proxy that leads to one registry, whatever host is asked for: as companies have them, with a
//! password, and with an authority of its own by which it looks into what passes.
//!
//! It resolves no names, so that a test may ask for hosts that are not there.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use crate::{server::TestRegistry, tls::Authority};

/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A proxy on 127.0.0.1 that stops when it is dropped.
pub struct Proxy {
    host: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a proxy is to do; [`ProxyRules::start`] makes it do so.
#[derive(Debug)]
pub struct ProxyRules {
    target: String,
    password: Option<String>,
    refusal: Option<&'static str>,
    interceptor: Option<Arc<rustls::ServerConfig>>,
}

struct Shared {
    rules: ProxyRules,
    asked: Mutex<Vec<String>>,
}

impl Proxy {
    /// A proxy that leads to `registry` and lets everybody through.
    pub fn to(registry: &TestRegistry) -> ProxyRules {
        let target = registry.host().to_owned();
        ProxyRules { target, password: None, refusal: None, interceptor: None }
    }

    /// Its `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    /// What it was asked for: `host:port` for a tunnel, else the whole address. Who says no
    /// password, or a wrong one, has a `!` before it.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked().clone()
    }

    /// Forgets what it was asked for.
    pub fn forget(&self) {
        self.shared.asked().clear();
    }
}

impl ProxyRules {
    /// Lets nobody through who does not say this.
    #[must_use]
    pub fn password(self, user: &str, password: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self { password: Some(format!("Basic {pair}")), ..self }
    }

    /// Makes no tunnel, and answers this in place of one; nothing where it is empty.
    #[must_use]
    pub fn refusing(self, answer: &'static str) -> Self {
        Self { refusal: Some(answer), ..self }
    }

    /// Ends TLS to the host `name` itself, with a certificate of `authority`, and goes on without.
    #[must_use]
    pub fn intercepting(self, authority: &Authority, name: &str) -> Self {
        let mut config = authority.server(name);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { interceptor: Some(Arc::new(config)), ..self }
    }

    /// Starts it.
    pub fn start(self) -> Proxy {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .expect("loopback always has a free port");
        let host = listener.local_addr().expect("a bound listener has an address").to_string();
        let shared = Arc::new(Shared { rules: self, asked: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("test-proxy".to_owned())
            .spawn(move || serve(listener, served, stopped))
            .expect("a test may start a thread");
        Proxy { host, shared, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the proxy has been printed already; a second one here would abort.
            drop(thread.join());
        }
    }
}

fn serve(listener: std::net::TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a test may start a runtime");
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener).expect("the socket does not block");
        let accept = async {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // Whoever goes away is no concern of the next one.
                tokio::spawn(async move { drop(shared.pass(client).await) });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, Vec<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let head = head(&mut client).await?;
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut words = text.split(' ');
        let (method, target) = (words.next(), words.next().unwrap_or_default().to_owned());
        let given = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
        });
        if self.rules.password.is_some() && self.rules.password != given {
            self.asked().push(format!("!{target}"));
            let refused = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                           Proxy-Authenticate: Basic realm=\"test-proxy\"\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
            return client.write_all(refused.as_bytes()).await;
        }
        self.asked().push(target);
        if method != Some("CONNECT") {
            return self.go_on(client, &head).await;
        }
        if let Some(answer) = self.rules.refusal {
            return client.write_all(answer.as_bytes()).await;
        }
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        match &self.rules.interceptor {
            Some(tls) => {
                let client = TlsAcceptor::from(Arc::clone(tls)).accept(client).await?;
                self.go_on(client, &[]).await
            }
            None => self.go_on(client, &[]).await,
        }
    }

    /// Passes what the client said already, and then everything both ways.
    async fn go_on(
        &self,
        mut client: impl AsyncRead + AsyncWrite + Unpin,
        said: &[u8],
    ) -> io::Result<()> {
        let mut server = TcpStream::connect(&self.rules.target).await?;
        server.set_nodelay(true)?;
        server.write_all(said).await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }
}

/// The first bytes of a connection up to the empty line.
async fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        // Byte by byte, so that nothing after it is taken.
        head.push(client.read_u8().await?);
    }
    Ok(head)
}
