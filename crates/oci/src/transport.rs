//! HTTP clients, made on first use, and one request through them.
//!
//! A client follows no redirect, undoes no compression and sends no header that it was not given.
//! Whom to ask and with which credentials is decided elsewhere.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, ClientBuilder, Method, NoProxy, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue},
};
use url::Url;

use crate::{
    config::{Config, Proxies, Registry},
    host,
    payload::{Payload, Pulse, Turn},
    shown::{self, Shown},
    tls,
    trouble::{Broken, Unreachable},
};

/// The HTTP client cannot be made as it is configured; nothing is asked with less protection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of certificates cannot be read.
    #[error("cannot read certificates from `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of certificates holds none, or something else.
    #[error("cannot use the certificates of `{}`", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate cannot be used for TLS.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// A key that is no secret.
    #[error("everybody on this machine may read the key `{}`; `chmod o= FILE` ends that", path.display())]
    OpenKey {
        /// The file.
        path: PathBuf,
    },
    /// A proxy that would be shown a certificate that is not meant for it.
    #[error("{host} asks for a client certificate, which its proxy with TLS would see as well")]
    Shared {
        /// The registry.
        host: String,
    },
    /// The proxy's URL makes no sense.
    #[error("cannot use the configured proxy")]
    Proxy(#[source] reqwest::Error),
    /// The client's parts do not fit together.
    #[error("cannot build the client")]
    Build(#[source] reqwest::Error),
}

/// One request to one server, without redirects.
#[derive(Clone, Copy)]
pub(crate) struct Hop<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) authorization: Option<&'a HeaderValue>,
    pub(crate) body: &'a Payload,
    /// Whether a blob comes or goes; each has a connection of its own.
    pub(crate) is_stream: bool,
}

/// The clients.
#[derive(Default)]
pub(crate) struct Transport {
    system: Mutex<Option<tls::Verifier>>,
    clients: Mutex<HashMap<Key, Client>>,
}

/// What a client is for; clients of one key share their connections.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    is_tls: bool,
    is_stream: bool,
    /// This machine is asked directly, whatever proxies there are.
    is_local: bool,
    /// The folders of certificates for one host.
    certs: Vec<PathBuf>,
    /// The registry whose own authorities, certificate or proxies count.
    registry: Option<String>,
}

impl Transport {
    /// Sends the request; the server may be silent no longer than is configured, both while it
    /// takes the body and before its answer's head.
    pub(crate) async fn send(
        &self,
        config: &Config,
        hop: Hop<'_>,
    ) -> Result<Response, crate::Error> {
        if config.offline {
            return Err(crate::Error::Offline { host: shown::host(hop.url) });
        }
        let client = self.client(config, hop.url, hop.is_stream);
        let client = client.map_err(crate::Error::Transport)?;
        let mut request =
            client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        if let Some(authorization) = hop.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // What is put may be a blob's end, at which the registry goes through all of it.
        let is_end = *hop.method == Method::PUT && hop.body.length() == 0;
        let pulse = Arc::new(Pulse::new(if is_end { Turn::Verdict } else { Turn::Theirs }));
        if matches!(*hop.method, Method::POST | Method::PUT | Method::PATCH) {
            request = request.header(CONTENT_LENGTH, hop.body.length());
            request = request.body(hop.body.open(&pulse).await?);
        }
        let sent = pulse.watch(config.stall, request.send()).await;
        if let Some(error) = hop.body.failure() {
            return Err(error);
        }
        let response = sent
            .ok_or_else(|| stalled(hop.url, config.stall))?
            .map_err(|error| unsent(config, hop.url, error))?;
        let status = response.status().as_u16();
        tracing::debug!(method = %hop.method, url = %Shown(hop.url), status, "asked");
        // No server that is asked itself may answer so.
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(no_password(config, hop.url));
        }
        Ok(response)
    }

    fn client(&self, config: &Config, url: &Url, is_stream: bool) -> Result<Client, Error> {
        let is_tls = url.scheme() == "https";
        let certs =
            if is_tls { tls::folders(&config.certs, &shown::host(url)) } else { Vec::new() };
        // Without TLS there is no HTTP/2 and so no difference.
        let is_local = host::is_loopback(&shown::host(url));
        let own = config.registry(url);
        let registry = own.filter(|own| own.is_reached_otherwise()).map(|_| host::of(url));
        let key = Key { is_tls, is_stream: is_stream && is_tls, is_local, certs, registry };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(config, &key, &shown::host(url))?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, config: &Config, key: &Key, host: &str) -> Result<Client, Error> {
        let own = key.registry.as_ref().and_then(|host| config.registries.get(host));
        let has_own = own.is_some_and(|own| !own.ca.is_empty() || own.identity.is_some());
        let mut tls = if key.is_tls && (has_own || !key.certs.is_empty()) {
            let ca: Vec<PathBuf> = own.map_or(&[][..], |own| &own.ca).to_vec();
            let identity = own.and_then(|own| own.identity.as_ref());
            tls::for_host(&[config.ca.clone(), ca].concat(), &key.certs, identity)?
        } else if key.is_tls {
            let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
            let verifier = match &*system {
                Some(verifier) => Arc::clone(verifier),
                None => system.insert(tls::system(&config.ca)?).clone(),
            };
            tls::without_client(verifier)?
        } else {
            tls::none()?
        };
        let has_identity = tls.client_auth_cert_resolver.has_certs();
        // Blobs get a connection each: one connection's window would bound them all together.
        let protocols: &[&[u8]] =
            if key.is_stream { &[b"http/1.1"] } else { &[b"h2", b"http/1.1"] };
        tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let mut builder = Client::builder()
            .user_agent(&config.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(config.connect)
            .tcp_keepalive(Duration::from_secs(60))
            .tls_backend_preconfigured(tls);
        let own_proxies = own.and_then(|own| own.proxies.as_ref());
        let proxies = own_proxies.or(config.proxies.as_ref().filter(|_| !key.is_local));
        match proxies {
            Some(proxies) => builder = through(builder, proxies)?,
            None if key.is_local => builder = builder.no_proxy(),
            None => {}
        }
        // The client would show its certificate to whoever it speaks TLS with.
        let proxy = proxies.and_then(|proxies| proxies.https.as_ref());
        if has_identity && proxy.is_some_and(|url| speaks_tls(url)) {
            return Err(Error::Shared { host: host.to_owned() });
        }
        builder.build().map_err(Error::Build)
    }
}

