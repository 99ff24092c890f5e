//! The credentials of one request: what to send first, and how to answer a challenge.
//!
//! Nothing is asked beforehand. What a registry wants is learnt from its first 401 and kept for
//! the next requests to it.

use reqwest::{Method, header::HeaderMap};
use url::Url;

use crate::{
    Error,
    challenge::{Bearer, Wanted},
    exchange::{Ask, Exchange},
    origin::Purpose,
    payload::Payload,
    refusal::Refusal,
    scope::{self, Scope},
    shown,
    token::{Need, Proof, Scheme},
    transport::Hop,
};

/// How often a registry may ask one request for other credentials.
const ROUNDS_MAX: u32 = 2;

/// The credentials of one request, at its home and at the hosts it is redirected to.
pub(crate) struct Session<'a> {
    exchange: &'a Exchange,
    home: &'a Url,
    /// The first of them names the home's repository.
    access: &'a [Scope],
    /// Whether a token should last for a long upload.
    is_long: bool,
    sent: Option<Proof>,
    asked: Vec<Scope>,
    rounds: u32,
    guest: Option<(url::Origin, Proof)>,
}

impl<'a> Session<'a> {
    /// A session that has sent nothing yet.
    pub(crate) fn new(exchange: &'a Exchange, ask: &'a Ask) -> Self {
        Self {
            exchange,
            home: ask.home.as_ref().unwrap_or(&ask.url),
            access: &ask.access,
            is_long: matches!(ask.body, Payload::Blob(_)),
            sent: None,
            asked: Vec::new(),
            rounds: 0,
            guest: None,
        }
    }

    /// What to send to `url`: at home what is known to be wanted, elsewhere nothing that was
    /// not asked for.
    pub(crate) async fn proof(&mut self, url: &Url) -> Result<Option<&Proof>, Error> {
        if self.access.is_empty() {
            return Ok(None);
        }
        if url.origin() != self.home.origin() {
            let guest = self.guest.as_ref().filter(|(origin, _)| *origin == url.origin());
            return Ok(guest.map(|(_, proof)| proof));
        }
        if self.sent.is_none() {
            let scheme = self.exchange.tokens.scheme(&self.home.origin());
            self.sent = match scheme {
                None => None,
                Some(Scheme::Basic) => self.exchange.stored(self.home, self.repository()).await,
                Some(Scheme::Bearer { realm, service }) => {
                    self.asked = self.access.to_vec();
                    Some(self.token(realm, service).await?)
                }
            };
        }
        Ok(self.sent.as_ref())
    }

    /// Prepares other credentials after a refusal; `false` if there are none to try.
    pub(crate) async fn answer(&mut self, url: &Url, refusal: &Refusal) -> Result<bool, Error> {
        if self.access.is_empty() {
            return Ok(false);
        }
        let is_expired = refusal.is_expired();
        if refusal.status() != 401 && !is_expired {
            return Ok(false);
        }
        if url.origin() != self.home.origin() {
            return self.answer_as_guest(url, refusal).await;
        }
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return Ok(false);
        }
        if is_expired {
            self.exchange.forget_credentials(self.home);
        }
        let wanted = match &refusal.wanted {
            Some(wanted) => Some(wanted.clone()),
            None if is_expired => self.known(),
            None => self.ping().await?,
        };
        match wanted {
            None => Ok(false),
            Some(Wanted::Basic) => Ok(self.answer_basic(is_expired).await),
            Some(Wanted::Bearer(bearer)) => self.answer_bearer(url, bearer).await,
        }
    }

    async fn answer_basic(&mut self, is_expired: bool) -> bool {
        let again = self.sent.take();
        if again.is_some() && !is_expired {
            return false;
        }
        self.exchange.tokens.learn(self.home.origin(), Scheme::Basic);
        self.sent = self.exchange.stored(self.home, self.repository()).await;
        self.sent.is_some()
    }

    async fn answer_bearer(&mut self, url: &Url, bearer: Bearer) -> Result<bool, Error> {
        let realm = self.realm(url, &bearer)?;
        let mut scopes = bearer.scopes;
        self.asked.iter().chain(self.access).for_each(|scope| scope::join(&mut scopes, scope));
        let asks_more = scopes.iter().any(|new| !self.asked.iter().any(|old| old.covers(new)));
        if self.rounds > 1 && !asks_more {
            return Ok(false);
        }
        let service = bearer.service;
        let scheme = Scheme::Bearer { realm: realm.clone(), service: service.clone() };
        self.exchange.tokens.learn(self.home.origin(), scheme);
        self.asked = scopes;
        self.sent = Some(self.token(realm, service).await?);
        Ok(true)
    }

    /// A stranger's challenge is answered without any of the home's credentials.
    async fn answer_as_guest(&mut self, url: &Url, refusal: &Refusal) -> Result<bool, Error> {
        let Some(Wanted::Bearer(bearer)) = &refusal.wanted else {
            return Ok(false);
        };
        if self.guest.as_ref().is_some_and(|(origin, _)| *origin == url.origin()) {
            return Ok(false);
        }
        let need = Need {
            home: url,
            realm: self.realm(url, bearer)?,
            service: bearer.service.clone(),
            scopes: bearer.scopes.clone(),
            repository: None,
            is_long: false,
        };
        let proof = self.exchange.token(&need, None).await?;
        self.guest = Some((url.origin(), proof));
        Ok(true)
    }

    /// The token for what is asked, other than the one that was sent last.
    async fn token(&mut self, realm: Url, service: Option<String>) -> Result<Proof, Error> {
        let refused = self.sent.take();
        let need = Need {
            home: self.home,
            realm,
            service,
            scopes: self.asked.clone(),
            repository: Some(self.repository()),
            is_long: self.is_long,
        };
        self.exchange.token(&need, refused.as_ref()).await
    }

    fn realm(&self, url: &Url, bearer: &Bearer) -> Result<Url, Error> {
        let followed = self.exchange.policy.follow(url, &bearer.realm, Purpose::Realm);
        followed.map_err(|source| Error::Refused { host: shown::host(url), source })
    }

    fn repository(&self) -> &'a str {
        self.access.first().map_or("", Scope::name)
    }

    fn known(&self) -> Option<Wanted> {
        Some(match self.exchange.tokens.scheme(&self.home.origin())? {
            Scheme::Basic => Wanted::Basic,
            Scheme::Bearer { realm, service } => {
                Wanted::Bearer(Bearer { realm: realm.into(), service, scopes: Vec::new() })
            }
        })
    }

    /// Asks `/v2/` for a challenge, which some registries give nowhere else.
    async fn ping(&self) -> Result<Option<Wanted>, Error> {
        let exchange = self.exchange;
        let mut url = self.home.clone();
        url.set_path("/v2/");
        url.set_query(None);
        let hop = Hop {
            method: &Method::GET,
            url: &url,
            headers: &HeaderMap::new(),
            authorization: None,
            body: &Payload::Empty,
            is_stream: false,
        };
        let mut response = exchange.transport.send(&exchange.config, hop).await?;
        Ok(exchange.refusal(&Method::GET, &url, &mut response).await.wanted)
    }
}
