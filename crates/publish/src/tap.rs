//! A folder of formulas as the next edition of a tap in a registry.
//!
//! An edition gets its own tag, which is kept, before `latest` moves to it. Two publishers at the
//! same moment make two editions one after the other: whoever finds that a serial is not theirs
//! alone takes the edition back and counts on. Registries refuse no tag that is there already, so
//! one is looked at before it is written, after, and once more when `latest` has moved.

use std::time::Duration;

use catalog::{
    Manifests, Tap,
    edition::{self, Contents, Draft, Moment, Standing, collect},
};
use digest::Digest;
use formula::Report;
use install::{Home, network};
use oci::{Body, Client, Manifest, Place, media_type};

use crate::send::send;

/// How often another publisher may be faster.
const ROUNDS_MAX: usize = 8;
/// The longest pause before the next round.
const PAUSE_MAX: Duration = Duration::from_millis(400);
/// The tag that is followed.
const LATEST: &str = "latest";

/// An edition that was published, or that is there already with the same formulas.
#[derive(Debug)]
pub struct Outcome {
    /// `oci://host/repository`.
    pub place: String,
    /// Its serial.
    pub serial: u64,
    /// When it was published.
    pub published: String,
    /// The digest of its manifest.
    pub digest: Digest,
    /// How many formulas it holds.
    pub formulas: usize,
    /// Whether it is new.
    pub new: bool,
    /// Bytes of blobs that were sent.
    pub sent_bytes: u64,
}

