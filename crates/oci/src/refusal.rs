//! An answer that is a refusal: its status, and what the server says about it.

use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, SystemTime},
};

use digest::Digest;
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_RANGE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::{
    challenge::{self, Wanted},
    excerpt::excerpt,
    retry,
    shown::Shown,
};

/// Most problems of one answer that are kept.
const PROBLEMS_MAX: usize = 16;

/// Headers by which the operators of registries find a request.
const REQUEST_IDS: [&str; 5] = [
    "x-request-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-ms-correlation-request-id",
    "x-github-request-id",
];

/// What a server answered instead of what it was asked for.
#[derive(Debug, Clone)]
pub struct Refusal {
    method: Method,
    url: String,
    status: StatusCode,
    problems: Vec<Problem>,
    body: String,
    request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) wanted: Option<Wanted>,
    /// The size that a 416 tells.
    pub(crate) whole: Option<u64>,
    /// The digests that the answer names.
    pub(crate) named: Vec<Digest>,
    /// What the request had to show.
    pub(crate) backing: Backing,
    /// The token server that they were kept from.
    pub(crate) kept_from: Option<String>,
}

/// What a request that was refused had to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// Nothing: there are no credentials for it.
    Nobody,
    /// Nothing of its own: the token server did not take the stored credentials.
    Refused,
    /// The stored credentials as they are.
    Credential,
    /// A token that the stored credentials were good for.
    Token,
}

/// One entry of an error body (distribution-spec, "Error Codes").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code, also one that the specification does not know.
    pub code: String,
    /// The message, and the detail where there is no message.
    pub message: String,
}

impl Refusal {
    /// Reads a refusal; `body` is as much of it as is looked at.
    pub(crate) fn new(
        method: &Method,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let challenges = headers.get_all(WWW_AUTHENTICATE);
        let problems = problems(body);
        let is_text = problems.is_empty() && !is_page(headers, body);
        Self {
            method: method.clone(),
            url: Shown(url).to_string(),
            status,
            body: if is_text { excerpt(&String::from_utf8_lossy(body)) } else { String::new() },
            problems,
            request_id: REQUEST_IDS
                .iter()
                .find_map(|name| headers.get(*name)?.to_str().ok())
                .map(excerpt),
            retry_after: text(RETRY_AFTER)
                .and_then(|text| retry::retry_after(text, SystemTime::now())),
            wanted: challenge::choose(challenges.iter().filter_map(|line| line.to_str().ok())),
            whole: text(CONTENT_RANGE)
                .and_then(|range| range.strip_prefix("bytes */")?.parse().ok()),
            named: named(body),
            backing: Backing::Nobody,
            kept_from: None,
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The server that answered.
    pub(crate) fn host(&self) -> String {
        self.url.parse().map(|url| crate::shown::host(&url)).unwrap_or_default()
    }

    /// What the server lists as wrong; empty where it does not answer as the specification says.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether it is about who asks, and not about what is asked.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }

    /// Whether the server could not do what it would do; what it never does is a refusal.
    pub(crate) fn is_failure(&self) -> bool {
        self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED
    }

    /// Whether credentials that once were good are called expired; some say so with a 403.
    pub(crate) fn is_expired(&self) -> bool {
        self.status == StatusCode::FORBIDDEN && self.speaks_of_age()
    }

    /// Whether the text calls credentials expired.
    pub(crate) fn speaks_of_age(&self) -> bool {
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            let thing = ["token", "credential", "password"].iter().any(|word| text.contains(word));
            text.contains("expired") && thing
        };
        says(&self.body) || self.problems.iter().any(|problem| says(&problem.message))
    }

    /// Whether a server with TLS complains that it was asked without.
    pub(crate) fn wants_tls(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST
            && self.body.to_ascii_lowercase().contains("http request to an https server")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} answered {}", self.method, self.url, self.status)?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{} ({})", problem.message, problem.code)?;
        }
        if !self.body.is_empty() {
            write!(f, ": {}", self.body)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// The errors of a body; Zot says who may not come in with one error and no list around it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    List { errors: Vec<serde_json::Value> },
    One { code: String, message: String },
}

fn problems(body: &[u8]) -> Vec<Problem> {
    let errors = match serde_json::from_slice::<Body>(body) {
        Ok(Body::List { errors }) => errors,
        Ok(Body::One { code, message }) => vec![json!({"code": code, "message": message})],
        Err(_) => return Vec::new(),
    };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(excerpt(text)).filter(|text| !text.is_empty()),
        other => Some(excerpt(&other.to_string())),
    };
    let problem = |entry: &serde_json::Value| Problem {
        code: text(&entry["code"]).unwrap_or_else(|| "UNKNOWN".to_owned()),
        message: text(&entry["message"])
            .or_else(|| text(&entry["detail"]))
            .unwrap_or_else(|| "no message".to_owned()),
    };
    errors.iter().take(PROBLEMS_MAX).map(problem).collect()
}

/// The digests of a known algorithm that stand anywhere in an answer, each once.
fn named(body: &[u8]) -> Vec<Digest> {
    let text = String::from_utf8_lossy(body);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':'));
    let found: BTreeSet<Digest> =
        words.filter(|word| word.starts_with("sha")).filter_map(|word| word.parse().ok()).collect();
    found.into_iter().take(PROBLEMS_MAX).collect()
}

/// Whether an answer is a page for people, of which no part is worth showing.
fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(reqwest::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: u16, headers: &[(&'static str, &str)], body: &str) -> String {
        let url = "https://reg.example/v2/a/manifests/1?token=s3cret".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::new(&Method::GET, &url, status, &map, body.as_bytes()).to_string()
    }

    #[test]
    fn e12_errors_are_shown_in_any_shape() {
        let check = |headers: &[(&'static str, &str)], body: &str, expected: &str| {
            let shown = shown(500, headers, body);
            let start = "GET https://reg.example/v2/a/manifests/1?token=… answered 500 \
                         Internal Server Error";
            assert_eq!(shown, format!("{start}{expected}"));
        };
        check(&[], "", "");
        check(&[], "Too Many Requests (HAP429)\n", ": Too Many Requests (HAP429)");
        let one = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        check(&[], one, ": manifest unknown (MANIFEST_UNKNOWN)");
        let odd = r#"{"errors":[{"code":7,"detail":{"a":1}},{"message":"\u001b[2Jx"},null]}"#;
        check(&[], odd, r#": {"a":1} (7); [2Jx (UNKNOWN); no message (UNKNOWN)"#);
        let zot = r#"{"code":"UNAUTHORIZED","message":"who?","detail":{"a":"b"}}"#;
        check(&[], zot, ": who? (UNAUTHORIZED)");
        check(&[], r#"{"errors":{}}"#, r#": {"errors":{}}"#);
        check(&[("content-type", "text/html; x")], "<html>Sign in</html>", "");
        check(&[], "  <!DOCTYPE html>", "");
        check(&[("x-request-id", "abc")], "down", ": down [request abc]");
    }

    #[test]
    fn h9_an_expired_token_is_told_by_403_too() {
        let url: Url = "https://reg.example/".parse().unwrap();
        let expired = |status, body: &str| {
            let refusal =
                Refusal::new(&Method::GET, &url, status, &HeaderMap::new(), body.as_bytes());
            refusal.is_expired()
        };
        let ecr = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;
        assert!(expired(StatusCode::FORBIDDEN, ecr));
        assert!(expired(StatusCode::FORBIDDEN, "authorization token has expired"));
        assert!(!expired(StatusCode::UNAUTHORIZED, ecr));
        assert!(!expired(StatusCode::FORBIDDEN, "denied"));
    }
}
