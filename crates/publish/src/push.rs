//! A version into a registry: each platform's package, then the index of all that are there.
//!
//! Registries neither honour conditional requests nor keep what no tag names. So every manifest
//! gets a tag of its own first; then the index is made of what the tags say, pushed, and made
//! again until nothing is missing. Publishers that do so at the same moment lose nothing of each
//! other's: whoever pushes last has looked after everybody else's packages were there.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Published, edition::collect};
use digest::Digest;
use formula::Key;
use oci::{Body, Client, Descriptor, Document, Manifest, Place};

use crate::{index, send::send};

/// Most rounds until the index is as the tags say; each one more is another publisher at work.
const ROUNDS_MAX: usize = 32;

/// One platform's package, ready to be pushed.
#[derive(Debug, Clone)]
pub struct Part {
    /// The platform.
    pub key: Key,
    /// The package's manifest.
    pub manifest: Manifest,
    /// Its config and layers.
    pub blobs: Vec<(Descriptor, Body)>,
}

impl Part {
    /// What an index or a subject says of the manifest.
    pub fn descriptor(&self) -> Descriptor {
        let Manifest { media_type, digest, bytes } = &self.manifest;
        Descriptor::new(media_type, digest.clone(), bytes.len() as u64)
    }
}

/// A place for the packages of one formula: a repository, or a layout folder.
#[derive(Debug, Clone)]
pub struct Repository {
    place: Place,
    /// How the version is named there.
    pub published: Published,
}

/// What a repository has of a version.
#[derive(Debug)]
pub(crate) struct There {
    /// Each platform's package.
    pub platforms: BTreeMap<Key, Descriptor>,
    /// Those of them that the index lists and no tag keeps.
    pub unkept: Vec<(Key, Descriptor)>,
}

/// What was pushed, and what there is now.
#[derive(Debug)]
pub struct Outcome {
    /// The version's index.
    pub index: Manifest,
    /// The platforms that it lists.
    pub platforms: BTreeMap<Key, Digest>,
    /// Those of them that were not there before.
    pub new: BTreeSet<Key>,
    /// Whether the index was not there before.
    pub is_index_new: bool,
    /// Bytes of blobs that were sent.
    pub sent_bytes: u64,
}

