//! The digests of a new version: the same platforms as the version before it, each looked at.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Seek as _},
};

use catalog::Found;
use digest::{Digest, Hasher};
use formula::{Key, Pin, Platform, Release, Source, edit::Facts};
use oci::{Document, Index, Place, media_type};

use super::{
    Error, Pinned,
    newest::{Upcoming, git_tags},
    sums::sum_of,
};
use crate::{
    hashing::hash,
    parallel::in_parallel,
    upstream::{Taken, Upstream},
};

/// What was found of a new version.
pub(super) struct Pins {
    pub(super) facts: Facts,
    pub(super) pins: Vec<Pinned>,
    pub(super) vanished: Vec<Key>,
    pub(super) unsummed: Vec<String>,
}

/// Something of the new version that needs a digest.
struct Part {
    /// The key in the version table.
    key: String,
    /// The platform that it is resolved for.
    platform: Platform,
    source: Source,
}

/// Looks at everything that the new version is made of.
pub(super) fn find(
    upstream: &Upstream<'_>,
    found: &Found,
    before: &Release,
    upcoming: &Upcoming,
) -> Result<Pins, Error> {
    let mut search = Search {
        upstream,
        found,
        before,
        upcoming,
        pins: Pins {
            facts: Facts {
                date: upcoming.date.clone(),
                tag: upcoming.tag.clone(),
                ..Facts::default()
            },
            pins: Vec::new(),
            vanished: Vec::new(),
            unsummed: Vec::new(),
        },
    };
    let parts = search.parts()?;
    search.look(&parts)?;
    if search.pins.pins.is_empty() {
        let version = upcoming.version.to_string();
        let first = parts.first().map(|part| place(&part.source)).unwrap_or_default();
        return Err(Error::Nothing { version, first });
    }
    Ok(search.pins)
}

struct Search<'a> {
    upstream: &'a Upstream<'a>,
    found: &'a Found,
    before: &'a Release,
    upcoming: &'a Upcoming,
    pins: Pins,
}

