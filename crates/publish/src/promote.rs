//! A version from one repository to another: the same digests, with what is said about them.
//!
//! A package's version joins what the target has of it: its tag is moved as publishing does, and
//! never to an index that lacks a platform or has other bytes for one.

use catalog::{Published, edition::collect};
use digest::Digest;
use formula::Annotation;
use install::{Home, network};
use oci::{Client, Document, Manifest, Place, copy};

use crate::push::{self, Part, Repository};

/// What was copied.
#[derive(Debug)]
pub struct Outcome {
    /// Where it is now.
    pub place: String,
    /// The digest, which is the same in both places.
    pub digest: Digest,
    /// What the copy took.
    pub copied: copy::Copied,
}

/// A version is not promoted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// It cannot be copied.
    #[error("cannot copy {from} to {to}")]
    Copy {
        /// Where it is.
        from: String,
        /// Where it should be.
        to: String,
        /// What a registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The target has other packages of the version, or does not take it.
    #[error(transparent)]
    Push(#[from] push::Error),
    /// The target's tag is that of another version.
    #[error("{to} is a version of its own; a version that is published is not replaced")]
    Released {
        /// The version.
        to: String,
    },
    /// The target names no tag, and the source has none either.
    #[error("`{to}` has no tag: say under which one `{from}` is to be found")]
    NoTag {
        /// Where it is.
        from: String,
        /// Where it should be.
        to: String,
    },
}

/// Copies an artifact with all platforms and referrers; without a tag of its own the target gets
/// the source's, or the one of the version.
pub fn promote(home: &Home, from: &Place, to: &Place) -> Result<Outcome, Error> {
    let no_tag = || Error::NoTag { from: from.to_string(), to: to.to_string() };
    let (runtime, client) = home.online_directly()?;
    runtime.block_on(async {
        let failed = |source| Error::Copy {
            from: from.to_string(),
            to: to.to_string(),
            source: Box::new(source),
        };
        let manifest = client.manifest(from).await.map_err(failed)?;
        let version = version(client, from, &manifest).await.map_err(failed)?;
        let published = version.as_ref().map(|(published, _)| published);
        let own = published.map(|published| published.tag.as_str());
        let tag = to.tag().or(from.tag()).or(own).ok_or_else(no_tag)?.to_owned();
        let to = to.with_tag(&tag).map_err(|_| no_tag())?;
        let there = standing(client, &to).await.map_err(failed)?;
        if there.is_some_and(|(digest, it)| digest != manifest.digest && Some(&it) != published) {
            return Err(Error::Released { to: to.to_string() });
        }
        let referrers = Some(copy::Referrers::default());
        let options = copy::Options { referrers, ..copy::Options::default() };
        let from = from.with_digest(manifest.digest.clone());
        let Some((published, parts)) = version else {
            let copied = client.copy(&from, &to, &options).await.map_err(failed)?;
            return Ok(Outcome { place: to.to_string(), digest: manifest.digest, copied });
        };
        let is_own = published.tag == tag;
        let repository = Repository::at(to.bare(), published.tag);
        repository.check_free(&parts, &repository.there(client).await?.platforms)?;
        // The tag comes last, with all that is there of the version by then.
        let pinned = to.bare().with_digest(manifest.digest.clone());
        let copied = client.copy(&from, &pinned, &options).await.map_err(failed)?;
        let digest = match is_own {
            true => repository.adopt(client, &parts, &manifest).await?.digest,
            false => {
                for part in &parts {
                    repository.push_part(client, part).await?;
                }
                let kept = repository.published.index_tag(&manifest.digest);
                repository.roll(client, &manifest, &[kept, tag]).await?;
                manifest.digest
            }
        };
        Ok(Outcome { place: to.to_string(), digest, copied })
    })
}

/// The version of a package whose tag a place names, and the digest of what is there.
async fn standing(client: &Client, at: &Place) -> Result<Option<(Digest, Published)>, oci::Error> {
    let Some(manifest) = oci::found(client.manifest(at).await)? else { return Ok(None) };
    let version = version(client, at, &manifest).await?;
    let own = version.filter(|(published, _)| Some(published.tag.as_str()) == at.tag());
    Ok(own.map(|(published, _)| (manifest.digest, published)))
}

/// The version that an index is of, with its packages; `None` for what is no package's index.
async fn version(
    client: &Client,
    at: &Place,
    index: &Manifest,
) -> Result<Option<(Published, Vec<Part>)>, oci::Error> {
    let Ok(Document::Index(document)) = index.document() else { return Ok(None) };
    let (mut named, mut parts) = (None, Vec::new());
    for entry in &document.manifests {
        let manifest = client.manifest(&at.bare().with_digest(entry.digest.clone())).await?;
        let Ok(Document::Image(image)) = manifest.document() else { return Ok(None) };
        // Not a package: nobody but its own maker knows how its tags are meant.
        let Ok(Some(said)) = Annotation::of(&image.annotations) else { return Ok(None) };
        let published = Published::new("", &said.name, &said.version, said.revision);
        let Some(key) = collect::key(entry) else { return Ok(None) };
        if named.get_or_insert_with(|| published.clone()) != &published {
            return Ok(None);
        }
        parts.push(Part { key, manifest, blobs: Vec::new() });
    }
    Ok(named.map(|published| (published, parts)))
}