/// A tap is not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Formulas break the format, or do not fit together.
    #[error("tap `{tap}` has formulas that cannot be published")]
    Broken {
        /// Name of the tap.
        tap: String,
        /// What is wrong, formula by formula.
        reports: Vec<Report>,
    },
    /// There is nothing to publish.
    #[error("tap `{tap}` has no formulas")]
    Empty {
        /// Name of the tap.
        tap: String,
    },
    /// The tap or one of its formulas cannot be read.
    #[error(transparent)]
    Tap(#[from] catalog::tap::Error),
    /// What was published of a version cannot be told.
    #[error(transparent)]
    Collect(#[from] collect::Error),
    /// The edition cannot be made.
    #[error(transparent)]
    Pack(#[from] edition::Error),
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
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
    /// Something else is there.
    #[error("{place} holds something else than a tap")]
    Other {
        /// The place.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Option<edition::manifest::Error>,
    },
    /// Another tap is there.
    #[error("{place} holds the tap `{there}`, not `{ours}`")]
    Renamed {
        /// The place.
        place: String,
        /// The name of the tap that is there.
        there: String,
        /// The name of this one.
        ours: String,
    },
    /// The place names a tag or digest; editions have tags of their own.
    #[error("`{place}` names more than a repository: leave the tag or digest out")]
    Tagged {
        /// The place.
        place: String,
    },
    /// The tap's last serial is the largest that there is.
    #[error("{place} has no serial left for another edition")]
    Full {
        /// The place.
        place: String,
    },
    /// Others publish the same tap without end.
    #[error("{place} changed {ROUNDS_MAX} times while it was published")]
    Restless {
        /// The place.
        place: String,
    },
}

/// Publishes a tap as its next edition, unless the last one has the same formulas and packages.
pub fn publish(home: &Home, tap: &Tap, place: &Place, now: &Moment) -> Result<Outcome, Error> {
    if place.tag().is_some() || place.digest().is_some() {
        return Err(Error::Tagged { place: place.to_string() });
    }
    let contents = read(tap)?;
    let (runtime, client) = home.online_directly()?;
    let manifests = Manifests::new(home.cache().map(ToOwned::to_owned));
    runtime.block_on(async {
        let packages = collect(&contents, client, &manifests).await?;
        let draft = contents.draft(&packages)?;
        Edition { client, tap: tap.name(), place, draft }.publish(now).await
    })
}

/// The formulas; refuses those that `pkg check` finds errors in.
fn read(tap: &Tap) -> Result<Contents, Error> {
    let mut contents = Contents::of(tap)?;
    let mut reports = Vec::new();
    for name in tap.names()? {
        match tap.formula(&name) {
            Ok(Some(found)) => {
                reports.extend(Some(found.formula.check()).filter(Report::has_errors));
                contents.add(&found.formula);
            }
            // It was there a moment ago, when the folder was listed.
            Ok(None) => {}
            Err(catalog::tap::Error::Broken { report, .. }) => reports.push(report),
            Err(error) => return Err(error.into()),
        }
    }
    if contents.is_empty() && reports.is_empty() {
        return Err(Error::Empty { tap: tap.name().to_owned() });
    }
    reports.extend(contents.check());
    match reports.is_empty() {
        true => Ok(contents),
        false => Err(Error::Broken { tap: tap.name().to_owned(), reports }),
    }
}

/// A tap on its way into a registry.
struct Edition<'a> {
    client: &'a Client,
    /// The tap's name.
    tap: &'a str,
    place: &'a Place,
    draft: Draft,
}

impl Edition<'_> {
    async fn publish(&self, now: &Moment) -> Result<Outcome, Error> {
        let mut sent_bytes = 0;
        for _ in 0..ROUNDS_MAX {
            let last = self.last().await?;
            if let Some(last) = last.as_ref().filter(|last| last.is_kept) {
                let same = self.draft.pack(last.serial, &last.published)?;
                if same.digest == last.digest {
                    self.follow(last).await?;
                    return Ok(self.outcome(
                        &same,
                        last.serial,
                        &last.published,
                        false,
                        sent_bytes,
                    ));
                }
            }
            let full = || Error::Full { place: self.place.to_string() };
            let serial = last.as_ref().map_or(0, |last| last.serial);
            let serial = serial.checked_add(1).ok_or_else(full)?;
            // A clock that is behind must not put an edition before the last one.
            let published = last.map_or(now.clone(), |last| last.published.max(now.clone()));
            let packed = self.draft.pack(serial, &published)?;
            if self.digest(&packed.tag).await?.is_none_or(|there| there == packed.digest) {
                sent_bytes += self.push(&packed).await?;
                let digest = packed.digest.clone();
                let ours = Last { serial, published, digest, is_kept: true };
                if self.is_ours(&ours, &packed.tag).await? {
                    self.follow(&ours).await?;
                    // Somebody may have looked before it was there, and written over it since.
                    if self.digest(&packed.tag).await?.as_ref() == Some(&ours.digest) {
                        let published = &ours.published;
                        return Ok(self.outcome(&packed, serial, published, true, sent_bytes));
                    }
                } else {
                    self.take_back(&ours, &packed.tag).await?;
                }
            }
            // Two that step back at once should not come back at once.
            tokio::time::sleep(PAUSE_MAX.mul_f64(rand::random())).await;
        }
        Err(Error::Restless { place: self.place.to_string() })
    }

    /// The newest edition that is kept, else the one that is followed: whoever copied a tap took
    /// perhaps that one alone, and its serial counts.
    async fn last(&self) -> Result<Option<Last>, Error> {
        let kept = self.kept().await?.into_iter().max();
        let manifest = match &kept {
            Some((_, tag)) => self.manifest(tag).await?,
            None => match self.latest().await? {
                Some(manifest) => manifest,
                None => return Ok(None),
            },
        };
        let place = || self.place.to_string();
        let standing = match Standing::of(&manifest) {
            None => return Err(Error::Other { place: place(), source: None }),
            Some(Err(source)) => return Err(Error::Other { place: place(), source: Some(source) }),
            Some(Ok(standing)) => standing,
        };
        if standing.tap != self.tap {
            let (there, ours) = (standing.tap, self.tap.to_owned());
            return Err(Error::Renamed { place: place(), there, ours });
        }
        let (published, digest, is_kept) = (standing.published, manifest.digest, kept.is_some());
        let serial = kept.map_or(standing.serial, |(serial, _)| serial);
        Ok(Some(Last { serial, published, digest, is_kept }))
    }

    /// Serial and tag of every edition.
    async fn kept(&self) -> Result<Vec<(u64, String)>, Error> {
        let tags = oci::found(self.client.tags(self.place).await);
        let tags = tags.map_err(|error| self.failed("list the tags of", self.place, error))?;
        let tags = tags.unwrap_or_default();
        let edition = |tag: String| Some((edition::parse_tag(&tag)?.0, tag));
        Ok(tags.into_iter().filter_map(edition).collect())
    }

    /// Whether an edition that was just pushed is the only one of its serial.
    async fn is_ours(&self, ours: &Last, tag: &str) -> Result<bool, Error> {
        let kept = self.kept().await?;
        let is_alone = kept.iter().all(|(serial, other)| *serial != ours.serial || other == tag);
        let is_there = self.digest(tag).await?.as_ref() == Some(&ours.digest);
        Ok(is_alone && is_there && self.followed_over(ours).await?.is_none())
    }

    /// The edition that is followed in place of this one, although that has its serial or more.
    async fn followed_over(&self, ours: &Last) -> Result<Option<(Standing, Manifest)>, Error> {
        let Some(manifest) = self.latest().await? else { return Ok(None) };
        let Some(Ok(standing)) = Standing::of(&manifest) else { return Ok(None) };
        let is_over = standing.serial >= ours.serial && manifest.digest != ours.digest;
        Ok(is_over.then_some((standing, manifest)))
    }

    /// Leaves a serial to the others: what is not followed is of no use to anybody.
    async fn take_back(&self, ours: &Last, tag: &str) -> Result<(), Error> {
        if self.digest(tag).await?.as_ref() != Some(&ours.digest) {
            return Ok(());
        }
        let place = self.tagged(tag)?;
        if let Some((standing, theirs)) = self.followed_over(ours).await?
            && edition::tag(standing.serial, &standing.published) == tag
        {
            // Theirs was published in the same second, and ours was written over it.
            let pushed = self.client.push_manifest(&place, &theirs).await;
            return pushed.map_err(|error| self.failed("push", &place, error));
        }
        if let Err(error) = self.client.delete_tag(&place).await {
            tracing::debug!(%error, "an edition that came second stays");
        }
        Ok(())
    }

    /// What a tag names now.
    async fn digest(&self, tag: &str) -> Result<Option<Digest>, Error> {
        let place = self.tagged(tag)?;
        let there = oci::found(self.client.resolve(&place).await);
        let there = there.map_err(|error| self.failed("look up", &place, error))?;
        Ok(there.map(|there| there.digest))
    }

    async fn push(&self, packed: &edition::Packed) -> Result<u64, Error> {
        let place = self.tagged(&packed.tag)?;
        let blob =
            |blob: &edition::Blob| (blob.descriptor.clone(), Body::Bytes(blob.bytes.clone()));
        let blobs: Vec<_> = packed.blobs.iter().map(blob).collect();
        let manifest = Manifest {
            bytes: packed.manifest.clone(),
            media_type: media_type::IMAGE_MANIFEST.to_owned(),
            digest: packed.digest.clone(),
        };
        let sent = send(self.client, &place, &manifest, &blobs).await;
        sent.map_err(|unsent| self.failed(unsent.step, &place, unsent.source))
    }

    /// Moves `latest` to the newest edition, which may be another publisher's by then.
    async fn follow(&self, ours: &Last) -> Result<(), Error> {
        let latest = self.tagged(LATEST)?;
        for _ in 0..ROUNDS_MAX {
            let newest = self.kept().await?.into_iter().max();
            let tag = match newest {
                Some((serial, tag)) if serial >= ours.serial => tag,
                _ => edition::tag(ours.serial, &ours.published),
            };
            let manifest = self.manifest(&tag).await?;
            if self.digest(LATEST).await?.as_ref() == Some(&manifest.digest) {
                return Ok(());
            }
            let pushed = self.client.push_manifest(&latest, &manifest).await;
            pushed.map_err(|error| self.failed("push", &latest, error))?;
        }
        Err(Error::Restless { place: self.place.to_string() })
    }

    /// The edition that is followed, if there is one.
    async fn latest(&self) -> Result<Option<Manifest>, Error> {
        let place = self.tagged(LATEST)?;
        let there = oci::found(self.client.manifest(&place).await);
        there.map_err(|error| self.failed("read", &place, error))
    }

    async fn manifest(&self, tag: &str) -> Result<Manifest, Error> {
        let place = self.tagged(tag)?;
        self.client.manifest(&place).await.map_err(|error| self.failed("read", &place, error))
    }

    fn tagged(&self, tag: &str) -> Result<Place, Error> {
        self.place.with_tag(tag).map_err(|_| Error::Tagged { place: self.place.to_string() })
    }

    fn outcome(
        &self,
        packed: &edition::Packed,
        serial: u64,
        published: &Moment,
        new: bool,
        sent_bytes: u64,
    ) -> Outcome {
        Outcome {
            place: self.place.to_string(),
            serial,
            published: published.to_string(),
            digest: packed.digest.clone(),
            formulas: packed.formulas,
            new,
            sent_bytes,
        }
    }

    fn failed(&self, step: &'static str, place: &Place, source: oci::Error) -> Error {
        Error::Ask { step, place: place.to_string(), source: Box::new(source) }
    }
}

/// The newest edition.
struct Last {
    serial: u64,
    published: Moment,
    digest: Digest,
    /// Whether a tag of its own keeps it.
    is_kept: bool,
}
