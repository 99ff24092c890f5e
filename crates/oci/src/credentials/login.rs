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
    Credential, Lookup, Origin,
    file::{Content, File, Form},
    key::{self, Key},
    keychain, rewrite,
};
use crate::excerpt::excerpt;

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
    /// What is used before it all the same, if there is something.
    pub hidden_by: Option<Origin>,
}

impl Keeper {
    /// Whether a credential for `key` that is found there is the one that was kept here.
    fn is(&self, origin: &Origin, key: &Key) -> bool {
        match (self, origin) {
            (Self::Helper { name }, Origin::Helper { name: found, .. }) => excerpt(name) == *found,
            (Self::File { path }, Origin::Entry { file, key: found }) => {
                path == file && key::parse(found).as_ref() == Some(key)
            }
            _ => false,
        }
    }
}

/// Why a login could not be stored or erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// Keeps a credential, in place of the one that was kept for the same key.
    ///
    /// A helper that a file names for the registry is given it, and no file then. Without one it
    /// goes to the file that has a login for the key already, else to the one that
    /// `REGISTRY_AUTH_FILE` names, else to Docker's. Helpers and Docker know whole registries
    /// only, so a login for a path is left to podman's file.
    pub async fn store(&self, key: &Key, credential: &Credential) -> Result<Stored, Error> {
        let keeper = self.keep(key, credential).await;
        self.forget_all();
        let keeper = keeper?;
        let found = self.find(key.host(), key.path()).await.found;
        let used = found.map(|found| found.origin);
        Ok(Stored { hidden_by: used.filter(|origin| !keeper.is(origin, key)), keeper })
    }

    async fn keep(&self, key: &Key, credential: &Credential) -> Result<Keeper, Error> {
        let mut keeping = None;
        // The older form names no helpers, and is no longer written.
        for file in self.files_now().await?.iter().filter(|file| file.form == Form::Current) {
            let content = file.content().map_err(Error::Read)?;
            if key.is_whole()
                && let Some(name) = content.helpers(key.host()).first()
            {
                self.give(name, key.host(), credential).await?;
                if holds(&content, key) {
                    rewrite::file(&file.path, Form::Current, key, None).await?;
                }
                return Ok(Keeper::Helper { name: (*name).to_owned() });
            }
            if keeping.is_none() && holds(&content, key) {
                keeping = Some(file.path.clone());
            }
        }
        let environment = &self.0.environment;
        let named = environment.registry_auth_file.clone();
        let usual = || match key.is_whole() {
            true => environment.docker_file(),
            false => environment.podman_file(),
        };
        let path = keeping.or(named).or_else(usual).ok_or(Error::Homeless)?;
        rewrite::file(&path, Form::Current, key, Some(credential)).await?;
        Ok(Keeper::File { path })
    }

    /// Erases what is kept for a key, wherever that is; says where it was.
    ///
    /// Logins for parts of it stay, as do those for more than it.
    pub async fn erase(&self, key: &Key) -> Result<Vec<Keeper>, Error> {
        let erased = self.drop_all(key).await;
        self.forget_all();
        erased
    }

    async fn drop_all(&self, key: &Key) -> Result<Vec<Keeper>, Error> {
        let files = self.files_now().await?;
        let mut erased = Vec::new();
        let mut helpers = Vec::new();
        for file in &files {
            let content = file.content().map_err(Error::Read)?;
            if holds(&content, key) {
                rewrite::file(&file.path, file.form, key, None).await?;
                erased.push(Keeper::File { path: file.path.clone() });
            }
            if key.is_whole() {
                helpers.extend(content.helpers(key.host()).into_iter().map(str::to_owned));
            }
        }
        // One that fails shall leave no entry of a file behind.
        for name in helpers {
            if self.take_back(&name, key.host()).await? {
                erased.push(Keeper::Helper { name });
            }
        }
        Ok(erased)
    }

    /// The entries of files for a part of what `key` is for: there they count before its own.
    pub async fn parts(&self, key: &Key) -> Result<Vec<Origin>, Error> {
        let mut parts = Vec::new();
        for file in self.files_now().await? {
            let content = file.content().map_err(Error::Read)?;
            let entry = |key: &str| Origin::Entry { file: file.path.clone(), key: excerpt(key) };
            parts.extend(key::below(content.keys(), key).into_iter().map(entry));
        }
        Ok(parts)
    }

    /// The files as they are now.
    async fn files_now(&self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        for (path, form) in self.0.environment.files() {
            files.extend(File::read(path, form).await.map_err(Error::Read)?);
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

/// Whether a file has an entry for a key, and not only for a part of it.
fn holds(content: &Content<'_>, key: &Key) -> bool {
    !key::equal(content.keys(), key).is_empty()
}

/// The folder of a file; of a bare name the one that we are in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
