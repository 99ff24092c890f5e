//! Credentials for registries, from where people have them already (containers-auth.json(5)).
//!
//! Looked at in order: the variables `PKG_REGISTRY_<HOST>_TOKEN`, podman's files, Docker's files;
//! and in each file credential helpers before entries. Logins are kept in the same places. Where
//! a credential may be sent is decided elsewhere.

mod credential;
mod environment;
mod file;
mod found;
pub mod key;
pub mod keychain;
pub mod login;
mod rewrite;
mod secret;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::OnceCell;

use crate::excerpt::excerpt;

pub use credential::Credential;
pub use environment::Environment;
pub use found::{Found, Origin};
pub use key::Key;
pub use login::{Keeper, Stored};
pub use secret::{Secret, never_dump};

use file::File;

/// Finds credentials; reads each file and asks each helper once. Clones share what they know.
#[derive(Clone)]
pub struct Lookup(Arc<Inner>);

struct Inner {
    environment: Environment,
    helper_limit: Duration,
    files: Mutex<Arc<OnceCell<Vec<File>>>>,
    helpers: Mutex<BTreeMap<Asked, Arc<OnceCell<Answered>>>>,
    told: Mutex<BTreeSet<String>>,
}

/// A helper's name and the server that it is asked for.
type Asked = (String, String);
type Answered = Result<Option<Credential>, Arc<keychain::Error>>;

/// The outcome of one look-up.
#[derive(Debug, Default)]
pub struct Answer {
    /// The credential, if there is one.
    pub found: Option<Found>,
    /// What could not be read on the way, to be told to people; each thing comes once only.
    pub problems: Vec<Error>,
}

/// Something that may have held a credential but could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read credentials in `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than any credentials are.
    #[error("`{}` has more than {limit} bytes; no credentials are read from it", .path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file is no JSON of the form that it should have.
    #[error(
        "cannot read credentials in `{}`: its JSON is broken at line {line}, column {column}",
        .path.display()
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// An entry of a file is skipped.
    #[error("the entry `{key}` in `{}` is skipped: {rule}", .path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// The rule that the entry breaks.
        rule: &'static str,
    },
    /// A helper that a file names gave no answer.
    #[error("the credential helper `{helper}`, named in `{}`, fails for {server}", .path.display())]
    Helper {
        /// The file.
        path: PathBuf,
        /// The helper.
        helper: String,
        /// The registry as the helper knows it.
        server: String,
        /// What went wrong.
        #[source]
        source: Arc<keychain::Error>,
    },
}

/// How long a helper may take; it may have to wait for somebody to unlock a keychain.
const HELPER_LIMIT: Duration = Duration::from_secs(60);

impl Default for Lookup {
    /// Finds nothing, for want of an environment.
    fn default() -> Self {
        Self::new(Environment::default())
    }
}

impl Lookup {
    /// Finds what `environment` leads to; nothing is read before the first look-up.
    pub fn new(environment: Environment) -> Self {
        Self::with_helper_limit(environment, HELPER_LIMIT)
    }

    /// The same with another time, instead of a minute, that each helper may take.
    fn with_helper_limit(environment: Environment, helper_limit: Duration) -> Self {
        Self(Arc::new(Inner {
            environment,
            helper_limit,
            files: Mutex::default(),
            helpers: Mutex::default(),
            told: Mutex::default(),
        }))
    }

    /// Finds the credential for a repository of a registry, given by its canonical host.
    ///
    /// What cannot be read is skipped and told in the answer: a broken helper shall not stand
    /// between anybody and a public package.
    pub async fn find(&self, host: &str, repository: &str) -> Answer {
        if let Some(found) = self.0.environment.registry(host) {
            return Answer { found: Some(found), problems: Vec::new() };
        }
        let mut problems = Vec::new();
        let mut found = None;
        let cell = Arc::clone(&self.0.files.lock().unwrap_or_else(PoisonError::into_inner));
        for file in self.files(&cell, &mut problems).await {
            found = self.find_in(file, host, repository, &mut problems).await;
            if found.is_some() {
                break;
            }
        }
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        problems.retain(|problem| told.insert(problem.to_string()));
        Answer { found, problems }
    }

    /// Forgets what helpers said about a registry, as when it refuses a credential as expired.
    pub fn forget(&self, host: &str) {
        let mut helpers = self.0.helpers.lock().unwrap_or_else(PoisonError::into_inner);
        helpers.retain(|(_, server), _| server != key::server(host));
    }

    /// Forgets all that was read and asked, after it was changed.
    fn forget_all(&self) {
        *self.0.files.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        self.0.helpers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn files<'a>(
        &self,
        cell: &'a OnceCell<Vec<File>>,
        problems: &mut Vec<Error>,
    ) -> &'a [File] {
        let read = async {
            let mut files = Vec::new();
            for (path, form) in self.0.environment.files() {
                match File::read(path, form).await {
                    Ok(file) => files.extend(file),
                    Err(problem) => problems.push(problem),
                }
            }
            files
        };
        cell.get_or_init(|| read).await
    }

    async fn find_in(
        &self,
        file: &File,
        host: &str,
        repository: &str,
        problems: &mut Vec<Error>,
    ) -> Option<Found> {
        let content = match file.content() {
            Ok(content) => content,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        match self.ask_helpers(file, &content, host, problems).await {
            Some(found) => Some(found),
            None => file.find(&content, host, repository, problems),
        }
    }

    async fn ask_helpers(
        &self,
        file: &File,
        content: &file::Content<'_>,
        host: &str,
        problems: &mut Vec<Error>,
    ) -> Option<Found> {
        let server = key::server(host);
        for helper in content.helpers(host) {
            match self.ask(helper, server).await {
                Ok(None) => {}
                Ok(Some(credential)) => {
                    let origin = Origin::Helper {
                        name: excerpt(helper),
                        server: server.to_owned(),
                        file: file.path.clone(),
                    };
                    return Some(Found { credential, origin });
                }
                Err(source) => problems.push(Error::Helper {
                    path: file.path.clone(),
                    helper: excerpt(helper),
                    server: server.to_owned(),
                    source,
                }),
            }
        }
        None
    }

    async fn ask(&self, helper: &str, server: &str) -> Answered {
        let cell = {
            let mut helpers = self.0.helpers.lock().unwrap_or_else(PoisonError::into_inner);
            helpers.entry((helper.to_owned(), server.to_owned())).or_default().clone()
        };
        let Inner { environment, helper_limit, .. } = &*self.0;
        let ask = || async {
            keychain::get(helper, server, environment, *helper_limit).await.map_err(Arc::new)
        };
        cell.get_or_init(ask).await.clone()
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.0.environment).finish()
    }
}

#[cfg(test)]
mod tests;
