//! An artifact of files into a registry or layout, under its tags or as what is said of another.

use std::collections::BTreeSet;

use install::{Home, network};
use oci::{Descriptor, Place, Pushed};

use super::pack::Packed;

/// What was sent.
#[derive(Debug)]
pub struct Outcome {
    /// The manifest.
    pub descriptor: Descriptor,
    /// Each blob, and how it came there.
    pub blobs: Vec<(Descriptor, Pushed)>,
}

/// An artifact is not stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A registry or layout does not take it.
    #[error("cannot push to {place}")]
    Push {
        /// Where it should be.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
}

/// Sends the blobs, then the manifest under the place's tag and `further` ones; without any tag
/// it is found by its digest.
pub fn push(
    home: &Home,
    place: &Place,
    further: &[String],
    packed: &Packed,
) -> Result<Outcome, Error> {
    let (runtime, client) = home.online()?;
    let failed = |source| Error::Push { place: place.to_string(), source: Box::new(source) };
    let manifest = &packed.manifest;
    let send = async {
        let (mut blobs, mut seen) = (Vec::new(), BTreeSet::new());
        for (descriptor, body) in &packed.blobs {
            if seen.insert(&descriptor.digest) {
                let pushed = client.push_blob(place, descriptor, body, None).await?;
                blobs.push((descriptor.clone(), pushed));
            }
        }
        client.push_manifest(place, manifest).await?;
        if !further.is_empty() {
            let further: Vec<&str> = further.iter().map(String::as_str).collect();
            client.push_tagged(&place.bare(), manifest, &further).await?;
        }
        Ok(blobs)
    };
    let blobs = runtime.block_on(send).map_err(failed)?;
    let mut descriptor = manifest.descriptor();
    descriptor.annotations.clone_from(&packed.annotations);
    descriptor.artifact_type = Some(packed.artifact_type.clone());
    Ok(Outcome { descriptor, blobs })
}
