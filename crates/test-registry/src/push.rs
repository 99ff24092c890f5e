//! What is written: manifests and deletions; uploads have a file of their own.

use axum::http::{
    Method,
    header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH},
};
use bytes::Bytes;
use digest::{Digest, Hasher};
use serde_json::Value;

use crate::{
    quirk::Quirk,
    reply::Reply,
    route::{Asked, Target},
    state::{Repository, State},
    upload,
};

/// Largest manifest that is taken, as the specification recommends.
const MANIFEST_BYTES_MAX: usize = 4 << 20;

pub(crate) fn answer(state: &mut State, target: &Target<'_>, asked: &Asked) -> Reply {
    match (target, &asked.method) {
        (Target::Upload(name, ""), &Method::POST) => upload::begin(state, name, asked),
        (Target::Upload(name, id), _) => upload::answer(state, name, id, asked),
        (Target::Manifest(name, reference), &Method::PUT) => {
            put_manifest(state, name, reference, asked)
        }
        (_, &Method::DELETE) if state.is(&Quirk::WithoutDeletion) => {
            Reply::error(405, "UNSUPPORTED", "nothing is deleted here")
        }
        (Target::Manifest(_, reference), &Method::DELETE)
            if state.is(&Quirk::WithoutTagDeletion) && reference.parse::<Digest>().is_err() =>
        {
            Reply::error(405, "UNSUPPORTED", "tags are not deleted here")
        }
        (Target::Manifest(name, reference), &Method::DELETE) => {
            delete_manifest(repository(state, name), reference)
        }
        (Target::Blob(name, digest), &Method::DELETE) => {
            let digest = digest.parse().ok();
            let removed = digest.and_then(|digest| repository(state, name).blobs.remove(&digest));
            match removed {
                Some(_) => Reply::new(202),
                None => Reply::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
            }
        }
        _ => Reply::error(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

pub(crate) fn repository<'a>(state: &'a mut State, name: &str) -> &'a mut Repository {
    state.repositories.entry(name.to_owned()).or_default()
}

pub(crate) fn verify(repository: &mut Repository, name: &str, digest: &str, bytes: Bytes) -> Reply {
    let invalid = || Reply::error(400, "DIGEST_INVALID", "provided digest did not match content");
    let Ok(digest) = digest.parse::<Digest>() else {
        return invalid();
    };
    if !is_digest_of(&digest, &bytes) {
        return invalid();
    }
    store(repository, name, &digest, bytes)
}

fn is_digest_of(digest: &Digest, bytes: &[u8]) -> bool {
    Hasher::like(digest).is_ok_and(|mut hasher| {
        hasher.update(bytes);
        hasher.finish() == *digest
    })
}

pub(crate) fn store(
    repository: &mut Repository,
    name: &str,
    digest: &Digest,
    bytes: Bytes,
) -> Reply {
    repository.blobs.insert(digest.clone(), bytes);
    Reply::new(201)
        .located(&format!("/v2/{name}/blobs/{digest}"))
        .named("docker-content-digest", digest.as_str())
}

fn put_manifest(state: &mut State, name: &str, reference: &str, asked: &Asked) -> Reply {
    let quirks = state.quirks.clone();
    let is = |quirk: &Quirk| quirks.contains(quirk);
    let repository = repository(state, name);
    let (media_type, document) = match readable(repository, reference, asked, &quirks) {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let tag = match reference.parse::<Digest>() {
        Ok(digest) if !is_digest_of(&digest, &asked.body) => {
            return Reply::error(400, "DIGEST_INVALID", "the digest is of other bytes");
        }
        Ok(_) => None,
        Err(_) => Some(reference),
    };
    let digest = repository.put_manifest(tag, &media_type, asked.body.clone());
    let mut reply = Reply::new(201).named("docker-content-digest", digest.as_str());
    if !is(&Quirk::WithoutManifestLocation) {
        reply = reply.located(&format!("/v2/{name}/manifests/{digest}"));
    }
    if !is(&Quirk::WithoutManyTags) {
        for tag in asked.queries("tag") {
            repository.tags.insert(tag.clone(), digest.clone());
            reply = reply.named("oci-tag", &tag);
        }
    }
    match document["subject"]["digest"].as_str() {
        Some(subject) if !is(&Quirk::WithoutReferrers) => reply.named("oci-subject", subject),
        _ => reply,
    }
}

/// The type and the document of a manifest that may be stored.
fn readable(
    repository: &Repository,
    reference: &str,
    asked: &Asked,
    quirks: &[Quirk],
) -> Result<(String, Value), Reply> {
    let invalid = |why: &str| Reply::error(400, "MANIFEST_INVALID", why);
    if asked.body.len() > MANIFEST_BYTES_MAX {
        return Err(Reply::error(413, "SIZE_INVALID", "the manifest is too large"));
    }
    if quirks.contains(&Quirk::StrictQuery) && asked.uri.query().is_some() {
        return Err(Reply::error(400, "UNSUPPORTED", "the query is not understood"));
    }
    if quirks.contains(&Quirk::Conditions) && !holds(repository, reference, asked) {
        return Err(Reply::error(412, "DENIED", "the tag has moved"));
    }
    let Ok(document) = serde_json::from_slice::<Value>(&asked.body) else {
        return Err(invalid("the manifest is not JSON"));
    };
    let media_type = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(media_type) = media_type else {
        return Err(invalid("no Content-Type"));
    };
    if document["mediaType"].as_str().is_some_and(|said| said != media_type) {
        return Err(invalid("Content-Type and mediaType differ"));
    }
    if quirks.contains(&Quirk::ImagesOnly) && !is_of_images(&document) {
        return Err(invalid("the config or a layer is of a type that is not allowed"));
    }
    match missing(repository, &document) {
        Some(missing) => {
            Err(Reply::error(404, "MANIFEST_BLOB_UNKNOWN", &format!("{missing} is not here")))
        }
        None => Ok((media_type.to_owned(), document)),
    }
}

/// Whether the conditions of a request hold for what the tag names now.
fn holds(repository: &Repository, reference: &str, asked: &Asked) -> bool {
    let now = repository.find(reference).map(|(digest, _)| format!("\"{digest}\""));
    let said = |name| asked.headers.get(name).and_then(|value| value.to_str().ok());
    let is_there = said(IF_NONE_MATCH) == Some("*") && now.is_some();
    !is_there && said(IF_MATCH).is_none_or(|known| now.as_deref() == Some(known))
}

fn is_of_images(document: &Value) -> bool {
    let is_image = |descriptor: &Value, part: &str| {
        let kind = descriptor["mediaType"].as_str().unwrap_or_default();
        kind.starts_with(&format!("application/vnd.oci.image.{part}.v1"))
    };
    let layers = document["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    document.get("config").is_none_or(|config| is_image(config, "config"))
        && layers.iter().all(|layer| is_image(layer, "layer"))
}

/// The first thing that the manifest needs and that this repository lacks.
fn missing(repository: &Repository, document: &Value) -> Option<String> {
    let list = |name: &str| document[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let digest = |descriptor: &Value| descriptor["digest"].as_str().unwrap_or("").to_owned();
    let absent = |text: &String, here: &dyn Fn(&Digest) -> bool| {
        text.parse().map_or(true, |digest: Digest| !here(&digest))
    };
    let config = document.get("config").into_iter();
    let mut blobs = config.chain(list("layers")).map(digest);
    let mut manifests = list("manifests").iter().map(digest);
    blobs.find(|text| absent(text, &|digest| repository.blobs.contains_key(digest))).or_else(|| {
        manifests.find(|text| absent(text, &|digest| repository.manifests.contains_key(digest)))
    })
}

fn delete_manifest(repository: &mut Repository, reference: &str) -> Reply {
    let deleted = match reference.parse::<Digest>() {
        Ok(digest) => {
            repository.tags.retain(|_, pointed| *pointed != digest);
            repository.manifests.remove(&digest).is_some()
        }
        Err(_) => repository.tags.remove(reference).is_some(),
    };
    if deleted {
        Reply::new(202)
    } else {
        Reply::error(404, "MANIFEST_UNKNOWN", "manifest unknown to registry")
    }
}
