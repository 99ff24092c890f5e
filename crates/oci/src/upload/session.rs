//! An upload session: where its next request goes, and what the registry says it has of it.
//!
//! The place is whatever the last answer named. It may lie at another origin, as a signed URL of
//! a storage does; then no credentials go there.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Method,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE},
};
use url::{Url, form_urlencoded};

use crate::{
    Error,
    exchange::{Ask, Exchange},
    origin::Purpose,
    payload::Payload,
    push, registry,
    scope::Scope,
    shown::{self, Shown},
};

/// Longest time for telling a registry that nothing more will come.
const FAREWELL: Duration = Duration::from_secs(5);

/// The header by which a registry asks for chunks of some size at least.
const CHUNK_MIN: &str = "oci-chunk-min-length";

/// One upload to one repository, between its beginning and its end.
pub(crate) struct Session {
    exchange: Arc<Exchange>,
    home: url::Origin,
    access: Vec<Scope>,
    location: Url,
    /// The least size of a chunk in bytes, where the registry asks for one.
    pub(crate) chunk_min: Option<u64>,
    is_open: bool,
}

impl Session {
    /// The session that the answer at `answered` to a request of `ask` began.
    pub(crate) fn begun(
        exchange: &Arc<Exchange>,
        ask: &Ask,
        answered: &Url,
        headers: &HeaderMap,
    ) -> Result<Self, Error> {
        let location = located(exchange, answered, headers)?.ok_or_else(|| {
            let url = Shown(answered).to_string();
            Error::Push(push::Error::NoLocation { url })
        })?;
        Ok(Self {
            exchange: Arc::clone(exchange),
            home: ask.url.origin(),
            access: ask.access.clone(),
            location,
            chunk_min: registry::text(headers, CHUNK_MIN).and_then(|text| text.parse().ok()),
            is_open: true,
        })
    }

    /// The host that takes the bytes.
    pub(crate) fn host(&self) -> String {
        shown::host(&self.location)
    }

    /// The request that sends a chunk, which begins at the byte `from` of the blob.
    pub(crate) fn chunk(&self, from: u64, chunk: bytes::Bytes) -> Ask {
        let last = from + (chunk.len() as u64).saturating_sub(1);
        let mut ask = self.ask(Method::PATCH, self.location.clone());
        let range = HeaderValue::try_from(format!("{from}-{last}"));
        ask.headers.insert(CONTENT_RANGE, range.expect("digits can stand in a header"));
        carrying(ask, Payload::Bytes(chunk))
    }

    /// The request that ends the upload, with the whole blob or nothing more.
    pub(crate) fn end(&self, digest: &digest::Digest, payload: Payload) -> Ask {
        let ask = self.ask(Method::PUT, with_digest(&self.location, digest));
        carrying(ask, payload)
    }

    /// Takes up what an answer to a request of this session says of the next one.
    pub(crate) fn follow(&mut self, answered: &Url, headers: &HeaderMap) -> Result<(), Error> {
        if let Some(location) = located(&self.exchange, answered, headers)? {
            self.location = location;
        }
        Ok(())
    }

    /// How many bytes the registry says that it has; `None` if it does not say.
    pub(crate) async fn status(&mut self) -> Result<Option<u64>, Error> {
        let ask = self.ask(Method::GET, self.location.clone());
        let whole = self.exchange.whole(&ask, 64 << 10).await?;
        self.follow(&whole.url, &whole.headers)?;
        Ok(received(&whole.headers))
    }

    /// Nothing is to be told any more: the blob is stored, or the session unknown.
    pub(crate) fn close(mut self) {
        self.is_open = false;
    }

    /// Tells the registry, at best, that nothing more will come.
    pub(crate) async fn cancel(mut self) {
        self.is_open = false;
        farewell(Arc::clone(&self.exchange), self.farewell()).await;
    }

    fn farewell(&self) -> Ask {
        self.ask(Method::DELETE, self.location.clone())
    }

    fn ask(&self, method: Method, url: Url) -> Ask {
        let mut ask = Ask::new(method, url);
        if ask.url.origin() == self.home {
            ask.access.clone_from(&self.access);
        }
        ask
    }
}

impl Drop for Session {
    /// Who is no longer waited for shall not leave the registry with half a blob.
    fn drop(&mut self) {
        if self.is_open
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn(farewell(Arc::clone(&self.exchange), self.farewell())));
        }
    }
}

