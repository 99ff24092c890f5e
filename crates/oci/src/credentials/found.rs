//! A credential that was found, and where: what may be told of it without telling it.

use std::{fmt, path::PathBuf};

use super::Credential;

/// A credential and where it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a credential comes from; another one for each credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A variable of the environment.
    Variable {
        /// The variable with the token.
        name: String,
    },
    /// A credential helper.
    Helper {
        /// The helper, as `docker-credential-NAME` is called.
        name: String,
        /// The registry as the helper knows it.
        server: String,
        /// The file that names the helper.
        file: PathBuf,
    },
    /// An entry of a file.
    Entry {
        /// The file.
        file: PathBuf,
        /// The entry's key.
        key: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name } => write!(f, "the variable `{name}`"),
            Self::Helper { name, server, file } => {
                let file = file.display();
                write!(f, "the credential helper `{name}` for `{server}`, named in `{file}`")
            }
            Self::Entry { file, key } => write!(f, "`{key}` in `{}`", file.display()),
        }
    }
}
