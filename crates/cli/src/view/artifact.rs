//! An artifact of any kind, as `inspect` answers it.

use std::collections::BTreeMap;

use oci::Descriptor;
use publish::inspect::{self, Config, Content, Kind, Listed};
use serde::Serialize;
use store::archive::{Entry, Kind as EntryKind};

/// An artifact, as far as it was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Inspected {
    schema: u32,
    pub(crate) reference: String,
    #[serde(flatten)]
    pub(crate) artifact: Artifact,
}

/// A manifest or index with what is below it.
#[derive(Debug, Serialize)]
pub(crate) struct Artifact {
    /// `package`, `tap`, `chart`, `image`, `index`, or `artifact` for anything else.
    kind: &'static str,
    /// The same for people.
    #[serde(skip)]
    pub(crate) title: String,
    name: Option<String>,
    version: Option<String>,
    #[serde(flatten)]
    pub(crate) content: Described,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) subject: Option<String>,
    pub(crate) config: Option<ConfigOf>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) referrers: Vec<Referrer>,
}

/// What every piece of content has.
#[derive(Debug, Serialize)]
pub(crate) struct Described {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<String>,
}

/// A config with what it says, where it is JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ConfigOf {
    #[serde(flatten)]
    pub(crate) content: Described,
    pub(crate) value: Option<serde_json::Value>,
}

/// A layer; `files` only where they were asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Layer {
    #[serde(flatten)]
    pub(crate) content: Described,
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unpacked_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Vec<File>>,
}

/// An entry of a layer.
#[derive(Debug, Serialize)]
pub(crate) struct File {
    pub(crate) path: String,
    /// `file`, `folder`, `link`, `whiteout`, or `refused` for what may not be installed.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) size: Option<u64>,
    executable: Option<bool>,
    sha256: Option<String>,
    pub(crate) target: Option<String>,
}

/// What an index lists: looked at, or only named with the reason.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Manifest {
    Artifact(Box<Artifact>),
    Named {
        #[serde(flatten)]
        content: Described,
        why: String,
    },
}

/// What is about the artifact.
#[derive(Debug, Serialize)]
pub(crate) struct Referrer {
    #[serde(flatten)]
    pub(crate) content: Described,
    pub(crate) artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
}

impl Inspected {
    pub(crate) fn of(reference: &str, artifact: inspect::Artifact) -> Self {
        let reference = reference.to_owned();
        Self { schema: 1, reference, artifact: Artifact::of(artifact) }
    }
}

impl Artifact {
    fn of(artifact: inspect::Artifact) -> Self {
        let title = artifact.kind.to_string();
        let (kind, named) = match artifact.kind {
            Kind::Package { name, version } => ("package", Some((name, version))),
            Kind::Chart { name, version } => ("chart", Some((name, version))),
            Kind::Tap => ("tap", None),
            Kind::Image => ("image", None),
            Kind::Index => ("index", None),
            Kind::Other { .. } => ("artifact", None),
        };
        let (name, version) = named.unzip();
        Self {
            kind,
            title,
            name,
            version,
            content: Described::of(&artifact.descriptor),
            artifact_type: artifact.artifact_type,
            annotations: artifact.annotations,
            subject: artifact.subject.map(|digest| digest.to_string()),
            config: artifact.config.map(|Config { descriptor, value }| ConfigOf {
                content: Described::of(&descriptor),
                value,
            }),
            layers: artifact.layers.into_iter().map(layer).collect(),
            manifests: artifact.manifests.into_iter().map(manifest).collect(),
            referrers: artifact.referrers.into_iter().map(referrer).collect(),
        }
    }
}

impl Described {
    fn of(descriptor: &Descriptor) -> Self {
        Self {
            digest: descriptor.digest.to_string(),
            media_type: descriptor.media_type.clone(),
            size: descriptor.size,
            platform: descriptor.platform.as_ref().map(ToString::to_string),
        }
    }
}

fn layer(Content { descriptor, files }: Content) -> Layer {
    Layer {
        content: Described::of(&descriptor),
        annotations: descriptor.annotations,
        unpacked_size: files.as_ref().map(|files| files.size_bytes),
        files: files.map(|files| files.entries.into_iter().map(file).collect()),
    }
}

fn file(entry: Entry) -> File {
    let mut file = File {
        path: entry.path,
        kind: "file",
        size: None,
        executable: None,
        sha256: None,
        target: None,
    };
    match entry.kind {
        EntryKind::File(content) => {
            file.size = Some(content.size);
            file.executable = Some(content.executable);
            file.sha256 = Some(content.sha256.to_hex());
        }
        EntryKind::Directory => file.kind = "folder",
        EntryKind::Symlink(target) => {
            file.kind = "link";
            file.target = Some(target);
        }
        EntryKind::Whiteout | EntryKind::Opaque => file.kind = "whiteout",
        EntryKind::Refused(_) => file.kind = "refused",
    }
    file
}

fn manifest(listed: Listed) -> Manifest {
    match listed {
        Listed::Artifact(artifact) => Manifest::Artifact(Box::new(Artifact::of(*artifact))),
        Listed::Named { descriptor, why } => {
            Manifest::Named { content: Described::of(&descriptor), why }
        }
    }
}

fn referrer(descriptor: Descriptor) -> Referrer {
    Referrer {
        content: Described::of(&descriptor),
        artifact_type: descriptor.artifact_type,
        annotations: descriptor.annotations,
    }
}
