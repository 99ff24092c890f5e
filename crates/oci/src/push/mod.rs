//! Manifests on their way to a registry: raw bytes under a digest or tags (distribution-spec,
//! "Pushing manifests").
//!
//! In which order things are pushed is the caller's: what a manifest names comes before it.

mod error;

use std::{collections::BTreeSet, sync::Arc};

use digest::Digest;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use url::form_urlencoded;

use crate::{
    Descriptor, Manifest, Reference, Refusal,
    exchange::{Exchange, Whole},
    manifest,
    media_type::{self, Kind},
    payload::Payload,
    referrers, registry, shown, subject,
};

pub use error::Error;

/// The longest `host/repository` that all clients can pull, in bytes (distribution-spec).
const NAME_BYTES_MAX: usize = 255;

/// The header by which a registry says which tags it took along with a manifest.
const TAGS: &str = "oci-tag";

/// The header by which a registry says that it lists referrers itself.
const SUBJECT: &str = "oci-subject";

/// Largest answer to a manifest, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Stores a manifest under the reference's tag, or under its own digest where there is no tag.
///
/// What the manifest names must be there before. Where the registry misses something of it, the
/// error is [`Error::Missing`] and says what: that is to be pushed once more, without asking
/// first whether it is there.
pub(crate) async fn push_manifest(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    manifest: &Manifest,
) -> Result<(), crate::Error> {
    let tags: Vec<&str> = reference.tag().into_iter().collect();
    push_tagged(exchange, reference, manifest, &tags).await
}

/// Tag and size of the list of referrers that pushing each manifest would write.
pub(crate) async fn lists_to_write(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    about: &[Manifest],
) -> Result<Vec<Option<(String, usize)>>, crate::Error> {
    if about.is_empty() || referrers::are_listed(exchange, reference, subject).await? {
        return Ok(about.iter().map(|_| None).collect());
    }
    let entries = about.iter().map(|manifest| Ok(Heading::of(exchange, manifest)?.entry));
    let entries = entries.collect::<Result<Vec<_>, crate::Error>>()?;
    referrers::fallback::sizes(exchange, reference, subject, &entries).await
}

/// Stores a manifest under all of `tags`; without any, under its digest.
pub(crate) async fn push_tagged(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    manifest: &Manifest,
    tags: &[&str],
) -> Result<(), crate::Error> {
    check_name(reference)?;
    let heading = Heading::of(exchange, manifest)?;
    if let Some(digest) = reference.digest().filter(|digest| **digest != manifest.digest) {
        let (asked, digest) = (digest.clone(), manifest.digest.clone());
        return Err(crate::Error::Push(Error::Other { asked, digest }));
    }
    let put = Put { exchange, reference, manifest, heading: &heading };
    let headers = match tags {
        [] => put.send(manifest.digest.as_str()).await?,
        [tag] => put.send(tag).await?,
        tags => put.send_tags(tags).await?,
    };
    let Some(subject) = &heading.subject else {
        return Ok(());
    };
    let lists = headers.contains_key(SUBJECT);
    exchange.referring.learn(reference, lists);
    if lists {
        return Ok(());
    }
    referrers::fallback::add(exchange, reference, subject, &heading.entry).await
}

/// One manifest to be put into one repository.
struct Put<'a> {
    exchange: &'a Arc<Exchange>,
    reference: &'a Reference,
    manifest: &'a Manifest,
    heading: &'a Heading,
}

