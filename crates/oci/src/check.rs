//! Whether a credential is good for a registry: asked as `docker login` does, at `/v2/`, and for a
//! path of the registry there as well.
//!
//! It is asked with one credential and without a way around it; what a request that has another
//! way out comes to stands in [`Standing::readable`].

use reqwest::{Method, header::HeaderMap};
use url::Url;

use crate::{
    Error, Kind, Reference,
    challenge::{Bearer, Wanted},
    credentials::{self, Credential, Found, Key},
    exchange::{Ask, Exchange},
    host,
    origin::Purpose,
    pages::PAGE_BYTES_MAX,
    payload::Payload,
    registry,
    scope::Scope,
    shown,
    token::{Need, Proof},
    transport::Hop,
};

/// What a registry says to a credential that it does not refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is good.
    Accepted,
    /// The registry asks nobody for credentials, at least for this.
    NotAsked,
    /// It is good, but not for the path as it stands; it may be for repositories below.
    Unsure,
}

/// Which credential something in a registry is asked for with, and what comes of it.
#[derive(Debug)]
pub struct Standing {
    /// The host that is asked in place of the reference's, where there is a mirror.
    pub mirror: Option<String>,
    /// The credential, if there is one.
    pub found: Option<Found>,
    /// What could not be read while it was looked for.
    pub problems: Vec<credentials::Error>,
    /// What the registry says to the credential alone.
    pub checked: Option<Result<Checked, Error>>,
    /// Whether it can be read, by whichever way there is; not asked of who cannot be asked at all.
    pub readable: Option<Result<(), Error>>,
}

impl Exchange {
    /// Asks for what `key` names with this credential and no other.
    pub(crate) async fn check(&self, key: &Key, credential: &Credential) -> Result<Checked, Error> {
        let whole = self.check_at(key.host(), "", credential).await.map_err(no_registry)?;
        if key.is_whole() {
            return Ok(whole);
        }
        let path = format!("{}/tags/list?n=1", key.path());
        match self.check_at(key.host(), &path, credential).await {
            Ok(Checked::NotAsked) => Ok(whole),
            // A path need not be a repository itself.
            Err(Error::Answer { source, .. }) if source.status() == 404 => Ok(whole),
            Err(error @ Error::Login { .. }) if whole == Checked::NotAsked => Err(error),
            Err(error) if error.kind() == Kind::Unauthorized => Ok(Checked::Unsure),
            checked => checked,
        }
    }

    async fn check_at(
        &self,
        host: &str,
        path: &str,
        credential: &Credential,
    ) -> Result<Checked, Error> {
        let url = self.at(host, path)?.url;
        let wanted = match self.look(&url, None).await {
            Ok(()) => return Ok(Checked::NotAsked),
            Err(Error::Answer { source, .. })
                if source.status() == 401 && source.wanted.is_some() =>
            {
                source.wanted
            }
            Err(error) => return Err(error),
        };
        let refused = |error: Error| match error {
            Error::Answer { source, .. } if source.is_denial() => {
                Error::Login { host: host.to_owned(), source }
            }
            error => error,
        };
        let proof = match wanted {
            Some(Wanted::Bearer(bearer)) => Some(self.token_of(&url, &bearer, credential).await?),
            _ => Proof::of(credential),
        };
        match self.look(&url, proof.as_ref()).await {
            // What is not there was looked for, which is all that a login is for.
            Err(Error::Answer { source, .. }) if source.status() == 404 && !path.is_empty() => {
                Ok(Checked::Accepted)
            }
            looked => looked.map(|()| Checked::Accepted).map_err(refused),
        }
    }

    /// The host that is asked for what `key` names; another one where a mirror stands for it.
    pub(crate) fn asked_for(&self, key: &Key) -> Result<String, Error> {
        let path = if key.is_whole() { String::new() } else { format!("{}/", key.path()) };
        let host = shown::host(&self.at(key.host(), &path)?.url);
        Ok(host::canonical(&host).unwrap_or(host))
    }

