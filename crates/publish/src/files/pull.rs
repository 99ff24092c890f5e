//! Files out of an artifact into a folder, each where its title says.
//!
//! All of them arrive and are verified before the first one is placed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write as _},
    path::PathBuf,
};

use digest::Digest;
use fs_err as fs;
use install::{Event, Home, network};
use oci::{Client, Descriptor, Document, Manifest, Place, Platform, descriptor::TITLE};
use oci::{index::DEPTH_MAX, media_type};
use store::archive::{Rule, read_path};

use super::{
    CONTENT_DIGEST, Given, UNPACK,
    ground::{Ground, Made},
    unpack::{self, Entry},
};
use crate::blob;

/// Most manifests that one reference leads to.
const MANIFESTS_MAX: usize = 128;

/// What is pulled, and where to.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The folder, which is made where it is missing.
    pub output: PathBuf,
    /// Of an index, only the manifest for this platform.
    pub platform: Option<Platform>,
    /// Refuses where a file would replace another.
    pub keeps: bool,
    /// Where the config goes; with a type only a config of it.
    pub config: Option<Given>,
    /// Pulls what the artifact is about as well.
    pub with_subject: bool,
}

/// What was pulled.
#[derive(Debug)]
pub struct Outcome {
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// Each file or folder, and where it is.
    pub files: Vec<(PathBuf, Descriptor)>,
    /// What has no title, and so no place.
    pub skipped: Vec<Descriptor>,
}

/// An artifact is not pulled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A registry or layout does not give it.
    #[error("cannot get {place}")]
    Get {
        /// The reference.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// A manifest breaks the specification.
    #[error("cannot read the manifest of {place}")]
    Manifest {
        /// The reference.
        place: String,
        /// The rule that it breaks.
        #[source]
        source: oci::manifest::Error,
    },
    /// The reference leads to manifest after manifest.
    #[error("{place} leads to more than {MANIFESTS_MAX} manifests")]
    Many {
        /// The reference.
        place: String,
    },
    /// A title is no place in a folder.
    #[error("`{title}` is not written: {rule}")]
    Title {
        /// The title.
        title: String,
        /// The rule that it breaks.
        rule: Rule,
    },
    /// Two files have the same title.
    #[error("two files have the title `{title}`")]
    Twice {
        /// The title.
        title: String,
    },
    /// There is something already.
    #[error("`{}` is there already", path.display())]
    There {
        /// Where.
        path: PathBuf,
    },
    /// The folder cannot be written into.
    #[error("cannot write into `{}`", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file cannot be put in its place.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file does not arrive.
    #[error("cannot pull `{title}`")]
    Blob {
        /// Its title.
        title: String,
        /// What went wrong.
        #[source]
        source: Box<blob::Error>,
    },
    /// Folders of it do not fit together.
    #[error("cannot pull these folders together")]
    Links(#[source] unpack::Error),
    /// A folder's archive is refused.
    #[error("cannot unpack `{title}`")]
    Unpack {
        /// Its title.
        title: String,
        /// Why.
        #[source]
        source: unpack::Error,
    },
}

/// Pulls what has a title; `tell` hears how far the downloads are.
pub fn pull(
    home: &Home,
    place: &Place,
    order: &Order,
    tell: &dyn Fn(Event),
) -> Result<Outcome, Error> {
    let (runtime, client) = home.online()?;
    runtime.block_on(async {
        let pull = Pull { client, place, order };
        let (descriptor, manifests) = pull.manifests().await?;
        let (files, skipped) = pull.titled(&manifests)?;
        let output = |source| Error::Output { path: order.output.clone(), source };
        let ground = Ground::open(&order.output).map_err(output)?;
        pull.check_free(&ground, &files)?;
        let mut staged = Vec::new();
        for (number, (path, file)) in files.iter().enumerate() {
            staged.push((path.as_str(), pull.stage(&ground, number, path, file, tell).await?));
        }
        check_links(&staged)?;
        for (path, entries) in staged {
            pull.place(&ground, path, entries)?;
        }
        let files = files.into_iter().map(|(path, file)| (ground.at(&path), file)).collect();
        Ok(Outcome { descriptor, files, skipped })
    })
}

struct Pull<'a> {
    client: &'a Client,
    place: &'a Place,
    order: &'a Order,
}

