//! Logins, as `login`, `logout` and `login --check` answer them: where they are, never what.

use install::login::{LoggedIn, LoggedOut};
use oci::{
    Checked, Kind,
    credentials::{Credential, Keeper, Key, Origin},
};
use serde::Serialize;

use crate::session::shown;

/// A login that was kept.
#[derive(Debug, Serialize)]
pub(crate) struct Login {
    schema: u32,
    registry: String,
    user: String,
    kept: Place,
    /// What is used before it, if there is something.
    hidden_by: Option<Place>,
    /// What is used before it for a part of it.
    parts: Vec<Place>,
    /// Null where the registry asks nobody for a login.
    taken: Option<bool>,
}

/// Logins that were removed.
#[derive(Debug, Serialize)]
pub(crate) struct Logout {
    schema: u32,
    registry: String,
    removed: Vec<Place>,
    /// What is used from now on, if there is something.
    still: Option<Place>,
    parts: Vec<Place>,
}

/// Which login is used for a reference, and what comes of it.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    schema: u32,
    pub(crate) reference: String,
    /// The host that is asked in place of the reference's.
    pub(crate) mirror: Option<String>,
    pub(crate) login: Option<Used>,
    /// Whether the registry takes the login; null where it asks nobody or cannot be asked.
    pub(crate) taken: Option<bool>,
    /// Null where that was not asked.
    pub(crate) readable: Option<bool>,
}

/// A login that is used.
#[derive(Debug, Serialize)]
pub(crate) struct Used {
    #[serde(flatten)]
    place: Place,
    /// Null for tokens.
    pub(crate) user: Option<String>,
    /// `password`, `identity token` or `registry token`.
    pub(crate) kind: &'static str,
}

/// Where a login is.
#[derive(Debug, Serialize)]
struct Place {
    /// `variable`, `helper` or `file`.
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    helper: Option<String>,
    /// The file that holds the login or names the helper.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The file's key, or the server as the helper knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl Place {
    fn new(from: &'static str) -> Self {
        Self { from, variable: None, helper: None, file: None, key: None }
    }

    fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Variable { name } => {
                Self { variable: Some(name.clone()), ..Self::new("variable") }
            }
            Origin::Helper { name, server, file } => Self {
                helper: Some(name.clone()),
                file: Some(shown(file)),
                key: Some(server.clone()),
                ..Self::new("helper")
            },
            Origin::Entry { file, key } => {
                Self { file: Some(shown(file)), key: Some(key.clone()), ..Self::new("file") }
            }
        }
    }

    fn of_keeper(keeper: &Keeper) -> Self {
        match keeper {
            Keeper::Helper { name } => Self { helper: Some(name.clone()), ..Self::new("helper") },
            Keeper::File { path } => Self { file: Some(shown(path)), ..Self::new("file") },
        }
    }
}

impl Login {
    pub(crate) fn of(key: &Key, user: &str, done: &LoggedIn) -> Self {
        Self {
            schema: 1,
            registry: key.to_string(),
            user: user.to_owned(),
            kept: Place::of_keeper(&done.keeper),
            hidden_by: done.hidden_by.as_ref().map(Place::of),
            parts: done.parts.iter().map(Place::of).collect(),
            taken: (done.checked != Checked::NotAsked).then_some(true),
        }
    }
}

impl Logout {
    pub(crate) fn of(key: &Key, done: &LoggedOut) -> Self {
        Self {
            schema: 1,
            registry: key.to_string(),
            removed: done.erased.iter().map(Place::of_keeper).collect(),
            still: done.still.as_ref().map(Place::of),
            parts: done.parts.iter().map(Place::of).collect(),
        }
    }
}

impl Standing {
    pub(crate) fn of(reference: &str, standing: &oci::Standing) -> Self {
        let login = standing.found.as_ref().map(|found| {
            let (user, kind) = match &found.credential {
                Credential::Basic { user, .. } => (Some(user.clone()), "password"),
                Credential::Identity(_) => (None, "identity token"),
                Credential::Bearer(_) => (None, "registry token"),
            };
            Used { place: Place::of(&found.origin), user, kind }
        });
        let taken = match &standing.checked {
            Some(Ok(Checked::NotAsked)) | None => None,
            Some(Ok(_)) => Some(true),
            Some(Err(error)) => (error.kind() == Kind::Unauthorized).then_some(false),
        };
        Self {
            schema: 1,
            reference: reference.to_owned(),
            mirror: standing.mirror.clone(),
            login,
            taken,
            readable: standing.readable.as_ref().map(Result::is_ok),
        }
    }
}
