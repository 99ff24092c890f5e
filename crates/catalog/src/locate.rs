//! From a formula's source to an artifact: the way through an index to the layers.
//!
//! What is at hand (a file, a URL with its digest, the built-in tap, a manifest seen before)
//! needs no network; the rest is asked for, by digest.

use std::path::{Path, PathBuf};

use digest::Digest;
use formula::{Pin, Platform, Source};
use oci::{
    Document,
    index::{Descent, NoPlatform, TooDeep},
};

use crate::{
    artifact::{Artifact, Layer, Origin, Placement, Reading, Shape, Strip},
    builtin,
    manifests::Manifests,
    mirror,
};

/// A package whose artifact is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Name of the package.
    pub name: &'a str,
    /// Where its bytes are, and what they are.
    pub source: &'a Source,
    /// The folder that relative paths start from; none for the built-in tap.
    pub folder: Option<&'a Path>,
    /// The platform that an index is read for.
    pub host: &'a Platform,
    /// Places that may have it by digest, and are asked before the one that the formula names.
    pub nearby: &'a [oci::Place],
}

/// A package's artifact cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is source code only.
    #[error("no package is published for this platform; it is built from {what}")]
    Unbuilt {
        /// Where the source code is.
        what: String,
    },
    /// The strategy is a later one.
    #[error("{strategy} is not yet supported: {what}")]
    Later {
        /// The strategy's key.
        strategy: String,
        /// What the formula wants of it.
        what: String,
    },
    /// The reference in the formula cannot be read.
    #[error("`{reference}` is not a reference")]
    Reference {
        /// The reference, expanded.
        reference: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// A registry or layout folder does not give the manifest.
    #[error("cannot get the manifest {digest} from {place}")]
    Ask {
        /// The registry's repository or the folder.
        place: String,
        /// The manifest.
        digest: Digest,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// A registry or layout folder does not give what a reference names.
    #[error("cannot get {place}")]
    Asked {
        /// The reference.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The program carries no such document.
    #[error("the built-in tap has no manifest {digest} in `{path}`")]
    NotCarried {
        /// The layout's path in the tap.
        path: String,
        /// The manifest.
        digest: Digest,
    },
    /// A manifest breaks the specification.
    #[error("cannot use the manifest of {place}")]
    Manifest {
        /// The registry's repository or the folder.
        place: String,
        /// The rule that it breaks.
        #[source]
        source: oci::manifest::Error,
    },
    /// An index has nothing for the platform.
    #[error("{place} has no package for this platform")]
    NoPlatform {
        /// The registry's repository or the folder.
        place: String,
        /// What there is.
        #[source]
        source: NoPlatform,
    },
    /// Indexes lie too deep in each other, or in a ring.
    #[error("cannot follow the index of {place}")]
    TooDeep {
        /// The registry's repository or the folder.
        place: String,
        /// Which bound was met.
        #[source]
        source: TooDeep,
    },
    /// The formula pins an index where it says manifest, or the reverse.
    #[error("{digest} is {found}: in the formula write it under {key}")]
    Kind {
        /// The digest.
        digest: Digest,
        /// What it is.
        found: &'static str,
        /// The key to write.
        key: &'static str,
    },
    /// The package's annotation cannot be read.
    #[error("{place} has a `dev.pkg.package` annotation that cannot be read")]
    Annotation {
        /// The registry's repository or the folder.
        place: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// The artifact, where it can be told without a network; `None` where a registry must be asked.
pub fn at_hand(wanted: &Wanted<'_>, manifests: &Manifests) -> Result<Option<Artifact>, Error> {
    match wanted.source {
        Source::Build { what } => Err(Error::Unbuilt { what: what.clone() }),
        Source::Later { strategy, what } => {
            Err(Error::Later { strategy: strategy.clone(), what: what.clone() })
        }
        Source::Http { urls, digest, format, strip, .. } => {
            let origin = Origin::Urls(urls.clone());
            Ok(Some(single(wanted, origin, digest, *format, *strip)))
        }
        Source::File { path, digest, format, strip, .. } => {
            let origin = Origin::File(below(wanted.folder, path));
            Ok(Some(single(wanted, origin, digest, *format, *strip)))
        }
        Source::Git { url, commit, digest, strip, .. } => {
            let url = repository(wanted.folder, url);
            let origin = Origin::Git { url, commit: commit.clone() };
            // A tree is what its author laid out: nothing is dropped unless the formula says so.
            let strip = Some(strip.unwrap_or(0));
            let format = Some(formula::Format::Tar);
            Ok(Some(single(wanted, origin, digest, format, strip)))
        }
        Source::Oci { .. } | Source::Image { .. } => {
            let mut way = Way::start(wanted)?;
            while let Some(manifest) = way.carried()?.or_else(|| manifests.get(&way.digest)) {
                if let Some(artifact) = way.follow(&manifest)? {
                    return Ok(Some(artifact));
                }
            }
            Ok(None)
        }
    }
}

/// The artifact, asked for where it is not at hand; each manifest is asked for once, ever.
pub async fn ask(
    wanted: &Wanted<'_>,
    manifests: &Manifests,
    client: &oci::Client,
) -> Result<Artifact, Error> {
    if let Some(artifact) = at_hand(wanted, manifests)? {
        return Ok(artifact);
    }
    Way::start(wanted)?.ask(manifests, client).await
}

/// The one layer of a file or URL.
fn single(
    wanted: &Wanted<'_>,
    origin: Origin,
    digest: &Digest,
    format: Option<formula::Format>,
    strip: Option<u32>,
) -> Artifact {
    let name = wanted.name;
    let strip = strip.map_or(Strip::LoneTop, Strip::Count);
    let placement = match format {
        Some(formula::Format::Raw) => Placement::File { path: name.to_owned() },
        Some(_) => Placement::Unpack { at: String::new(), strip },
        None => Placement::Detect { name: name.to_owned(), strip },
    };
    let layer = Layer {
        digest: digest.clone(),
        size: None,
        media_type: None,
        format,
        origin,
        placement,
        nearby: wanted.nearby.to_vec(),
    };
    Artifact { digest: digest.clone(), layers: vec![layer], shape: Shape::Joined, annotation: None }
}

fn below(folder: Option<&Path>, path: &str) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

/// The address of a git repository; a relative path starts at the formula's folder.
pub fn repository(folder: Option<&Path>, url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { below(folder, url).display().to_string() }
}

/// What a manifest says, as one of `place`.
pub(crate) fn document(place: &oci::Place, manifest: &oci::Manifest) -> Result<Document, Error> {
    manifest.document().map_err(|source| Error::Manifest { place: place.to_string(), source })
}

/// The way from a pinned digest through indexes to an image manifest.
pub(crate) struct Way<'a> {
    reading: Reading<'a>,
    place: oci::Place,
    nearby: &'a [oci::Place],
    carried: Option<PathBuf>,
    host: oci::Platform,
    digest: Digest,
    wants_index: bool,
    descent: Descent,
}

impl<'a> Way<'a> {
    fn start(wanted: &Wanted<'a>) -> Result<Self, Error> {
        let name = wanted.name;
        let (reference, pin, reading) = match wanted.source {
            Source::Image { reference, pin, paths, strip, .. } => {
                let paths = Some(&paths[..]);
                (reference, pin, Reading { name, format: None, strip: *strip, paths })
            }
            Source::Oci { reference, pin, format, strip, .. } => {
                (reference, pin, Reading { name, format: *format, strip: *strip, paths: None })
            }
            _ => unreachable!("only sources in registries have a way"),
        };
        let place = oci::Place::parse(reference)
            .map_err(|source| Error::Reference { reference: reference.clone(), source })?;
        let (digest, wants_index) = match pin {
            Pin::Index(digest) => (digest.clone(), true),
            Pin::Manifest(digest) => (digest.clone(), false),
        };
        let carried = match (place.path(), wanted.folder) {
            (Some(path), None) if path.is_relative() => Some(path.to_owned()),
            _ => None,
        };
        let place = match wanted.folder {
            Some(folder) => place.relative_to(folder),
            None => place,
        };
        let way = Self::new(reading, place, digest, wants_index, wanted.host)?;
        Ok(Self { carried, nearby: wanted.nearby, ..way })
    }

    /// A way that starts at a document of which only the digest is known.
    pub(crate) fn new(
        reading: Reading<'a>,
        place: oci::Place,
        digest: Digest,
        wants_index: bool,
        host: &Platform,
    ) -> Result<Self, Error> {
        let mut descent = Descent::default();
        descent
            .enter(&digest)
            .map_err(|source| Error::TooDeep { place: place.to_string(), source })?;
        let host = in_oci_words(host);
        let (nearby, carried) = (&[][..], None);
        Ok(Self { reading, place, nearby, carried, host, digest, wants_index, descent })
    }

    /// Goes the whole way; each manifest is asked for at most once, ever.
    pub(crate) async fn ask(
        mut self,
        manifests: &Manifests,
        client: &oci::Client,
    ) -> Result<Artifact, Error> {
        loop {
            let manifest = match manifests.get(&self.digest) {
                Some(manifest) => manifest,
                None => {
                    let asked = self.fetch(client).await?;
                    manifests.keep(&asked);
                    asked
                }
            };
            if let Some(artifact) = self.follow(&manifest)? {
                return Ok(artifact);
            }
        }
    }

    /// The next document, from a place nearby if one has it.
    async fn fetch(&self, client: &oci::Client) -> Result<oci::Manifest, Error> {
        let failed = |place: &oci::Place, source| Error::Ask {
            place: place.to_string(),
            digest: self.digest.clone(),
            source: Box::new(source),
        };
        for place in self.nearby {
            let near = mirror::manifest(client, place, &self.digest).await;
            if let Some(manifest) = near.map_err(|source| failed(place, source))? {
                return Ok(manifest);
            }
        }
        let place = self.place.with_digest(self.digest.clone());
        client.manifest(&place).await.map_err(|source| failed(&self.place, source))
    }

    /// The document from the program itself, for the built-in tap.
    fn carried(&self) -> Result<Option<oci::Manifest>, Error> {
        let Some(path) = &self.carried else { return Ok(None) };
        let file = format!(
            "{}/blobs/{}/{}",
            path.display(),
            self.digest.algorithm(),
            self.digest.encoded()
        );
        let Some(bytes) = builtin::file(&file) else {
            let (path, digest) = (path.display().to_string(), self.digest.clone());
            return Err(Error::NotCarried { path, digest });
        };
        let media_type = if self.wants_index {
            oci::media_type::IMAGE_INDEX
        } else {
            oci::media_type::IMAGE_MANIFEST
        };
        Ok(Some(oci::Manifest {
            bytes: bytes::Bytes::from_static(bytes),
            media_type: media_type.to_owned(),
            digest: self.digest.clone(),
        }))
    }

    /// Goes one step: to the artifact, or to the next digest.
    pub(crate) fn follow(&mut self, manifest: &oci::Manifest) -> Result<Option<Artifact>, Error> {
        let place = || self.place.to_string();
        match document(&self.place, manifest)? {
            Document::Index(index) => {
                if !self.wants_index {
                    return Err(self.wrong_kind("an index", "`index`"));
                }
                let next = index
                    .pick(&self.host)
                    .map_err(|source| Error::NoPlatform { place: place(), source })?;
                self.descent
                    .enter(&next.digest)
                    .map_err(|source| Error::TooDeep { place: place(), source })?;
                let is_index = oci::media_type::Kind::of(&next.media_type)
                    == Some(oci::media_type::Kind::Index);
                self.wants_index = is_index;
                self.digest = next.digest.clone();
                Ok(None)
            }
            Document::Image(image) => {
                if self.wants_index {
                    return Err(self.wrong_kind("a manifest", "the platform, or `any`"));
                }
                self.reading
                    .artifact(manifest.digest.clone(), &image, self.nearby, |layer| {
                        self.origin(layer)
                    })
                    .map(Some)
                    .map_err(|source| Error::Annotation { place: place(), source })
            }
        }
    }

    fn wrong_kind(&self, found: &'static str, key: &'static str) -> Error {
        Error::Kind { digest: self.digest.clone(), found, key }
    }

    fn origin(&self, layer: &oci::Descriptor) -> Origin {
        if let Some(path) = &self.carried {
            let (algorithm, encoded) = (layer.digest.algorithm(), layer.digest.encoded());
            let file = format!("{}/blobs/{algorithm}/{encoded}", path.display());
            if let Some(bytes) = builtin::file(&file) {
                return Origin::Carried(bytes);
            }
        }
        Origin::Blob { place: self.place.clone(), descriptor: Box::new(layer.clone()) }
    }
}

/// A platform as an index names it.
pub fn in_oci_words(platform: &Platform) -> oci::Platform {
    let (variant, feature) = (platform.variant(), platform.os_feature());
    oci::Platform::of_words(platform.goos(), platform.goarch(), variant, feature)
}
