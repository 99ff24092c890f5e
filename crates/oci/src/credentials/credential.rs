use super::Secret;

/// The user name by which helpers mark a secret as an identity token.
const IDENTITY_USER: &str = "<token>";

/// How to identify oneself to a registry, or to its token server.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A user's name and password.
    Basic {
        /// The name; may be empty.
        user: String,
        /// The password, or a token in its place.
        password: Secret,
    },
    /// A refresh token, to be changed for a token by OAuth2 (`grant_type=refresh_token`).
    Identity(Secret),
    /// A token to be sent to the registry as it is.
    Bearer(Secret),
}

impl Credential {
    /// As helpers keep it: a user and a secret; `None` for a token of a registry.
    pub(super) fn as_user(&self) -> Option<(&str, &Secret)> {
        match self {
            Self::Basic { user, password } => Some((user, password)),
            Self::Identity(token) => Some((IDENTITY_USER, token)),
            Self::Bearer(_) => None,
        }
    }

    /// The credential of a user and secret; `None` if there is neither.
    ///
    /// The user `<token>` says that the secret is an identity token (docker-credential-helpers).
    pub fn of_user(user: String, secret: Secret) -> Option<Self> {
        match user.as_str() {
            IDENTITY_USER if !secret.is_empty() => Some(Self::Identity(secret)),
            "" if secret.is_empty() => None,
            _ => Some(Self::Basic { user, password: secret }),
        }
    }
}
