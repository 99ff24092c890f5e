//! Packages that are looked at without being installed: unpacked in the cellar, or only listed.
//!
//! Packing starts from the first. Nothing is linked, and cleaning up takes it away again.

use catalog::{Layer, Shape};
use formula::{Resolved, Source};
use store::{Staging, archive::Plan, lock::Wait};
use tokio::runtime::Runtime;

use crate::{
    around::Around,
    fetch::Wanted,
    home::Home,
    network,
    proposal::{self, Coming, Release},
    receipt::Origin,
    transaction::{self, Realised},
};

/// The package cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its artifact cannot be told.
    #[error(transparent)]
    Locate(#[from] proposal::Error),
    /// It cannot be fetched or unpacked.
    #[error(transparent)]
    Transaction(#[from] transaction::Error),
}

impl Home {
    /// Fetches and unpacks `source` of a version.
    pub fn unpack(
        &self,
        resolved: &Resolved,
        source: &Source,
        around: &Around,
        wait: &mut Wait<'_>,
    ) -> Result<Realised, Error> {
        let artifact = self.artifact_for(&resolved.platform, resolved, source, around)?;
        let release = Release {
            resolved: resolved.clone(),
            tap: catalog::DIRECT.to_owned(),
            origin: Origin::Tap,
            around: around.clone(),
        };
        let coming = Coming { source: source.clone(), ..Coming::of(self, release, artifact, &[]) };
        Ok(self.realise_one(coming, wait)?)
    }

    /// What layers hold, read as those of a container image; nothing of it is kept.
    pub fn listing(
        &self,
        name: &str,
        layers: &[Layer],
        wait: &mut Wait<'_>,
    ) -> Result<Vec<Plan>, transaction::Error> {
        let _lock = self.lock(wait)?;
        let staging = Staging::begin(&self.layout).map_err(transaction::Error::Staging)?;
        let shape = Shape::Image { paths: Vec::new(), strip: 0 };
        let wanted =
            |layer| Wanted { name, layer, shape: &shape, bytes: None, entries: None, anew: false };
        let wanted: Vec<Wanted<'_>> = layers.iter().map(wanted).collect();
        let fetched = self.fetcher(&staging).fetch(&wanted)?;
        Ok(fetched.into_iter().map(|fetched| fetched.plan).collect())
    }

    /// The registry client, and the threads that its work runs on.
    pub fn online(&self) -> Result<(&Runtime, &oci::Client), network::Error> {
        self.network.start()
    }

    /// The same with a client that asks registries themselves, and none of their mirrors: for who
    /// writes to them, or wants to know what they have.
    pub fn online_directly(&self) -> Result<(&Runtime, &oci::Client), network::Error> {
        self.network.start_direct()
    }
}
