//! How an answer is sent: in one piece as a rule, cut or slowed where a fault says so.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{Method, Response, header::CONTENT_LENGTH},
};
use bytes::Bytes;
use futures_util::stream;

use crate::{connection::Connection, reply::Reply};

/// Bytes that one frame of a cut or slowed body holds.
const FRAME_BYTES: usize = 64 << 10;

/// The way of one answer.
#[derive(Default)]
pub(crate) struct Wire {
    declared: Option<Option<u64>>,
    end: Option<(usize, End)>,
    pace: Option<(usize, Duration)>,
}

#[derive(Clone, Copy)]
enum End {
    Close,
    Reset,
    Stall,
}

impl Wire {
    pub(crate) fn truncate(&mut self, at: usize) {
        self.end = Some((at, End::Close));
    }

    pub(crate) fn reset(&mut self, at: usize) {
        self.end = Some((at, End::Reset));
    }

    pub(crate) fn stall(&mut self, at: usize) {
        self.end = Some((at, End::Stall));
    }

    pub(crate) fn slow(&mut self, size: usize, pause: Duration) {
        self.pace = Some((size.max(1), pause));
    }

    pub(crate) fn declare(&mut self, length: Option<u64>) {
        self.declared = Some(length);
    }

    /// Turns the answer into a response that behaves so.
    pub(crate) fn send(
        self,
        reply: Reply,
        method: &Method,
        connection: Connection,
    ) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        let is_plain = self.declared.is_none() && self.end.is_none() && self.pace.is_none();
        let length = self.declared.unwrap_or(Some(reply.body.len() as u64));
        let has_body = !matches!(reply.status.as_u16(), 204 | 304);
        if let Some(length) = length.filter(|_| has_body && (!is_plain || method == Method::HEAD)) {
            response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
        }
        if method != Method::HEAD {
            *response.body_mut() =
                if is_plain { Body::from(reply.body) } else { self.body(reply.body, connection) };
        }
        response
    }

    fn body(self, bytes: Bytes, connection: Connection) -> Body {
        let (size, pause) = self.pace.unwrap_or((FRAME_BYTES, Duration::ZERO));
        let end = self.end.filter(|(at, _)| *at <= bytes.len());
        let left = bytes.slice(..end.map_or(bytes.len(), |(at, _)| at));
        let body = Sending { left, size, pause, end: end.map(|(_, end)| end), connection };
        Body::from_stream(stream::unfold(body, Sending::next))
    }
}

struct Sending {
    left: Bytes,
    size: usize,
    pause: Duration,
    end: Option<End>,
    connection: Connection,
}

impl Sending {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if self.left.is_empty() {
            return self.finish().await;
        }
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        let frame = self.left.split_to(self.size.min(self.left.len()));
        Some((Ok(frame), self))
    }

    async fn finish(mut self) -> Option<(io::Result<Bytes>, Self)> {
        let end = self.end.take()?;
        // The bytes before the fault must arrive, else each run would cut at another place.
        self.connection.flushed().await;
        match end {
            End::Close => {}
            End::Reset => self.connection.reset_on_close(),
            End::Stall => std::future::pending().await,
        }
        Some((Err(io::Error::other("the test asked for this")), self))
    }
}