impl Search<'_> {
    /// What the version before is made of, at the places of the new one.
    fn parts(&self) -> Result<Vec<Part>, Error> {
        let formula = self.found.formula.with_facts(&self.upcoming.version, &self.example());
        let resolve = |platform: &Platform| {
            formula.resolve(&self.upcoming.version, platform).map_err(|source| Error::Resolve {
                version: self.upcoming.version.to_string(),
                source,
            })
        };
        let keys: Vec<(String, Platform)> = match &self.before.keys[..] {
            [] => {
                let key = if self.before.index.is_some() { "index" } else { "source" };
                let platforms = formula.platforms(&self.upcoming.version);
                let usual = || Platform::usual().find(|platform| resolve(platform).is_ok());
                let platform = platforms.first().copied().or_else(usual);
                vec![(key.to_owned(), platform.unwrap_or_else(host))]
            }
            keys => keys.iter().map(|key| (key.to_string(), of_key(key))).collect(),
        };
        keys.into_iter()
            .map(|(key, platform)| {
                let resolved = resolve(&platform)?;
                let source = resolved.build.map_or(resolved.source, |build| build.source);
                Ok(Part { key, platform, source })
            })
            .collect()
    }

    /// The facts of the version before, for the new one: so its places can be told.
    fn example(&self) -> Facts {
        let nothing = Digest::sha256(b"");
        let of = |digest: &Option<Digest>| digest.as_ref().map(|_| nothing.clone());
        Facts {
            tag: self.upcoming.tag.clone(),
            digests: self.before.keys.iter().map(|key| (*key, nothing.clone())).collect(),
            index: of(&self.before.index),
            source: of(&self.before.source),
            commit: self.before.commit.clone(),
            date: None,
        }
    }

    fn look(&mut self, parts: &[Part]) -> Result<(), Error> {
        let mut urls: BTreeMap<&[String], Vec<&Part>> = BTreeMap::new();
        for part in parts {
            match &part.source {
                Source::Http { urls: all, .. } => urls.entry(all).or_default().push(part),
                Source::File { path, .. } => self.file(part, path)?,
                Source::Oci { reference, pin, .. } | Source::Image { reference, pin, .. } => {
                    self.artifact(part, reference, pin)?;
                }
                Source::Git { url, .. } => self.commit(part, url)?,
                Source::Later { strategy, .. } => {
                    return Err(Error::Later { strategy: strategy.clone() });
                }
                Source::Build { what } => return Err(Error::Later { strategy: what.clone() }),
            }
        }
        let urls: Vec<(&[String], Vec<&Part>)> = urls.into_iter().collect();
        let name = format!("{} {}", self.found.formula.name(), self.upcoming.version);
        let jobs = self.upstream.home.jobs();
        let taken = in_parallel(jobs, &urls, |(urls, parts)| {
            let name = format!("{name} {}", parts[0].key);
            take_first(self.upstream, &name, urls)
        });
        for (taken, (_, parts)) in taken.into_iter().zip(&urls) {
            match taken? {
                Some((url, taken)) => {
                    for part in parts {
                        self.taken(part, &url, &taken)?;
                    }
                }
                None => {
                    let keys = parts.iter().filter_map(|part| part.key.parse::<Key>().ok());
                    self.pins.vanished.extend(keys);
                }
            }
        }
        self.pins.vanished.sort_unstable();
        let place = |key: &Key| self.before.keys.iter().position(|before| before == key);
        self.pins.facts.digests.sort_by_key(|(key, _)| place(key));
        let order: Vec<String> = parts.iter().map(|part| part.key.clone()).collect();
        self.pins.pins.sort_by_key(|pin| order.iter().position(|key| *key == pin.key));
        Ok(())
    }

    /// Takes over the digest of a file, if the file of checksums does not say otherwise.
    fn taken(&mut self, part: &Part, url: &str, taken: &Taken) -> Result<(), Error> {
        let sums = self.found.formula.sums(&self.upcoming.version, &part.platform);
        let mut is_summed = false;
        if let Ok(Some(sums)) = sums {
            let text = self.upstream.page(&sums)?;
            let name = url.rsplit('/').next().unwrap_or_default();
            match sum_of(&String::from_utf8_lossy(&text), name) {
                None => self.pins.unsummed.push(format!("{sums} names no `{name}`")),
                Some(said) => {
                    let found = digest_like(taken, &said, url)?;
                    if found != said {
                        let url = url.to_owned();
                        return Err(Error::Sums { url, found, sums, said });
                    }
                    is_summed = true;
                }
            }
        }
        if self.upcoming.date.is_none() {
            let newest = self.pins.facts.date.take().max(taken.date.clone());
            self.pins.facts.date = newest;
        }
        self.pin(part, taken.digest.clone(), url.to_owned(), is_summed);
        Ok(())
    }

    fn pin(&mut self, part: &Part, digest: Digest, place: String, is_summed: bool) {
        let facts = &mut self.pins.facts;
        match part.key.as_str() {
            "index" => facts.index = Some(digest.clone()),
            "source" => facts.source = Some(digest.clone()),
            key => facts.digests.extend(key.parse().ok().map(|key| (key, digest.clone()))),
        }
        let key = part.key.clone();
        self.pins.pins.push(Pinned { key, digest, place, is_summed });
    }

    fn file(&mut self, part: &Part, path: &str) -> Result<(), Error> {
        let folder = self.found.folder.as_ref();
        let file = folder.map_or_else(|| path.into(), |folder| folder.join(path));
        let hashed = File::open(&file);
        match hashed.and_then(|file| hash(file, io::sink(), Hasher::sha256())) {
            Ok((digest, _)) => self.pin(part, digest, path.to_owned(), false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.pins.vanished.extend(part.key.parse::<Key>());
            }
            Err(source) => return Err(Error::File { path: file.display().to_string(), source }),
        }
        Ok(())
    }

    /// The commit of the version's tag, and the digest of its tree.
    fn commit(&mut self, part: &Part, url: &str) -> Result<(), Error> {
        let (formula, version) = (&self.found.formula, &self.upcoming.version);
        let like = self.before.commit.as_deref().unwrap_or_default();
        let tags = git_tags(self.upstream, self.found, url, like)?;
        let usual = formula.tag_of(version);
        let is_of = |tag: &&String| formula.versions_in(tag).iter().any(|(it, _)| it == version);
        let named = self.upcoming.tag.as_ref().or(usual.as_ref());
        let tag = named.filter(|tag| tags.contains_key(*tag)).or_else(|| tags.keys().find(is_of));
        let no_tag = || Error::NoTag { url: url.to_owned(), version: version.to_string() };
        let tag = tag.ok_or_else(no_tag)?;
        let commit = &tags[tag];
        let place = catalog::repository(self.found.folder.as_deref(), url);
        let taken = self.upstream.home.commit(&place, commit, Hasher::sha256());
        let taken =
            taken.map_err(|source| Error::Git { url: url.to_owned(), source: Box::new(source) })?;
        let facts = &mut self.pins.facts;
        facts.tag = (Some(tag) != usual.as_ref()).then(|| tag.clone());
        facts.commit = Some(commit.clone());
        facts.date = facts.date.take().or(taken.day);
        self.pin(part, taken.digest, format!("{url} at {commit}"), false);
        Ok(())
    }

    /// The digest of an artifact: of its index, or of the manifest for one platform.
    fn artifact(&mut self, part: &Part, reference: &str, pin: &Pin) -> Result<(), Error> {
        let parsed = Place::parse(reference)
            .map_err(|source| Error::Place { place: reference.to_owned(), source })?;
        let place = match &self.found.folder {
            Some(folder) => parsed.relative_to(folder),
            None => parsed,
        };
        let manifest = self.upstream.runtime.block_on(self.upstream.client.manifest(&place));
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) if error.kind() == oci::Kind::NotFound => {
                self.pins.vanished.extend(part.key.parse::<Key>());
                return Ok(());
            }
            Err(source) => {
                let (place, source) = (reference.to_owned(), Box::new(source));
                return Err(Error::Ask { place, source });
            }
        };
        let document = manifest
            .document()
            .map_err(|source| Error::Manifest { place: reference.to_owned(), source })?;
        let digest = match (pin, document) {
            (Pin::Index(_), Document::Index(_)) | (Pin::Manifest(_), Document::Image(_)) => {
                Some(manifest.digest.clone())
            }
            (Pin::Manifest(_), Document::Index(index)) => of_platform(&index, &part.platform),
            (Pin::Index(_), Document::Image(_)) => {
                let (found, before) = ("one manifest", "an index");
                return Err(Error::Kind { place: reference.to_owned(), found, before });
            }
        };
        match digest {
            Some(digest) => self.pin(part, digest, reference.to_owned(), false),
            None => self.pins.vanished.extend(part.key.parse::<Key>()),
        }
        Ok(())
    }
}

