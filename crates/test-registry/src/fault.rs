//! Faults by name: what a test may ask the registry to do wrong, to which requests, how often.
//!
//! A fault either answers instead of the registry, changes the answer, or cuts it on the wire.
//! For one request the first fault that answers instead is taken alone; else all that match.

use std::time::Duration;

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_RANGE, RANGE},
};
use bytes::{Bytes, BytesMut};

use crate::{log, reply, reply::Reply, server::TestRegistry, wire::Wire};

/// One way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer instead of the right one.
    Status {
        /// The status.
        code: u16,
        /// Headers, set as they are.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// A redirect; `{path}` in it stands for the request's path and query.
    Redirect(String),
    /// 401 with the challenge that this registry would give.
    Unauthorized,
    /// 403 with this body to whoever has logged in.
    Forbidden(Bytes),
    /// The answer waits for [`TestRegistry::release`].
    Hold,
    /// The request's `Range` is not seen.
    IgnoreRange,
    /// A partial answer begins one byte late, and says so.
    WrongRange,
    /// One more byte, declared as well.
    ExtraByte,
    /// The bits of the byte at this offset are inverted.
    FlippedByte(usize),
    /// A header is set to this value, or removed.
    Header(String, Option<String>),
    /// A header line is added.
    AnotherHeader(String, String),
    /// The body is compressed and `Content-Encoding: gzip` said.
    Gzip,
    /// The connection closes after so many bytes of the body.
    Truncate(usize),
    /// The connection is reset after so many bytes of the body.
    Reset(usize),
    /// The connection stays open and silent after so many bytes of the body.
    Stall(usize),
    /// The body comes in pieces of this size with this pause between them.
    Slow(usize, Duration),
    /// `Content-Length` says this.
    ContentLength(u64),
    /// The body comes without a declared length.
    Chunked,
    /// The connection is reset once so many bytes of the request's body came.
    Cut(usize),
    /// This status at once, without reading the request's body; 401 with the right challenge.
    Early(u16),
    /// The request is carried out, and the connection is reset instead of an answer.
    Lost,
}

/// A fault being asked for: to which requests, how often.
#[must_use = "it says nothing until a fault is named"]
pub struct On<'a> {
    registry: &'a TestRegistry,
    pattern: String,
    skip: u32,
    times: Option<u32>,
}

impl<'a> On<'a> {
    pub(crate) fn new(registry: &'a TestRegistry, pattern: &str) -> Self {
        Self { registry, pattern: pattern.to_owned(), skip: 0, times: None }
    }

    /// Only for the first request that matches.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Only for so many requests that match.
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Only after so many requests matched and were answered well.
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Closes the connection after `at` bytes of the body.
    pub fn truncating(self, at: usize) {
        self.fault(Fault::Truncate(at));
    }

    /// Resets the connection after `at` bytes of the body.
    pub fn resetting(self, at: usize) {
        self.fault(Fault::Reset(at));
    }

    /// Sends nothing more after `at` bytes of the body, and keeps the connection open.
    pub fn stalling(self, at: usize) {
        self.fault(Fault::Stall(at));
    }

    /// Sends `size` bytes at a time with a pause after each.
    pub fn slow(self, size: usize, pause: Duration) {
        self.fault(Fault::Slow(size, pause));
    }

    /// Adds a byte to the body.
    pub fn extra_byte(self) {
        self.fault(Fault::ExtraByte);
    }

    /// Inverts the byte at `offset`.
    pub fn flipped_byte(self, offset: usize) {
        self.fault(Fault::FlippedByte(offset));
    }

    /// Declares another length than the body has.
    pub fn wrong_content_length(self, length: u64) {
        self.fault(Fault::ContentLength(length));
    }

    /// Sends the body without a declared length.
    pub fn chunked(self) {
        self.fault(Fault::Chunked);
    }

    /// Takes `at` bytes of the request's body and resets the connection.
    pub fn cutting(self, at: usize) {
        self.fault(Fault::Cut(at));
    }

    /// Answers with this status before the request's body is read, and closes the connection.
    pub fn early(self, code: u16) {
        self.fault(Fault::Early(code));
    }