impl Put<'_> {
    /// Stores it under all tags, with one request where the registry can.
    async fn send_tags(&self, tags: &[&str]) -> Result<HeaderMap, crate::Error> {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(tags.iter().map(|tag| ("tag", tag)))
            .finish();
        let target = format!("{}?{query}", self.manifest.digest);
        let (taken, mut headers) = match self.send(&target).await {
            Ok(headers) => (taken(&headers), Some(headers)),
            // Some take no query here, and say so in their own way.
            Err(crate::Error::Answer { source, .. }) if source.status() < 500 => {
                (BTreeSet::new(), None)
            }
            Err(error) => return Err(error),
        };
        for tag in tags.iter().filter(|tag| !taken.contains(**tag)) {
            headers = Some(self.send(tag).await?);
        }
        Ok(headers.unwrap_or_default())
    }

    async fn send(&self, target: &str) -> Result<HeaderMap, crate::Error> {
        let path = format!("manifests/{target}");
        let mut ask = registry::ask_to_write(self.exchange, Method::PUT, self.reference, &path)?;
        ask.headers.insert(CONTENT_TYPE, self.heading.content_type.clone());
        ask.body = Payload::Bytes(self.manifest.bytes.clone());
        let answer = self.exchange.whole(&ask, ANSWER_BYTES_MAX).await;
        let Whole { headers, url, .. } = answer.map_err(|error| self.explained(error))?;
        check_digest(&shown::host(&url), &headers, &self.manifest.digest)?;
        Ok(headers)
    }

    fn explained(&self, error: crate::Error) -> crate::Error {
        let crate::Error::Answer { host, source } = error else {
            return error;
        };
        let digest = || self.manifest.digest.clone();
        let why = match source.status() {
            413 => {
                let size = self.manifest.bytes.len();
                Error::TooLarge { host, digest: digest(), size, source: Some(source) }
            }
            // Some setups of ECR take no manifest that is about another one.
            405 if self.heading.subject.is_some() => Error::Subject { host, source },
            400 | 404 | 422 if names_missing(&source) => {
                let missing = source.named.clone();
                Error::Missing { host, digest: digest(), missing, source }
            }
            _ => {
                let error = crate::Error::Answer { host, source };
                let to = format!("{}/{}", self.reference.host(), self.reference.repository());
                return error.about(&to);
            }
        };
        crate::Error::Push(why)
    }
}

/// Whether a registry refuses a manifest because something that it names is not there.
fn names_missing(refusal: &Refusal) -> bool {
    let codes = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"];
    refusal.problems().iter().any(|problem| codes.contains(&problem.code.as_str()))
}

fn taken(headers: &HeaderMap) -> BTreeSet<String> {
    let lines = headers.get_all(TAGS).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect()
}

/// What is sent along with a manifest, and what a list of referrers says of it.
struct Heading {
    content_type: HeaderValue,
    subject: Option<Digest>,
    entry: Descriptor,
}

impl Heading {
    fn of(exchange: &Exchange, manifest: &Manifest) -> Result<Self, crate::Error> {
        let (digest, size) = (manifest.digest.clone(), manifest.bytes.len());
        if size > manifest::BYTES_MAX && !exchange.config.push.large_manifests {
            let host = "most registries".to_owned();
            return Err(crate::Error::Push(Error::TooLarge { host, digest, size, source: None }));
        }
        let unreadable = |source| crate::Error::Push(Error::Manifest(source));
        let document = manifest.document_of_any_size().map_err(unreadable)?;
        // A type of the author's own is none that a registry could know.
        let own = document.media_type().filter(|own| Kind::of(own).is_some());
        let media_type = media_type::essence(own.unwrap_or(&manifest.media_type));
        let content_type = HeaderValue::try_from(media_type).map_err(|_| {
            let served = crate::excerpt::excerpt(media_type);
            unreadable(manifest::Error::Unknown { digest: digest.clone(), served })
        })?;
        let entry = subject::entry(manifest, &document, media_type);
        let subject = document.subject().map(|subject| subject.digest.clone());
        Ok(Self { content_type, subject, entry })
    }
}

/// Refuses to write what other clients could not read.
pub(crate) fn check_name(reference: &Reference) -> Result<(), crate::Error> {
    let name = format!("{}/{}", reference.host(), reference.repository());
    if name.len() > NAME_BYTES_MAX {
        return Err(crate::Error::Push(Error::LongName { length: name.len(), name }));
    }
    Ok(())
}

/// Refuses an answer that says another digest than was sent; of other algorithms nothing is said.
pub(crate) fn check_digest(
    host: &str,
    headers: &HeaderMap,
    expected: &Digest,
) -> Result<(), crate::Error> {
    let said = registry::text(headers, registry::DIGEST).and_then(|text| text.trim().parse().ok());
    match said {
        Some(found) if is_other(&found, expected) => {
            let (host, expected) = (host.to_owned(), expected.clone());
            Err(crate::Error::Push(Error::StoredAs { host, expected, found }))
        }
        _ => Ok(()),
    }
}

fn is_other(found: &Digest, expected: &Digest) -> bool {
    found.algorithm() == expected.algorithm() && found != expected
}
