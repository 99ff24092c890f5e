//! Packages that are not on this machine while the network is off: all of them, not the first.

use std::fmt;

use catalog::{Layer, Origin};

use crate::{home::Home, proposal::Coming};

/// Packages that cannot be had without a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Their names.
    pub names: Vec<String>,
}

impl std::error::Error for Away {}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.names.len() == 1 { "is" } else { "are" };
        write!(f, "the network is off, and `{}` {is} not here", self.names.join("`, `"))
    }
}

impl Away {
    pub(crate) fn of(mut names: Vec<String>) -> Option<Self> {
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(Self { names })
    }
}

impl Home {
    /// The packages of which something is not here, where no server may be asked.
    pub(crate) fn away<'c>(&self, comings: impl IntoIterator<Item = &'c Coming>) -> Vec<String> {
        if !self.setting.oci.offline {
            return Vec::new();
        }
        let blobs = self.blobs();
        let lacks = |coming: &&Coming| {
            let mut layers = coming.artifact.layers.iter();
            let is_cached = |layer: &Layer| blobs.as_ref().is_some_and(|b| b.has(&layer.digest));
            let is_here = |layer: &Layer| is_local(layer) || is_cached(layer);
            layers.any(|layer| !is_here(layer) && !self.layout.plan(&layer.digest).exists())
        };
        let name = |coming: &Coming| coming.resolved.name.as_str().to_owned();
        comings.into_iter().filter(lacks).map(name).collect()
    }
}

/// Whether no server is asked for a layer.
fn is_local(layer: &Layer) -> bool {
    let is_layout = |place: &oci::Place| place.path().is_some();
    layer.origin.is_here()
        || matches!(&layer.origin, Origin::Blob { place, .. } if is_layout(place))
        || layer.nearby.iter().any(is_layout)
}