    /// Does what is asked and resets the connection instead of answering.
    pub fn losing_the_answer(self) {
        self.fault(Fault::Lost);
    }

    /// Ignores `Range`, as a server without ranges does.
    pub fn without_ranges(self) {
        self.fault(Fault::IgnoreRange);
    }

    /// Answers a range request with another range.
    pub fn wrong_range(self) {
        self.fault(Fault::WrongRange);
    }

    /// Redirects; `{path}` stands for the request's path and query, so `{path}` is a loop.
    pub fn redirecting(self, location: &str) {
        self.fault(Fault::Redirect(location.to_owned()));
    }

    /// Redirects to the same path of another registry.
    pub fn redirecting_to(self, other: &TestRegistry) {
        let location = other.url("{path}");
        self.redirecting(&location);
    }

    /// Asks for credentials once more, whatever came.
    pub fn unauthorized(self) {
        self.fault(Fault::Unauthorized);
    }

    /// Lets in nobody who has logged in, and says this; the others are asked to.
    pub fn forbidding(self, body: &str) {
        self.fault(Fault::Forbidden(Bytes::copy_from_slice(body.as_bytes())));
    }

    /// Answers with this status and no body.
    pub fn status(self, code: u16) {
        self.answering(code, &[], "");
    }

    /// Answers with this status, these headers and this body.
    pub fn answering(self, code: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.fault(Fault::Status { code, headers, body: body.into() });
    }

    /// Answers 200 with a page for people, as some proxies do.
    pub fn html(self) {
        let page = "<!DOCTYPE html><html><body>Sign in to go on</body></html>";
        self.answering(200, &[("content-type", "text/html; charset=utf-8")], page);
    }

    /// Sets a header of the right answer.
    pub fn header(self, name: &str, value: &str) {
        self.fault(Fault::Header(name.to_owned(), Some(value.to_owned())));
    }

    /// Removes a header of the right answer.
    pub fn without_header(self, name: &str) {
        self.fault(Fault::Header(name.to_owned(), None));
    }

    /// Lies about the digest in `Docker-Content-Digest`.
    pub fn digest_header(self, digest: &str) {
        self.header("docker-content-digest", digest);
    }

    /// Leaves `Docker-Content-Digest` out.
    pub fn without_digest_header(self) {
        self.without_header("docker-content-digest");
    }

    /// Adds a `Warning` header.
    pub fn warning(self, value: &str) {
        self.fault(Fault::AnotherHeader("warning".to_owned(), value.to_owned()));
    }

    /// Compresses the body though nobody asked for it.
    pub fn gzip(self) {
        self.fault(Fault::Gzip);
    }

    /// Holds the answer back until [`TestRegistry::release`].
    pub fn holding(self) {
        self.fault(Fault::Hold);
    }

    /// Any fault.
    pub fn fault(self, fault: Fault) {
        self.registry.add_rule(&self.pattern, self.skip, self.times, fault);
    }
}

/// A fault with the requests it is for and how often it is left.
pub(crate) struct Rule {
    pattern: String,
    skip: u32,
    left: Option<u32>,
    fault: Fault,
}

impl Rule {
    pub(crate) fn new(pattern: &str, skip: u32, left: Option<u32>, fault: Fault) -> Self {
        Self { pattern: pattern.to_owned(), skip, left, fault }
    }

    fn is_due(&mut self, method: &str, path: &str) -> bool {
        if self.left == Some(0) || !log::matches(&self.pattern, method, path) {
            return false;
        }
        let due = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        due
    }

    fn take(&mut self) -> Fault {
        self.left = self.left.map(|left| left - 1);
        self.fault.clone()
    }
}

/// The faults for one request; each is counted as used.
pub(crate) fn due(rules: &mut [Rule], method: &str, path: &str) -> Vec<Fault> {
    let mut due: Vec<_> =
        rules.iter_mut().filter_map(|r| r.is_due(method, path).then_some(r)).collect();
    if let Some(instead) = due.iter_mut().find(|rule| rule.fault.is_instead()) {
        return vec![instead.take()];
    }
    due.into_iter().map(Rule::take).collect()
}

