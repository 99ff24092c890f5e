//! What refers to a manifest, and what refers to that: signatures, bills of material, and theirs.

use std::collections::BTreeSet;

use digest::Digest;
use install::{Home, network};
use oci::{Client, Descriptor, Place, Platform};

/// Most referrers that are looked at.
const REFERRERS_MAX: usize = 1024;

/// A manifest, and what refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The manifest, as its registry lists it.
    pub descriptor: Descriptor,
    /// What refers to it, in the registry's order.
    pub referrers: Vec<Self>,
}

/// How far to look.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Of an index, what refers to the manifest for this platform.
    pub platform: Option<Platform>,
    /// Only referrers of this type.
    pub artifact_type: Option<String>,
    /// How many steps from the manifest; all where nobody says it.
    pub depth: Option<usize>,
}

/// What refers to a manifest cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A registry or layout does not say it.
    #[error("cannot tell what refers to {place}")]
    Ask {
        /// The reference.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// There is no end to it.
    #[error("more than {REFERRERS_MAX} manifests refer to {place}")]
    Many {
        /// The reference.
        place: String,
    },
}

/// What refers to what the place names.
pub fn discover(home: &Home, place: &Place, order: &Order) -> Result<Node, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(async {
        let asked = match &order.platform {
            None => client.resolve(place).await,
            platform => client.choose(place, platform.as_ref()).await.map(|(found, _)| found),
        };
        let root = asked.map_err(|source| failed(place, source))?;
        let mut seen = BTreeSet::from([root.digest.clone()]);
        node(client, place, root, order, 0, &mut seen).await
    })
}

fn failed(place: &Place, source: oci::Error) -> Error {
    Error::Ask { place: place.to_string(), source: Box::new(source) }
}

async fn node(
    client: &Client,
    place: &Place,
    descriptor: Descriptor,
    order: &Order,
    depth: usize,
    seen: &mut BTreeSet<Digest>,
) -> Result<Node, Error> {
    let mut referrers = Vec::new();
    if order.depth.is_none_or(|most| depth < most) {
        let wanted = order.artifact_type.as_deref();
        let asked = client.referrers(place, &descriptor.digest, wanted).await;
        for referrer in asked.map_err(|source| failed(place, source))? {
            if !seen.insert(referrer.digest.clone()) {
                continue;
            }
            if seen.len() > REFERRERS_MAX {
                return Err(Error::Many { place: place.to_string() });
            }
            let below = node(client, place, referrer, order, depth + 1, seen);
            referrers.push(Box::pin(below).await?);
        }
    }
    Ok(Node { descriptor, referrers })
}
