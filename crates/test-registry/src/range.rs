//! Ranges and conditional requests (RFC 9110, sections 13 and 14).

use axum::http::{
    HeaderMap, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE},
};

use crate::reply::Reply;

/// Cuts `reply` down to what the request's `Range`, `If-Range` and `If-None-Match` ask for.
pub(crate) fn select(reply: Reply, request: &HeaderMap) -> Reply {
    if reply.status != StatusCode::OK {
        return reply;
    }
    let etag = reply.headers.get(ETAG);
    if etag.is_some() && request.get(IF_NONE_MATCH) == etag {
        return Reply { headers: reply.headers, ..Reply::new(304) };
    }
    let fresh = request.get(IF_RANGE).is_none_or(|known| Some(known) == etag);
    let reply = reply.with(ACCEPT_RANGES, "bytes");
    let text = request.get(RANGE).and_then(|range| range.to_str().ok());
    match text.filter(|_| fresh).and_then(parse) {
        Some((start, end)) => cut(reply, start, end),
        None => reply,
    }
}

fn cut(mut reply: Reply, start: usize, end: Option<usize>) -> Reply {
    let size = reply.body.len();
    if start >= size {
        return Reply::new(416).with(CONTENT_RANGE, &format!("bytes */{size}"));
    }
    let end = end.map_or(size, |end| (end + 1).min(size));
    reply.body = reply.body.slice(start..end);
    reply.status = StatusCode::PARTIAL_CONTENT;
    reply.with(CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1))
}

fn parse(text: &str) -> Option<(usize, Option<usize>)> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let start = start.parse().ok()?;
    if end.is_empty() {
        return Some((start, None));
    }
    let end = end.parse().ok().filter(|end| *end >= start)?;
    Some((start, Some(end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::header_value;

    #[test]
    fn ranges_are_cut_and_refused() {
        let cases = [
            ("bytes=0-", 206, "abcdef"),
            ("bytes=2-3", 206, "cd"),
            ("bytes=4-99", 206, "ef"),
            ("bytes=6-", 416, ""),
            ("bytes=3-2", 200, "abcdef"),
            ("lines=1-2", 200, "abcdef"),
        ];
        for (range, status, body) in cases {
            let mut request = HeaderMap::new();
            request.insert(RANGE, header_value(range));
            let reply = select(Reply::new(200).body("abcdef"), &request);
            assert_eq!((reply.status.as_u16(), &reply.body[..]), (status, body.as_bytes()));
        }
    }

    #[test]
    fn another_etag_gives_the_whole() {
        let mut request = HeaderMap::new();
        request.insert(RANGE, header_value("bytes=2-"));
        request.insert(IF_RANGE, header_value("\"old\""));
        let reply = Reply::new(200).body("abcdef").with(ETAG, "\"new\"");
        assert_eq!(select(reply, &request).status, StatusCode::OK);
    }
}
