//! What refers to a manifest: signatures, bills of materials, sources (distribution-spec,
//! "Listing Referrers").
//!
//! A registry either lists referrers itself or has them in a tag that its clients keep. Either
//! list is taken as a hint: what is in it is fetched, and counts only if it says its subject
//! itself.

pub(crate) mod fallback;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use crate::{
    Descriptor, Error, Event, Reference,
    exchange::{Ask, Exchange, Whole},
    index::Index,
    media_type, pages, registry,
    scope::Scope,
    shown, subject,
};

/// How long it is remembered whether a registry lists referrers.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// Most referrers of one manifest.
const REFERRERS_MAX: usize = 10_000;

/// Referrers that are looked at at once.
const AT_ONCE: usize = 8;

/// The header by which a registry says that it filtered its list.
const FILTERED: &str = "oci-filters-applied";

/// What is known of how registries list referrers, and who changes which list.
#[derive(Default)]
pub(crate) struct Referring {
    lists: Mutex<HashMap<String, (bool, Instant)>>,
    writing: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Referring {
    /// Remembers whether a repository's registry lists referrers itself.
    pub(crate) fn learn(&self, reference: &Reference, lists: bool) {
        let mut known = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(repository(reference), (lists, Instant::now()));
    }

    fn known(&self, reference: &Reference) -> Option<bool> {
        let known = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let (lists, at) = known.get(&repository(reference))?;
        (at.elapsed() < REMEMBERED).then_some(*lists)
    }

    /// The lock of one list among the tasks of this client.
    fn writing(&self, reference: &Reference, tag: &str) -> Arc<tokio::sync::Mutex<()>> {
        let key = format!("{}:{tag}", repository(reference));
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = writing.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        writing.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        writing.insert(key, Arc::downgrade(&lock));
        lock
    }
}

fn repository(reference: &Reference) -> String {
    format!("{}/{}", reference.host(), reference.repository())
}

/// The manifests of the reference's repository whose subject is `subject`, each verified to say so.
pub(crate) async fn referrers(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, Error> {
    let listed = match ask(exchange, reference, subject, artifact_type).await? {
        Some(listed) => listed,
        None => fallback::read(exchange, reference, subject).await?,
    };
    let mut seen = BTreeSet::new();
    let wanted = listed.into_iter().filter(|entry| {
        let differs = |kind| entry.artifact_type.as_deref().is_some_and(|own| own != kind);
        !artifact_type.is_some_and(differs) && seen.insert(entry.digest.clone())
    });
    let wanted: Vec<Descriptor> = wanted.collect();
    let checked = stream::iter(wanted)
        .map(|entry| checked(exchange, reference, subject, entry))
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let is_wanted = |entry: &Descriptor| {
        artifact_type.is_none_or(|wanted| entry.artifact_type.as_deref() == Some(wanted))
    };
    Ok(checked.into_iter().flatten().filter(is_wanted).collect())
}

/// Whether the registry of the repository lists referrers itself.
pub(crate) async fn are_listed(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
) -> Result<bool, Error> {
    match exchange.referring.known(reference) {
        Some(known) => Ok(known),
        None => Ok(ask(exchange, reference, subject, None).await?.is_some()),
    }
}

/// The registry's own list; `None` where it keeps none.
async fn ask(
    exchange: &Exchange,
    reference: &Reference,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Option<Vec<Descriptor>>, Error> {
    if exchange.referring.known(reference) == Some(false) {
        return Ok(None);
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(artifact_type.map(|wanted| ("artifactType", wanted)))
        .finish();
    let separator = if query.is_empty() { "" } else { "?" };
    let path = format!("{}/referrers/{subject}{separator}{query}", reference.repository());
    let scope = Scope::pull(reference.repository());
    let mut ask = registry::ask_at(exchange, Method::GET, reference.host(), &path, scope)?;
    ask.headers.insert(ACCEPT, HeaderValue::from_static(media_type::IMAGE_INDEX));
    let Some(first) = first_page(exchange, reference, &ask).await? else {
        return Ok(None);
    };
    exchange.referring.learn(reference, true);
    let begin = ask.url.clone();
    let mut listed = Vec::new();
    pages::walk(exchange, ask, Some(first), |page| {
        // What is no index after a first one that was is left out, as an end of the list.
        let filtered = registry::text(&page.headers, FILTERED);
        let is_filtered = filtered
            .is_some_and(|names| names.split(',').any(|name| name.trim() == "artifactType"));
        let entries = index_of(page).map(|index| index.manifests).unwrap_or_default();
        listed.extend(entries.into_iter().map(|mut entry| {
            // A filter that was applied says the type of what has passed it.
            if is_filtered && entry.artifact_type.is_none() {
                entry.artifact_type = artifact_type.map(str::to_owned);
            }
            entry
        }));
        if listed.len() > REFERRERS_MAX {
            return Err(pages::endless(&begin, listed.len()));
        }
        Ok(None)
    })
    .await?;
    Ok(Some(listed))
}

/// The first page of a registry's list; `None` for all that registries without one answer.
async fn first_page(
    exchange: &Exchange,
    reference: &Reference,
    ask: &Ask,
) -> Result<Option<Whole>, Error> {
    let home = shown::host(&ask.url);
    let whole = match exchange.whole_once(ask, pages::PAGE_BYTES_MAX).await {
        Ok(whole) => whole,
        // Whoever a registry without a list sends us to, his troubles are none of ours.
        Err(Error::Answer { host, .. }) if host != home => return Ok(None),
        Err(Error::Refused { .. } | Error::Redirects { .. } | Error::Encoded { .. }) => {
            return Ok(None);
        }
        Err(error) if error.transience().is_some() => {
            match exchange.whole(ask, pages::PAGE_BYTES_MAX).await {
                Ok(whole) => whole,
                Err(error) => return without_list(exchange, reference, error),
            }
        }
        Err(error) => return without_list(exchange, reference, error),
    };
    if index_of(&whole).is_none() {
        exchange.referring.learn(reference, false);
        return Ok(None);
    }
    Ok(Some(whole))
}

fn without_list(
    exchange: &Exchange,
    reference: &Reference,
    error: Error,
) -> Result<Option<Whole>, Error> {
    match error {
        Error::Answer { source, .. } if matches!(source.status(), 400 | 404 | 405 | 501) => {
            // A repository that does not exist yet says nothing about its registry.
            let is_new = source.problems().iter().any(|problem| problem.code == "NAME_UNKNOWN");
            if !is_new {
                exchange.referring.learn(reference, false);
            }
            Ok(None)
        }
        error => Err(error.about(&reference)),
    }
}

/// An answer that is an index by its type and by its form.
fn index_of(whole: &Whole) -> Option<Index> {
    let kind = registry::text(&whole.headers, CONTENT_TYPE.as_str())?;
    if !media_type::is_same(kind, media_type::IMAGE_INDEX) {
        return None;
    }
    serde_json::from_slice(&whole.body).ok()
}

/// What an entry's manifest says; `None` if that is about something else, or gone.
async fn checked(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    entry: Descriptor,
) -> Result<Option<Descriptor>, Error> {
    let here = reference.with_digest(entry.digest.clone());
    let manifest = match registry::manifest(exchange, &here).await {
        Ok(manifest) => manifest,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let found = subject::described(&manifest, subject);
    if found.is_none() {
        let host = reference.host().to_owned();
        let text = format!("{} is listed as referrer of {subject}, and is none", entry.digest);
        (exchange.config.events)(Event::Warning { host, text });
    }
    Ok(found)
}
