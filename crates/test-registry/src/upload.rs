//! Uploads: sessions, chunks, mounts.

use axum::http::{
    Method,
    header::{CONTENT_RANGE, HOST, RANGE},
};
use bytes::BytesMut;
use digest::Digest;

use crate::{
    push::{repository, store, verify},
    quirk::Quirk,
    reply::Reply,
    route::Asked,
    state::{State, Upload},
};

/// Begins an upload, or ends it at once by a mount or with all its bytes.
pub(crate) fn begin(state: &mut State, name: &str, asked: &Asked) -> Reply {
    if state.is(&Quirk::StrictQuery) && asked.uri.query().is_some() {
        return Reply::error(400, "UNSUPPORTED", "the query is not understood");
    }
    if let (Some(digest), Some(from)) = (asked.query("mount"), asked.query("from"))
        && !state.is(&Quirk::WithoutMounts)
        && let Ok(digest) = digest.parse::<Digest>()
        && state.auth.may_pull(&asked.headers, &from)
        && let Some(bytes) = state.repositories.get(&from).and_then(|r| r.blobs.get(&digest))
    {
        let bytes = bytes.clone();
        return store(repository(state, name), name, &digest, bytes);
    }
    if let Some(digest) = asked.query("digest")
        && !state.is(&Quirk::WithoutSinglePost)
    {
        return verify(repository(state, name), name, &digest, asked.body.clone());
    }
    state.uploads_begun += 1;
    let id = format!("upload-{}", state.uploads_begun);
    let upload = Upload { repository: name.to_owned(), bytes: BytesMut::new(), first: None };
    state.uploads.insert(id.clone(), upload);
    let reply = Reply::new(202).located(&session(state, name, &id, asked)).with(RANGE, "0-0");
    match state.quirk(|quirk| match quirk {
        Quirk::ChunkMin(least) => Some(*least),
        _ => None,
    }) {
        Some(least) => reply.named("oci-chunk-min-length", &least.to_string()),
        None => reply,
    }
}

/// The `Location` of a session, in the form that the test wants.
fn session(state: &State, name: &str, id: &str, asked: &Asked) -> String {
    let path = format!("/v2/{name}/blobs/uploads/{id}");
    let form = state.quirk(|quirk| match quirk {
        Quirk::Location(form) => Some(form.clone()),
        _ => None,
    });
    let host = asked.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match form {
        Some(form) => form.replace("{path}", &path).replace("{id}", id).replace("{host}", host),
        None => path,
    }
}

/// Answers a request to a session.
pub(crate) fn answer(state: &mut State, name: &str, id: &str, asked: &Asked) -> Reply {
    let is_known = state.uploads.get(id).is_some_and(|upload| upload.repository == name);
    if !is_known || !is_as_named(state, id, asked) {
        return Reply::error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
    }
    match asked.method {
        Method::GET if state.is(&Quirk::WithoutStatus) => {
            Reply::error(405, "UNSUPPORTED", "the operation is unsupported")
        }
        Method::GET => progress(state, 204, name, id, asked, 0),
        Method::DELETE => {
            state.uploads.remove(id);
            Reply::new(204)
        }
        Method::PATCH => patch(state, name, id, asked),
        Method::PUT if !continues(&state.uploads[id], asked) => {
            progress(state, 416, name, id, asked, 0)
        }
        Method::PUT => {
            let Some(mut upload) = state.uploads.remove(id) else {
                return Reply::new(404);
            };
            upload.bytes.extend_from_slice(&asked.body);
            let digest = asked.query("digest").unwrap_or_default();
            let sha256 = Digest::sha256(&upload.bytes);
            let says_sha256 = state.is(&Quirk::Sha256Header);
            let reply = verify(repository(state, name), name, &digest, upload.bytes.freeze());
            if says_sha256 && reply.status == 201 {
                return Reply::new(201).named("docker-content-digest", sha256.as_str());
            }
            reply
        }
        _ => Reply::error(405, "UNSUPPORTED", "the operation is unsupported"),
    }
}

/// Whether the request has the query that the session was named with, in front of the digest.
fn is_as_named(state: &State, id: &str, asked: &Asked) -> bool {
    let form = state.quirk(|quirk| match quirk {
        Quirk::Location(form) => Some(form.replace("{id}", id)),
        _ => None,
    });
    let Some(query) = form.as_deref().and_then(|form| form.split_once('?')).map(|(_, q)| q) else {
        return true;
    };
    let asked = asked.uri.query().unwrap_or_default();
    asked == query || asked.strip_prefix(query).is_some_and(|rest| rest.starts_with("&digest="))
}

fn patch(state: &mut State, name: &str, id: &str, asked: &Asked) -> Reply {
    let size = asked.body.len();
    let most = state.quirk(|quirk| match quirk {
        Quirk::ChunkMax(most) => Some(*most),
        _ => None,
    });
    if state.is(&Quirk::WithoutChunks) {
        return Reply::error(405, "UNSUPPORTED", "chunks are not supported");
    }
    if most.is_some_and(|most| size > most && asked.headers.contains_key(CONTENT_RANGE)) {
        return Reply::error(416, "SIZE_INVALID", "the chunk exceeds the limit");
    }
    if !continues(&state.uploads[id], asked) {
        return progress(state, 416, name, id, asked, 0);
    }
    let kept = state.quirk(|quirk| match quirk {
        Quirk::ShortChunks(most) => Some(size.min(*most)),
        _ => None,
    });
    let code = if state.is(&Quirk::ChunkCreated) { 201 } else { 202 };
    if let Some(upload) = state.uploads.get_mut(id) {
        upload.bytes.extend_from_slice(&asked.body[..kept.unwrap_or(size)]);
        upload.first.get_or_insert(upload.bytes.len());
    }
    progress(state, code, name, id, asked, size)
}

/// What an upload has; `chunk` is the size of the chunk that came last.
fn progress(
    state: &State,
    status: u16,
    name: &str,
    id: &str,
    asked: &Asked,
    chunk: usize,
) -> Reply {
    let upload = &state.uploads[id];
    let mut size = upload.bytes.len();
    if state.is(&Quirk::StickyRange) {
        size = upload.first.unwrap_or(size);
    }
    if state.is(&Quirk::RelativeRange) && chunk > 0 {
        size = chunk;
    }
    let range = format!("0-{}", size.saturating_sub(1));
    Reply::new(status).located(&session(state, name, id, asked)).with(RANGE, &range)
}

/// Whether the chunk begins where the upload stands; a chunk that does not say is taken on trust.
fn continues(upload: &Upload, asked: &Asked) -> bool {
    let said = asked.headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    said.is_none_or(|range| {
        range.split_once('-').and_then(|(start, _)| start.parse().ok()) == Some(upload.bytes.len())
    })
}

/// Keeps what came of a request that broke off, as registries do.
pub(crate) fn broken(state: &mut State, name: &str, id: &str, bytes: &[u8]) {
    if state.is(&Quirk::FragileSessions) {
        state.uploads.remove(id);
    } else if let Some(upload) = state.uploads.get_mut(id).filter(|it| it.repository == name) {
        upload.bytes.extend_from_slice(bytes);
    }
}
