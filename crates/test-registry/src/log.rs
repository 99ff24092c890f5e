//! What arrived: the request log.

use axum::http::{HeaderValue, request::Parts};

use crate::connection::Connection;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header lines in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How many bytes the body had.
    pub body_size: usize,
    /// The protocol, as `HTTP/1.1`.
    pub protocol: String,
    /// Which connection it came by, from 1.
    pub connection: u64,
    /// Whether the client showed a certificate.
    pub is_identified: bool,
}

impl Request {
    pub(crate) fn new(parts: &Parts, body_size: usize, connection: &Connection) -> Self {
        let Parts { method, uri, headers, version, .. } = parts;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: method.to_string(),
            path: uri.path_and_query().map_or_else(String::new, ToString::to_string),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body_size,
            protocol: format!("{version:?}"),
            connection: connection.number(),
            is_identified: connection.is_identified(),
        }
    }

    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The credentials that came with it.
    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    /// The range that it asked for.
    pub fn range(&self) -> Option<&str> {
        self.header("range")
    }

    /// Whether method and path match `METHOD pattern` or `pattern`, `*` standing for anything.
    pub fn matches(&self, pattern: &str) -> bool {
        matches(pattern, &self.method, &self.path)
    }
}

pub(crate) fn matches(pattern: &str, method: &str, path: &str) -> bool {
    match pattern.split_once(' ') {
        Some((wanted, pattern)) => wanted == method && glob(pattern.as_bytes(), path.as_bytes()),
        None => glob(pattern.as_bytes(), path.as_bytes()),
    }
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        Some((byte, rest)) => text.split_first().is_some_and(|(b, t)| b == byte && glob(rest, t)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_method_and_path() {
        let cases = [
            ("*", true),
            ("GET *", true),
            ("PUT *", false),
            ("/v2/*/blobs/*", true),
            ("GET /v2/acme/jq/blobs/*", true),
            ("/v2/*/manifests/*", false),
            ("/v2/", false),
        ];
        for (pattern, expected) in cases {
            let path = "/v2/acme/jq/blobs/sha256:ab";
            assert_eq!(matches(pattern, "GET", path), expected, "{pattern}");
        }
    }
}
