//! What a manifest says of the one that it is about (image-spec, manifest.md, `subject`).

use digest::Digest;

use crate::{Descriptor, Document, Manifest, media_type};

/// A manifest as the list of its subject's referrers shows it; `None` where it is about another.
pub(crate) fn described(manifest: &Manifest, subject: &Digest) -> Option<Descriptor> {
    let document = manifest.document().ok()?;
    document.subject().filter(|about| about.digest == *subject)?;
    Some(entry(manifest, &document, media_type::essence(&manifest.media_type)))
}

/// The entry of a manifest, of this media type, in a list of referrers.
pub(crate) fn entry(manifest: &Manifest, document: &Document, media_type: &str) -> Descriptor {
    let size = manifest.bytes.len() as u64;
    Descriptor {
        artifact_type: document.artifact_type().map(str::to_owned),
        annotations: document.annotations().clone(),
        ..Descriptor::new(media_type, manifest.digest.clone(), size)
    }
}
