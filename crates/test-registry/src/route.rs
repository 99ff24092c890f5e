//! From a request to its answer: log, faults, credentials, then the verb.

use std::sync::Arc;

use axum::{
    body::{self, Body},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Method, Response, Uri, request::Parts},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::{
    auth::Need,
    connection::Connection,
    fault::{self, Fault},
    log, pull, push,
    quirk::Quirk,
    reply::Reply,
    server::Shared,
    upload,
    wire::Wire,
};

/// A request, whole.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// All values of a query parameter.
    pub(crate) fn queries(&self, name: &str) -> Vec<String> {
        let query = self.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(found, _)| found == name).map(|(_, value)| value.into_owned()).collect()
    }
}

/// What a path under `/v2/` names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    Ping,
    Catalog,
    Manifest(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Upload(&'a str, &'a str),
    Tags(&'a str),
    Referrers(&'a str, &'a str),
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/v2/")?;
        if path.is_empty() {
            return Some(Self::Ping);
        }
        if path == "_catalog" {
            return Some(Self::Catalog);
        }
        if let Some((name, id)) = path.rsplit_once("/blobs/uploads/") {
            return Some(Self::Upload(name, id));
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return Some(Self::Tags(name));
        }
        let (rest, last) = path.rsplit_once('/')?;
        let (name, kind) = rest.rsplit_once('/')?;
        match kind {
            "manifests" => Some(Self::Manifest(name, last)),
            "blobs" => Some(Self::Blob(name, last)),
            "referrers" => Some(Self::Referrers(name, last)),
            _ => None,
        }
    }

    fn need(&self, method: &Method) -> Option<Need> {
        let repository = match *self {
            Self::Ping => return None,
            Self::Catalog => {
                let (resource, action) = ("registry:catalog".to_owned(), "*");
                return Some(Need { resource, action });
            }
            Self::Manifest(name, _) | Self::Blob(name, _) | Self::Upload(name, _) => name,
            Self::Tags(name) | Self::Referrers(name, _) => name,
        };
        let action = match (self, method) {
            (Self::Upload(..), _) => "push",
            (_, &Method::GET | &Method::HEAD) => "pull",
            (_, &Method::DELETE) => "delete",
            _ => "push",
        };
        Some(Need { resource: format!("repository:{repository}"), action })
    }
}

/// Answers any request.
pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response<Body> {
    let _busy = Busy::new(&shared);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let faults = fault::due(&mut shared.state().rules, parts.method.as_str(), &path);
    if let Some(code) = faults.iter().find_map(Fault::early) {
        shared.record(log::Request::new(&parts, 0, &connection));
        let reply = early(&shared, code, &parts);
        return Wire::default().send(reply, &parts.method, connection);
    }
    let cut = faults.iter().find_map(Fault::cut);
    let body = take(body, cut).await;
    shared.record(log::Request::new(&parts, body.len(), &connection));
    let Parts { method, uri, mut headers, .. } = parts;
    if cut.is_some() {
        if let Some(Target::Upload(name, id)) = Target::parse(uri.path()) {
            upload::broken(&mut shared.state(), name, id, &body);
        }
        connection.kill();
        return Response::new(Body::empty());
    }
    if faults.iter().any(|fault| matches!(fault, Fault::Hold)) {
        // The sender lives in `shared`, so waiting ends only by release or by dropping us.
        drop(shared.gate.subscribe().wait_for(|open| *open).await);
    }
    faults.iter().for_each(|fault| fault.on_request(&mut headers));
    let asked = Asked { method, uri, headers, body };
    let mut reply = match faults.iter().find_map(|fault| fault.instead(&path)) {
        Some(reply) => reply,
        None => regular(&shared, &asked, &faults),
    };
    if faults.iter().any(|fault| matches!(fault, Fault::Lost)) {
        connection.kill();
    }
    let mut wire = Wire::default();
    for fault in &faults {
        fault.on_reply(&mut reply);
        fault.on_wire(&mut wire);
    }
    wire.send(reply, &asked.method, connection)
}

fn early(shared: &Shared, code: u16, parts: &Parts) -> Reply {
    if code != 401 {
        return Reply::new(code);
    }
    let target = Target::parse(parts.uri.path());
    let need = target.and_then(|target| target.need(&parts.method));
    shared.state().auth.challenge(&parts.headers, need.as_ref(), Some("invalid_token"))
}

/// The body of a request, or so much of it as is read before the connection breaks.
async fn take(body: Body, cut: Option<usize>) -> Bytes {
    let Some(most) = cut else {
        return body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    };
    let mut taken = BytesMut::new();
    let mut frames = body.into_data_stream();
    while taken.len() < most
        && let Some(Ok(frame)) = frames.next().await
    {
        taken.extend_from_slice(&frame[..frame.len().min(most - taken.len())]);
    }
    taken.freeze()
}

fn regular(shared: &Shared, asked: &Asked, faults: &[Fault]) -> Reply {
    let state = &mut *shared.state();
    let path = asked.uri.path();
    if path == "/token" {
        return state.auth.issue(&asked.method, &asked.uri, &asked.headers, &asked.body);
    }
    let target = Target::parse(path);
    let need = target.as_ref().and_then(|target| target.need(&asked.method));
    if faults.iter().any(|fault| matches!(fault, Fault::Unauthorized)) {
        return state.auth.challenge(&asked.headers, need.as_ref(), Some("invalid_token"));
    }
    let Some(target) = target else {
        return pull::file(state, asked);
    };
    if let Some(refused) = state.auth.refuse(&asked.headers, need.as_ref()) {
        return refused;
    }
    let most = state.quirk(|quirk| match quirk {
        Quirk::BodyMax(most) => Some(*most),
        _ => None,
    });
    if most.is_some_and(|most| asked.body.len() > most) {
        return Reply::new(413).body("<html>413 Request Entity Too Large</html>");
    }
    match asked.method {
        Method::GET | Method::HEAD if !matches!(target, Target::Upload(..)) => {
            pull::answer(state, &target, asked)
        }
        _ => push::answer(state, &target, asked),
    }
}

/// Counts a request as being answered for as long as it lives.
struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    fn new(shared: &'a Shared) -> Self {
        let mut state = shared.state();
        state.busy += 1;
        state.peak = state.peak.max(state.busy);
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_targets() {
        let cases = [
            ("/v2/", Some(Target::Ping)),
            ("/v2/a/b/manifests/1.0", Some(Target::Manifest("a/b", "1.0"))),
            ("/v2/a/blobs/sha256:ab", Some(Target::Blob("a", "sha256:ab"))),
            ("/v2/a/blobs/uploads/", Some(Target::Upload("a", ""))),
            ("/v2/a/blobs/uploads/7", Some(Target::Upload("a", "7"))),
            ("/v2/a/b/tags/list", Some(Target::Tags("a/b"))),
            ("/v2/a/referrers/sha256:ab", Some(Target::Referrers("a", "sha256:ab"))),
            ("/v2/_catalog", Some(Target::Catalog)),
            ("/jq.tar.gz", None),
        ];
        for (path, expected) in cases {
            assert_eq!(Target::parse(path), expected, "{path}");
        }
    }
}
