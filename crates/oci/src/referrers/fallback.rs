//! Lists of referrers that clients keep, under a tag made of the subject's digest, for registries
//! that list none themselves (distribution-spec, "Referrers Tag Schema").
//!
//! Two who change a list at once could each lose the other's entry. So a change is read back and
//! made again until it is there; within a machine locks see to it that nobody comes in between,
//! while between machines it is the best that can be done: few registries know conditions.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use digest::Digest;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};
use serde_json::{Value, json};

use crate::{
    Descriptor, Document, Error, Manifest, Reference, exchange::Exchange, media_type,
    payload::Payload, push, registry,
};

/// How often a change is made again before others are found to be too busy.
const ROUNDS_MAX: u32 = 10;

/// The longest pause before a change is made again the first time.
const PAUSE: Duration = Duration::from_millis(40);

/// The tag that lists the referrers of `subject`.
pub(crate) fn tag(subject: &Digest) -> String {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let tag = format!("{}-{}", cut(subject.algorithm(), 32), cut(subject.encoded(), 64));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    tag.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

/// What the list says; nothing where there is no list, or something that is none.
pub(super) async fn read(
    exchange: &Exchange,
    reference: &Reference,
    subject: &Digest,
) -> Result<Vec<Descriptor>, Error> {
    let Ok(here) = reference.with_tag(&tag(subject)) else {
        return Ok(Vec::new());
    };
    match registry::manifest(exchange, &here).await {
        Ok(manifest) => Ok(match manifest.document() {
            Ok(Document::Index(index)) => index.manifests,
            // Some registries answer with the subject itself.
            _ => Vec::new(),
        }),
        Err(Error::NotFound { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Puts an entry into the subject's list.
pub(crate) async fn add(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    entry: &Descriptor,
) -> Result<(), Error> {
    change(exchange, reference, subject, &Change::Add(entry)).await
}

/// Takes an entry out of the subject's list.
pub(crate) async fn remove(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    referrer: &Digest,
) -> Result<(), Error> {
    change(exchange, reference, subject, &Change::Remove(referrer)).await
}

/// The tag and size of the list after each of these entries; `None` where it is in the list.
pub(crate) async fn sizes(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    entries: &[Descriptor],
) -> Result<Vec<Option<(String, usize)>>, Error> {
    let tag = tag(subject);
    let here = reference
        .with_tag(&tag)
        .map_err(|_| Error::Push(push::Error::NoList { tag: tag.clone() }))?;
    let mut list = current(exchange, &here, &tag).await?;
    let size_with = |entry: &Descriptor| {
        let bytes = Change::Add(entry).apply(&list)?;
        list.entries.push(json!(entry));
        Some((tag.clone(), bytes.len()))
    };
    Ok(entries.iter().map(size_with).collect())
}

enum Change<'a> {
    Add(&'a Descriptor),
    Remove(&'a Digest),
}

impl Change<'_> {
    /// The list after the change; `None` if it is as it should be.
    fn apply(&self, list: &List) -> Option<Bytes> {
        let is = |entry: &Value, digest: &Digest| entry["digest"] == digest.as_str();
        let mut entries = list.entries.clone();
        match self {
            Self::Add(new) => {
                if entries.iter().any(|entry| is(entry, &new.digest)) {
                    return None;
                }
                entries.push(json!(new));
            }
            Self::Remove(digest) => {
                let before = entries.len();
                entries.retain(|entry| !is(entry, digest));
                if entries.len() == before {
                    return None;
                }
            }
        }
        let mut document = list.document.clone();
        document["manifests"] = entries.into();
        Some(document.to_string().into())
    }
}

/// A list as it is in the registry, with all that is not understood here.
struct List {
    document: Value,
    entries: Vec<Value>,
    found: Option<(Digest, Option<HeaderValue>)>,
}

async fn change(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    change: &Change<'_>,
) -> Result<(), Error> {
    let tag = tag(subject);
    let here = reference
        .with_tag(&tag)
        .map_err(|_| Error::Push(push::Error::NoList { tag: tag.clone() }))?;
    let lock = exchange.referring.writing(reference, &tag);
    let _mine = lock.lock().await;
    let _ours = lock_processes(exchange, &here).await?;
    for round in 0..ROUNDS_MAX {
        let list = current(exchange, &here, &tag).await?;
        let Some(bytes) = change.apply(&list) else {
            return Ok(());
        };
        if put(exchange, &here, &list, bytes.clone()).await? {
            delete_old(exchange, &here, &list, &bytes).await;
        }
        if round > 0 {
            // Those who met once shall not meet again at once.
            tokio::time::sleep(PAUSE.mul_f64(rand::random_range(0.0..f64::from(round)))).await;
        }
    }
    Err(Error::Push(push::Error::Contended { tag }))
}

async fn current(exchange: &Exchange, here: &Reference, tag: &str) -> Result<List, Error> {
    let (manifest, headers) = match registry::manifest_to_write(exchange, here).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => {
            let document = json!({"schemaVersion": 2, "mediaType": media_type::IMAGE_INDEX});
            return Ok(List { document, entries: Vec::new(), found: None });
        }
        Err(error) => return Err(error),
    };
    let no_list = || Error::Push(push::Error::NoList { tag: tag.to_owned() });
    let document = object(&manifest).ok_or_else(no_list)?;
    let entries = match &document["manifests"] {
        Value::Array(entries) => entries.clone(),
        _ => Vec::new(),
    };
    Ok(List { document, entries, found: Some((manifest.digest, etag(&headers))) })
}

/// The document of a manifest that is an index, to be kept with all its fields.
fn object(manifest: &Manifest) -> Option<Value> {
    let is_index = matches!(manifest.document(), Ok(Document::Index(_)));
    let mut document: Value = serde_json::from_slice(&manifest.bytes).ok().filter(|_| is_index)?;
    document["mediaType"] = media_type::IMAGE_INDEX.into();
    Some(document)
}

fn etag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\"")).cloned()
}

/// Puts the list; `false` if somebody else was faster.
async fn put(
    exchange: &Exchange,
    here: &Reference,
    list: &List,
    bytes: Bytes,
) -> Result<bool, Error> {
    let path = format!("manifests/{}", here.wanted());
    let mut ask = registry::ask_to_write(exchange, Method::PUT, here, &path)?;
    ask.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type::IMAGE_INDEX));
    let condition: Option<(HeaderName, HeaderValue)> = match &list.found {
        None => Some((IF_NONE_MATCH, HeaderValue::from_static("*"))),
        Some((_, etag)) => etag.clone().map(|etag| (IF_MATCH, etag)),
    };
    if let Some((name, value)) = condition {
        ask.headers.insert(name, value);
    }
    ask.body = Payload::Bytes(bytes);
    match exchange.whole(&ask, 64 << 10).await {
        Ok(_) => Ok(true),
        Err(Error::Answer { source, .. }) if matches!(source.status(), 409 | 412) => Ok(false),
        Err(error) => Err(error.about(here)),
    }
}

