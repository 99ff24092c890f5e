//! Files and folders made into an artifact: its blobs and its manifest, ready to be sent.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use digest::{Digest, Hasher};
use fs_err as fs;
use install::Home;
use jiff::Timestamp;
use oci::{Body, Descriptor, Manifest, Platform, descriptor::TITLE, media_type};

use super::{
    CONTENT_DIGEST, Given, UNPACK,
    annotations::{Annotations, CREATED, Texts},
    chart::{self, Chart},
    document::{self, Parts},
    folder,
};
use crate::{hashing::hash, publisher, work::Folder};

/// The type of a file that nobody gave one.
pub const FILE: &str = "application/vnd.oci.image.layer.v1.tar";
/// The type of a folder that nobody gave one.
pub const FOLDER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The type of an artifact that nobody gave one.
pub const UNKNOWN: &str = "application/vnd.unknown.artifact.v1";
/// The type of a config that nobody gave one.
pub const UNKNOWN_CONFIG: &str = "application/vnd.unknown.config.v1+json";

/// What becomes an artifact.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The files and folders; may be none.
    pub files: Vec<Given>,
    /// What the artifact is.
    pub artifact_type: Option<String>,
    /// A file that is its config.
    pub config: Option<Given>,
    /// The platform that it is for, which makes an image's config of it.
    pub platform: Option<Platform>,
    /// What is said of it.
    pub annotations: Annotations,
    /// Whether its type is that of its config, as before version 1.1 of the specification.
    pub is_v1_0: bool,
    /// Whether no time is said, neither of now nor of files in folders.
    pub is_reproducible: bool,
    /// Whether paths may be titles that nobody can pull without leaving the folder.
    pub is_any_path: bool,
    /// The manifest that it is about.
    pub subject: Option<Descriptor>,
    /// What the only file is, where that is a packed chart that goes as Helm pushes it.
    pub chart: Option<Chart>,
}

/// An artifact that waits to be sent.
pub struct Packed {
    /// Its manifest.
    pub manifest: Manifest,
    /// What it is: its own type, else that of its config.
    pub artifact_type: String,
    /// What is said of it.
    pub annotations: Texts,
    pub(super) blobs: Vec<(Descriptor, Body)>,
    /// Holds what was packed until it is sent.
    _work: Folder,
}

