//! Blobs on their way to a registry (distribution-spec, "Pushing blobs").

use std::sync::Arc;

use crate::{Body, Descriptor, Error, Reference, exchange::Exchange, push};

/// How a blob came to be where it was pushed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was there already.
    Present,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent.
    Sent {
        /// Its size in bytes.
        bytes: u64,
    },
}

/// Stores a blob, sending no byte that the registry has already.
///
/// `mount_from` is a place that is known to have the blob; it is of use where it is another
/// repository of the same registry, and ignored elsewhere.
pub(crate) async fn push_blob(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    descriptor: &Descriptor,
    body: &Body,
    mount_from: Option<&Reference>,
) -> Result<Pushed, Error> {
    let _ = (exchange, descriptor, body, mount_from);
    Err(Error::Push(push::Error::NoRegistry { place: reference.to_string() }))
}
