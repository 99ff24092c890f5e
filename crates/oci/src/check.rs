//! Whether a credential is good for a registry: asked as `docker login` does, at `/v2/`.

use reqwest::{Method, header::HeaderMap};
use url::Url;

use crate::{
    Error, Kind,
    challenge::{Bearer, Wanted},
    credentials::Credential,
    exchange::{Exchange, web_url},
    host,
    origin::Purpose,
    payload::Payload,
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
}

impl Exchange {
    /// Asks the registry at `host` with this credential and no other.
    pub(crate) async fn check(
        &self,
        host: &str,
        credential: &Credential,
    ) -> Result<Checked, Error> {
        let invalid = |_| Error::Url { text: crate::excerpt::excerpt(host) };
        let host = host::canonical(host).map_err(invalid)?;
        let plain = host::is_plain_http(&host, &self.config.plain_http);
        let scheme = if plain { "http" } else { "https" };
        let url = web_url(&format!("{scheme}://{}/v2/", host::contact(&host)))?;
        let url = self.ask(Method::GET, url).url;
        let wanted = match self.look(&url, None).await {
            Ok(()) => return Ok(Checked::NotAsked),
            Err(Error::Answer { source, .. })
                if source.status() == 401 && source.wanted.is_some() =>
            {
                source.wanted
            }
            Err(error) => return Err(error),
        };
        let refused = |error: Error| match error.kind() {
            Kind::Unauthorized => Error::Login { host: host.clone(), source: Box::new(error) },
            _ => error,
        };
        let proof = match wanted {
            Some(Wanted::Bearer(bearer)) => {
                Some(self.token_of(&url, &bearer, credential).await.map_err(refused)?)
            }
            _ => Proof::of(credential),
        };
        self.look(&url, proof.as_ref()).await.map_err(refused)?;
        Ok(Checked::Accepted)
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
        let held = fetched.map_err(|source| Error::Token { host: shown::host(url), source })?;
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
        self.ask_patiently(hop).await.map(drop)
    }
}
