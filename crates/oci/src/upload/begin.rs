//! How an upload begins: by a mount, along with all its bytes, or with a session.

use std::sync::Arc;

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::session::Session;
use crate::{
    Body, Descriptor, Error, Reference,
    exchange::{Ask, Exchange},
    payload::{Outgoing, Payload},
    registry,
    scope::Scope,
};

/// What came of it.
pub(super) enum Begun {
    /// The blob is stored.
    Stored,
    /// The bytes are awaited.
    Session(Session),
}

/// Asks the registry to take the blob from its repository `from`.
///
/// Refusing is a registry's right, and some refuse for reasons of their own: `None` then.
pub(super) async fn mount(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    descriptor: &Descriptor,
    from: &str,
) -> Option<Begun> {
    let query = format!("?mount={}&from={}", escaped(descriptor.digest.as_str()), escaped(from));
    let mut ask = ask(exchange, reference, &query).ok()?;
    ask.access.push(Scope::pull(from));
    begin(exchange, &ask).await.ok()
}

/// Begins an upload; with [`Pushing::single_post`](crate::Pushing::single_post) it may be its end.
pub(super) async fn upload(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    descriptor: &Descriptor,
    body: &Body,
) -> Result<Begun, Error> {
    let digest = &descriptor.digest;
    if exchange.config.push.single_post {
        let mut ask = ask(exchange, reference, &format!("?digest={}", escaped(digest.as_str())))?;
        let kind = HeaderValue::from_static("application/octet-stream");
        ask.headers.insert(CONTENT_TYPE, kind);
        let outgoing = Outgoing::new(body, descriptor, &exchange.config.events);
        (ask.body, ask.is_stream) = (Payload::Blob(Arc::new(outgoing)), true);
        match begin(exchange, &ask).await {
            Err(Error::Answer { source, .. }) if is_unknown(source.status()) => {}
            begun => return begun,
        }
    }
    // Registries count in sha256 unless they are told; those that do not know the word ignore it.
    if digest.algorithm() != "sha256" {
        let query = format!("?digest-algorithm={}", escaped(digest.algorithm()));
        match begin(exchange, &ask(exchange, reference, &query)?).await {
            Err(Error::Answer { source, .. }) if is_unknown(source.status()) => {}
            begun => return begun,
        }
    }
    begin(exchange, &ask(exchange, reference, "")?).await
}

fn ask(exchange: &Exchange, reference: &Reference, query: &str) -> Result<Ask, Error> {
    registry::ask_to_write(exchange, Method::POST, reference, &format!("blobs/uploads/{query}"))
}

async fn begin(exchange: &Arc<Exchange>, ask: &Ask) -> Result<Begun, Error> {
    let whole = exchange.whole(ask, 64 << 10).await?;
    if whole.status == StatusCode::CREATED {
        return Ok(Begun::Stored);
    }
    Session::begun(exchange, ask, &whole.url, &whole.headers).map(Begun::Session)
}

fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Statuses by which a registry refuses a query that it does not know.
fn is_unknown(status: u16) -> bool {
    matches!(status, 400 | 404 | 405 | 411 | 413 | 415 | 422 | 501)
}
