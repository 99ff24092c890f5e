//! Tokens: asked for once, kept while they are good, shared by all requests of a client.
//!
//! (The token, OAuth 2 and scope documentation of the distribution project.) Stored credentials
//! go to a token server only where the URL policy finds it to be the registry's own.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    Event,
    credentials::{Credential, Found, Origin},
    error::Kind,
    exchange::Exchange,
    host,
    payload::Payload,
    refusal::{Backing, Refusal},
    retry::Patience,
    scope::Scope,
    shown::{self, Shown},
    transport::{self, Hop},
};

/// Longest answer of a token server, in bytes.
const ANSWER_BYTES_MAX: usize = 128 << 10;

/// What a token lives at least, whatever its server says (the token documentation's default).
const LIFE_MIN: Duration = Duration::from_secs(60);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token server cannot be asked, or answers with an error.
    #[error("cannot get an answer from the token server at {realm}")]
    Ask {
        /// The token server's URL, without secrets.
        realm: String,
        /// What went wrong.
        #[source]
        source: Box<crate::Error>,
    },
    /// The answer is not JSON of the documented form.
    #[error("the token server at {realm} gives no token")]
    Json {
        /// The token server's URL, without secrets.
        realm: String,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The token is empty, or holds what a header cannot.
    #[error("the token server at {realm} gives a token that cannot be sent")]
    Unusable {
        /// The token server's URL, without secrets.
        realm: String,
    },
}

impl Error {
    /// What sort of failure this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Ask { source, .. } => source.kind(),
            Self::Json { .. } | Self::Unusable { .. } => Kind::Registry,
        }
    }

    /// The error of a request at `home`, for which credentials were shown or not.
    pub(crate) fn at(self, home: &Url, is_known: bool) -> crate::Error {
        let host = shown::host(home);
        match self {
            Self::Ask { realm, source } => match *source {
                crate::Error::Answer { source, .. } if is_known && source.is_denial() => {
                    crate::Error::Login { host, source }
                }
                other => {
                    let source = Self::Ask { realm, source: Box::new(other) };
                    crate::Error::Token { host, source }
                }
            },
            source => crate::Error::Token { host, source },
        }
    }

    /// What the token server answered, where it gives nobody a token.
    pub(crate) fn denial(self) -> Result<Box<Refusal>, Self> {
        match self {
            Self::Ask { realm, source } => match *source {
                crate::Error::Answer { source, .. } if source.is_denial() => Ok(source),
                other => Err(Self::Ask { realm, source: Box::new(other) }),
            },
            other => Err(other),
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Ask { source, .. } => match &**source {
                crate::Error::Answer { source, .. } => Some(source),
                _ => None,
            },
            _ => None,
        }
    }
}

/// An `Authorization` header.
#[derive(Clone)]
pub(crate) struct Proof {
    pub(crate) header: HeaderValue,
    /// Whether stored credentials stand behind it.
    pub(crate) backing: Backing,
    /// The token server that the stored credentials were kept from.
    pub(crate) kept_from: Option<String>,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("backing", &self.backing).finish_non_exhaustive()
    }
}

impl Proof {
    /// A credential as it is sent to the registry itself.
    pub(crate) fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::Bearer(token) => Self::new("Bearer", token.expose(), Backing::Credential),
            other => Self::new("Basic", &pair(other), Backing::Credential),
        }
    }

    fn new(scheme: &str, secret: &str, backing: Backing) -> Option<Self> {
        let mut header = HeaderValue::try_from(format!("{scheme} {secret}")).ok()?;
        header.set_sensitive(true);
        Some(Self { header, backing, kept_from: None })
    }
}

/// The user that goes with an identity token where a server knows users only, as ACR has it.
const IDENTITY_USER: &str = "00000000-0000-0000-0000-000000000000";

/// The type of what is sent to token servers.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// What a registry is known to want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// What a token is needed for.
#[derive(Debug)]
pub(crate) struct Need<'a> {
    /// The URL that wants the token.
    pub(crate) home: &'a Url,
    pub(crate) realm: Url,
    pub(crate) service: Option<String>,
    pub(crate) scopes: Vec<Scope>,
    /// The repository whose stored credentials may be used; `None` for none at all.
    pub(crate) repository: Option<&'a str>,
    /// Whether the token should last for a long upload.
    pub(crate) is_long: bool,
}