/// Deletes the list that another took the place of, if that is wished; many registries refuse.
async fn delete_old(exchange: &Exchange, here: &Reference, list: &List, new: &Bytes) {
    let Some((old, _)) = list.found.as_ref().filter(|_| exchange.config.push.deletes_old_lists)
    else {
        return;
    };
    if *old != Digest::sha256(new) {
        let path = format!("manifests/{old}");
        if let Ok(ask) = registry::ask_to_write(exchange, Method::DELETE, here, &path) {
            drop(exchange.once(&ask).await);
        }
    }
}

/// Keeps other processes on this machine from changing the same list, where a folder is set.
async fn lock_processes(
    exchange: &Exchange,
    here: &Reference,
) -> Result<Option<std::fs::File>, Error> {
    let Some(folder) = &exchange.config.push.locks else {
        return Ok(None);
    };
    let name = Digest::sha256(here.to_string().as_bytes());
    let path = folder.join(format!("referrers-{}.lock", name.short()));
    let locked = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || lock(&path)).await
    };
    let locked = locked.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    locked.map(Some).map_err(|source| Error::Push(push::Error::Lock { path, source }))
}

fn lock(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::File::options().create(true).append(true).open(path)?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g6_the_tag_is_the_digest_cut_to_what_a_tag_may_be() {
        let cases = [
            (format!("sha256:{}", "a".repeat(64)), format!("sha256-{}", "a".repeat(64))),
            (format!("sha512:{}", "a".repeat(128)), format!("sha512-{}", "a".repeat(64))),
            (
                "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+\
                 overall+truncation:alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLots\
                 AndLotsOfCharactersToExcerciseEncodedTruncation"
                    .to_owned(),
                "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphen\
                 ReplacementAndLotsAndLot"
                    .to_owned(),
            ),
        ];
        for (digest, expected) in cases {
            assert_eq!(tag(&digest.parse().unwrap()), expected);
        }
    }
}
