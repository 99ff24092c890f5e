//! A whole answer, before faults and before it becomes a stream.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use bytes::Bytes;

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a test names statuses that exist");
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An error as the specification writes it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let errors = serde_json::json!({"errors": [{"code": code, "message": message}]});
        Self::new(status).json(&errors)
    }

    pub(crate) fn json(self, value: &serde_json::Value) -> Self {
        self.with(CONTENT_TYPE, "application/json").body(value.to_string())
    }

    pub(crate) fn located(self, location: &str) -> Self {
        self.with(LOCATION, location)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.append(name, header_value(value));
        self
    }

    pub(crate) fn named(self, name: &str, value: &str) -> Self {
        self.with(header_name(name), value)
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

pub(crate) fn header_name(name: &str) -> HeaderName {
    HeaderName::from_bytes(name.as_bytes()).expect("a test names headers that can be sent")
}

pub(crate) fn header_value(value: &str) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).expect("a test names headers that can be sent")
}
