//! A version from one repository to another: the same digests, with what is said about them.

use catalog::Published;
use digest::Digest;
use formula::{Annotation, Key};
use install::{Home, network};
use oci::{Client, Document, Manifest, Place, copy};

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
/// the source's.
pub fn promote(home: &Home, from: &Place, to: &Place) -> Result<Outcome, Error> {
    let no_tag = || Error::NoTag { from: from.to_string(), to: to.to_string() };
    let tag = to.tag().or(from.tag()).ok_or_else(no_tag)?;
    let to = to.with_tag(tag).map_err(|_| no_tag())?;
    let (runtime, client) = home.online()?;
    runtime.block_on(async {
        let failed = |source| Error::Copy {
            from: from.to_string(),
            to: to.to_string(),
            source: Box::new(source),
        };
        let referrers = Some(copy::Referrers::default());
        let options = copy::Options { referrers, ..copy::Options::default() };
        let copied = client.copy(from, &to, &options).await.map_err(failed)?;
        let manifest = client.manifest(&to).await.map_err(failed)?;
        keep(client, &to, &manifest).await.map_err(failed)?;
        Ok(Outcome { place: to.to_string(), digest: manifest.digest, copied })
    })
}

/// Gives a version of a package the tags that keep it, as publishing does.
async fn keep(client: &Client, to: &Place, index: &Manifest) -> Result<(), oci::Error> {
    let Ok(Document::Index(document)) = index.document() else { return Ok(()) };
    let mut named = None;
    for entry in &document.manifests {
        let manifest = client.manifest(&to.with_digest(entry.digest.clone())).await?;
        let Ok(Document::Image(image)) = manifest.document() else { return Ok(()) };
        // Not a package: nobody but its own maker knows how its tags are meant.
        let Ok(Some(said)) = Annotation::of(&image.annotations) else { return Ok(()) };
        let published = Published::new("", &said.name, &said.version, said.revision);
        let Some(key) = key(entry) else { return Ok(()) };
        let tag = published.platform_tag(key, &entry.digest);
        push(client, to, &manifest, &tag).await?;
        named = Some(published);
    }
    match named {
        Some(published) => push(client, to, index, &published.index_tag(&index.digest)).await,
        None => Ok(()),
    }
}

fn key(entry: &oci::Descriptor) -> Option<Key> {
    catalog::edition::collect::key(entry)
}

async fn push(
    client: &Client,
    to: &Place,
    manifest: &Manifest,
    tag: &str,
) -> Result<(), oci::Error> {
    match to.with_tag(tag) {
        Ok(place) => client.push_manifest(&place, manifest).await,
        // A version whose tag cannot be one has none anywhere.
        Err(_) => Ok(()),
    }
}
