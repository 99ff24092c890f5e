//! Plain web servers, asked for what nobody has a digest of yet.
//!
//! Who writes a formula finds out here what an address holds; whoever installs it downloads with
//! the digest that was found. Mirrors, redirects, patience and limits are the same for both.

use std::{
    fs::File,
    io::{self, Seek as _, Write as _},
    time::SystemTime,
};

use bytes::Bytes;
use digest::{Digest, Hasher};
use reqwest::{Method, header::LAST_MODIFIED};

use crate::{
    Client, Error, Event,
    exchange::{Answer, Ask, web_url},
    retry::Patience,
    shown::{self, Shown},
    transport,
};

/// What an address held when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The digest of its bytes, by SHA-256.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    /// When they were changed last, as the server says.
    pub modified: Option<SystemTime>,
}

/// The bytes of an address cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The server does not give them.
    #[error("cannot get {url}")]
    Ask {
        /// The address.
        url: String,
        /// What the server said.
        #[source]
        source: Box<Error>,
    },
    /// The file cannot be written.
    #[error("cannot write what {url} sends")]
    Write {
        /// The address.
        url: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What is told while bytes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// So many bytes will come, as the server says.
    Size(u64),
    /// So many more came than ever before.
    Bytes(u64),
}

impl Client {
    /// A whole answer of a web server with at most `limit` bytes, such as a page or a list.
    pub async fn page(&self, url: &str, limit: usize) -> Result<Bytes, Error> {
        let exchange = self.exchange();
        let ask = exchange.ask_source(Method::GET, url)?;
        let whole = exchange.whole(&ask, limit).await;
        whole.map(|whole| whole.body).map_err(|error| error.about(&Shown(&ask.url)))
    }

    /// Whether a web server has something at an address; asks for its headers alone.
    pub async fn exists(&self, url: &str) -> Result<bool, Error> {
        let exchange = self.exchange();
        let ask = exchange.ask_source(Method::HEAD, url)?;
        let gate = exchange.gates.of(&shown::host(&ask.url));
        let mut patience = Patience::new(&exchange.config);
        let _place = gate.request().await;
        loop {
            patience.wait(&exchange.config, &gate).await?;
            let Err(error) = exchange.once(&ask).await else { return Ok(true) };
            match &error {
                // Stores of files answer 403 for what is not there where listing is forbidden.
                Error::Answer { source, .. } if matches!(source.status(), 403 | 404 | 410) => {
                    return Ok(false);
                }
                _ => patience.endure(&exchange.config, &gate, error)?,
            }
        }
    }

    /// Takes the bytes at an address into an empty file and computes their digest.
    pub async fn take(
        &self,
        url: &str,
        into: &mut File,
        told: &(dyn Fn(Arrival) + Send + Sync),
    ) -> Result<Taken, TakeError> {
        let failed = |source| TakeError::Ask { url: excerpt(url), source: Box::new(source) };
        let exchange = self.exchange();
        let mut ask = exchange.ask_source(Method::GET, url).map_err(failed)?;
        ask.is_stream = true;
        let gate = exchange.gates.of(&shown::host(&ask.url));
        let mut patience = Patience::new(&exchange.config);
        let mut most = 0;
        let _place = gate.incoming().await;
        loop {
            patience.wait(&exchange.config, &gate).await.map_err(failed)?;
            let error = match self.take_once(&ask, into, &mut most, told).await {
                Ok(taken) => {
                    gate.succeeded();
                    return Ok(taken);
                }
                Err(Stop::Ask(error)) => error,
                Err(Stop::Write(source)) => {
                    return Err(TakeError::Write { url: excerpt(url), source });
                }
            };
            let error = error.about(&Shown(&ask.url));
            patience.endure(&exchange.config, &gate, error).map_err(failed)?;
        }
    }

    /// One try, from the first byte: without a digest nobody can tell whether two halves fit. What
    /// one of the tries before had, which is `most`, was told.
    async fn take_once(
        &self,
        ask: &Ask,
        into: &mut File,
        most: &mut u64,
        told: &(dyn Fn(Arrival) + Send + Sync),
    ) -> Result<Taken, Stop> {
        let exchange = self.exchange();
        into.set_len(0).and_then(|()| into.rewind()).map_err(Stop::Write)?;
        let Answer { mut response, url } = exchange.once(ask).await?;
        transport::check_encoding(&response, &url)?;
        let total = response.content_length();
        let modified = response.headers().get(LAST_MODIFIED).and_then(|text| text.to_str().ok());
        let modified = modified.and_then(|text| httpdate::parse_http_date(text).ok());
        let host = shown::host(&url);
        (exchange.config.events)(Event::Receiving { host, from: 0, size: total });
        total.into_iter().for_each(|total| told(Arrival::Size(total)));
        let (mut hasher, mut size) = (Hasher::sha256(), 0);
        let stall = exchange.config.stall;
        while let Some(bytes) = transport::next_bytes(&mut response, &url, stall).await? {
            hasher.update(&bytes);
            size += bytes.len() as u64;
            into.write_all(&bytes).map_err(Stop::Write)?;
            if size > *most {
                told(Arrival::Bytes(size - *most));
                *most = size;
            }
        }
        Ok(Taken { digest: hasher.finish(), size, modified })
    }
}

/// Why one try ended.
enum Stop {
    Ask(Error),
    Write(io::Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Ask(error)
    }
}

/// An address as it may be shown.
fn excerpt(url: &str) -> String {
    web_url(url).map_or_else(|_| crate::excerpt::excerpt(url), |url| Shown(&url).to_string())
}
