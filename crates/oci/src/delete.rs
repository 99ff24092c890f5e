//! What is taken away again: tags, manifests, blobs (distribution-spec, "Content Management").
//!
//! A manifest that is deleted takes all its tags along. So nothing here deletes a manifest when
//! a tag was meant, however a registry may refuse that.

use std::sync::Arc;

use digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;

use crate::{
    Error, Reference, Refusal,
    exchange::{Ask, Exchange},
    pages, push, referrers, registry,
    retry::Patience,
    scope::Scope,
    shown,
};

/// Tags that are looked at at once.
const AT_ONCE: usize = 8;

/// Takes the reference's tag away and leaves the manifest.
pub(crate) async fn delete_tag(
    exchange: &Arc<Exchange>,
    reference: &Reference,
) -> Result<(), Error> {
    let path = format!("manifests/{}", reference.wanted());
    delete(exchange, reference, &path, "tags", &reference.to_string()).await
}

/// Deletes a manifest with all tags that point at it.
///
/// Unless `force` is set, it is kept where tags other than the reference's point at it.
pub(crate) async fn delete_manifest(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    digest: &Digest,
    force: bool,
) -> Result<(), Error> {
    if !force {
        let mut tags = tags_of(exchange, reference, digest).await?;
        tags.retain(|tag| Some(tag.as_str()) != reference.tag());
        if !tags.is_empty() {
            return Err(Error::Push(push::Error::Shared { digest: digest.clone(), tags }));
        }
    }
    let here = reference.with_digest(digest.clone());
    let manifest = registry::manifest(exchange, &here).await?;
    // What cannot be read has no subject, and can be deleted.
    if let Ok(document) = manifest.document()
        && let Some(subject) = document.subject()
        && !referrers::are_listed(exchange, reference, &subject.digest).await?
    {
        referrers::fallback::remove(exchange, reference, &subject.digest, digest).await?;
    }
    delete(exchange, &here, &format!("manifests/{digest}"), "manifests", &here.to_string()).await
}

/// The tags that point at a manifest, sorted.
async fn tags_of(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    digest: &Digest,
) -> Result<Vec<String>, Error> {
    let tags = match pages::tags(exchange, reference).await {
        Err(Error::NotFound { .. }) => Vec::new(),
        tags => tags?,
    };
    let points = async |tag: String| {
        let Ok(here) = reference.with_tag(&tag) else {
            return Ok(None);
        };
        match registry::resolve(exchange, &here).await {
            Ok(found) => Ok(Some(tag).filter(|_| found.digest == *digest)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let found = stream::iter(tags).map(points).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Deletes a blob of the reference's repository.
pub(crate) async fn delete_blob(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    digest: &Digest,
) -> Result<(), Error> {
    let what = format!("{}/{}, blob {digest}", reference.host(), reference.repository());
    delete(exchange, reference, &format!("blobs/{digest}"), "blobs", &what).await
}

async fn delete(
    exchange: &Exchange,
    reference: &Reference,
    path: &str,
    what: &'static str,
    name: &str,
) -> Result<(), Error> {
    let mut ask = registry::ask_to_write(exchange, Method::DELETE, reference, path)?;
    ask.access = vec![Scope::delete(reference.repository())];
    let mut deleted = ask_to_delete(exchange, &ask).await;
    if let Err(Error::Answer { source, .. }) = &deleted
        && matches!(source.status(), 401 | 403)
    {
        // Some grant no `delete`, and let who may do everything.
        ask.access = vec![Scope::all(reference.repository())];
        deleted = ask_to_delete(exchange, &ask).await;
    }
    match deleted {
        Err(Error::Answer { host, source }) if is_unsupported(&source) => {
            Err(Error::Push(push::Error::Undeletable { host, what, source }))
        }
        deleted => deleted.map_err(|error| error.about(&name)),
    }
}

/// Asks as [`Exchange::whole`] does. What is gone when it is asked for once more was deleted by a
/// request whose answer was lost.
async fn ask_to_delete(exchange: &Exchange, ask: &Ask) -> Result<(), Error> {
    let gate = exchange.gates.of(&shown::host(&ask.url));
    let mut patience = Patience::new(&exchange.config);
    let _place = gate.request().await;
    let mut may_be_done = false;
    loop {
        patience.wait(&exchange.config, &gate).await?;
        let deleted = exchange.whole_once(ask, 64 << 10).await;
        let error = match deleted {
            Err(Error::Answer { source, .. }) if may_be_done && source.status() == 404 => break,
            Err(error) => error,
            Ok(_) => break,
        };
        may_be_done |= !matches!(&error, Error::Answer { source, .. } if !source.is_failure());
        patience.endure(&exchange.config, &gate, error)?;
    }
    gate.succeeded();
    Ok(())
}

fn is_unsupported(refusal: &Refusal) -> bool {
    matches!(refusal.status(), 400 | 405 | 501)
}