/// An artifact cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file would have a title that leads out of the folder that it is pulled into.
    #[error("`{path}` would be the file's title, which leads out of every folder")]
    Title {
        /// The path.
        path: String,
    },
    /// Two files have the same title.
    #[error("two files have the title `{title}`")]
    Twice {
        /// The title.
        title: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A folder cannot be packed.
    #[error(transparent)]
    Folder(#[from] folder::Error),
    /// There is no room for what is packed.
    #[error(transparent)]
    Work(#[from] publisher::Error),
    /// A text is no media type.
    #[error("`{text}` is no media type")]
    MediaType {
        /// The text.
        text: String,
    },
    /// The time that an artifact is said to be made at is none.
    #[error("`{text}` is no time as in 2026-01-02T03:04:05Z")]
    Created {
        /// The text.
        text: String,
        /// What is wrong with it.
        #[source]
        source: jiff::Error,
    },
    /// An artifact that is about another, and has nothing to say.
    #[error("there is neither a file nor an annotation to attach")]
    Nothing,
}

/// Makes of a packed chart what Helm makes of it: its provenance goes along, and neither has a
/// title.
fn pack_chart(home: &Home, order: &Order, chart: &Chart) -> Result<Packed, Error> {
    let work = publisher::scratch(home)?;
    let bytes = chart.config();
    let (digest, size) = (Digest::sha256(&bytes), bytes.len() as u64);
    let config = Descriptor::new(catalog::CHART_CONFIG, digest, size);
    let mut layers = Vec::new();
    for given in &order.files {
        layers.push(file(given, chart::CHART)?);
        let text = format!("{}{}", given.text, chart::PROVENANCE_END);
        let path = PathBuf::from(&text);
        if path.is_file() {
            layers.push(file(&Given { path, text, media_type: None }, chart::PROVENANCE)?);
        }
    }
    // As Helm sorts them.
    layers.sort_by(|(one, _), (other, _)| one.digest.cmp(&other.digest));
    let created = order.files.first().map(|given| created(&given.path)).transpose()?;
    let mut annotations = chart.annotations(&created.unwrap_or_default());
    annotations.extend(order.annotations.manifest.clone());
    if order.is_reproducible && !order.annotations.manifest.contains_key(CREATED) {
        annotations.remove(CREATED);
    }
    let manifest = Parts {
        is_typed: false,
        artifact_type: None,
        config: &config,
        layers: layers.iter().map(|(layer, _)| layer).collect(),
        subject: None,
        annotations: &annotations,
    }
    .manifest();
    let artifact_type = config.media_type.clone();
    layers.insert(0, (config, Body::Bytes(bytes)));
    Ok(Packed { manifest, artifact_type, annotations, blobs: layers, _work: work })
}

/// When a chart was packed, which is the time that Helm gives its artifact.
fn created(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let modified = fs::metadata(path).and_then(|found| found.modified()).map_err(failed)?;
    let time = Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Makes an artifact of files; `tell` hears of each title before its file is read.
pub fn pack(home: &Home, order: &Order, tell: &dyn Fn(&str)) -> Result<Packed, Error> {
    check(order)?;
    if let Some(chart) = &order.chart {
        return pack_chart(home, order, chart);
    }
    let work = publisher::scratch(home)?;
    let mut blobs = Vec::new();
    let config = config(order, &mut blobs)?;
    let first_layer = blobs.len();
    let mut titles = BTreeSet::new();
    for (position, given) in order.files.iter().enumerate() {
        let said = order.annotations.files.get(&given.text);
        let title = said.and_then(|said| said.get(TITLE)).cloned().unwrap_or(given.title());
        if !titles.insert(title.clone()) {
            return Err(Error::Twice { title });
        }
        tell(&title);
        let into = work.path().join(position.to_string());
        let (mut layer, body) = layer(given, &title, &into, !order.is_reproducible)?;
        layer.annotations.extend(said.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
        blobs.push((layer, body));
    }
    let nothing = empty();
    let mut layers: Vec<&Descriptor> = blobs[first_layer..].iter().map(|it| &it.0).collect();
    if layers.is_empty() && !order.is_v1_0 {
        layers.push(&nothing.0);
    }
    let artifact_type = match (&order.artifact_type, &order.config) {
        _ if order.is_v1_0 => None,
        (None, Some(_)) => None,
        (own, _) => Some(own.as_deref().unwrap_or(UNKNOWN)),
    };
    let annotations = annotations(order)?;
    let manifest = Parts {
        is_typed: true,
        artifact_type,
        config: &config,
        layers,
        subject: order.subject.as_ref(),
        annotations: &annotations,
    }
    .manifest();
    let artifact_type = artifact_type.unwrap_or(&config.media_type).to_owned();
    if order.files.is_empty() {
        blobs.push(nothing);
    }
    Ok(Packed { manifest, artifact_type, annotations, blobs, _work: work })
}

/// Refuses what cannot be meant, before anything is read.
fn check(order: &Order) -> Result<(), Error> {
    let has_texts = !order.annotations.manifest.is_empty();
    if order.subject.is_some() && order.files.is_empty() && !has_texts {
        return Err(Error::Nothing);
    }
    let leaves = |given: &&Given| {
        let title = given.title();
        title.starts_with('/') || title == ".." || title.starts_with("../")
    };
    if let Some(given) = order.files.iter().find(leaves).filter(|_| !order.is_any_path) {
        return Err(Error::Title { path: given.title() });
    }
    let types = order.files.iter().chain(&order.config).filter_map(|it| it.media_type.as_ref());
    match order.artifact_type.iter().chain(types).find(|text| !is_media_type(text)) {
        Some(text) => Err(Error::MediaType { text: text.clone() }),
        None => Ok(()),
    }
}

/// The config's descriptor; its blob is the first.
fn config(order: &Order, blobs: &mut Vec<(Descriptor, Body)>) -> Result<Descriptor, Error> {
    let (mut descriptor, body) = match (&order.config, &order.platform) {
        (Some(given), _) => file(given, UNKNOWN_CONFIG)?,
        (None, Some(platform)) => {
            let bytes = document::config(platform);
            let (digest, size) = (Digest::sha256(&bytes), bytes.len() as u64);
            (Descriptor::new(media_type::IMAGE_CONFIG, digest, size), Body::Bytes(bytes))
        }
        (None, None) if order.is_v1_0 => {
            let (mut descriptor, body) = empty();
            let own = order.artifact_type.as_deref().unwrap_or(UNKNOWN_CONFIG);
            (descriptor.data, descriptor.media_type) = (None, own.to_owned());
            (descriptor, body)
        }
        (None, None) => empty(),
    };
    descriptor.annotations.clone_from(&order.annotations.config);
    blobs.push((descriptor.clone(), body));
    Ok(descriptor)
}

/// The two bytes of an artifact that has no config, or no files.
fn empty() -> (Descriptor, Body) {
    let bytes = Bytes::from_static(b"{}");
    let mut descriptor = Descriptor::new(media_type::EMPTY, Digest::sha256(&bytes), 2);
    descriptor.data = Some(bytes.to_vec());
    (descriptor, Body::Bytes(bytes))
}

/// A file or folder as a layer.
fn layer(
    given: &Given,
    title: &str,
    into: &Path,
    times: bool,
) -> Result<(Descriptor, Body), Error> {
    let found = fs::metadata(&given.path);
    let found = found.map_err(|source| Error::Read { path: given.path.clone(), source })?;
    let (mut descriptor, body) = if found.is_dir() {
        let archived = folder::archive(&given.path, title, into, times)?;
        let media_type = given.media_type.as_deref().unwrap_or(FOLDER);
        let mut descriptor = Descriptor::new(media_type, archived.digest, archived.size);
        let said = [(CONTENT_DIGEST, archived.content.as_str()), (UNPACK, "true")];
        descriptor.annotations.extend(said.map(|(k, v)| (k.to_owned(), v.to_owned())));
        (descriptor, Body::File(into.to_owned()))
    } else {
        file(given, FILE)?
    };
    descriptor.annotations.insert(TITLE.to_owned(), title.to_owned());
    Ok((descriptor, body))
}

fn file(given: &Given, media_type: &str) -> Result<(Descriptor, Body), Error> {
    let failed = |source| Error::Read { path: given.path.clone(), source };
    let file = fs::File::open(&given.path).map_err(failed)?;
    let (digest, size) = hash(file, io::sink(), Hasher::sha256()).map_err(failed)?;
    let media_type = given.media_type.as_deref().unwrap_or(media_type);
    let descriptor = Descriptor::new(media_type, digest, size);
    Ok((descriptor, Body::File(given.path.clone())))
}

/// What is said of the artifact, with the time that it is made at.
fn annotations(order: &Order) -> Result<Texts, Error> {
    let mut annotations = order.annotations.manifest.clone();
    match annotations.get(CREATED) {
        Some(text) => {
            let read = text.parse::<Timestamp>();
            read.map_err(|source| Error::Created { text: text.clone(), source })?;
        }
        None if order.is_reproducible => {}
        None => {
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            annotations.insert(CREATED.to_owned(), now);
        }
    }
    Ok(annotations)
}

/// RFC 6838, section 4.2.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
            && name.len() <= 127
    };
    text.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}