impl Fault {
    fn is_instead(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Redirect(_) | Self::Unauthorized)
    }

    /// The answer of a fault that answers instead of the registry; not for 401, which needs it.
    pub(crate) fn instead(&self, path: &str) -> Option<Reply> {
        match self {
            Self::Status { code, headers, body } => {
                let reply = Reply::new(*code).body(body.clone());
                Some(headers.iter().fold(reply, |reply, (name, value)| reply.named(name, value)))
            }
            Self::Redirect(to) => Some(Reply::new(307).located(&to.replace("{path}", path))),
            _ => None,
        }
    }

    /// The status of an answer that does not wait for the request's body.
    pub(crate) fn early(&self) -> Option<u16> {
        match self {
            Self::Early(code) => Some(*code),
            _ => None,
        }
    }

    /// How many bytes of the request are taken before the connection breaks, if it does.
    pub(crate) fn cut(&self) -> Option<usize> {
        match self {
            Self::Cut(at) => Some(*at),
            _ => None,
        }
    }

    /// Changes the request before it is answered.
    pub(crate) fn on_request(&self, headers: &mut HeaderMap) {
        if matches!(self, Self::IgnoreRange) {
            headers.remove(RANGE);
        }
    }

    /// Changes the answer.
    pub(crate) fn on_reply(&self, reply: &mut Reply) {
        match self {
            Self::ExtraByte => reply.body = changed(&reply.body, |bytes| bytes.extend(b"!")),
            Self::FlippedByte(at) => {
                reply.body = changed(&reply.body, |bytes| {
                    if let Some(byte) = bytes.get_mut(*at) {
                        *byte ^= 0xff;
                    }
                });
            }
            Self::Header(name, Some(value)) => {
                reply.headers.insert(reply::header_name(name), reply::header_value(value));
            }
            Self::Header(name, None) => {
                reply.headers.remove(reply::header_name(name));
            }
            Self::AnotherHeader(name, value) => {
                reply.headers.append(reply::header_name(name), reply::header_value(value));
            }
            Self::Forbidden(body) if reply.status != 401 => {
                *reply = Reply::new(403).body(body.clone());
            }
            Self::Gzip => {
                reply.body = crate::content::gzip(&reply.body);
                reply.headers.insert(CONTENT_ENCODING, reply::header_value("gzip"));
            }
            Self::WrongRange => shift_range(reply),
            _ => {}
        }
    }

    /// Changes how the answer is sent.
    pub(crate) fn on_wire(&self, wire: &mut Wire) {
        match self {
            Self::Truncate(at) => wire.truncate(*at),
            Self::Reset(at) => wire.reset(*at),
            Self::Stall(at) => wire.stall(*at),
            Self::Slow(size, pause) => wire.slow(*size, *pause),
            Self::ContentLength(length) => wire.declare(Some(*length)),
            Self::Chunked => wire.declare(None),
            _ => {}
        }
    }
}

fn changed(body: &Bytes, change: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut bytes = BytesMut::from(&body[..]);
    change(&mut bytes);
    bytes.freeze()
}

fn shift_range(reply: &mut Reply) {
    let Some(text) = reply.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let parts = text.strip_prefix("bytes ").and_then(|text| text.split_once('-'));
    if let Some((start, rest)) = parts
        && let Ok(start) = start.parse::<u64>()
        && reply.body.len() > 1
    {
        let shifted = reply::header_value(&format!("bytes {}-{rest}", start + 1));
        reply.headers.insert(CONTENT_RANGE, shifted);
        reply.body = reply.body.slice(1..);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_answers_comes_first_and_alone() {
        let status = Fault::Status { code: 503, headers: Vec::new(), body: Bytes::new() };
        let mut rules = [
            Rule::new("*", 0, Some(1), Fault::Truncate(3)),
            Rule::new("*", 1, Some(1), status),
            Rule::new("*", 0, None, Fault::Chunked),
        ];
        let mut names = || {
            let due = due(&mut rules, "GET", "/");
            due.iter().map(|f| format!("{f:?}").chars().take(6).collect()).collect::<Vec<String>>()
        };
        assert_eq!(names(), ["Trunca", "Chunke"]);
        assert_eq!(names(), ["Status"]);
        assert_eq!(names(), ["Chunke"]);
    }
}
