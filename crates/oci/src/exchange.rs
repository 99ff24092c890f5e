//! One request with all that belongs to it: mirrors, redirects, challenges, patience.
//!
//! A request has a home, the origin that it is for. Credentials are sent there and nowhere else:
//! whoever a redirect leads to is a stranger and may at most get an anonymous token.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{HeaderMap, HeaderValue, LOCATION, WARNING},
};
use url::Url;

use crate::{
    Error, Event, Reference,
    config::Config,
    excerpt::excerpt,
    gate::Gates,
    host,
    mirror::Mirrors,
    origin::{Purpose, UrlPolicy},
    payload::Payload,
    referrers::Referring,
    refusal::{Backing, Refusal},
    retry::Patience,
    scope::Scope,
    session::Session,
    shown::{self, Shown},
    sites::Sites,
    token::Tokens,
    transport::{self, Hop, Transport},
    warning,
};

/// Redirects that are followed for one request.
const REDIRECTS_MAX: usize = 10;

/// As much of an error's body as is looked at, in bytes.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// Different warnings of servers that are passed on in one run.
const WARNINGS_MAX: usize = 64;

/// What all requests of a client share; so do clones.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) config: Config,
    pub(crate) transport: Arc<Transport>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) policy: Arc<UrlPolicy>,
    mirrors: Arc<Mirrors>,
    pub(crate) sites: Arc<Sites>,
    /// What servers said, and what is said of them: neither keeps the other from being heard.
    warned: Arc<Mutex<Told>>,
    told: Arc<Mutex<Told>>,
    pub(crate) referring: Arc<Referring>,
}

/// Hosts, and what was told of each.
type Told = HashSet<(String, String)>;

/// A request for something.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Whom the request is for, where that is not `url`: an answer may have led to a stranger.
    pub(crate) home: Option<Url>,
    pub(crate) headers: HeaderMap,
    /// The access to a registry that it needs, to its own repository first; without, no
    /// credentials are ever sent.
    pub(crate) access: Vec<Scope>,
    /// Whether a blob comes or goes.
    pub(crate) is_stream: bool,
    /// What goes along; it is sent anew after a redirect or a challenge.
    pub(crate) body: Payload,
    /// Where it goes, when that is a mirror and another can be asked instead.
    pub(crate) mirror: Option<Reference>,
}

/// An answer that is no error, with its body still to come.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// The URL that answered, after redirects.
    pub(crate) url: Url,
}

/// An answer that is no error, whole.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) url: Url,
}

impl Ask {
    /// A request to `url` as it is, without credentials.
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            home: None,
            headers: HeaderMap::new(),
            access: Vec::new(),
            is_stream: false,
            body: Payload::Empty,
            mirror: None,
        }
    }
}

impl Exchange {
    /// Checks the configuration; makes no HTTP client yet.
    pub(crate) fn new(mut config: Config) -> Result<Self, Error> {
        let mut policy = UrlPolicy::new(config.push.stays_home);
        let mut registries = BTreeMap::new();
        for (host, registry) in std::mem::take(&mut config.registries) {
            let invalid = |_| Error::Url { text: excerpt(&host) };
            let host = host::canonical(&host).map_err(invalid)?;
            for token_server in &registry.token_servers {
                policy.trust(&host, &web_url(token_server)?);
            }
            registries.insert(host, registry);
        }
        config.registries = registries;
        Ok(Self {
            policy: Arc::new(policy),
            mirrors: Arc::new(Mirrors::new(&config.mirrors).map_err(Error::Mirror)?),
            sites: Arc::new(Sites::new(&config.registries).map_err(Error::Mirror)?),
            gates: Arc::new(Gates::new(config.requests_per_host, config.streams_per_host)),
            transport: Arc::default(),
            tokens: Arc::default(),
            warned: Arc::default(),
            told: Arc::default(),
            referring: Arc::default(),
            config,
        })
    }

    /// The same without patience: for whom another can be asked instead.
    pub(crate) fn hasty(&self) -> Self {
        let mut hasty = self.clone();
        hasty.config.retries = 0;
        hasty
    }

    /// A request to `url`, or to the mirror that stands for it.
    pub(crate) fn ask(&self, method: Method, url: Url) -> Ask {
        Ask::new(method, self.mirrors.apply(url))
    }

    /// A request to a web server that may be asked, or to the mirror that stands for it.
    pub(crate) fn ask_source(&self, method: Method, text: &str) -> Result<Ask, Error> {
        let url = web_url(text)?;
        self.config.check_source(&url)?;
        Ok(self.ask(method, url))
    }

