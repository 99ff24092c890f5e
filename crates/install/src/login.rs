//! Logins at registries: kept once the registry has taken them, looked at, and given up.
//!
//! No root is needed for them: they belong to the user, and other tools use them as well.

use oci::{
    Checked, Reference, Standing,
    credentials::{Credential, Keeper, Key, Lookup, Origin, key, login},
};

use crate::network::{self, Network};

/// Logs in and out.
pub struct Logins {
    lookup: Lookup,
    network: Network,
}

/// A login that was kept.
#[derive(Debug)]
pub struct LoggedIn {
    /// What the registry said.
    pub checked: Checked,
    /// Where the login is kept.
    pub keeper: Keeper,
    /// What is used before it all the same, if there is something.
    pub hidden_by: Option<Origin>,
    /// Logins for parts of what this one is for, which are used there.
    pub parts: Vec<Origin>,
}

/// Logins that were given up.
#[derive(Debug)]
pub struct LoggedOut {
    /// Where they were kept.
    pub erased: Vec<Keeper>,
    /// What is used from now on, if there is something.
    pub still: Option<Origin>,
    /// Logins for parts of it, which stay.
    pub parts: Vec<Origin>,
}

/// Somebody cannot log in or out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// The text is neither a registry, nor a path of one, nor a reference.
    #[error(transparent)]
    Key(#[from] key::Malformed),
    /// A login for a registry would not be used, and its password is not for the mirror.
    #[error("`{key}` is asked for at {mirror}, as the mirrors say")]
    Mirrored {
        /// The registry, or the path of one.
        key: String,
        /// Who is asked in its place.
        mirror: String,
    },
    /// The registry does not take the login, or cannot be asked.
    #[error("cannot log in to `{key}`")]
    Check {
        /// The registry, or the path of one.
        key: String,
        /// What it says.
        #[source]
        source: oci::Error,
    },
    /// The login is good, and cannot be kept.
    #[error("cannot keep the login for `{key}`")]
    Keep {
        /// The registry, or the path of one.
        key: String,
        /// Why.
        #[source]
        source: login::Error,
    },
    /// The login cannot be erased everywhere.
    #[error("cannot log out of `{key}`")]
    Erase {
        /// The registry, or the path of one.
        key: String,
        /// Why.
        #[source]
        source: login::Error,
    },
    /// Nothing can be asked.
    #[error("cannot ask for `{reference}`")]
    Ask {
        /// What was to be asked for.
        reference: String,
        /// Why.
        #[source]
        source: oci::Error,
    },
}

impl Logins {
    /// Logs in as the client is configured.
    pub fn new(config: oci::Config) -> Self {
        Self { lookup: config.credentials.clone(), network: Network::new(config) }
    }

    /// Refuses what nobody could log in to, before anybody is asked for a password.
    pub fn may_log_in(&self, key: &Key) -> Result<(), Error> {
        let (_, client) = self.network.start()?;
        let asked = client.asked_for(key).map_err(|source| check(key, source))?;
        if asked == key.host() {
            return Ok(());
        }
        Err(Error::Mirrored { key: key.to_string(), mirror: asked })
    }

    /// Keeps a credential that the registry takes.
    pub fn log_in(&self, key: &Key, credential: &Credential) -> Result<LoggedIn, Error> {
        self.may_log_in(key)?;
        let keep = |source| Error::Keep { key: key.to_string(), source };
        let (runtime, client) = self.network.start()?;
        runtime.block_on(async {
            let checked = client.check(key, credential).await.map_err(|e| check(key, e))?;
            let stored = self.lookup.store(key, credential).await.map_err(keep)?;
            let parts = self.lookup.parts(key).await.map_err(keep)?;
            Ok(LoggedIn { checked, keeper: stored.keeper, hidden_by: stored.hidden_by, parts })
        })
    }

    /// Erases what is kept for exactly this key.
    pub fn log_out(&self, key: &Key) -> Result<LoggedOut, Error> {
        let erase = |source| Error::Erase { key: key.to_string(), source };
        let (runtime, _) = self.network.start()?;
        runtime.block_on(async {
            let erased = self.lookup.erase(key).await.map_err(erase)?;
            let still = self.lookup.find(key.host(), key.path()).await.found;
            let parts = self.lookup.parts(key).await.map_err(erase)?;
            Ok(LoggedOut { erased, still: still.map(|found| found.origin), parts })
        })
    }

    /// Which credential a reference, a registry or a path of one is asked for with, and what comes
    /// of it.
    pub fn standing(&self, text: &str) -> Result<Standing, Error> {
        let (runtime, client) = self.network.start()?;
        let ask = |source| Error::Ask { reference: text.to_owned(), source };
        if let Ok(reference) = text.parse::<Reference>() {
            return runtime.block_on(client.standing_of(&reference)).map_err(ask);
        }
        let key: Key = text.parse()?;
        runtime.block_on(client.standing_at(&key)).map_err(ask)
    }
}

fn check(key: &Key, source: oci::Error) -> Error {
    Error::Check { key: key.to_string(), source }
}