/// The manifest of an index for a platform.
fn of_platform(index: &Index, platform: &Platform) -> Option<Digest> {
    let picked = index.pick(&catalog::in_oci_words(platform)).ok()?;
    let is_manifest = media_type::Kind::of(&picked.media_type) == Some(media_type::Kind::Image);
    is_manifest.then(|| picked.digest.clone())
}

/// The first of some addresses of the same file that has it.
fn take_first(
    upstream: &Upstream<'_>,
    name: &str,
    urls: &[String],
) -> Result<Option<(String, Taken)>, Error> {
    for url in urls {
        match upstream.take(name, url) {
            Ok(taken) => return Ok(Some((url.clone(), taken))),
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The digest of a file by the algorithm of another digest.
fn digest_like(taken: &Taken, other: &Digest, url: &str) -> Result<Digest, Error> {
    if other.algorithm() == taken.digest.algorithm() {
        return Ok(taken.digest.clone());
    }
    let Ok(hasher) = Hasher::like(other) else { return Ok(taken.digest.clone()) };
    let mut file = &taken.file;
    let hashed = file.rewind().and_then(|()| hash(file, io::sink(), hasher));
    let hashed = hashed.map_err(|source| Error::File { path: url.to_owned(), source });
    hashed.map(|(digest, _)| digest)
}

fn of_key(key: &Key) -> Platform {
    match key {
        Key::Any => host(),
        Key::Platform(platform) => *platform,
    }
}

/// Some platform, where every one is served by the same bytes.
fn host() -> Platform {
    Platform::new(formula::Os::Linux, formula::Arch::Amd64)
}

fn place(source: &Source) -> String {
    match source {
        Source::Http { urls, .. } => urls.first().cloned().unwrap_or_default(),
        Source::File { path, .. } => path.clone(),
        Source::Oci { reference, .. } | Source::Image { reference, .. } => reference.clone(),
        Source::Git { url, .. } => url.clone(),
        Source::Build { what } | Source::Later { what, .. } => what.clone(),
    }
}