/// What was staged of a layer, by path; of a file the empty path alone.
type Staged = BTreeMap<String, Entry>;

impl Pull<'_> {
    fn get(&self, source: oci::Error) -> Error {
        Error::Get { place: self.place.to_string(), source: Box::new(source) }
    }

    fn document(&self, manifest: &Manifest) -> Result<Document, Error> {
        let named = |source| Error::Manifest { place: self.place.to_string(), source };
        manifest.document().map_err(named)
    }

    /// The manifest that was named, and all with files that it leads to.
    async fn manifests(&self) -> Result<(Descriptor, Vec<oci::ImageManifest>), Error> {
        let chosen = self.client.choose(self.place, self.order.platform.as_ref()).await;
        let (descriptor, manifest) = chosen.map_err(|source| self.get(source))?;
        let (mut images, mut seen) = (Vec::new(), BTreeSet::from([manifest.digest.clone()]));
        let mut ahead = vec![(self.document(&manifest)?, 0)];
        while let Some((document, depth)) = ahead.pop() {
            let mut next: Vec<Digest> = Vec::new();
            if self.order.with_subject {
                next.extend(document.subject().map(|subject| subject.digest.clone()));
            }
            match document {
                Document::Image(image) => images.push(image),
                Document::Index(index) if depth < DEPTH_MAX => {
                    let known =
                        |entry: &&Descriptor| media_type::Kind::of(&entry.media_type).is_some();
                    let entries = index.manifests.iter().filter(known);
                    next.extend(entries.map(|entry| entry.digest.clone()).rev());
                }
                Document::Index(_) => {}
            }
            for digest in next {
                if seen.insert(digest.clone()) {
                    let asked = self.client.manifest(&self.place.with_digest(digest)).await;
                    let manifest = asked.map_err(|source| self.get(source))?;
                    ahead.push((self.document(&manifest)?, depth + 1));
                }
                if seen.len() > MANIFESTS_MAX {
                    return Err(Error::Many { place: self.place.to_string() });
                }
            }
        }
        Ok((descriptor, images))
    }

    /// What has a title, by the path that it stands for, and what has none.
    #[expect(clippy::type_complexity, reason = "two lists, each of which the caller names")]
    fn titled(
        &self,
        manifests: &[oci::ImageManifest],
    ) -> Result<(Vec<(String, Descriptor)>, Vec<Descriptor>), Error> {
        let (mut files, mut skipped) = (BTreeMap::new(), Vec::new());
        let (mut order, mut wants_config) = (Vec::new(), self.order.config.as_ref());
        for image in manifests {
            let mut config = image.config.clone();
            let is_wanted = |given: &&Given| {
                given.media_type.as_ref().is_none_or(|wanted| *wanted == config.media_type)
            };
            if let Some(given) = wants_config.take_if(|given| is_wanted(&&**given)) {
                config.annotations.insert(TITLE.to_owned(), given.title());
            }
            for content in image.layers.iter().chain([&config]) {
                let Some(title) = content.title().filter(|title| !title.is_empty()) else {
                    if content.media_type != media_type::EMPTY {
                        skipped.push(content.clone());
                    }
                    continue;
                };
                let refused = |rule| Error::Title { title: title.to_owned(), rule };
                let path = read_path(title.as_bytes()).map_err(refused)?;
                if path.is_empty() && !is_folder(content) {
                    return Err(refused(Rule::Empty));
                }
                match files.insert(path.clone(), content.digest.clone()) {
                    Some(other) if other != content.digest => {
                        return Err(Error::Twice { title: title.to_owned() });
                    }
                    Some(_) => {}
                    None => order.push((path, content.clone())),
                }
            }
        }
        Ok((order, skipped))
    }

    /// Refuses before anything is downloaded where something must not be replaced.
    fn check_free(&self, ground: &Ground, files: &[(String, Descriptor)]) -> Result<(), Error> {
        for (path, _) in files.iter().filter(|(path, _)| self.order.keeps && !path.is_empty()) {
            let failed = |source| Error::Write { path: ground.at(path), source };
            if ground.holds(path).map_err(failed)? {
                return Err(Error::There { path: ground.at(path) });
            }
        }
        Ok(())
    }

    /// Downloads a layer, and unpacks it where it is a folder.
    async fn stage(
        &self,
        ground: &Ground,
        number: usize,
        path: &str,
        layer: &Descriptor,
        tell: &dyn Fn(Event),
    ) -> Result<Staged, Error> {
        let title = || layer.title().unwrap_or(path).to_owned();
        let staged = ground.staging().join(number.to_string());
        let failed = |source| Error::Write { path: staged.clone(), source };
        let mut file = fs::File::create(&staged).map_err(failed)?;
        let written = |source| blob::Error::Write { path: staged.clone(), source };
        let mut take = |bytes: &[u8]| file.write_all(bytes).map(|()| true).map_err(written);
        let poured = blob::pour(self.client, self.place, layer, &mut take, tell).await;
        poured.map_err(|source| Error::Blob { title: title(), source: Box::new(source) })?;
        if !is_folder(layer) {
            return Ok([(String::new(), Entry::File { staged })].into());
        }
        let into = ground.staging().join(format!("{number}.d"));
        fs::create_dir(&into).map_err(failed)?;
        let content = layer.annotations.get(CONTENT_DIGEST).and_then(|text| text.parse().ok());
        let unpacked = unpack::unpack(&staged, path, content.as_ref(), &into);
        let unpacked = unpacked.map_err(|source| Error::Unpack { title: title(), source });
        fs::remove_file(&staged).map_err(failed)?;
        unpacked
    }

    /// Puts what was staged where it belongs; folders get their rights once they are full.
    fn place(&self, ground: &Ground, path: &str, staged: Staged) -> Result<(), Error> {
        let mut made: Vec<Made> = Vec::new();
        for (number, (inner, entry)) in staged.into_iter().enumerate() {
            let path = joined(path, &inner);
            let at = ground.at(&path);
            let failed = |source| Error::Write { path: at.clone(), source };
            match entry {
                // It is the output folder itself.
                Entry::Folder { .. } if path.is_empty() => {}
                Entry::Folder { mode, mtime } => {
                    made.extend(ground.make(&path, mode, mtime).map_err(failed)?);
                }
                Entry::File { staged } => {
                    ground.place(&staged, &path, self.order.keeps).map_err(failed)?;
                }
                Entry::Link { target } => {
                    let link = ground.staging().join(format!("{number}.link"));
                    fs_err::os::unix::fs::symlink(&target, &link).map_err(failed)?;
                    ground.place(&link, &path, self.order.keeps).map_err(failed)?;
                }
            }
        }
        // The innermost first: a folder's time changes with what is done in it.
        for folder in made.iter().rev() {
            let failed = |source| Error::Write { path: ground.at(folder.path()), source };
            ground.finish(folder).map_err(failed)?;
        }
        Ok(())
    }
}

/// The path of what lies at a path within a layer.
fn joined(path: &str, inner: &str) -> String {
    match (path, inner) {
        ("", inner) => inner.to_owned(),
        (path, "") => path.to_owned(),
        (path, inner) => format!("{path}/{inner}"),
    }
}

/// Refuses links that lead out of the output folder by way of another layer's links: of a layer
/// by itself it is known that none do.
fn check_links(staged: &[(&str, Staged)]) -> Result<(), Error> {
    let entries = staged.iter().flat_map(|(path, staged)| staged.iter().map(move |it| (*path, it)));
    let links = entries.filter_map(|(path, (inner, it))| Some((joined(path, inner), it.target()?)));
    let links: Vec<(String, &str)> = links.collect();
    let links = links.iter().map(|(path, target)| (path.as_str(), *target)).collect();
    unpack::check_links(&links).map_err(Error::Links)
}

/// Whether a layer is a folder, which is unpacked.
fn is_folder(layer: &Descriptor) -> bool {
    layer.annotations.get(UNPACK).is_some_and(|text| text == "true")
}
