//! How the client behaves; every value comes from the caller, nothing from the environment.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use crate::{
    Allowed, Error, Event, credentials,
    exchange::web_url,
    host,
    mirror::Mirrors,
    shown::{self, Shown},
};

/// The client's settings; [`Config::default`] is what a program starts from.
///
/// Proxies are the system's (`https_proxy`, `no_proxy` and the like) unless [`Config::proxies`]
/// says which.
#[derive(Clone)]
pub struct Config {
    /// What the client calls itself, `name/version`.
    pub user_agent: String,
    /// Where credentials come from.
    pub credentials: credentials::Lookup,
    /// What a URL begins with, and what it shall begin with instead; the longest match counts.
    pub mirrors: Vec<(String, String)>,
    /// Hosts, with their port, that are spoken to without TLS; this machine is as well.
    pub plain_http: Vec<String>,
    /// What is special about single registries, by their host with its port.
    pub registries: BTreeMap<String, Registry>,
    /// Registries that may be asked, by their host with its port.
    pub allowed_registries: Allowed,
    /// Addresses that may be asked beside them.
    pub allowed_sources: Allowed,
    /// Files of certificates (PEM) to trust beside the system's.
    pub ca: Vec<PathBuf>,
    /// Folders like `/etc/containers/certs.d`, with certificates for one `host:port` each.
    pub certs: Vec<PathBuf>,
    /// Proxies, instead of the system's; this machine is asked without one.
    pub proxies: Option<Proxies>,
    /// Ask no server at all.
    pub offline: bool,
    /// How often a request may fail in a row and be tried again.
    pub retries: u32,
    /// The first pause after a failure; each next one is twice as long.
    pub back_off: Duration,
    /// The longest that one request waits in all, however long a server asks for.
    pub budget: Duration,
    /// After so many bytes of a blob its retries and budget start over.
    pub progress_bytes: u64,
    /// The longest silence while an answer is awaited or arrives; there is no limit in all.
    pub stall: Duration,
    /// The longest time to connect.
    pub connect: Duration,
    /// Requests to one host at once, blobs not counted.
    pub requests_per_host: usize,
    /// Blobs from one host at once, and as many to it.
    pub streams_per_host: usize,
    /// How registries are written to.
    pub push: Pushing,
    /// Blobs that a copy moves at once.
    pub jobs: usize,
    /// When a source is silent for so long, a copy to a registry goes by way of the disk.
    pub spool_after: Duration,
    /// The folder of files, without a name, for what goes by way of the disk.
    pub spool: PathBuf,
    /// Takes what the client tells while it works; called from the client's tasks.
    pub events: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: concat!("pkg/", env!("CARGO_PKG_VERSION")).to_owned(),
            credentials: credentials::Lookup::default(),
            mirrors: Vec::new(),
            plain_http: Vec::new(),
            registries: BTreeMap::new(),
            allowed_registries: Allowed::default(),
            allowed_sources: Allowed::default(),
            ca: Vec::new(),
            certs: ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(Into::into).to_vec(),
            proxies: None,
            offline: false,
            retries: 5,
            back_off: Duration::from_millis(250),
            budget: Duration::from_secs(120),
            progress_bytes: 1 << 20,
            stall: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            requests_per_host: 16,
            streams_per_host: 8,
            push: Pushing::default(),
            jobs: 8,
            spool_after: Duration::from_secs(10),
            // Other than `/tmp`, it is nowhere kept in memory.
            spool: "/var/tmp".into(),
            events: Arc::new(drop),
        }
    }
}

/// What is special about one registry; it holds for no other.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Origins of token servers on other sites that may see its stored credentials.
    pub token_servers: Vec<String>,
    /// It is spoken to with TLS though it is this machine.
    pub tls: bool,
    /// Files of certificates (PEM) to trust for it beside all others.
    pub ca: Vec<PathBuf>,
    /// Who we are to it.
    pub identity: Option<Identity>,
    /// Its proxies, instead of those for all.
    pub proxies: Option<Proxies>,
    /// Where it is read from, in this order, before it is read itself.
    pub mirrors: Vec<Mirror>,
    /// It is read from its mirrors alone; what is written still goes to it.
    pub is_only_mirrored: bool,
}

/// A client's certificate and its key.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A file with the certificate and those that lead to its authority (PEM).
    pub certificate: PathBuf,
    /// A file with the key (PEM), which nobody but the user and his group may read.
    pub key: PathBuf,
}