/// Tokens of one server for one user; locked while one is fetched, so that others wait for it.
type Slot = Arc<tokio::sync::Mutex<Vec<Held>>>;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    home: url::Origin,
    realm: Url,
    service: Option<String>,
    /// Where the stored credential comes from.
    credential: Option<Origin>,
}

/// A token that is kept.
#[derive(Debug)]
pub(crate) struct Held {
    scopes: Vec<Scope>,
    pub(crate) proof: Proof,
    /// From then on it is too old for a request that may take long.
    ages: Instant,
    until: Instant,
}

/// The tokens that a client has, and what registries are known to want.
#[derive(Default)]
pub(crate) struct Tokens {
    schemes: Mutex<HashMap<url::Origin, Scheme>>,
    slots: Mutex<HashMap<Key, Slot>>,
}

impl Tokens {
    /// What the registry at `home` wants, if it was asked before.
    pub(crate) fn scheme(&self, home: &url::Origin) -> Option<Scheme> {
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner).get(home).cloned()
    }

    /// Remembers what a registry wants.
    pub(crate) fn learn(&self, home: url::Origin, scheme: Scheme) {
        self.schemes.lock().unwrap_or_else(PoisonError::into_inner).insert(home, scheme);
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key).or_default())
    }
}

impl Exchange {
    /// The stored credentials as they are sent to the registry itself.
    pub(crate) async fn stored(&self, home: &Url, repository: &str) -> Option<Proof> {
        Proof::of(&self.credential(home, repository).await?.credential)
    }

    /// A token for `need`, other than the one that was refused.
    pub(crate) async fn token(
        &self,
        need: &Need<'_>,
        refused: Option<&Proof>,
    ) -> Result<Proof, crate::Error> {
        let (found, kept_from) = self.credential_for(need).await;
        let credential = found.as_ref().map(|found| &found.credential);
        let failed = |source: Error| source.at(need.home, credential.is_some());
        if let Some(Credential::Bearer(token)) = credential {
            let unusable = || Error::Unusable { realm: Shown(&need.realm).to_string() };
            let proof =
                Proof::new("Bearer", token.expose(), Backing::Credential).ok_or_else(unusable);
            return proof.map_err(failed);
        }
        let slot = self.tokens.slot(Key {
            home: need.home.origin(),
            realm: need.realm.clone(),
            service: need.service.clone(),
            credential: found.as_ref().map(|found| found.origin.clone()),
        });
        let mut held = slot.lock().await;
        let now = Instant::now();
        let is_refused = |proof: &Proof| refused.is_some_and(|r| r.header == proof.header);
        held.retain(|held| held.until > now && !is_refused(&held.proof));
        if let Some(found) = held.iter().find(|held| held.is_good_for(need, now)) {
            return Ok(Proof { kept_from, ..found.proof.clone() });
        }
        let new = self.fetch_or_anonymous(need, credential).await.map_err(failed);
        let new = new.map_err(|error| match &kept_from {
            Some(realm) if error.kind() == Kind::Unauthorized => {
                crate::Error::realm(shown::host(need.home), realm.clone(), error)
            }
            _ => error,
        })?;
        let proof = new.proof.clone();
        held.push(new);
        Ok(Proof { kept_from, ..proof })
    }

    /// Credentials that went stale must not stand between a user and what is public.
    async fn fetch_or_anonymous(
        &self,
        need: &Need<'_>,
        credential: Option<&Credential>,
    ) -> Result<Held, Error> {
        let fetched = self.fetch(need, credential).await;
        let is_denied = |error: &Error| error.refusal().is_some_and(Refusal::is_denial);
        match fetched {
            Err(error)
                if credential.is_some()
                    && is_denied(&error)
                    && need.scopes.iter().all(Scope::is_pull) =>
            {
                self.tell_anonymous(need, "they are refused");
                // Without access for everyone, the refusal of the credentials is the answer.
                let mut held = self.fetch(need, None).await.map_err(|_| error)?;
                held.proof.backing = Backing::Refused;
                Ok(held)
            }
            fetched => fetched,
        }
    }

