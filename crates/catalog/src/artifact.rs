//! A package as bytes: which layers, from where, and where each goes in the keg.
//!
//! The rules are those of the formula format, "from layers to files".

use std::path::PathBuf;

use digest::Digest;
use formula::{Annotation, Format};
use serde::{Deserialize, Serialize};

/// One version of a package for one platform, as layers.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What identifies the bytes: the manifest's digest, or that of the file.
    pub digest: Digest,
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// How the layers become one tree.
    pub shape: Shape,
    /// What the package says of itself, if pkg made it.
    pub annotation: Option<Annotation>,
}

/// Some bytes of a package.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The digest of the bytes as they come.
    pub digest: Digest,
    /// Their number, where it is known before.
    pub size: Option<u64>,
    /// The media type, where it decides what the bytes are; `None` where the bytes decide.
    pub media_type: Option<String>,
    /// The format that the formula forces.
    pub format: Option<Format>,
    /// Where the bytes come from.
    pub origin: Origin,
    /// Where they go.
    pub placement: Placement,
    /// Places that may have them by digest, and are asked before the origin.
    pub nearby: Vec<oci::Place>,
}

/// Where a layer's bytes come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A blob of a registry or a layout folder.
    Blob {
        /// The repository or the folder.
        place: oci::Place,
        /// The blob.
        descriptor: Box<oci::Descriptor>,
    },
    /// An http server, then its mirrors in order.
    Urls(Vec<String>),
    /// A file on this machine.
    File(PathBuf),
    /// The tree of a commit, which comes as a canonical archive.
    Git {
        /// The repository's address, or its absolute path.
        url: String,
        /// The commit's full name.
        commit: String,
    },
    /// The program itself, for the built-in tap.
    Carried(&'static [u8]),
}

/// Whether the address of a git repository is a path on this machine.
pub fn is_here(url: &str) -> bool {
    !url.starts_with("http://") && !url.starts_with("https://")
}

impl Origin {
    /// Whether no server is asked for it.
    pub fn is_here(&self) -> bool {
        match self {
            Self::Carried(_) | Self::File(_) => true,
            Self::Git { url, .. } => is_here(url),
            Self::Blob { .. } | Self::Urls(_) => false,
        }
    }

    /// The origin in words, for messages; never with credentials or a query.
    pub fn describe(&self) -> String {
        match self {
            Self::Blob { place, .. } => place.to_string(),
            Self::Urls(urls) => urls
                .first()
                .map_or_else(String::new, |url| url.split(['?', '#']).next().unwrap_or(url).into()),
            Self::File(path) => path.display().to_string(),
            Self::Git { url, commit } => format!("commit {commit} of {url}"),
            Self::Carried(_) => "the program itself".to_owned(),
        }
    }
}

/// Where a layer's contents go in the keg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Placement {
    /// An archive is unpacked at the root; anything else becomes the file `name`.
    Detect {
        /// The path of the file, if it is one.
        name: String,
        /// Leading folders of the archive to drop.
        strip: Strip,
    },
    /// An archive is unpacked below a folder; anything else is an error.
    Unpack {
        /// The folder; empty for the root.
        at: String,
        /// Leading folders of the archive to drop.
        strip: Strip,
    },
    /// The bytes are one file, whatever they hold.
    File {
        /// The path of the file.
        path: String,
    },
}

/// Which leading folders of an archive are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strip {
    /// So many path components.
    Count(u32),
    /// A lone top folder, unless it is one of the standard layout such as `bin`.
    LoneTop,
}

/// How the layers of a package become one tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// They share one tree; an equal path is an error.
    Joined,
    /// They are applied over each other as a container runtime does, then `paths` are taken.
    Image {
        /// What is taken of the image.
        paths: Vec<String>,
        /// Leading path components to drop of what is taken.
        strip: u32,
    },
}

/// Media type of a package's manifest, as its `artifactType`.
pub const PACKAGE: &str = "application/vnd.pkg.package.v1";
/// Media type of the config of a Helm chart.
pub const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// Media type of the provenance file of a Helm chart.
const CHART_PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// The annotation by which oras marks a folder that it packed.
const ORAS_UNPACK: &str = "io.deis.oras.content.unpack";

/// How the layers of a manifest are to be read.
pub(crate) struct Reading<'a> {
    /// The package's name.
    pub(crate) name: &'a str,
    /// The format that the formula forces.
    pub(crate) format: Option<Format>,
    /// Leading path components to drop.
    pub(crate) strip: Option<u32>,
    /// What is taken, if the manifest is read as a container image.
    pub(crate) paths: Option<&'a [String]>,
}

impl Reading<'_> {
    /// The artifact that a manifest describes; `origin` says where a layer's blob is.
    pub(crate) fn artifact(
        &self,
        digest: Digest,
        manifest: &oci::ImageManifest,
        nearby: &[oci::Place],
        origin: impl Fn(&oci::Descriptor) -> Origin,
    ) -> Result<Artifact, serde_json::Error> {
        let is_package = manifest.artifact_type.as_deref() == Some(PACKAGE);
        let typed = is_package || self.paths.is_some();
        let layer = |layer: &oci::Descriptor| Layer {
            digest: layer.digest.clone(),
            size: Some(layer.size),
            media_type: typed.then(|| layer.media_type.clone()),
            format: self.format,
            origin: origin(layer),
            placement: self.placement(manifest, layer),
            nearby: nearby.to_vec(),
        };
        let shape = match self.paths {
            Some(paths) => Shape::Image { paths: paths.to_vec(), strip: self.strip.unwrap_or(0) },
            None => Shape::Joined,
        };
        Ok(Artifact {
            digest,
            layers: manifest.layers.iter().map(layer).collect(),
            shape,
            annotation: Annotation::of(&manifest.annotations)?,
        })
    }

    fn placement(&self, manifest: &oci::ImageManifest, layer: &oci::Descriptor) -> Placement {
        if self.paths.is_some() {
            return Placement::Unpack { at: String::new(), strip: Strip::Count(0) };
        }
        let strip = Strip::Count(self.strip.unwrap_or(0));
        if manifest.config.media_type == CHART_CONFIG {
            return self.chart(layer);
        }
        let title = layer.title().filter(|title| !title.is_empty());
        let name = || title.unwrap_or(self.name).to_owned();
        match self.format {
            Some(Format::Raw) => return Placement::File { path: name() },
            Some(_) => return Placement::Unpack { at: String::new(), strip },
            None => {}
        }
        if layer.annotations.get(ORAS_UNPACK).is_some_and(|value| value == "true") {
            return Placement::Unpack { at: String::new(), strip };
        }
        match title {
            Some(title) if manifest.layers.len() > 1 => Placement::File { path: title.to_owned() },
            _ => Placement::Detect { name: name(), strip },
        }
    }

    /// A chart's archive holds one folder of the chart's name; its provenance lies beside it.
    fn chart(&self, layer: &oci::Descriptor) -> Placement {
        let name = self.name;
        if layer.media_type == CHART_PROVENANCE {
            return Placement::File { path: format!("share/{name}.prov") };
        }
        Placement::Unpack { at: format!("share/{name}"), strip: Strip::Count(1) }
    }
}
