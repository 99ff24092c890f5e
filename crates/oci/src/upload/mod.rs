//! Blobs on their way to a registry (distribution-spec, "Pushing blobs").
//!
//! What is there already is not sent, and what another repository has is mounted. Else a blob
//! goes in one piece, as every registry takes that, and in chunks only where one piece is too
//! large or broke. What breaks is gone on from where the registry says that it has it.

mod begin;
mod send;
mod session;

use std::sync::Arc;

use crate::{Body, Descriptor, Error, Reference, exchange::Exchange, push, registry, scope::Scope};

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
    push::check_name(reference)?;
    if is_there(exchange, reference, descriptor).await? {
        return Ok(Pushed::Present);
    }
    let what = || format!("{}/{}", reference.host(), reference.repository());
    let upload = send::Upload::new(exchange, reference, descriptor, body);
    let pushed = upload.run(mount_from).await;
    pushed.map_err(|error| error.about(&what()))
}

/// Stores a blob though the registry says that it has it: a manifest showed that it does not.
pub(crate) async fn push_blob_again(
    exchange: &Arc<Exchange>,
    reference: &Reference,
    descriptor: &Descriptor,
    body: &Body,
) -> Result<Pushed, Error> {
    let what = || format!("{}/{}", reference.host(), reference.repository());
    let upload = send::Upload::new(exchange, reference, descriptor, body);
    upload.run(None).await.map_err(|error| error.about(&what()))
}

/// Whether the registry has the blob, in the size that it should have.
async fn is_there(
    exchange: &Exchange,
    reference: &Reference,
    descriptor: &Descriptor,
) -> Result<bool, Error> {
    // The scope of what may follow, so that one token serves for all of it.
    let scope = Scope::push(reference.repository());
    match registry::blob_size(exchange, reference, &descriptor.digest, scope).await {
        // It may be another size, and sending it anew is never wrong.
        Err(Error::NoSize { .. }) => Ok(false),
        size => Ok(size? == Some(descriptor.size)),
    }
}
