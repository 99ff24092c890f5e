//! The bytes of a layer as they are, for whoever passes them on instead of unpacking them.

use std::{
    io::{self, Write},
    sync::{Arc, atomic::AtomicBool},
};

use catalog::Layer;
use store::archive::Chunks as _;

use crate::{
    event::Event,
    feed::{Feed, Surroundings},
    home::Home,
};

/// The bytes do not come, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The download cannot be started.
    #[error(transparent)]
    Feed(#[from] crate::feed::Error),
    /// The bytes do not come, or are others.
    #[error("cannot take {digest} from {origin}")]
    Take {
        /// The layer's digest.
        digest: digest::Digest,
        /// Where it was asked for.
        origin: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What takes them does not.
    #[error("cannot write what was downloaded")]
    Write(#[source] io::Error),
    /// There is no folder for a repository to lie in meanwhile.
    #[error("cannot make a temporary folder")]
    Scratch(#[source] io::Error),
}

impl Home {
    /// Writes the bytes of a layer to `out` and says how many; they are the ones that its digest
    /// names if, and only if, this ends well.
    pub fn bring(&self, name: &str, layer: &Layer, out: &mut impl Write) -> Result<u64, Error> {
        let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
        let id = self.next_download();
        self.tell(Event::Download { id, name: name.to_owned(), total: layer.size });
        let around = Surroundings {
            network: self.network.clone(),
            git: self.git.clone(),
            staging: scratch.path().to_owned(),
            events: self.setting.events.clone(),
            blobs: self.blobs(),
            stop: Arc::new(AtomicBool::new(false)),
        };
        let partial = scratch.path().join("partial");
        let mut feed = Feed::new(layer.clone(), partial, id, around)?;
        let brought = (|| {
            let mut bytes = 0;
            let failed = |source| Error::Take {
                digest: layer.digest.clone(),
                origin: layer.origin.describe(),
                source,
            };
            while let Some(piece) = feed.next().map_err(failed)? {
                out.write_all(&piece).map_err(Error::Write)?;
                bytes += piece.len() as u64;
            }
            Ok(bytes)
        })();
        self.tell(Event::Downloaded { id });
        brought
    }
}