/// Whatever is answered, there is nothing to be done about it: many registries refuse it.
async fn farewell(exchange: Arc<Exchange>, ask: Ask) {
    drop(tokio::time::timeout(FAREWELL, exchange.once(&ask)).await);
}

fn carrying(mut ask: Ask, payload: Payload) -> Ask {
    let kind = HeaderValue::from_static("application/octet-stream");
    ask.headers.insert(CONTENT_TYPE, kind);
    ask.is_stream = payload.length() > 0;
    ask.body = payload;
    ask
}

fn located(exchange: &Exchange, from: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let Some(location) = headers.get(LOCATION) else {
        return Ok(None);
    };
    let location = String::from_utf8_lossy(location.as_bytes());
    let followed = exchange.policy.follow(from, &location, Purpose::Upload);
    followed.map(Some).map_err(|source| Error::Refused { host: shown::host(from), source })
}

/// `location` with the digest behind whatever its query holds, as it was written.
fn with_digest(location: &Url, digest: &digest::Digest) -> Url {
    let mut url = location.clone();
    let text: String = form_urlencoded::byte_serialize(digest.as_str().as_bytes()).collect();
    let query = match location.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{query}&digest={text}"),
        None => format!("digest={text}"),
    };
    url.set_query(Some(&query));
    url
}

/// The bytes that a `Range` header says are there: `0-N`, with or without `bytes=`.
///
/// `0-0` is what registries answer while they have nothing.
pub(crate) fn received(headers: &HeaderMap) -> Option<u64> {
    let text = registry::text(headers, RANGE.as_str())?.trim();
    let (first, last) = text.strip_prefix("bytes=").unwrap_or(text).split_once('-')?;
    match (first.trim().parse().ok()?, last.trim().parse::<u64>().ok()?) {
        (0_u64, 0) => Some(0),
        (0, last) => last.checked_add(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use digest::Digest;

    use super::*;

    #[test]
    fn f12_the_digest_goes_behind_a_query_as_it_is() {
        let digest = Digest::sha256(b"");
        let escaped = digest.as_str().replace(':', "%3A");
        let cases = [
            ("https://r.example/u/1", "https://r.example/u/1?digest="),
            ("https://r.example/u/1?", "https://r.example/u/1?digest="),
            (
                "https://r.example/u/1?b=%2F%20&a=x%3D&_state=a%2Bb",
                "https://r.example/u/1?b=%2F%20&a=x%3D&_state=a%2Bb&digest=",
            ),
            ("https://r.example/u%2F1?x", "https://r.example/u%2F1?x&digest="),
        ];
        for (location, expected) in cases {
            let url = with_digest(&location.parse().unwrap(), &digest);
            assert_eq!(url.as_str(), format!("{expected}{escaped}"));
        }
    }

    #[test]
    fn f13_the_default_port_is_the_same_origin() {
        let exchange = Arc::new(Exchange::new(crate::Config::default()).unwrap());
        let check = |typed: &str, location: &str, expected: bool| {
            let mut ask = Ask::new(Method::POST, typed.parse().unwrap());
            ask.access = vec![Scope::push("a")];
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, location.parse().unwrap());
            let mut session = Session::begun(&exchange, &ask, &ask.url, &headers).unwrap();
            session.is_open = false;
            let access = !session.chunk(0, bytes::Bytes::from_static(b"x")).access.is_empty();
            assert_eq!(access, expected, "{typed} {location}");
        };
        check("https://reg.example:443/v2/", "https://reg.example/u", true);
        check("https://reg.example/v2/", "https://reg.example:443/u", true);
        check("https://reg.example/v2/", "https://REG.example/u", true);
        check("http://127.0.0.1:80/v2/", "http://127.0.0.1/u", true);
        check("https://reg.example:5000/v2/", "https://reg.example/u", false);
        check("https://reg.example/v2/", "https://cdn.example/u", false);
        check("http://127.0.0.1:5000/v2/", "https://127.0.0.1:5000/u", false);
    }

    #[test]
    fn f10_what_is_said_to_be_there_is_read_in_any_form() {
        let cases = [
            ("0-0", Some(0)),
            ("0-9", Some(10)),
            ("bytes=0-9", Some(10)),
            ("5-9", None),
            ("0-", None),
            ("-9", None),
            ("0-18446744073709551615", None),
            ("x", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, text.parse().unwrap());
            assert_eq!(received(&headers), expected, "{text}");
        }
        assert_eq!(received(&HeaderMap::new()), None);
    }
}