    /// A token that a credential, or nobody's, is good for.
    pub(crate) async fn fetch(
        &self,
        need: &Need<'_>,
        credential: Option<&Credential>,
    ) -> Result<Held, Error> {
        if let Some(Credential::Identity(token)) = credential {
            let form = form(need, token.expose());
            match self.ask_token(need, Method::POST, need.realm.clone(), None, Some(form)).await {
                Err(error) if error.refusal().is_some_and(|r| is_without_post(r.status())) => {}
                answer => return answer,
            }
        }
        let mut url = need.realm.clone();
        let service = need.service.iter().map(|service| ("service", service.clone()));
        let scopes = need.scopes.iter().map(|scope| ("scope", scope.to_string()));
        url.query_pairs_mut().extend_pairs(service.chain(scopes));
        let proof = credential
            .and_then(|credential| Proof::new("Basic", &pair(credential), Backing::Credential));
        self.ask_token(need, Method::GET, url, proof, None).await
    }

    async fn ask_token(
        &self,
        need: &Need<'_>,
        method: Method,
        url: Url,
        proof: Option<Proof>,
        form: Option<String>,
    ) -> Result<Held, Error> {
        let realm = || Shown(&need.realm).to_string();
        let is_known = proof.is_some() || form.is_some();
        let backing = if is_known { Backing::Token } else { Backing::Nobody };
        let mut headers = HeaderMap::new();
        if form.is_some() {
            headers.insert(CONTENT_TYPE, FORM);
        }
        let body = form.map_or(Payload::Empty, |form| Payload::Bytes(form.into()));
        let hop = Hop {
            method: &method,
            url: &url,
            headers: &headers,
            authorization: proof.as_ref().map(|proof| &proof.header),
            body: &body,
            is_stream: false,
        };
        let asked = self.ask_patiently(hop, ANSWER_BYTES_MAX).await;
        let body = asked.map_err(|error| Error::Ask { realm: realm(), source: Box::new(error) })?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|source| Error::Json { realm: realm(), source })?;
        let token = [answer.token, answer.access_token].into_iter().flatten();
        let token = token.into_iter().find(|token| !token.is_empty()).unwrap_or_default();
        let proof = Proof::new("Bearer", &token, backing).filter(|_| !token.is_empty());
        let proof = proof.ok_or_else(|| Error::Unusable { realm: realm() })?;
        let (now, life) = (Instant::now(), life(answer.expires_in));
        // `life` is four fifths of it, so this is half of it.
        let (ages, until) = (now + life * 5 / 8, now + life);
        Ok(Held { scopes: need.scopes.clone(), proof, ages, until })
    }

    /// Asks for at most `limit` bytes without following redirects: credentials must not travel.
    pub(crate) async fn ask_patiently(
        &self,
        hop: Hop<'_>,
        limit: usize,
    ) -> Result<bytes::Bytes, crate::Error> {
        let gate = self.gates.of(&shown::host(hop.url));
        let mut patience = Patience::new(&self.config);
        loop {
            patience.wait(&self.config, &gate).await?;
            match self.ask_once(hop, limit).await {
                Ok(body) => {
                    gate.succeeded();
                    return Ok(body);
                }
                Err(error) => patience.endure(&self.config, &gate, error)?,
            }
        }
    }

    async fn ask_once(&self, hop: Hop<'_>, limit: usize) -> Result<bytes::Bytes, crate::Error> {
        let (method, url) = (hop.method, hop.url);
        let mut response = self.transport.send(&self.config, hop).await?;
        if !response.status().is_success() {
            let refusal = self.refusal(method, url, &mut response).await;
            return Err(crate::Error::answer(url, refusal));
        }
        transport::whole(&mut response, url, self.config.stall, limit).await
    }

    /// The stored credential, or the token server that it is kept from.
    async fn credential_for(&self, need: &Need<'_>) -> (Option<Found>, Option<String>) {
        let Some(repository) = need.repository else { return (None, None) };
        let Some(found) = self.credential(need.home, repository).await else {
            return (None, None);
        };
        let stays_home = matches!(found.credential, Credential::Bearer(_));
        if stays_home || self.policy.may_hold_credentials(need.home, &need.realm) {
            return (Some(found), None);
        }
        let realm = need.realm.origin().ascii_serialization();
        self.tell_anonymous(need, &format!("its token server {realm} is on another site"));
        (None, Some(realm))
    }

    async fn credential(&self, home: &Url, repository: &str) -> Option<Found> {
        let answer = self.config.credentials.find(&host::of(home), repository).await;
        for problem in answer.problems {
            (self.config.events)(Event::Credentials { problem: Arc::new(problem) });
        }
        answer.found
    }

    /// Has a credential helper asked again.
    pub(crate) fn forget_credentials(&self, home: &Url) {
        self.config.credentials.forget(&host::of(home));
    }

    fn tell_anonymous(&self, need: &Need<'_>, reason: &str) {
        let (host, reason) = (shown::host(need.home), reason.to_owned());
        if self.is_new(&host, &reason) {
            (self.config.events)(Event::Anonymous { host, reason });
        }
    }
}

