//! What is read from a registry: its manifests and blobs (distribution-spec).

use digest::Digest;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE},
};
use url::Url;

use crate::{
    Descriptor, Error, Manifest, Reference,
    exchange::{Ask, Exchange, Whole, web_url},
    host, manifest, media_type,
    scope::Scope,
    shown::{self, Shown},
    verify,
};

/// The manifests that are understood, in one line and without `*/*`: registries answer a client
/// that accepts anything with Docker's first format.
const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json",
);

/// A registry's answer for a manifest or index, verified.
pub(crate) async fn manifest(
    exchange: &Exchange,
    reference: &Reference,
) -> Result<Manifest, Error> {
    let ask = manifest_ask(exchange, Method::GET, reference)?;
    manifest_by(exchange, reference, &ask).await.map(|(manifest, _)| manifest)
}

/// The manifest that is to be changed, and the answer's headers.
pub(crate) async fn manifest_to_write(
    exchange: &Exchange,
    reference: &Reference,
) -> Result<(Manifest, HeaderMap), Error> {
    let mut ask = manifest_ask(exchange, Method::GET, reference)?;
    ask.access = vec![Scope::push(reference.repository())];
    manifest_by(exchange, reference, &ask).await
}

async fn manifest_by(
    exchange: &Exchange,
    reference: &Reference,
    ask: &Ask,
) -> Result<(Manifest, HeaderMap), Error> {
    let whole = exchange.whole(ask, manifest::BYTES_MAX).await;
    let Whole { headers, body, url, .. } = whole.map_err(|error| error.about(reference))?;
    let media_type = content_type(&headers, &url)?;
    let promised = text(&headers, DIGEST);
    let digest = verify::manifest(&body, reference.digest(), promised)
        .map_err(|source| Error::Verify { host: shown::host(&url), source })?;
    Ok((Manifest { bytes: body, media_type, digest }, headers))
}

/// What a tag or digest names now: a HEAD where that says enough, as it costs no quota.
pub(crate) async fn resolve(
    exchange: &Exchange,
    reference: &Reference,
) -> Result<Descriptor, Error> {
    let ask = manifest_ask(exchange, Method::HEAD, reference)?;
    let known = match exchange.whole(&ask, 0).await {
        Ok(whole) => described(&whole.headers, reference.digest()),
        Err(Error::Answer { source, .. }) if is_without_head(source.status()) => None,
        Err(error) => return Err(error.about(reference)),
    };
    match known {
        Some(descriptor) => Ok(descriptor),
        None => {
            let Manifest { bytes, media_type, digest } = manifest(exchange, reference).await?;
            Ok(Descriptor::new(&media_type, digest, bytes.len() as u64))
        }
    }
}

/// The header by which a registry says a digest.
pub(crate) const DIGEST: &str = "docker-content-digest";

/// What the head of an answer says; `None` if it does not say all, or something doubtful.
fn described(headers: &HeaderMap, asked: Option<&Digest>) -> Option<Descriptor> {
    let promised: Digest = text(headers, DIGEST)?.trim().parse().ok()?;
    digest::Hasher::like(&promised).ok()?;
    let differs =
        |asked: &&Digest| asked.algorithm() == promised.algorithm() && **asked != promised;
    if asked.filter(differs).is_some() {
        return None;
    }
    let media_type = text(headers, CONTENT_TYPE.as_str())?;
    if is_web_page(media_type) {
        return None;
    }
    let size = text(headers, CONTENT_LENGTH.as_str())?.parse().ok()?;
    Some(Descriptor::new(media_type, asked.cloned().unwrap_or(promised), size))
}

fn is_without_head(status: u16) -> bool {
    matches!(status, 400 | 405 | 501)
}

/// The request for a blob's bytes.
pub(crate) fn blob(
    exchange: &Exchange,
    reference: &Reference,
    digest: &Digest,
) -> Result<Ask, Error> {
    let mut ask = ask(exchange, Method::GET, reference, &format!("blobs/{digest}"))?;
    ask.is_stream = true;
    Ok(ask)
}