fn speaks_tls(proxy: &str) -> bool {
    proxy.parse().is_ok_and(|url: Url| url.scheme() == "https")
}

/// Goes through these proxies and no others.
fn through(mut builder: ClientBuilder, proxies: &Proxies) -> Result<ClientBuilder, Error> {
    builder = builder.no_proxy();
    let except = || proxies.except.as_deref().and_then(NoProxy::from_string);
    if let Some(url) = &proxies.http {
        let proxy = reqwest::Proxy::http(url).map_err(Error::Proxy)?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    if let Some(url) = &proxies.https {
        let proxy = reqwest::Proxy::https(url).map_err(Error::Proxy)?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    Ok(builder)
}

impl Registry {
    fn is_reached_otherwise(&self) -> bool {
        !self.ca.is_empty() || self.identity.is_some() || self.proxies.is_some()
    }
}

/// The next bytes of an answer; `None` at its end.
pub(crate) async fn next_bytes(
    response: &mut Response,
    url: &Url,
    stall: Duration,
) -> Result<Option<Bytes>, crate::Error> {
    let next = tokio::time::timeout(stall, response.chunk()).await;
    next.map_err(|_| stalled(url, stall))?.map_err(|error| broken(url, error))
}

/// A whole answer that has no more than `limit` bytes.
pub(crate) async fn whole(
    response: &mut Response,
    url: &Url,
    stall: Duration,
    limit: usize,
) -> Result<Bytes, crate::Error> {
    let mut body = BytesMut::new();
    while let Some(bytes) = next_bytes(response, url, stall).await? {
        if bytes.len() > limit - body.len() {
            return Err(crate::Error::TooLarge { url: Shown(url).to_string(), limit });
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body.freeze())
}

/// As much of an answer as `limit` allows; an answer that breaks off is taken as far as it came.
pub(crate) async fn beginning(
    response: &mut Response,
    url: &Url,
    stall: Duration,
    limit: usize,
) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(bytes)) = next_bytes(response, url, stall).await {
        body.extend_from_slice(&bytes[..bytes.len().min(limit - body.len())]);
        if body.len() == limit {
            break;
        }
    }
    body.freeze()
}

/// Refuses an answer that is encoded: its digest would be one of other bytes.
pub(crate) fn check_encoding(response: &Response, url: &Url) -> Result<(), crate::Error> {
    let encoding = response.headers().get(CONTENT_ENCODING);
    match encoding.map(|value| String::from_utf8_lossy(value.as_bytes())) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            let encoding = crate::excerpt::excerpt(&encoding);
            Err(crate::Error::Encoded { url: Shown(url).to_string(), encoding })
        }
        _ => Ok(()),
    }
}

fn stalled(url: &Url, silence: Duration) -> crate::Error {
    crate::Error::Stalled { url: Shown(url).to_string(), silence }
}

/// What failed before anything was answered.
fn unsent(config: &Config, url: &Url, error: reqwest::Error) -> crate::Error {
    let host = shown::host(url);
    let proxy = || config.proxy(url).unwrap_or_else(|| "of the system".to_owned());
    match Tunnel::of(&error) {
        Some(Tunnel::Password) => no_password(config, url),
        Some(Tunnel::Refused) => crate::Error::NoTunnel { host, proxy: proxy() },
        Some(Tunnel::Away) => {
            let (proxy, why) = (proxy(), Unreachable::of(&error));
            crate::Error::NoProxy { host, proxy, why, source: Broken::new(error) }
        }
        None => broken(url, error),
    }
}

fn no_password(config: &Config, url: &Url) -> crate::Error {
    let is_given = config.proxy_url(url).is_some_and(|proxy| proxy.contains('@'));
    crate::Error::ProxyPassword { host: shown::host(url), is_given }
}

fn broken(url: &Url, error: reqwest::Error) -> crate::Error {
    let (url, why) = (Shown(url).to_string(), Unreachable::of(&error));
    crate::Error::Request { url, why, source: Broken::new(error) }
}

/// Why a proxy makes no tunnel.
enum Tunnel {
    /// It wants a password, or another one.
    Password,
    /// It does not do so at all, or not to that server.
    Refused,
    /// It is not there.
    Away,
}

impl Tunnel {
    fn of(error: &reqwest::Error) -> Option<Self> {
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            // The type of this error is nobody's to name.
            let said = error.to_string();
            if let Some(said) = said.strip_prefix("tunnel error: ") {
                return Some(match said {
                    "proxy authorization required" => Self::Password,
                    "failed to create underlying connection" => Self::Away,
                    _ => Self::Refused,
                });
            }
            cause = error.source();
        }
        None
    }
}

/// Reads a file of certificates or keys.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}
