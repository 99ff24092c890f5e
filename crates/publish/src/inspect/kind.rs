//! What an artifact is, in the words of the ecosystem that made it.

use std::fmt;

use catalog::{CHART_CONFIG, edition};
use formula::Annotation;
use oci::ImageManifest;

use super::{Config, Listed};

/// What an artifact is, by what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A package of `pkg`.
    Package {
        /// Its name.
        name: String,
        /// Its version, with the revision as people write it.
        version: String,
    },
    /// A tap of `pkg`.
    Tap,
    /// A Helm chart.
    Chart {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
    /// A container image.
    Image,
    /// An index of several kinds of things, or of none.
    Index,
    /// Anything else, by the type that its author gave it.
    Other {
        /// The `artifactType`, else the config's media type.
        of: String,
    },
}

/// Media types of an image's config.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

impl Kind {
    pub(super) fn of_image(image: &ImageManifest, config: &Config) -> Self {
        let of = image.artifact_type.clone();
        let of = of.unwrap_or_else(|| config.descriptor.media_type.clone());
        if of == catalog::PACKAGE
            && let Ok(Some(said)) = Annotation::of(&image.annotations)
        {
            let version = formula::shown_version(&said.version, said.revision);
            return Self::Package { name: said.name.to_string(), version };
        }
        match of.as_str() {
            edition::ARTIFACT => Self::Tap,
            CHART_CONFIG => {
                let text = |key: &str| {
                    let value = config.value.as_ref().and_then(|value| value[key].as_str());
                    value.unwrap_or("?").to_owned()
                };
                Self::Chart { name: text("name"), version: text("version") }
            }
            of if IMAGE_CONFIGS.contains(&of) => Self::Image,
            _ => Self::Other { of },
        }
    }

    /// An index is what all that it lists is.
    pub(super) fn of_index(artifact_type: Option<&str>, manifests: &[Listed]) -> Self {
        let inner = manifests.iter().filter_map(|listed| match listed {
            Listed::Artifact(artifact) => Some(&artifact.kind),
            Listed::Named { .. } => None,
        });
        let mut inner = inner.clone().filter(|kind| **kind != Self::Index);
        match (artifact_type, inner.next()) {
            (_, Some(first)) if inner.all(|other| other == first) => first.clone(),
            (Some(of), _) => Self::Other { of: of.to_owned() },
            (None, _) => Self::Index,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package { name, version } => write!(f, "package {name} {version}"),
            Self::Tap => f.write_str("tap"),
            Self::Chart { name, version } => write!(f, "Helm chart {name} {version}"),
            Self::Image => f.write_str("container image"),
            Self::Index => f.write_str("index"),
            Self::Other { of } => write!(f, "artifact of type {of}"),
        }
    }
}