/// The size of a blob, if the registry has it.
pub(crate) async fn blob_size(
    exchange: &Exchange,
    reference: &Reference,
    digest: &Digest,
    scope: Scope,
) -> Result<Option<u64>, Error> {
    let path = format!("blobs/{digest}");
    let mut head = ask(exchange, Method::HEAD, reference, &path)?;
    head.access = vec![scope];
    let home = shown::host(&head.url);
    match exchange.whole(&head, 0).await {
        Ok(whole) => {
            if let Some(size) = length(&whole.headers) {
                return Ok(Some(size));
            }
        }
        Err(Error::Answer { source, .. }) if source.status() == 404 => return Ok(None),
        // URLs that are signed for GET refuse HEAD.
        Err(Error::Answer { host, source }) if host != home || is_without_head(source.status()) => {
        }
        Err(error) => return Err(error.about(&format!("{reference}, blob {digest}"))),
    }
    let mut first = blob(exchange, reference, digest)?;
    first.access = head.access;
    first.headers.insert(RANGE, HeaderValue::from_static("bytes=0-0"));
    match exchange.once(&first).await {
        Ok(answer) if answer.response.status() == StatusCode::PARTIAL_CONTENT => {
            let range = text(answer.response.headers(), CONTENT_RANGE.as_str());
            let size = range.and_then(|range| range.rsplit_once('/')?.1.parse().ok());
            size.map(Some).ok_or_else(|| Error::Part { url: Shown(&answer.url).to_string() })
        }
        Ok(answer) => {
            let size = answer.response.content_length();
            size.map(Some).ok_or_else(|| Error::NoSize { url: Shown(&answer.url).to_string() })
        }
        // An empty blob has no first byte.
        Err(Error::Answer { source, .. }) if source.status() == 416 => Ok(source.whole),
        Err(Error::Answer { source, .. }) if source.status() == 404 => Ok(None),
        Err(error) => Err(error.about(&format!("{reference}, blob {digest}"))),
    }
}

/// The length that an answer without a body tells.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, CONTENT_LENGTH.as_str())?.parse().ok()
}

fn manifest_ask(exchange: &Exchange, method: Method, reference: &Reference) -> Result<Ask, Error> {
    let path = format!("manifests/{}", reference.wanted());
    let mut ask = ask(exchange, method, reference, &path)?;
    ask.headers.insert(ACCEPT, ACCEPTED);
    Ok(ask)
}

/// A request to the reference's repository, for reading.
fn ask(
    exchange: &Exchange,
    method: Method,
    reference: &Reference,
    path: &str,
) -> Result<Ask, Error> {
    let repository = reference.repository();
    let path = format!("{repository}/{path}");
    ask_at(exchange, method, reference.host(), &path, Scope::pull(repository))
}

/// A request to the registry at `host`, for something below `/v2/`.
pub(crate) fn ask_at(
    exchange: &Exchange,
    method: Method,
    host: &str,
    path: &str,
    scope: Scope,
) -> Result<Ask, Error> {
    let mut ask = ask_of_anybody(exchange, method, host, path)?;
    ask.access = vec![scope];
    Ok(ask)
}

/// The same, that takes no credentials along.
pub(crate) fn ask_of_anybody(
    exchange: &Exchange,
    method: Method,
    host: &str,
    path: &str,
) -> Result<Ask, Error> {
    exchange.config.check_registry(host)?;
    let scheme = if exchange.config.is_plain_http(host) { "http" } else { "https" };
    let url = web_url(&format!("{scheme}://{}/v2/{path}", host::contact(host)))?;
    let ask = exchange.ask(method, url);
    // What stands for it is a registry as well.
    exchange.config.check_registry(&host::of(&ask.url))?;
    Ok(ask)
}

/// A request to the reference's repository, for writing.
pub(crate) fn ask_to_write(
    exchange: &Exchange,
    method: Method,
    reference: &Reference,
    path: &str,
) -> Result<Ask, Error> {
    let mut ask = ask(exchange, method, reference, path)?;
    ask.access = vec![Scope::push(reference.repository())];
    Ok(ask)
}

/// The type that an answer is served under; a page for people is none.
pub(crate) fn content_type(headers: &HeaderMap, url: &Url) -> Result<String, Error> {
    let content_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if is_web_page(content_type) {
        return Err(Error::WebPage { url: Shown(url).to_string() });
    }
    Ok(content_type.to_owned())
}

fn is_web_page(content_type: &str) -> bool {
    media_type::essence(content_type).eq_ignore_ascii_case("text/html")
}

/// A header's value, where it is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