    /// What the stored credentials come to, for the whole of a registry.
    pub(crate) async fn standing_at(&self, key: &Key) -> Result<Standing, Error> {
        let host = self.asked_for(key)?;
        let credentials::Answer { found, problems } =
            self.config.credentials.find(&host, key.path()).await;
        let (checked, readable) = match &found {
            Some(found) => (Some(self.check(key, &found.credential).await), None),
            None => {
                let asked = self.whole(&self.at(key.host(), "")?, PAGE_BYTES_MAX).await;
                (None, Some(asked.map(drop).map_err(no_registry)))
            }
        };
        let mirror = Some(host).filter(|host| host != key.host());
        Ok(Standing { mirror, found, problems, checked, readable })
    }

    /// What they come to for a repository, or for what is under its tag or digest.
    pub(crate) async fn standing_of(&self, reference: &Reference) -> Result<Standing, Error> {
        let repository = reference.repository();
        let key = |path: &str| Key { host: reference.host().to_owned(), path: path.to_owned() };
        let host = self.asked_for(&key(repository))?;
        let credentials::Answer { found, problems } =
            self.config.credentials.find(&host, repository).await;
        let checked = match &found {
            // A mirror for a part of a registry is not where the whole of it is asked for.
            Some(found) if self.asked_for(&key(""))? == host => {
                Some(self.check(&key(""), &found.credential).await)
            }
            _ => None,
        };
        let readable = match &checked {
            Some(Err(error)) if error.kind() != Kind::Unauthorized => None,
            _ => Some(self.read(reference).await),
        };
        let mirror = Some(host).filter(|host| host != reference.host());
        Ok(Standing { mirror, found, problems, checked, readable })
    }

    /// Asks for what a reference names, or whether its repository is there.
    async fn read(&self, reference: &Reference) -> Result<(), Error> {
        if reference.tag().is_some() || reference.digest().is_some() {
            return registry::resolve(self, reference).await.map(drop);
        }
        let repository = reference.repository();
        let (path, scope) = (format!("{repository}/tags/list?n=1"), Scope::pull(repository));
        let ask = registry::ask_at(self, Method::GET, reference.host(), &path, scope)?;
        let asked = self.whole(&ask, PAGE_BYTES_MAX).await;
        asked.map(drop).map_err(|error| error.about(reference))
    }

    /// A request below `/v2/` of a registry that takes no credentials along.
    fn at(&self, host: &str, path: &str) -> Result<Ask, Error> {
        registry::ask_of_anybody(self, Method::GET, host, path)
    }

    /// A token for the credential itself; never one for everybody in its place.
    async fn token_of(
        &self,
        url: &Url,
        bearer: &Bearer,
        credential: &Credential,
    ) -> Result<Proof, Error> {
        if let (Credential::Bearer(_), Some(proof)) = (credential, Proof::of(credential)) {
            return Ok(proof);
        }
        let refused = |source| Error::Refused { host: shown::host(url), source };
        let realm = self.policy.follow(url, &bearer.realm, Purpose::Realm).map_err(refused)?;
        if !self.policy.may_hold_credentials(url, &realm) {
            let (host, realm) = (shown::host(url), realm.origin().ascii_serialization());
            return Err(Error::Realm { host, realm, source: None });
        }
        let need = Need {
            home: url,
            realm,
            service: bearer.service.clone(),
            scopes: bearer.scopes.clone(),
            repository: None,
            is_long: false,
        };
        let fetched = self.fetch(&need, Some(credential)).await;
        let held = fetched.map_err(|source| source.at(url, true))?;
        Ok(held.proof)
    }

    /// Asks for a page, following nobody elsewhere.
    async fn look(&self, url: &Url, proof: Option<&Proof>) -> Result<(), Error> {
        let hop = Hop {
            method: &Method::GET,
            url,
            headers: &HeaderMap::new(),
            authorization: proof.map(|proof| &proof.header),
            body: &Payload::Empty,
            is_stream: false,
        };
        self.ask_patiently(hop, PAGE_BYTES_MAX).await.map(drop)
    }
}

/// What answers `/v2/` with 404 is a server of another sort.
fn no_registry(error: Error) -> Error {
    match error {
        Error::Answer { host, source } if source.status() == 404 => {
            Error::NoRegistry { host, source }
        }
        error => error,
    }
}