/// Which proxies there are, as URLs that may hold a user and a password.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For what is asked without TLS.
    pub http: Option<String>,
    /// For what is asked with TLS.
    pub https: Option<String>,
    /// Who is asked without one: hosts, domains, addresses and networks, with commas in between.
    pub except: Option<String>,
}

/// Another registry with the same content.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// Below which `host[:port][/path]` it has the repositories.
    pub location: String,
    /// It is asked what a tag names as well, and for lists; without, only for digests.
    pub answers_tags: bool,
}

/// How registries are written to; the defaults suit all that are known.
#[derive(Debug, Clone)]
pub struct Pushing {
    /// The size in bytes of the chunks of an upload that cannot be one piece; a registry may ask
    /// for larger ones. GHCR takes none that are larger than this default.
    pub chunk_bytes: u64,
    /// The longest body of a request in bytes, where a proxy before the registry limits it;
    /// longer blobs go in chunks.
    pub body_bytes_max: Option<u64>,
    /// Sends a blob along with the request that begins the upload.
    pub single_post: bool,
    /// Never uploads to another origin than the registry's own.
    pub stays_home: bool,
    /// Sends manifests of more than 4 MiB, which most registries refuse.
    pub large_manifests: bool,
    /// Deletes a list of referrers once another has taken its tag.
    pub deletes_old_lists: bool,
    /// A folder for locks between processes that change the same list of referrers.
    pub locks: Option<PathBuf>,
}

impl Default for Pushing {
    fn default() -> Self {
        Self {
            chunk_bytes: 4 << 20,
            body_bytes_max: None,
            single_post: false,
            stays_home: false,
            large_manifests: false,
            deletes_old_lists: false,
            locks: None,
        }
    }
}

impl fmt::Debug for Proxies {
    /// Leaves the URLs out, which may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (http, https) = (self.http.is_some(), self.https.is_some());
        f.debug_struct("Proxies")
            .field("http", &http)
            .field("https", &https)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Whether the registry at this canonical host is spoken to without TLS.
    pub fn is_plain_http(&self, host: &str) -> bool {
        let means = |name: &str| host::canonical(name).is_ok_and(|name| name == host);
        let has_tls = self.registries.iter().any(|(name, own)| own.tls && means(name));
        host::is_plain_http(host, &self.plain_http) && !has_tls
    }

    /// What is special about the registry at `url`.
    pub(crate) fn registry(&self, url: &Url) -> Option<&Registry> {
        self.registries.get(&host::of(url))
    }

    /// The `host[:port]` of the proxy through which `url` is asked, where it is known.
    pub(crate) fn proxy(&self, url: &Url) -> Option<String> {
        let proxy: Url = self.proxy_url(url)?.parse().ok()?;
        Some(shown::host(&proxy))
    }

    /// The proxy through which `url` is asked, where it is known, with all that its address holds.
    pub(crate) fn proxy_url(&self, url: &Url) -> Option<&str> {
        let own = self.registry(url).and_then(|own| own.proxies.as_ref());
        let proxies = own.or(self.proxies.as_ref())?;
        let proxy = if url.scheme() == "https" { &proxies.https } else { &proxies.http };
        proxy.as_deref()
    }

    pub(crate) fn check_registry(&self, host: &str) -> Result<(), Error> {
        let what = || host.to_owned();
        self.allowed_registries.check(host).map_err(|by| Error::Forbidden { what: what(), by })
    }

    pub(crate) fn check_source(&self, url: &Url) -> Result<(), Error> {
        let what = || Shown(url).to_string();
        self.allowed_sources.check(url.as_str()).map_err(|by| Error::Forbidden { what: what(), by })
    }

    /// What to ask instead of `url`, as the mirrors say; `url` itself where none is for it.
    ///
    /// # Errors
    ///
    /// It may not be asked, is no web address, or one of the mirrors cannot be used.
    pub fn mirrored(&self, url: &str) -> Result<String, Error> {
        // Looked at as it is asked: `/a/../b` is not below `/a/`.
        let url = web_url(url)?;
        self.check_source(&url)?;
        let mirrors = Mirrors::new(&self.mirrors).map_err(Error::Mirror)?;
        Ok(mirrors.apply(url).into())
    }
}

impl fmt::Debug for Config {
    /// Leaves out what may hold secrets: credentials, mirrors and proxies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("user_agent", &self.user_agent)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}
