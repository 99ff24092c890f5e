//! What is written: uploads, mounts, manifests, deletions.

use axum::http::{
    Method,
    header::{CONTENT_RANGE, CONTENT_TYPE, RANGE},
};
use bytes::{Bytes, BytesMut};
use digest::{Digest, Hasher};
use serde_json::Value;

use crate::{
    reply::Reply,
    route::{Asked, Target},
    state::{Repository, State, Upload},
};

/// Largest manifest that is taken, as the specification recommends.
const MANIFEST_BYTES_MAX: usize = 4 << 20;

pub(crate) fn answer(state: &mut State, target: &Target<'_>, asked: &Asked) -> Reply {
    match (target, &asked.method) {
        (Target::Upload(name, ""), &Method::POST) => begin(state, name, asked),
        (Target::Upload(name, id), _) => upload(state, name, id, asked),
        (Target::Manifest(name, reference), &Method::PUT) => {
            let repository = state.repositories.entry((*name).to_owned()).or_default();
            put_manifest(repository, name, reference, asked)
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

fn repository<'a>(state: &'a mut State, name: &str) -> &'a mut Repository {
    state.repositories.entry(name.to_owned()).or_default()
}

fn begin(state: &mut State, name: &str, asked: &Asked) -> Reply {
    if let (Some(digest), Some(from)) = (asked.query("mount"), asked.query("from"))
        && let Ok(digest) = digest.parse::<Digest>()
        && state.auth.may_pull(&asked.headers, &from)
        && let Some(bytes) = state.repositories.get(&from).and_then(|r| r.blobs.get(&digest))
    {
        let bytes = bytes.clone();
        return store(repository(state, name), name, &digest, bytes);
    }
    if let Some(digest) = asked.query("digest") {
        return verify(repository(state, name), name, &digest, asked.body.clone());
    }
    state.uploads_begun += 1;
    let id = format!("upload-{}", state.uploads_begun);
    let upload = Upload { repository: name.to_owned(), bytes: BytesMut::new() };
    state.uploads.insert(id.clone(), upload);
    Reply::new(202).located(&session(name, &id)).with(RANGE, "0-0")
}

fn session(name: &str, id: &str) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

fn upload(state: &mut State, name: &str, id: &str, asked: &Asked) -> Reply {
    let unknown = || Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
    let Some(upload) = state.uploads.get_mut(id).filter(|upload| upload.repository == name) else {
        return unknown();
    };
    let progress = |status, size: usize| {
        let range = format!("0-{}", size.saturating_sub(1));
        Reply::new(status).located(&session(name, id)).with(RANGE, &range)
    };
    match asked.method {
        Method::GET => progress(204, upload.bytes.len()),
        Method::DELETE => {
            state.uploads.remove(id);
            Reply::new(204)
        }
        Method::PATCH | Method::PUT if !continues(upload, asked) => {
            progress(416, upload.bytes.len())
        }
        Method::PATCH => {
            upload.bytes.extend_from_slice(&asked.body);
            progress(202, upload.bytes.len())
        }
        Method::PUT => {
            upload.bytes.extend_from_slice(&asked.body);
            let bytes = std::mem::take(&mut upload.bytes).freeze();
            state.uploads.remove(id);
            let digest = asked.query("digest").unwrap_or_default();
            verify(repository(state, name), name, &digest, bytes)
        }
        _ => Reply::error(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

/// Whether the chunk begins where the upload stands; a chunk that does not say is taken on trust.
fn continues(upload: &Upload, asked: &Asked) -> bool {
    let said = asked.headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    said.is_none_or(|range| {
        range.split_once('-').and_then(|(start, _)| start.parse().ok()) == Some(upload.bytes.len())
    })
}

fn verify(repository: &mut Repository, name: &str, digest: &str, bytes: Bytes) -> Reply {
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

fn store(repository: &mut Repository, name: &str, digest: &Digest, bytes: Bytes) -> Reply {
    repository.blobs.insert(digest.clone(), bytes);
    Reply::new(201)
        .located(&format!("/v2/{name}/blobs/{digest}"))
        .named("docker-content-digest", digest.as_str())
}

fn put_manifest(repository: &mut Repository, name: &str, reference: &str, asked: &Asked) -> Reply {
    let invalid = |why: &str| Reply::error(400, "MANIFEST_INVALID", why);
    if asked.body.len() > MANIFEST_BYTES_MAX {
        return Reply::error(413, "SIZE_INVALID", "the manifest is too large");
    }
    let Ok(document) = serde_json::from_slice::<Value>(&asked.body) else {
        return invalid("the manifest is not JSON");
    };
    let media_type = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(media_type) = media_type else {
        return invalid("no Content-Type");
    };
    if document["mediaType"].as_str().is_some_and(|said| said != media_type) {
        return invalid("Content-Type and mediaType differ");
    }
    if let Some(missing) = missing(repository, &document) {
        return Reply::error(404, "MANIFEST_BLOB_UNKNOWN", &format!("{missing} is not here"));
    }
    let tag = match reference.parse::<Digest>() {
        Ok(digest) if !is_digest_of(&digest, &asked.body) => {
            return Reply::error(400, "DIGEST_INVALID", "the digest is of other bytes");
        }
        Ok(_) => None,
        Err(_) => Some(reference),
    };
    let digest = repository.put_manifest(tag, media_type, asked.body.clone());
    let reply = Reply::new(201)
        .located(&format!("/v2/{name}/manifests/{digest}"))
        .named("docker-content-digest", digest.as_str());
    match document["subject"]["digest"].as_str() {
        Some(subject) => reply.named("oci-subject", subject),
        None => reply,
    }
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
