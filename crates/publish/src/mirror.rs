//! A tap with everything that it names, in a registry or layout that needs nothing outside.
//!
//! The edition is copied as it is, so that its serial and its signatures stay; what its formulas
//! pin goes below it, where followers of a mirror look first (`catalog::mirror`). First the things,
//! then the edition under its own tag, then the mark, and last `latest`: what is followed is whole.

use std::sync::atomic::{AtomicBool, Ordering};

use catalog::{
    Tap,
    edition::{self, AsOf, Moment, Standing},
    mirror::{self, Mark},
};
use digest::Digest;
use formula::Platform;
use install::{Home, follow, network};
use oci::{Body, Client, Manifest, Place, copy};
use tokio::runtime::Runtime;

use crate::{
    carry::{self, Carrier, Figures, Pinned, Pins, What, put, sided},
    make,
    parallel::in_parallel,
    send::send,
    work::Folder,
};

/// The tag that is followed.
const LATEST: &str = "latest";

/// Formulas whose pins are in memory at one time: a large tap has a million of them.
const FORMULAS_AT_ONCE: usize = 1024;

/// What of a tap is mirrored.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Another edition than the latest.
    pub as_of: Option<AsOf>,
    /// The only platforms; all where none is named.
    pub platforms: Vec<Platform>,
    /// Leave out what lies outside of registries.
    pub skip_outside: bool,
    /// Look at every formula again, also those that the mirror had.
    pub all: bool,
    /// The newest serial of the tap that was ever seen here.
    pub seen: Option<u64>,
}

/// What mirroring came to.
#[derive(Debug)]
pub struct Outcome {
    /// The tap's name.
    pub tap: String,
    /// Where it is now.
    pub place: String,
    /// The edition's serial.
    pub serial: u64,
    /// When it was published.
    pub published: Moment,
    /// The digest of its manifest.
    pub digest: Digest,
    /// How many formulas it has; `None` where nothing had to be looked at.
    pub formulas: Option<usize>,
    /// Formulas that were looked at: the others are as they were in the edition before.
    pub looked_at: usize,
    /// What was carried.
    pub figures: Figures,
    /// What lies outside of registries and was left out, as was asked for.
    pub skipped: Vec<Missing>,
    /// What could not be had; then the mirror still follows the edition before.
    pub missing: Vec<Missing>,
}

/// Something that is not in the mirror.
#[derive(Debug)]
pub struct Missing {
    /// What names it: `tool 1.2.0 linux-amd64`.
    pub named: String,
    /// Where it is.
    pub place: String,
    /// Why it could not be had; `None` where it was not asked for.
    pub error: Option<carry::Error>,
}