impl Held {
    fn is_good_for(&self, need: &Need<'_>, now: Instant) -> bool {
        let covers = |wanted: &Scope| self.scopes.iter().any(|held| held.covers(wanted));
        need.scopes.iter().all(covers) && (!need.is_long || now < self.ages)
    }
}

/// `user:secret` in base64.
fn pair(credential: &Credential) -> String {
    let (user, secret) = match credential {
        Credential::Basic { user, password } => (user.as_str(), password),
        Credential::Identity(token) | Credential::Bearer(token) => (IDENTITY_USER, token),
    };
    BASE64_STANDARD.encode(format!("{user}:{}", secret.expose()))
}

fn form(need: &Need<'_>, token: &str) -> String {
    let scopes: Vec<String> = need.scopes.iter().map(Scope::to_string).collect();
    form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("service", need.service.as_deref().unwrap_or_default())
        .append_pair("client_id", "pkg")
        .append_pair("scope", &scopes.join(" "))
        .append_pair("refresh_token", token)
        .finish()
}

/// Statuses by which servers without the OAuth 2 flow refuse a POST.
fn is_without_post(status: u16) -> bool {
    matches!(status, 400 | 401 | 404 | 405)
}

/// How long a token is used: four fifths of its life, counted from when it came.
fn life(expires_in: Option<u64>) -> Duration {
    let life = Duration::from_secs(expires_in.unwrap_or_default().min(86_400)).max(LIFE_MIN);
    life * 4 / 5
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h8_an_old_token_is_renewed_before_a_long_upload() {
        let home: Url = "https://reg.example/".parse().unwrap();
        let now = Instant::now();
        let ages = now + Duration::from_secs(30);
        let proof = Proof::new("Bearer", "t", Backing::Token).unwrap();
        let scopes = vec![Scope::push("a")];
        let held = Held { scopes, proof, ages, until: now + Duration::from_secs(48) };
        for (is_long, later, expected) in
            [(false, 20, true), (true, 20, true), (false, 40, true), (true, 40, false)]
        {
            let need = Need {
                home: &home,
                realm: home.clone(),
                service: None,
                scopes: vec![Scope::pull("a")],
                repository: Some("a"),
                is_long,
            };
            let found = held.is_good_for(&need, now + Duration::from_secs(later));
            assert_eq!(found, expected, "{is_long} {later}");
        }
    }

    #[test]
    fn h7_a_token_is_renewed_after_four_fifths_of_its_life() {
        let cases = [(None, 48), (Some(0), 48), (Some(59), 48), (Some(300), 240)];
        for (expires_in, expected) in cases {
            assert_eq!(life(expires_in).as_secs(), expected, "{expires_in:?}");
        }
        assert!(life(Some(u64::MAX)) <= Duration::from_secs(86_400));
    }
}
