//! What an image layout on this machine holds, and whether it holds what it says.

use std::collections::BTreeSet;

use digest::Digest;
use install::{Event, Home, network};
use oci::{Client, Descriptor, Document, Place, media_type};

use crate::blob;

/// What a layout was found to hold.
#[derive(Debug, Default)]
pub struct Report {
    /// Manifests and indexes that are whole.
    pub manifests: usize,
    /// Blobs that are whole.
    pub blobs: usize,
    /// The size of all of them in bytes.
    pub bytes: u64,
    /// What is missing or damaged.
    pub problems: Vec<Problem>,
}

/// Something that is named in a layout, and not there as it should be.
#[derive(Debug)]
pub struct Problem {
    /// What it is.
    pub descriptor: Descriptor,
    /// What is wrong with it.
    pub error: Box<dyn std::error::Error + Send + Sync>,
}

/// A layout cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// It is none, or cannot be read.
    #[error("cannot look at {place}")]
    Read {
        /// Where it is.
        place: String,
        /// What is wrong.
        #[source]
        source: Box<oci::Error>,
    },
    /// It is a repository of a registry.
    #[error("`{place}` is no image layout")]
    Registry {
        /// The reference.
        place: String,
    },
}

/// What a layout lists, in order; an entry's name is an annotation of it.
pub fn list(home: &Home, place: &Place) -> Result<Vec<Descriptor>, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(entries(client, place))
}

/// Reads everything that a layout names and compares it with its digest.
pub fn verify(home: &Home, place: &Place, tell: &dyn Fn(Event)) -> Result<Report, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(async {
        let mut report = Report::default();
        let mut ahead = entries(client, place).await?;
        let mut seen: BTreeSet<(Digest, u64)> = BTreeSet::new();
        while let Some(descriptor) = ahead.pop() {
            if !seen.insert((descriptor.digest.clone(), descriptor.size)) {
                continue;
            }
            if media_type::Kind::of(&descriptor.media_type).is_none() {
                read(client, place, descriptor, &mut report, tell).await;
                continue;
            }
            match document(client, place, &descriptor).await {
                Ok(Document::Index(index)) => ahead.extend(index.manifests),
                Ok(Document::Image(image)) => {
                    ahead.extend(image.layers.into_iter().chain([image.config]));
                }
                Err(error) => {
                    report.problems.push(Problem { descriptor, error });
                    continue;
                }
            }
            report.manifests += 1;
            report.bytes += descriptor.size;
        }
        Ok(report)
    })
}

async fn entries(client: &Client, place: &Place) -> Result<Vec<Descriptor>, Error> {
    let named = || place.to_string();
    let listed = client.listed(place).await;
    let listed = listed.map_err(|error| Error::Read { place: named(), source: Box::new(error) })?;
    listed.ok_or_else(|| Error::Registry { place: named() })
}

async fn document(
    client: &Client,
    place: &Place,
    descriptor: &Descriptor,
) -> Result<Document, Box<dyn std::error::Error + Send + Sync>> {
    let Descriptor { digest, size, .. } = descriptor;
    let manifest = client.manifest(&place.bare().with_digest(digest.clone())).await?;
    match manifest.bytes.len() as u64 {
        found if found == *size => Ok(manifest.document()?),
        found => Err(format!("it has {found} bytes; what names it says {size}").into()),
    }
}

async fn read(
    client: &Client,
    place: &Place,
    descriptor: Descriptor,
    report: &mut Report,
    tell: &dyn Fn(Event),
) {
    match blob::pour(client, place, &descriptor, &mut |_| Ok(true), tell).await {
        Ok(()) => {
            report.blobs += 1;
            report.bytes += descriptor.size;
        }
        Err(error) => report.problems.push(Problem { descriptor, error: error.into() }),
    }
}
