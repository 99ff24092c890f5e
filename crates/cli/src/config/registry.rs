//! `[registry."HOST"]`: what is special about one registry.
//!
//! Nothing in it holds for another host: not a mirror's, not that of a redirect or a token server.

use std::path::PathBuf;

use toml::de::DeValue;
use url::Url;

use super::{
    File, Problem, proxy,
    proxy::Proxy,
    value::{
        Entry, Value, in_order, list, path, paths, problem, string, switch, table, unknown, wrong,
    },
};
use crate::settings::Setting;

/// What is special about a registry; each value knows its line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registry {
    /// The registry's host, with its port where it has one.
    pub host: String,
    /// It speaks HTTP without TLS.
    pub plain_http: Option<Setting<bool>>,
    /// Origins of token servers on other sites that may see its credentials.
    pub token_servers: Option<Setting<Vec<String>>>,
    /// Files of certificate authorities to trust for it alone, absolute.
    pub ca: Option<Setting<Vec<PathBuf>>>,
    /// A file with the client's certificate.
    pub client_certificate: Option<Setting<PathBuf>>,
    /// A file with the client's key.
    pub client_key: Option<Setting<PathBuf>>,
    /// Its own proxy.
    pub proxy: Option<Setting<Proxy>>,
    /// Where it is read from first, in this order.
    pub mirrors: Option<Setting<Vec<Mirror>>>,
    /// It is read itself where no mirror can.
    pub fallback: Option<Setting<bool>>,
}

/// Another registry with the same content.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// Below which `host[:port][/path]` it has the repositories.
    pub location: String,
    /// It is asked only for what a digest names.
    pub digest_only: bool,
}

const KEYS: &[&str] = &[
    "ca",
    "client-certificate",
    "client-key",
    "fallback",
    "mirrors",
    "plain-http",
    "proxy",
    "token-server",
];
const MIRROR_KEYS: &[&str] = &["digest-only", "location"];

pub(super) fn read(file: &File<'_>, (host, value): Entry<'_>) -> Result<Registry, Problem> {
    let mut registry = Registry { host: self::host(host)?, ..Registry::default() };
    for (key, value) in in_order(table(value)?) {
        let path = || Ok(Some(file.set(key, path(value, file.folder)?)));
        match key.get_ref().as_ref() {
            "plain-http" => {
                registry.plain_http = Some(file.set(key, switch(value)?));
            }
            "token-server" => {
                let servers = list(value, "an origin", origin)?;
                registry.token_servers = Some(file.set(key, servers));
            }
            "ca" => registry.ca = Some(file.set(key, paths(value, file.folder)?)),
            "client-certificate" => registry.client_certificate = path()?,
            "client-key" => registry.client_key = path()?,
            "proxy" => registry.proxy = Some(file.set(key, proxy::read(value)?)),
            "mirrors" => {
                let mirrors = mirrors(value)?;
                registry.mirrors = Some(file.set(key, mirrors));
            }
            "fallback" => registry.fallback = Some(file.set(key, switch(value)?)),
            _ => return Err(unknown(key, KEYS)),
        }
    }
    check(&registry, value)?;
    Ok(registry)
}

/// What the keys must be together.
fn check(registry: &Registry, value: &Value<'_>) -> Result<(), Problem> {
    let table = || value.span();
    if registry.client_certificate.is_some() != registry.client_key.is_some() {
        let what = "a client's certificate and its key go together".to_owned();
        let help = "write both `client-certificate` and `client-key`".to_owned();
        return Err(problem(table(), what, "one of them is missing", Some(help)));
    }
    let is_only_mirrored = registry.fallback.as_ref().is_some_and(|fallback| !fallback.value);
    let mirrors = registry.mirrors.as_ref().map_or(&[][..], |mirrors| &mirrors.value);
    if is_only_mirrored && mirrors.iter().all(|mirror| mirror.digest_only) {
        let what = "nobody is left to say what a tag names".to_owned();
        let help = "let a mirror answer tags: { location = \"…\", digest-only = false }".to_owned();
        return Err(problem(table(), what, "without a fallback a mirror must", Some(help)));
    }
    Ok(())
}

fn host(key: &super::value::Key<'_>) -> Result<String, Problem> {
    let host = key.get_ref().as_ref();
    oci::host::canonical(host).map_err(|rule| {
        let what = format!("`{host}` is not a registry's host: {rule}");
        let help = "write the host alone: [registry.\"registry.example.org:5000\"]".to_owned();
        problem(key.span(), what, "a host, and a port where it has one", Some(help))
    })
}

/// The scheme, host and port of a server.
fn origin(value: &Value<'_>) -> Result<String, Problem> {
    let text = string(value)?;
    let url: Option<Url> = text.parse().ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    // Whoever writes a path may think that only it is trusted.
    let url = url.filter(|url| url.path() == "/" && url.query().is_none());
    match url.filter(|url| url.username().is_empty() && url.password().is_none()) {
        Some(url) => Ok(url.origin().ascii_serialization()),
        None => {
            let help = "write the scheme and the host: \"https://auth.example.com\"".to_owned();
            let what = format!("`{text}` is not the origin of a server");
            Err(problem(value.span(), what, "a scheme, a host and no path", Some(help)))
        }
    }
}

fn mirrors(value: &Value<'_>) -> Result<Vec<Mirror>, Problem> {
    let list = value.get_ref().as_array().ok_or_else(|| wrong(value, "a list of mirrors"))?;
    list.iter().map(mirror).collect()
}

fn mirror(value: &Value<'_>) -> Result<Mirror, Problem> {
    let (mut location, mut digest_only) = (None, true);
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in in_order(table) {
                match key.get_ref().as_ref() {
                    "location" => location = Some(place(value)?),
                    "digest-only" => digest_only = switch(value)?,
                    _ => return Err(unknown(key, MIRROR_KEYS)),
                }
            }
        }
        _ => location = Some(place(value)?),
    }
    let missing =
        || problem(value.span(), "a mirror without a `location`".to_owned(), "here", None);
    Ok(Mirror { location: location.ok_or_else(missing)?, digest_only })
}

/// A host with a path, below which there may be repositories.
fn place(value: &Value<'_>) -> Result<String, Problem> {
    let text = string(value)?;
    match oci::config::Mirror::is_location(text) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => {
            let what = format!("`{text}` is not a place in a registry");
            let help = "write it without a scheme: \"mirror.example.org:5000/path\"".to_owned();
            Err(problem(value.span(), what, "a host, and a path where it has one", Some(help)))
        }
    }
}
