//! What a manifest says of the one that it is about (image-spec, manifest.md, `subject`).

use digest::Digest;

use crate::{Descriptor, Manifest, media_type};

/// A manifest as the list of its subject's referrers shows it; `None` where it is about another.
pub(crate) fn described(manifest: &Manifest, subject: &Digest) -> Option<Descriptor> {
    let document = manifest.document().ok()?;
    document.subject().filter(|about| about.digest == *subject)?;
    let (size, media_type) =
        (manifest.bytes.len() as u64, media_type::essence(&manifest.media_type));
    Some(Descriptor {
        artifact_type: document.artifact_type().map(str::to_owned),
        annotations: document.annotations().clone(),
        ..Descriptor::new(media_type, manifest.digest.clone(), size)
    })
}