    /// Asks until there is a whole answer of at most `limit` bytes, or patience ends.
    pub(crate) async fn whole(&self, ask: &Ask, limit: usize) -> Result<Whole, Error> {
        let gate = self.gates.of(&shown::host(&ask.url));
        let mut patience = Patience::new(&self.config);
        let _place = gate.request().await;
        loop {
            patience.wait(&self.config, &gate).await?;
            match self.whole_once(ask, limit).await {
                Ok(whole) => {
                    gate.succeeded();
                    return Ok(whole);
                }
                Err(error) => patience.endure(&self.config, &gate, error)?,
            }
        }
    }

    /// Asks once for a whole answer of at most `limit` bytes.
    pub(crate) async fn whole_once(&self, ask: &Ask, limit: usize) -> Result<Whole, Error> {
        let Answer { mut response, url } = self.once(ask).await?;
        transport::check_encoding(&response, &url)?;
        let body = transport::whole(&mut response, &url, self.config.stall, limit).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(Whole { status: response.status(), headers, body, url })
    }

    /// Asks once: follows redirects, answers challenges, and gives errors of any other sort back.
    pub(crate) async fn once(&self, ask: &Ask) -> Result<Answer, Error> {
        let mut session = Session::new(self, ask);
        let mut url = ask.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self.hop(ask, &url, &mut session).await?;
            if response.status().is_success() {
                return Ok(Answer { response, url });
            }
            url = self.redirect(ask, &url, &response)?;
        }
        Err(Error::Redirects { url: Shown(&ask.url).to_string(), limit: REDIRECTS_MAX })
    }

    /// A success or a redirect from `url`, after answering its challenges.
    async fn hop(
        &self,
        ask: &Ask,
        url: &Url,
        session: &mut Session<'_>,
    ) -> Result<Response, Error> {
        loop {
            let proof = session.proof(url).await?;
            let hop = Hop {
                method: &ask.method,
                url,
                headers: &ask.headers,
                authorization: proof.map(|proof| &proof.header),
                body: &ask.body,
                is_stream: ask.is_stream,
            };
            let backing = proof.map_or(Backing::Nobody, |proof| proof.backing);
            let kept_from = proof.and_then(|proof| proof.kept_from.clone());
            let mut response = self.transport.send(&self.config, hop).await?;
            self.pass_warnings(url, response.headers());
            if response.status().is_success() || is_redirect(&response) {
                return Ok(response);
            }
            let mut refusal = self.refusal(&ask.method, url, &mut response).await;
            (refusal.backing, refusal.kept_from) = (backing, kept_from);
            if !session.answer(url, &refusal).await? {
                return Err(Error::answer(url, refusal));
            }
        }
    }

    /// Reads the body of an error.
    pub(crate) async fn refusal(
        &self,
        method: &Method,
        url: &Url,
        response: &mut Response,
    ) -> Refusal {
        let stall = self.config.stall;
        let body = transport::beginning(response, url, stall, REFUSAL_BYTES_MAX).await;
        Refusal::new(method, url, response.status(), response.headers(), &body)
    }

    fn redirect(&self, ask: &Ask, from: &Url, response: &Response) -> Result<Url, Error> {
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let location = String::from_utf8_lossy(location.unwrap_or_default());
        let is_write = !matches!(ask.method, Method::GET | Method::HEAD);
        let purpose = if is_write { Purpose::Upload } else { Purpose::Redirect };
        let followed = self.policy.follow(from, &location, purpose);
        followed.map_err(|source| Error::Refused { host: shown::host(from), source })
    }

    fn pass_warnings(&self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(WARNING) {
            let Some(text) = warning::parse(value.as_bytes()) else {
                continue;
            };
            let host = shown::host(url);
            let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
            if warned.len() < WARNINGS_MAX && warned.insert((host.clone(), text.clone())) {
                drop(warned);
                (self.config.events)(Event::Warning { host, text });
            }
        }
    }

    /// Whether this was not told of the host before.
    pub(crate) fn is_new(&self, host: &str, text: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert((host.to_owned(), text.to_owned()))
    }
}

fn is_redirect(response: &Response) -> bool {
    let follows = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    follows.contains(&response.status()) && response.headers().contains_key(LOCATION)
}

/// Reads a URL that is http or https.
pub(crate) fn web_url(text: &str) -> Result<Url, Error> {
    let url = text.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
    url.filter(Url::has_host).ok_or_else(|| Error::Url { text: excerpt(text) })
}
