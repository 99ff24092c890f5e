//! The running registry: its thread, its address, and what a test asks of it.
//!
//! It deliberately does not know how a request is answered; `route` does.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use bytes::Bytes;
use digest::Digest;
use rustls::ServerConfig;
use tokio::sync::{oneshot, watch};

use crate::{
    auth::{Auth, Tokens},
    connection::{Connection, Door},
    content::{self, Layer},
    fault::{Fault, On, Rule},
    log::Request,
    package::Package,
    quirk::Quirk,
    route,
    state::{Repository, State},
    tls::Authority,
};

/// How long [`TestRegistry::wait_for`] waits before it says that a test hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where registries listen unless a test wants it otherwise.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A registry in memory on 127.0.0.1 that stops when it is dropped.
pub struct TestRegistry {
    shared: Arc<Shared>,
    host: String,
    scheme: &'static str,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the server's tasks and the test both see.
pub(crate) struct Shared {
    state: Mutex<State>,
    logged: Condvar,
    pub(crate) gate: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, request: Request) {
        self.state().log.push(request);
        self.logged.notify_all();
    }
}

impl TestRegistry {
    /// Starts a registry that is empty and open to everyone.
    pub fn start() -> Self {
        Self::start_with(LOOPBACK, None)
    }

    /// The same at `[::1]`; `None` where this machine has no IPv6.
    pub fn start_at_ipv6() -> Option<Self> {
        let address = IpAddr::V6(Ipv6Addr::LOCALHOST);
        TcpListener::bind((address, 0)).ok()?;
        Some(Self::start_with(address, None))
    }

    /// The same, with TLS by a certificate of `authority`, HTTP/2, and client certificates.
    pub fn start_tls(authority: &Authority) -> Self {
        Self::start_tls_as(authority, "127.0.0.1")
    }

    /// The same, with a certificate for another name than the one that it is found by.
    pub fn start_tls_as(authority: &Authority, name: &str) -> Self {
        Self::start_with(LOOPBACK, Some(authority.server(name)))
    }

    fn start_with(address: IpAddr, tls: Option<ServerConfig>) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            logged: Condvar::new(),
            gate: watch::Sender::new(false),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let listener = TcpListener::bind((address, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .expect("loopback always has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("test-registry".to_owned())
            .spawn(move || serve(listener, tls, served, stopped))
            .expect("a test may start a thread");
        let (stop, thread) = (Some(stop), Some(thread));
        Self { shared, host: address.to_string(), scheme, stop, thread }
    }

    /// The host of references into this registry, mostly `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The absolute URL of `path`, which starts with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.host)
    }

    /// Serves `bytes` under `path` to GET and HEAD, with ranges and an ETag.
    pub fn file(&self, path: &str, bytes: impl Into<Bytes>) {
        self.shared.state().files.insert(path.to_owned(), bytes.into());
    }

    /// Stores a blob and returns its digest.
    pub fn push_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        self.repository(repository, |found| found.blobs.insert(digest.clone(), bytes));
        digest
    }

