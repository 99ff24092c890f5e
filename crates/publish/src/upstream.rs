//! Asking upstream: pages, and files of which nobody knows the digest yet.

use std::fs::File;

use bytes::Bytes;
use digest::Digest;
use install::{Event, Home, network};
use oci::{
    Client,
    web::{Arrival, TakeError},
};
use serde::Deserialize;
use tokio::runtime::Runtime;

/// Where GitHub answers programs.
const GITHUB: &str = "https://api.github.com/repos";
/// Largest page or list that is read, in bytes.
const PAGE_BYTES_MAX: usize = 32 << 20;

/// Upstream does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A page or list cannot be had.
    #[error("cannot ask {url}")]
    Ask {
        /// The address.
        url: String,
        /// What the server said.
        #[source]
        source: Box<oci::Error>,
    },
    /// An answer is not of the form that it should have.
    #[error("cannot read the answer of {url}")]
    Answer {
        /// The address.
        url: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A file cannot be downloaded.
    #[error("cannot download {url}")]
    Take {
        /// The address.
        url: String,
        /// What is wrong.
        #[source]
        source: TakeError,
    },
    /// There is no room for a file while it is looked at.
    #[error("cannot make a temporary file")]
    Scratch(#[source] std::io::Error),
}

impl Error {
    /// Whether the server says that there is no such thing.
    pub(crate) fn is_missing(&self) -> bool {
        let kind = match self {
            Self::Ask { source, .. } => source.kind(),
            Self::Take { source: TakeError::Ask { source, .. }, .. } => source.kind(),
            _ => return false,
        };
        // Stores of files answer 403 for what is not there where listing is forbidden.
        matches!(kind, oci::Kind::NotFound | oci::Kind::Unauthorized)
    }
}

/// A file as it came.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The file, which is gone when this is dropped.
    pub(crate) file: File,
    pub(crate) digest: Digest,
    /// The day of its last change, as the server says.
    pub(crate) date: Option<String>,
}

/// A release on GitHub.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Release {
    pub(crate) tag_name: String,
    #[serde(default)]
    pub(crate) draft: bool,
    #[serde(default)]
    pub(crate) prerelease: bool,
    pub(crate) published_at: Option<String>,
    #[serde(default)]
    pub(crate) assets: Vec<Asset>,
}

impl Release {
    /// The day that it was published.
    pub(crate) fn date(&self) -> Option<String> {
        self.published_at.as_deref().and_then(|time| time.get(..10)).map(str::to_owned)
    }
}

/// A file of a release on GitHub.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Asset {
    pub(crate) name: String,
}

/// What GitHub says of a repository.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Repository {
    pub(crate) description: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) license: Option<License>,
}

/// The license that GitHub found in a repository.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct License {
    pub(crate) spdx_id: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

/// The way to upstream.
pub(crate) struct Upstream<'a> {
    pub(crate) home: &'a Home,
    pub(crate) runtime: &'a Runtime,
    pub(crate) client: &'a Client,
}

impl<'a> Upstream<'a> {
    pub(crate) fn new(home: &'a Home) -> Result<Self, network::Error> {
        let (runtime, client) = home.online()?;
        Ok(Self { home, runtime, client })
    }

    pub(crate) fn page(&self, url: &str) -> Result<Bytes, Error> {
        let page = self.runtime.block_on(self.client.page(url, PAGE_BYTES_MAX));
        page.map_err(|source| Error::Ask { url: url.to_owned(), source: Box::new(source) })
    }

    fn json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        let page = self.page(url)?;
        serde_json::from_slice(&page)
            .map_err(|source| Error::Answer { url: url.to_owned(), source })
    }

    /// The newest releases of `owner/repository`, drafts left out.
    pub(crate) fn releases(&self, repository: &str) -> Result<Vec<Release>, Error> {
        let url = format!("{GITHUB}/{repository}/releases?per_page=100");
        let mut releases: Vec<Release> = self.json(&url)?;
        releases.retain(|release| !release.draft);
        Ok(releases)
    }

    /// The release of one tag.
    pub(crate) fn release(&self, repository: &str, tag: &str) -> Result<Release, Error> {
        self.json(&format!("{GITHUB}/{repository}/releases/tags/{tag}"))
    }

    /// The tags of `owner/repository`.
    pub(crate) fn tags(&self, repository: &str) -> Result<Vec<String>, Error> {
        let tags: Vec<Tag> = self.json(&format!("{GITHUB}/{repository}/tags?per_page=100"))?;
        Ok(tags.into_iter().map(|tag| tag.name).collect())
    }

    pub(crate) fn repository(&self, repository: &str) -> Result<Repository, Error> {
        self.json(&format!("{GITHUB}/{repository}"))
    }

    pub(crate) fn exists(&self, url: &str) -> Result<bool, Error> {
        let exists = self.runtime.block_on(self.client.exists(url));
        exists.map_err(|source| Error::Ask { url: url.to_owned(), source: Box::new(source) })
    }

    /// Downloads a file under a line of progress called `name`.
    pub(crate) fn take(&self, name: &str, url: &str) -> Result<Taken, Error> {
        let mut file = tempfile::tempfile().map_err(Error::Scratch)?;
        let id = self.home.next_download();
        self.home.tell(Event::Download { id, name: name.to_owned(), total: None });
        let told = |arrival| match arrival {
            Arrival::Size(total) => self.home.tell(Event::Sized { id, total }),
            Arrival::Bytes(bytes) => self.home.tell(Event::Progress { id, bytes }),
        };
        let taken = self.runtime.block_on(self.client.take(url, &mut file, &told));
        self.home.tell(Event::Downloaded { id });
        let taken = taken.map_err(|source| Error::Take { url: url.to_owned(), source })?;
        let date = taken.modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        let date = date.map(|time| time.strftime("%Y-%m-%d").to_string());
        Ok(Taken { file, digest: taken.digest, date })
    }
}
