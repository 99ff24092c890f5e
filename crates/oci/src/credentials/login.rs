//! Logins, kept where people's other tools keep theirs: with a credential helper where one is
//! configured, else in a file that only its owner can read.
//!
//! Whether a credential is good is not known here; see [`crate::Client::check`].

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Credential, Lookup,
    file::{Content, File, Form},
    key, keychain, rewrite,
};
use crate::{excerpt::excerpt, host};

/// Where a login is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    /// By a credential helper.
    Helper {
        /// The helper, as `docker-credential-NAME` is called.
        name: String,
    },
    /// In a file, where whoever can read the file can read it.
    File {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Helper { name } => write!(f, "the credential helper `{}`", excerpt(name)),
            Self::File { path } => write!(f, "`{}`", path.display()),
        }
    }
}

/// A login that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it is kept.
    pub keeper: Keeper,
    /// The variable whose token is used before it, if there is one.
    pub hidden_by: Option<String>,
}

/// Why a login could not be stored or erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text names no registry.
    #[error("`{text}` is no registry's host: {rule}")]
    Host {
        /// The text, shortened.
        text: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// There is no place for it.
    #[error("there is no home folder to keep a login in; set HOME or DOCKER_CONFIG")]
    Homeless,
    /// A file that may hold logins cannot be read.
    #[error("cannot tell which logins there are")]
    Read(#[source] super::Error),
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A helper fails.
    #[error("the credential helper `{name}` fails for {server}")]
    Helper {
        /// The helper.
        name: String,
        /// The registry as the helper knows it.
        server: String,
        /// What went wrong.
        #[source]
        source: Arc<keychain::Error>,
    },
    /// Helpers keep users with secrets, and nothing else.
    #[error("the credential helper `{name}` keeps no registry tokens")]
    Unfit {
        /// The helper.
        name: String,
    },
}

impl Lookup {
    /// Keeps a credential for a registry, in place of the one that was kept.
    ///
    /// A helper that a file names for the registry is given it, and no file then. Without one it
    /// goes to the file that has a login for the registry already, else to the one that
    /// `REGISTRY_AUTH_FILE` names, else to Docker's.
    pub async fn store(&self, registry: &str, credential: &Credential) -> Result<Stored, Error> {
        let host = canonical(registry)?;
        let hidden_by = self.0.environment.registry(&host).map(|found| found.origin);
        let keeper = self.keep(&host, credential).await;
        self.forget_all();
        Ok(Stored { keeper: keeper?, hidden_by })
    }

    async fn keep(&self, host: &str, credential: &Credential) -> Result<Keeper, Error> {
        let mut keeping = None;
        for file in self.current_files().await? {
            let content = file.content().map_err(Error::Read)?;
            if let Some(name) = helper_of(&content, host) {
                self.give(name, host, credential).await?;
                if holds(&content, host) {
                    rewrite::file(&file.path, Form::Current, host, None).await?;
                }
                return Ok(Keeper::Helper { name: name.to_owned() });
            }
            if keeping.is_none() && holds(&content, host) {
                keeping = Some(file.path.clone());
            }
        }
        let environment = &self.0.environment;
        let named = environment.registry_auth_file.clone();
        let path = keeping.or(named).or_else(|| environment.docker_file());
        let path = path.ok_or(Error::Homeless)?;
        rewrite::file(&path, Form::Current, host, Some(credential)).await?;
        Ok(Keeper::File { path })
    }

    /// Erases what is kept for a registry, wherever that is; says where it was.
    ///
    /// Logins for a part of a registry only stay.
    pub async fn erase(&self, registry: &str) -> Result<Vec<Keeper>, Error> {
        let host = canonical(registry)?;
        let erased = self.drop_all(&host).await;
        self.forget_all();
        erased
    }

    async fn drop_all(&self, host: &str) -> Result<Vec<Keeper>, Error> {
        let mut erased = Vec::new();
        for (path, form) in self.0.environment.files() {
            let Some(file) = File::read(path, form).await.map_err(Error::Read)? else {
                continue;
            };
            let content = file.content().map_err(Error::Read)?;
            for name in helpers(&content, host) {
                if self.take_back(name, host).await? {
                    erased.push(Keeper::Helper { name: name.to_owned() });
                }
            }
            if holds(&content, host) {
                rewrite::file(&file.path, form, host, None).await?;
                erased.push(Keeper::File { path: file.path.clone() });
            }
        }
        Ok(erased)
    }

    /// The files that may name a helper, as they are now.
    async fn current_files(&self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        for (path, form) in self.0.environment.files() {
            if form == Form::Current {
                files.extend(File::read(path, form).await.map_err(Error::Read)?);
            }
        }
        Ok(files)
    }

    async fn give(&self, name: &str, host: &str, credential: &Credential) -> Result<(), Error> {
        let unfit = || Error::Unfit { name: excerpt(name) };
        let (user, secret) = credential.as_user().ok_or_else(unfit)?;
        let (environment, limit) = (&self.0.environment, self.0.helper_limit);
        let server = key::server(host);
        let stored = keychain::store(name, server, (user, secret), environment, limit).await;
        stored.map_err(|source| failed(name, server, source))
    }

    /// Has a helper erase what it keeps; `false` if that is nothing.
    async fn take_back(&self, name: &str, host: &str) -> Result<bool, Error> {
        let (environment, limit) = (&self.0.environment, self.0.helper_limit);
        let server = key::server(host);
        let failed = |source| failed(name, server, source);
        // Helpers differ in what they say of what they never had.
        let found = keychain::get(name, server, environment, limit).await.map_err(failed)?;
        if found.is_none() {
            return Ok(false);
        }
        keychain::erase(name, server, environment, limit).await.map_err(failed)?;
        Ok(true)
    }
}

fn failed(name: &str, server: &str, source: keychain::Error) -> Error {
    let (name, server, source) = (excerpt(name), server.to_owned(), Arc::new(source));
    Error::Helper { name, server, source }
}

fn canonical(registry: &str) -> Result<String, Error> {
    let bare = registry.strip_prefix("oci://").unwrap_or(registry);
    host::canonical(bare).map_err(|rule| Error::Host { text: excerpt(registry), rule })
}

/// The helpers that a file names for a registry, its own first.
fn helpers<'a>(content: &'a Content<'_>, host: &str) -> Vec<&'a str> {
    let named = key::suitable(content.helpers.keys().map(String::as_str), host, "");
    let named = named.first().and_then(|key| content.helpers.get(*key));
    let all = named.into_iter().chain([&content.store]).map(String::as_str);
    all.filter(|name| !name.is_empty()).collect()
}

fn helper_of<'a>(content: &'a Content<'_>, host: &str) -> Option<&'a str> {
    helpers(content, host).first().copied()
}

/// Whether a file has an entry for a registry, and not only for a part of it.
fn holds(content: &Content<'_>, host: &str) -> bool {
    !key::suitable(content.keys(), host, "").is_empty()
}

/// The folder of a file; of a bare name the one that we are in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