/// A tap is not mirrored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tap cannot be read where it is.
    #[error(transparent)]
    Follow(#[from] follow::Error),
    /// A formula cannot be read.
    #[error("cannot look into tap `{tap}`")]
    Tap {
        /// Name of the tap.
        tap: String,
        /// What is wrong with it.
        #[source]
        source: catalog::tap::Error,
    },
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// The target does not take something.
    #[error(transparent)]
    Carry(#[from] carry::Error),
    /// The target names a tag or digest; editions have tags of their own.
    #[error("`{place}` names more than a repository: leave the tag or digest out")]
    Tagged {
        /// The place.
        place: String,
    },
    /// The target holds something else.
    #[error("{place} holds {there}, not the tap `{ours}`")]
    Other {
        /// The place.
        place: String,
        /// What is there.
        there: String,
        /// The tap that is mirrored.
        ours: String,
    },
    /// The target has a newer edition, or the source an older one than it had.
    #[error("{place} has serial {there}, and {newer_place} had {newer}: a tap never goes back")]
    Older {
        /// Where the older edition is.
        place: String,
        /// Its serial.
        there: u64,
        /// Who had a newer one.
        newer_place: String,
        /// The newer serial.
        newer: u64,
    },
    /// Nothing can lie on this machine meanwhile.
    #[error("cannot make a temporary folder")]
    Scratch(#[source] std::io::Error),
}

/// Mirrors the tap at `from` to `to`.
pub fn mirror(home: &Home, from: &Place, to: &Place, order: &Order) -> Result<Outcome, Error> {
    if to.tag().is_some() || to.digest().is_some() {
        return Err(Error::Tagged { place: to.to_string() });
    }
    let (runtime, client) = home.online()?;
    let scratch = Folder::new(&make::work(home.cache(), home.layout().root()), false);
    let scratch = scratch.map_err(Error::Scratch)?;
    Work { home, runtime, client, from, to, order, scratch: scratch.path() }.run()
}

struct Work<'a> {
    home: &'a Home,
    runtime: &'a Runtime,
    client: &'a Client,
    from: &'a Place,
    to: &'a Place,
    order: &'a Order,
    scratch: &'a std::path::Path,
}

/// What the target has by now.
struct There {
    /// The edition that is followed.
    latest: Option<(Digest, Standing)>,
    mark: Option<Mark>,
}

impl There {
    /// Whether no newer edition than that of the serial is followed.
    fn is_at_most(&self, serial: u64) -> bool {
        self.latest.as_ref().is_none_or(|(_, standing)| standing.serial <= serial)
    }
}

impl Work<'_> {
    fn run(&self) -> Result<Outcome, Error> {
        let there = self.there()?;
        if let Some(outcome) = self.unchanged(&there)? {
            return Ok(outcome);
        }
        let folder = self.folder("from")?;
        let tap = self.home.look_at(self.from, self.order.as_of.clone(), &folder)?;
        let subscription = tap.subscription().cloned().expect("it was followed a moment ago");
        self.check(&tap, &there)?;
        let names = self.names(&tap, &there)?;
        let edition = &subscription.edition;
        let formulas = Some(tap.count().map_err(self.of_tap(&tap))?);
        let standing = Standing {
            tap: tap.name().to_owned(),
            serial: edition.serial,
            published: edition.published.clone(),
        };
        let mut outcome = Outcome {
            formulas,
            looked_at: names.len(),
            ..self.outcome(&standing, &edition.digest)
        };
        let carrier = self.carrier(there.is_at_most(edition.serial));
        for names in names.chunks(FORMULAS_AT_ONCE) {
            let (outside, pinned) = self.pinned(&tap, names)?;
            outcome.skipped.extend(outside.iter().map(|pinned| Missing::of(pinned, None)));
            self.carry(&carrier, &pinned, &mut outcome)?;
        }
        if outcome.missing.is_empty() {
            // That may have taken hours, in which another run brought a newer edition.
            let is_newest = self.there()?.is_at_most(edition.serial);
            let of = subscription.mirror_of.clone();
            self.publish(&outcome, is_newest, of.unwrap_or_else(|| self.from.bare().to_string()))?;
        }
        Ok(outcome)
    }

    /// What there is to say where the mirror has the newest edition with all that was asked for.
    fn unchanged(&self, there: &There) -> Result<Option<Outcome>, Error> {
        let (Some((latest, standing)), Some(mark)) = (&there.latest, &there.mark) else {
            return Ok(None);
        };
        if self.order.as_of.is_some() || *latest != mark.edition || !self.is_covered(mark) {
            return Ok(None);
        }
        let Ok(place) = self.from.with_tag(self.from.tag().unwrap_or(LATEST)) else {
            return Ok(None);
        };
        let newest = self.runtime.block_on(self.client.resolve(&place));
        let newest = newest.map_err(|source| put("look up", &place, source))?;
        let is_same = newest.digest == *latest;
        Ok(is_same.then(|| self.outcome(standing, latest)))
    }

    /// Whether what a mark says was copied is all that is wanted of that edition.
    fn is_covered(&self, mark: &Mark) -> bool {
        mark.platforms == self.order.platforms
            && (mark.with_outside || self.order.skip_outside)
            && !self.order.all
    }

    fn outcome(&self, standing: &Standing, digest: &Digest) -> Outcome {
        Outcome {
            tap: standing.tap.clone(),
            place: self.to.to_string(),
            serial: standing.serial,
            published: standing.published.clone(),
            digest: digest.clone(),
            formulas: None,
            looked_at: 0,
            figures: Figures::default(),
            skipped: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn carrier(&self, names: bool) -> Carrier<'_> {
        Carrier {
            home: self.home,
            runtime: self.runtime,
            client: self.client,
            to: self.to,
            platforms: &self.order.platforms,
            names,
            scratch: self.scratch,
        }
    }

    fn folder(&self, name: &str) -> Result<std::path::PathBuf, Error> {
        let folder = self.scratch.join(name);
        fs_err::create_dir(&folder).map_err(Error::Scratch)?;
        Ok(folder)
    }

    fn of_tap(&self, tap: &Tap) -> impl Fn(catalog::tap::Error) -> Error + use<> {
        let tap = tap.name().to_owned();
        move |source| Error::Tap { tap: tap.clone(), source }
    }

    /// What the target has; a tag that is not there is no failure.
    fn there(&self) -> Result<There, Error> {
        let latest = match self.manifest(LATEST)? {
            None => None,
            Some(manifest) => match Standing::of(&manifest) {
                Some(Ok(standing)) => Some((manifest.digest, standing)),
                Some(Err(error)) => return Err(self.other(error.to_string())),
                None => return Err(self.other("something else".to_owned())),
            },
        };
        Ok(There { latest, mark: self.manifest(mirror::TAG)?.as_ref().and_then(Mark::of) })
    }

    fn manifest(&self, tag: &str) -> Result<Option<Manifest>, Error> {
        let place = self.tagged(tag)?;
        let there = oci::found(self.runtime.block_on(self.client.manifest(&place)));
        Ok(there.map_err(|source| put("look up", &place, source))?)
    }

    fn tagged(&self, tag: &str) -> Result<Place, Error> {
        self.to.with_tag(tag).map_err(|_| Error::Tagged { place: self.to.to_string() })
    }

    fn other(&self, there: String) -> Error {
        Error::Other { place: self.to.to_string(), there, ours: self.from.to_string() }
    }

    /// Refuses to go back, and to put one tap over another.
    fn check(&self, tap: &Tap, there: &There) -> Result<(), Error> {
        let serial = tap.subscription().map_or(0, |subscription| subscription.edition.serial);
        let (place, newer_place) = (self.from.to_string(), self.to.to_string());
        if let Some((_, standing)) = &there.latest {
            if standing.tap != tap.name() {
                let there = format!("the tap `{}`", standing.tap);
                return Err(Error::Other {
                    place: newer_place,
                    there,
                    ours: tap.name().to_owned(),
                });
            }
            if standing.serial > serial && self.order.as_of.is_none() {
                let newer = standing.serial;
                return Err(Error::Older { place, there: serial, newer_place, newer });
            }
        }
        match self.order.seen {
            Some(newer) if newer > serial && self.order.as_of.is_none() => {
                let newer_place = "it".to_owned();
                Err(Error::Older { place, there: serial, newer_place, newer })
            }
            _ => Ok(()),
        }
    }

    /// The formulas to look at: those that are otherwise than in the edition that the mirror has
    /// whole, with the same platforms.
    fn names(&self, tap: &Tap, there: &There) -> Result<Vec<String>, Error> {
        let all = || tap.names().map_err(self.of_tap(tap));
        let Some(mark) = there.mark.as_ref().filter(|mark| self.is_covered(mark)) else {
            return all();
        };
        if tap.subscription().is_some_and(|now| now.edition.digest == mark.edition) {
            return Ok(Vec::new());
        }
        let folder = self.folder("before")?;
        let as_of = Some(AsOf::Digest(mark.edition.clone()));
        // What cannot be compared is looked at as a whole.
        let Ok(before) = self.home.look_at(self.to, as_of, &folder) else { return all() };
        match tap.changes_since(&before).map_err(self.of_tap(tap))? {
            None => all(),
            Some(changes) => Ok(changes.added.into_iter().chain(changes.changed).collect()),
        }
    }

    /// What the formulas pin: what was left out as asked for, and what is carried.
    fn pinned(&self, tap: &Tap, names: &[String]) -> Result<(Vec<Pinned>, Vec<Pinned>), Error> {
        let mut pinned = Vec::new();
        for name in names {
            match tap.formula(name) {
                Ok(Some(found)) => {
                    pinned.extend(Pins::new(self.home, &found, &self.order.platforms).all());
                }
                // One that this program cannot read cannot be installed by it either.
                Ok(None) | Err(catalog::tap::Error::Skipped { .. }) => {}
                Err(source) => return Err(self.of_tap(tap)(source)),
            }
        }
        let is_skipped =
            |pinned: &Pinned| self.order.skip_outside && matches!(pinned.what, What::Outside(_));
        Ok(pinned.into_iter().partition(is_skipped))
    }

    /// Carries everything, several things at once; what the target refuses ends it.
    fn carry(
        &self,
        carrier: &Carrier<'_>,
        pinned: &[Pinned],
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let stop = AtomicBool::new(false);
        let results = in_parallel(self.home.jobs(), pinned, |one| {
            if stop.load(Ordering::Relaxed) {
                return Ok(Figures::default());
            }
            let carried = carrier.carry(one);
            if carried.as_ref().is_err_and(|error| !error.is_of_source()) {
                stop.store(true, Ordering::Relaxed);
            }
            carried
        });
        for (one, result) in pinned.iter().zip(results) {
            match result {
                Ok(figures) => outcome.figures.add(figures),
                Err(error) if error.is_of_source() => {
                    outcome.missing.push(Missing::of(one, Some(error)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The edition under its own tag, the mark, and `latest` where it is the newest.
    fn publish(&self, outcome: &Outcome, is_newest: bool, of: String) -> Result<(), Error> {
        let from = self.from.bare().with_digest(outcome.digest.clone());
        let kept = self.tagged(&edition::tag(outcome.serial, &outcome.published))?;
        let referrers = Some(copy::Referrers::default());
        let options = copy::Options { referrers, ..copy::Options::default() };
        self.runtime.block_on(async {
            let copied = self.client.copy(&from, &kept, &options).await;
            copied.map_err(|source| sided(&from, &kept, source))?;
            if !is_newest {
                return Ok(());
            }
            let mark = Mark {
                of,
                edition: outcome.digest.clone(),
                platforms: self.order.platforms.clone(),
                with_outside: !self.order.skip_outside,
            };
            let artifact = mark.artifact();
            let place = self.tagged(mirror::TAG)?;
            let (config, nothing) = artifact.config();
            let (manifest, blobs) = (artifact.manifest(), [(config, Body::Bytes(nothing))]);
            self.move_to(&place, &manifest, &blobs).await?;
            let latest = self.tagged(LATEST)?;
            let manifest = self.client.manifest(&kept).await;
            let manifest = manifest.map_err(|source| put("read", &kept, source))?;
            self.move_to(&latest, &manifest, &[]).await
        })
    }

    /// Moves a tag, unless it is right already.
    async fn move_to(
        &self,
        place: &Place,
        manifest: &Manifest,
        blobs: &[(oci::Descriptor, Body)],
    ) -> Result<(), Error> {
        let there = oci::found(self.client.resolve(place).await);
        let there = there.map_err(|source| put("look up", place, source))?;
        if there.is_none_or(|there| there.digest != manifest.digest) {
            let sent = send(self.client, place, manifest, blobs).await;
            sent.map_err(|unsent| put(unsent.step, place, unsent.source))?;
        }
        Ok(())
    }
}

impl Missing {
    fn of(pinned: &Pinned, error: Option<carry::Error>) -> Self {
        Self { named: pinned.named.clone(), place: pinned.place(), error }
    }

    /// Why it could not be had: the innermost cause, as the others only say where.
    pub fn why(&self) -> Option<String> {
        let error = self.error.as_ref()? as &(dyn std::error::Error + 'static);
        let causes = std::iter::successors(Some(error), |error| error.source());
        causes.last().map(ToString::to_string)
    }
}