/// A version cannot be pushed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry refuses, or does not answer.
    #[error("cannot {step} {place}")]
    Ask {
        /// What was being done, as a verb.
        step: &'static str,
        /// The place.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The place's text is no repository.
    #[error("`{text}` is not a place to publish to")]
    Place {
        /// The text.
        text: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// The version's package for a platform is there already, with other bytes.
    #[error("{place} has a package for {key} already: {there}; this one is {ours}")]
    Taken {
        /// The version's place.
        place: String,
        /// The platform.
        key: Key,
        /// The digest of what is there.
        there: Digest,
        /// The digest of what was to be published.
        ours: Digest,
    },
    /// A tag that names a version was to be moved.
    #[error("`{tag}` is the tag of a version in {place}, and such a tag stays where it is")]
    Version {
        /// The tag.
        tag: String,
        /// The repository.
        place: String,
    },
    /// Others publish the same version without end.
    #[error("{place} changed {ROUNDS_MAX} times while its index was written")]
    Restless {
        /// The version's place.
        place: String,
    },
}

impl Repository {
    /// The repository of a version: below `host/path`, or a folder below that of `oci:`.
    pub fn new(published: Published) -> Result<Self, Error> {
        let text = published.repository.clone();
        let place = Place::parse(&text).map_err(|source| Error::Place { text, source })?;
        Ok(Self { place, published })
    }

    /// A repository that is known already, and the version's tag there.
    pub(crate) fn at(place: Place, tag: String) -> Self {
        let text = place.to_string();
        let repository = text.strip_prefix("oci://").unwrap_or(&text).to_owned();
        Self { place, published: Published { repository, tag } }
    }

    /// The repository without a tag.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The place of one tag.
    pub fn tagged(&self, tag: &str) -> Result<Place, Error> {
        let text = || format!("{}:{tag}", self.place);
        self.place.with_tag(tag).map_err(|source| Error::Place { text: text(), source })
    }

    async fn tags(&self, client: &Client) -> Result<Vec<String>, Error> {
        // A registry knows no repository before its first blob.
        let tags = oci::found(client.tags(&self.place).await);
        let tags = tags.map_err(|error| self.failed("list the tags of", &self.place, error))?;
        Ok(tags.unwrap_or_default())
    }

    /// What the registry has of the version, by platform.
    ///
    /// Where two publishers raced with different packages for one platform, it is the one that
    /// the index lists, else the one of the smaller digest: everybody decides alike.
    pub(crate) async fn there(&self, client: &Client) -> Result<There, Error> {
        let tags = self.tags(client).await?;
        let keeping = tags.iter().filter_map(|tag| Some((self.published.platform_of(tag)?, tag)));
        let mut found: BTreeMap<Key, Vec<Descriptor>> = BTreeMap::new();
        for (key, tag) in keeping {
            let place = self.tagged(tag)?;
            let there = oci::found(client.resolve(&place).await);
            // Some list a tag a moment before it can be read: whoever writes it looks after
            // everybody else's packages when it is there.
            if let Some(it) = there.map_err(|error| self.failed("look up", &place, error))? {
                found.entry(key).or_default().push(it);
            }
        }
        // Whoever mirrored the version took perhaps its own tag alone.
        let listed = self.listed(client).await?;
        for entry in &listed {
            if let Some(key) = collect::key(entry) {
                found.entry(key).or_default().push(entry.clone());
            }
        }
        let listed: BTreeSet<Digest> = listed.into_iter().map(|entry| entry.digest).collect();
        let choose = |(key, mut all): (Key, Vec<Descriptor>)| {
            all.sort_by(|a, b| a.digest.as_str().cmp(b.digest.as_str()));
            let first = all.iter().position(|one| listed.contains(&one.digest)).unwrap_or(0);
            (key, all.swap_remove(first))
        };
        let platforms: BTreeMap<Key, Descriptor> = found.into_iter().map(choose).collect();
        let is_kept = |key: Key, it: &Descriptor| {
            tags.contains(&self.published.platform_tag(key, &it.digest))
        };
        let unkept = platforms.iter().filter(|(key, it)| !is_kept(**key, it));
        let unkept = unkept.map(|(key, it)| (*key, it.clone())).collect();
        Ok(There { platforms, unkept })
    }

    /// What the version's index lists now.
    async fn listed(&self, client: &Client) -> Result<Vec<Descriptor>, Error> {
        let place = self.tagged(&self.published.tag)?;
        let there = oci::found(client.manifest(&place).await);
        let there = there.map_err(|error| self.failed("read", &place, error))?;
        Ok(there.iter().flat_map(index::listed).collect())
    }

    /// Pushes the parts and the index of all platforms; what is there already is not sent again.
    ///
    /// # Errors
    ///
    /// A platform has another package already: nothing was pushed then, unless another publisher
    /// was faster by a moment.
    pub async fn push(
        &self,
        client: &Client,
        parts: &[Part],
        annotations: &BTreeMap<String, String>,
    ) -> Result<Outcome, Error> {
        let before = self.there(client).await?.platforms;
        self.check_free(parts, &before)?;
        let mut sent_bytes = 0;
        for part in parts.iter().filter(|part| !before.contains_key(&part.key)) {
            sent_bytes += self.push_part(client, part).await?;
        }
        let make = |platforms: &BTreeMap<Key, Descriptor>| index::of(platforms, annotations);
        let (index, platforms, is_index_new) = self.push_index(client, parts, &make).await?;
        let is_new = |part: &&Part| !before.contains_key(&part.key);
        Ok(Outcome {
            index,
            platforms: platforms.into_iter().map(|(key, it)| (key, it.digest)).collect(),
            new: parts.iter().filter(is_new).map(|part| part.key).collect(),
            is_index_new,
            sent_bytes,
        })
    }

    pub(crate) fn check_free(
        &self,
        parts: &[Part],
        there: &BTreeMap<Key, Descriptor>,
    ) -> Result<(), Error> {
        for part in parts {
            let other = there.get(&part.key).filter(|it| it.digest != part.manifest.digest);
            if let Some(other) = other {
                return Err(Error::Taken {
                    place: self.published.reference(),
                    key: part.key,
                    there: other.digest.clone(),
                    ours: part.manifest.digest.clone(),
                });
            }
        }
        Ok(())
    }

    /// Pushes one platform's package under the tag that keeps it.
    pub(crate) async fn push_part(&self, client: &Client, part: &Part) -> Result<u64, Error> {
        let place = self.tagged(&self.published.platform_tag(part.key, &part.manifest.digest))?;
        let sent = send(client, &place, &part.manifest, &part.blobs).await;
        sent.map_err(|unsent| self.failed(unsent.step, &place, unsent.source))
    }

    /// Gives packages that only the index names the tags that keep them.
    async fn keep(&self, client: &Client, unkept: &[(Key, Descriptor)]) -> Result<(), Error> {
        for (key, it) in unkept {
            let place = self.place.with_digest(it.digest.clone());
            let manifest = client.manifest(&place).await;
            let manifest = manifest.map_err(|error| self.failed("read", &place, error))?;
            let place = self.tagged(&self.published.platform_tag(*key, &it.digest))?;
            let pushed = client.push_manifest(&place, &manifest).await;
            pushed.map_err(|error| self.failed("push", &place, error))?;
        }
        Ok(())
    }

    /// The index with the platforms that it lists, and whether it had to be written.
    async fn push_index(
        &self,
        client: &Client,
        parts: &[Part],
        make: &dyn Fn(&BTreeMap<Key, Descriptor>) -> Manifest,
    ) -> Result<(Manifest, BTreeMap<Key, Descriptor>, bool), Error> {
        let mut last = self.index_there(client).await?;
        for round in 0..ROUNDS_MAX {
            let There { mut platforms, unkept } = self.there(client).await?;
            self.check_free(parts, &platforms)?;
            self.keep(client, &unkept).await?;
            // What was pushed is there, whether or not the registry's list says so already.
            for part in parts {
                platforms.entry(part.key).or_insert_with(|| part.descriptor());
            }
            let made = make(&platforms);
            if last.as_ref() == Some(&made.digest) {
                return Ok((made, platforms, round > 0));
            }
            let tags = [self.published.index_tag(&made.digest), self.published.tag.clone()];
            self.roll(client, &made, &tags).await?;
            last = Some(made.digest);
        }
        Err(Error::Restless { place: self.published.reference() })
    }

    /// Puts packages that the repository has by their digests under the version, whose index is
    /// the given one, unless there are more platforms.
    pub(crate) async fn adopt(
        &self,
        client: &Client,
        parts: &[Part],
        given: &Manifest,
    ) -> Result<Manifest, Error> {
        for part in parts {
            self.push_part(client, part).await?;
        }
        // Nobody gives anything else.
        let Ok(Document::Index(listed)) = given.document() else { return Ok(given.clone()) };
        let digests: BTreeSet<&Digest> = listed.manifests.iter().map(|it| &it.digest).collect();
        let make = |platforms: &BTreeMap<Key, Descriptor>| {
            if platforms.values().map(|it| &it.digest).collect::<BTreeSet<_>>() == digests {
                return given.clone();
            }
            index::of(platforms, &listed.annotations)
        };
        Ok(self.push_index(client, parts, &make).await?.0)
    }

    /// The digest of the version's index as it is now.
    pub(crate) async fn index_there(&self, client: &Client) -> Result<Option<Digest>, Error> {
        let place = self.tagged(&self.published.tag)?;
        let there = oci::found(client.resolve(&place).await);
        let there = there.map_err(|error| self.failed("look up", &place, error))?;
        Ok(there.map(|there| there.digest))
    }

    /// Refuses to move tags that name what was published.
    pub(crate) async fn check_rolling(
        &self,
        client: &Client,
        rolling: &[String],
    ) -> Result<(), Error> {
        if rolling.is_empty() {
            return Ok(());
        }
        let tags = self.tags(client).await?;
        for tag in rolling {
            // Each index that a version had is kept under a tag that begins with the version's.
            let kept = format!("{tag}.i.");
            if *tag == self.published.tag || tags.iter().any(|it| it.starts_with(&kept)) {
                let place = self.place.to_string();
                return Err(Error::Version { tag: tag.clone(), place });
            }
        }
        Ok(())
    }

    /// Moves tags such as `latest` to an index.
    pub async fn roll(
        &self,
        client: &Client,
        index: &Manifest,
        tags: &[String],
    ) -> Result<(), Error> {
        for tag in tags {
            let place = self.tagged(tag)?;
            let pushed = client.push_manifest(&place, index).await;
            pushed.map_err(|error| self.failed("push", &place, error))?;
        }
        Ok(())
    }

    pub(crate) fn failed(&self, step: &'static str, place: &Place, source: oci::Error) -> Error {
        Error::Ask { step, place: place.to_string(), source: Box::new(source) }
    }
}
