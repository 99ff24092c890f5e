//! One version of a package in the cellar, for whichever platform, without what it needs.
//!
//! Packing starts from it. Nothing is linked, and cleaning up takes it away again.

use std::path::Path;

use formula::{Resolved, Source};
use store::lock::Wait;

use crate::{
    home::Home,
    proposal::{self, Coming},
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
    /// Fetches and unpacks `source` of a version, whose relative paths start at `folder`.
    pub fn unpack(
        &self,
        resolved: &Resolved,
        source: &Source,
        folder: Option<&Path>,
        wait: &mut Wait<'_>,
    ) -> Result<Realised, Error> {
        let artifact = self.artifact_for(&resolved.platform, resolved, source, folder)?;
        let keg = self.keg(resolved, &artifact, &[]);
        let coming = Coming {
            resolved: resolved.clone(),
            tap: catalog::DIRECT.to_owned(),
            origin: Origin::Tap,
            artifact,
            keg,
            again: false,
        };
        Ok(self.realise_one(coming, wait)?)
    }
}
