//! What is read: manifests, blobs, tags, referrers, plain files.

use axum::http::{
    HeaderMap, Method,
    header::{CONTENT_TYPE, ETAG, LINK},
};
use digest::Digest;

use crate::{
    content::INDEX,
    quirk::Quirk,
    range,
    reply::Reply,
    route::{Asked, Target},
    state::{Manifest, Repository, State},
};

pub(crate) fn answer(state: &State, target: &Target<'_>, asked: &Asked) -> Reply {
    let unknown = || Reply::error(404, "NAME_UNKNOWN", "repository name not known to registry");
    let found = |name: &str| state.repositories.get(name);
    match *target {
        Target::Ping => Reply::new(200).json(&serde_json::json!({})),
        Target::Catalog => catalog(state, asked),
        Target::Manifest(name, reference) => {
            found(name).map_or_else(unknown, |repository| manifest(repository, reference, asked))
        }
        Target::Blob(name, digest) => {
            found(name).map_or_else(unknown, |repository| blob(repository, digest, asked))
        }
        Target::Tags(name) => found(name)
            .map_or_else(unknown, |repository| tags(repository, name, state.tags_page, asked)),
        Target::Referrers(name, digest) => {
            let empty = Repository::default();
            if state.is(&Quirk::WithoutReferrers) {
                return Reply::new(404).body("404 page not found\n");
            }
            referrers(state, found(name).unwrap_or(&empty), digest, asked)
        }
        Target::Upload(..) => Reply::new(405),
    }
}

/// Answers with a file that a test put here.
pub(crate) fn file(state: &State, asked: &Asked) -> Reply {
    if asked.method != Method::GET && asked.method != Method::HEAD {
        return Reply::new(405);
    }
    let Some(bytes) = state.files.get(asked.uri.path()) else {
        return Reply::new(404).body("404 page not found\n");
    };
    let whole = Reply::new(200)
        .with(CONTENT_TYPE, "application/octet-stream")
        .with(ETAG, &format!("\"{}\"", Digest::sha256(bytes).short()))
        .body(bytes.clone());
    range::select(whole, &asked.headers)
}

fn manifest(repository: &Repository, reference: &str, asked: &Asked) -> Reply {
    let Some((digest, manifest)) = repository.find(reference) else {
        return Reply::error(404, "MANIFEST_UNKNOWN", "manifest unknown to registry");
    };
    let whole = Reply::new(200)
        .with(CONTENT_TYPE, &manifest.media_type)
        .named("docker-content-digest", digest.as_str())
        .with(ETAG, &format!("\"{digest}\""))
        .body(manifest.bytes.clone());
    // Ranges of manifests are not a thing; only the condition is looked at.
    let mut conditions = HeaderMap::new();
    if let Some(known) = asked.headers.get(axum::http::header::IF_NONE_MATCH) {
        conditions.insert(axum::http::header::IF_NONE_MATCH, known.clone());
    }
    range::select(whole, &conditions)
}

fn blob(repository: &Repository, digest: &str, asked: &Asked) -> Reply {
    let found = digest.parse().ok().and_then(|digest: Digest| repository.blobs.get(&digest));
    let Some(bytes) = found else {
        return Reply::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    let whole = Reply::new(200)
        .with(CONTENT_TYPE, "application/octet-stream")
        .named("docker-content-digest", digest)
        .with(ETAG, &format!("\"{digest}\""))
        .body(bytes.clone());
    range::select(whole, &asked.headers)
}

fn tags(repository: &Repository, name: &str, page: Option<usize>, asked: &Asked) -> Reply {
    let tags: Vec<&str> = repository.tags.keys().map(String::as_str).collect();
    let (tags, next) = paged(tags, &format!("/v2/{name}/tags/list"), page, asked);
    let reply = Reply::new(200).json(&serde_json::json!({"name": name, "tags": tags}));
    next.into_iter().fold(reply, |reply, next| reply.with(LINK, &next))
}

fn catalog(state: &State, asked: &Asked) -> Reply {
    let names: Vec<&str> = state.repositories.keys().map(String::as_str).collect();
    let (names, next) = paged(names, "/v2/_catalog", state.tags_page, asked);
    let reply = Reply::new(200).json(&serde_json::json!({"repositories": names}));
    next.into_iter().fold(reply, |reply, next| reply.with(LINK, &next))
}

/// The page of a sorted list that is asked for, and the link to the next one.
fn paged<'a>(
    mut names: Vec<&'a str>,
    path: &str,
    page: Option<usize>,
    asked: &Asked,
) -> (Vec<&'a str>, Option<String>) {
    let wanted = asked.query("n").and_then(|n| n.parse().ok());
    let count = wanted.into_iter().chain(page).min().unwrap_or(usize::MAX);
    let last = asked.query("last").unwrap_or_default();
    names.retain(|name| *name > last.as_str());
    let more = names.len() > count;
    names.truncate(count);
    let last = names.last().filter(|_| more);
    let next = last.map(|last| format!("<{path}?n={count}&last={last}>; rel=\"next\""));
    (names, next)
}

fn referrers(state: &State, repository: &Repository, subject: &str, asked: &Asked) -> Reply {
    let wanted = asked.query("artifactType").filter(|_| !state.is(&Quirk::WithoutFilters));
    let mut manifests: Vec<_> = repository
        .manifests
        .iter()
        .filter_map(|(digest, manifest)| referrer(digest, manifest, subject))
        .filter(|found| wanted.as_deref().is_none_or(|wanted| found["artifactType"] == wanted))
        .collect();
    let page = state.quirk(|quirk| match quirk {
        Quirk::ReferrersPage(count) => Some(*count),
        _ => None,
    });
    let from: usize = asked.query("from").and_then(|from| from.parse().ok()).unwrap_or_default();
    manifests.drain(..from.min(manifests.len()));
    let next = page.filter(|count| manifests.len() > *count).map(|count| {
        manifests.truncate(count);
        format!("<?from={}>; rel=\"next\"", from + count)
    });
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let reply = Reply::new(200).body(index.to_string()).with(CONTENT_TYPE, INDEX);
    let reply = next.into_iter().fold(reply, |reply, next| reply.with(LINK, &next));
    if wanted.is_some() { reply.named("oci-filters-applied", "artifactType") } else { reply }
}

fn referrer(digest: &Digest, manifest: &Manifest, subject: &str) -> Option<serde_json::Value> {
    let document: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
    if document["subject"]["digest"] != subject {
        return None;
    }
    let mut found = serde_json::json!({
        "mediaType": manifest.media_type,
        "digest": digest.as_str(),
        "size": manifest.bytes.len(),
    });
    let kind = document.get("artifactType").unwrap_or(&document["config"]["mediaType"]);
    found["artifactType"] = kind.clone();
    if let Some(annotations) = document.get("annotations") {
        found["annotations"] = annotations.clone();
    }
    Some(found)
}