    /// Stores a manifest's bytes as they are, under `tag` if one is given.
    pub fn push_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        self.repository(repository, |found| found.put_manifest(tag, media_type, bytes))
    }

    /// Stores an image of `layers` for the machine that the test runs on.
    pub fn push_image(&self, repository: &str, tag: &str, layers: &[Layer]) -> Digest {
        let platform = content::host_platform();
        let config = self.push_blob(repository, content::config(&platform, layers));
        self.push_layers(repository, layers);
        let manifest = content::image(&config, layers, self.blob_size(repository, &config));
        self.push_manifest(repository, Some(tag), content::IMAGE, manifest)
    }

    /// Stores an artifact with the empty config, as `oras push` does.
    pub fn push_artifact(
        &self,
        repository: &str,
        tag: &str,
        artifact_type: &str,
        layers: &[Layer],
    ) -> Digest {
        self.push_blob(repository, &b"{}"[..]);
        self.push_layers(repository, layers);
        let manifest = content::artifact(artifact_type, layers);
        self.push_manifest(repository, Some(tag), content::IMAGE, manifest)
    }

    /// Stores an index over manifests that are here already, by `os/arch[/variant]`.
    pub fn push_index(&self, repository: &str, tag: &str, entries: &[(&str, Digest)]) -> Digest {
        let entries: Vec<_> = self.repository(repository, |found| {
            let size = |digest| found.manifests.get(digest).map_or(0, |m| m.bytes.len());
            entries.iter().map(|(platform, digest)| (*platform, digest, size(digest))).collect()
        });
        let index = content::index(&entries);
        self.push_manifest(repository, Some(tag), content::INDEX, index)
    }

    /// Begins a package: an image per platform under one index, in the repository `name`.
    pub fn package(&self, name: &str, version: &str) -> Package<'_> {
        Package::new(self, name, version)
    }

    /// The digest that `tag` points at.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<Digest> {
        self.repository(repository, |found| found.tags.get(tag).cloned())
    }

    /// The bytes of a manifest that is stored here.
    pub fn manifest(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        self.repository(repository, |found| found.manifests.get(digest).map(|m| m.bytes.clone()))
    }

    /// The bytes of a blob that is stored here.
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        self.repository(repository, |found| found.blobs.get(digest).cloned())
    }

    /// Forgets a blob, as a registry's garbage collection may.
    pub fn remove_blob(&self, repository: &str, digest: &Digest) {
        self.repository(repository, |found| found.blobs.remove(digest));
    }

    /// Gives at most `count` tags per page from now on, with a `Link` to the next.
    pub fn paginate_tags(&self, count: usize) {
        self.shared.state().tags_page = Some(count);
    }

    /// Says a fault by name for requests that match `pattern`, as in `GET /v2/*/blobs/*`.
    ///
    /// The method may be left out; `*` stands for anything, `/` and the query included.
    pub fn on(&self, pattern: &str) -> On<'_> {
        On::new(self, pattern)
    }

    pub(crate) fn add_rule(&self, pattern: &str, skip: u32, times: Option<u32>, fault: Fault) {
        self.shared.state().rules.push(Rule::new(pattern, skip, times, fault));
    }

    /// Makes the registry differ in this way from now on.
    pub fn quirk(&self, quirk: Quirk) {
        self.shared.state().quirks.push(quirk);
    }

    /// How many uploads were begun and neither ended nor cancelled.
    pub fn open_uploads(&self) -> usize {
        self.shared.state().uploads.len()
    }

    /// All tags of a repository, sorted.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.repository(repository, |found| found.tags.keys().cloned().collect())
    }

    /// The digests of all manifests of a repository.
    pub fn manifests(&self, repository: &str) -> Vec<Digest> {
        self.repository(repository, |found| found.manifests.keys().cloned().collect())
    }

    /// Drops every fault that was asked for.
    pub fn behave(&self) {
        self.shared.state().rules.clear();
    }

    /// Lets go of every request that [`On::holding`] holds, and holds none from now on.
    pub fn release(&self) {
        self.shared.gate.send_replace(true);
    }

    /// Asks every `/v2/` request for this user and password.
    pub fn require_basic(&self, user: &str, password: &str) {
        self.shared.state().auth = Auth::basic(user, password);
    }

    /// Asks every `/v2/` request for a bearer token, and issues such tokens at `/token`.
    pub fn require_tokens(&self, tokens: Tokens) {
        self.shared.state().auth = Auth::tokens(tokens);
    }

    /// Refuses every token that was issued until now.
    pub fn expire_tokens(&self) {
        self.shared.state().auth.expire();
    }

    /// Every request until now, in the order of their arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().log.clone()
    }

    /// The requests until now that match `pattern` (see [`TestRegistry::on`]).
    pub fn requests_to(&self, pattern: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.matches(pattern));
        requests
    }

    /// Empties the log.
    pub fn forget_requests(&self) {
        self.shared.state().log.clear();
    }

    /// Blocks until `count` requests match `pattern`.
    ///
    /// # Panics
    /// After half a minute, so that a test that would hang fails instead.
    pub fn wait_for(&self, pattern: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.state();
        while state.log.iter().filter(|request| request.matches(pattern)).count() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {count} requests for `{pattern}` came");
            let waited = self.shared.logged.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The most requests that were being answered at one time.
    pub fn peak(&self) -> usize {
        self.shared.state().peak
    }

    fn push_layers(&self, repository: &str, layers: &[Layer]) {
        for layer in layers {
            self.push_blob(repository, layer.bytes().clone());
        }
    }

    pub(crate) fn blob_size(&self, repository: &str, digest: &Digest) -> usize {
        self.blob(repository, digest).map_or(0, |bytes| bytes.len())
    }

    fn repository<T>(&self, name: &str, work: impl FnOnce(&mut Repository) -> T) -> T {
        work(self.shared.state().repositories.entry(name.to_owned()).or_default())
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been printed already; a second one here would abort.
            drop(thread.join());
        }
    }
}

fn serve(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    shared: Arc<Shared>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a test may start a runtime");
    runtime.block_on(async move {
        let door = Door::new(listener, tls);
        let service = axum::Router::new()
            .fallback(route::answer)
            .with_state(shared)
            .into_make_service_with_connect_info::<Connection>();
        // A loopback socket that cannot serve shows in the test as a refused connection.
        tokio::select! {
            _ = axum::serve(door, service).into_future() => {}
            _ = stopped => {}
        }
    });
}
