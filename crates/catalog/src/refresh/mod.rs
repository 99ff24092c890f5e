//! Following a tap in a registry: one request tells whether there is a newer edition.
//!
//! An edition is checked whole, and against the newest that was ever seen, before it takes the
//! place of the one that is here. Until then, and after any failure, the old one stays.

mod error;
mod import;

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use digest::Digest;
pub use error::Error;
use formula::TapKind;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
pub use import::Imported;
use oci::{Client, Descriptor, Place, Wanted};

use crate::{
    edition::{self, AsOf, Moment, Parts, parse_tag},
    mirror,
    remembered::{Edition, Remembered, Subscription, make_folder, sync_folder},
    snapshot::{self, Changes, Draft, Kept, Snapshot},
    taps::{Declared, Taps},
};

/// Layers that are fetched at one time.
const STREAMS: usize = 8;

/// What a refresh needs of its surroundings.
#[derive(Clone, Copy)]
pub struct Refresh<'a> {
    /// The folder of all taps.
    pub taps: &'a Path,
    /// Asks the registry.
    pub client: &'a Client,
    /// Seconds since 1970.
    pub now: i64,
    /// Takes what happens.
    pub on: &'a dyn Fn(Event<'_>),
}

/// What happens during a refresh.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Another process refreshes the tap.
    Waiting(&'a str),
    /// The registry is being asked.
    Asking(&'a str),
    /// So many bytes of an edition will come.
    Fetching(&'a str, u64),
    /// So many more of them came.
    Bytes(u64),
    /// All of them are here, and are being checked.
    Checking(&'a str),
}

/// Which edition is to be followed from now on.
#[derive(Debug, Clone)]
pub enum Turn {
    /// The same as until now.
    Keep,
    /// The latest.
    Latest,
    /// Another one, until something else is said.
    AsOf(AsOf),
}

/// What came of a refresh.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// Name of the tap.
    pub tap: String,
    /// Where it is and which edition is here now.
    pub subscription: Subscription,
    /// How many formulas it has.
    pub formulas: u64,
    /// What is otherwise than before; `None` where it is the same edition.
    pub changes: Option<Changes>,
    /// Formulas that this program cannot read, and why.
    pub skipped: Vec<(String, String)>,
}

/// An edition that the registry has, before anything but its manifest came.
struct Found {
    place: Place,
    digest: Digest,
    parts: Parts,
}

impl Taps {
    /// Adds the tap at `place`; without a name it has the one that it gives itself.
    pub async fn follow(
        &self,
        place: &Place,
        name: Option<&str>,
        as_of: Option<AsOf>,
        refresh: Refresh<'_>,
    ) -> Result<Refreshed, Error> {
        self.begin(place, name, as_of, refresh, true).await
    }

    /// Adds the tap; `is_new` where its name must be nobody's yet.
    async fn begin(
        &self,
        place: &Place,
        name: Option<&str>,
        as_of: Option<AsOf>,
        refresh: Refresh<'_>,
        is_new: bool,
    ) -> Result<Refreshed, Error> {
        let (place, as_of) = match place.wanted() {
            Some(Wanted::Digest(digest)) if as_of.is_none() => {
                (without_digest(place), Some(AsOf::Digest(digest.clone())))
            }
            // A layout holds all editions, so one has to be named.
            None => (at_tag(place, "latest"), as_of),
            _ => (place.clone(), as_of),
        };
        self.check_allowed(&place.to_string())?;
        let shown = name.map_or_else(|| place.to_string(), ToOwned::to_owned);
        (refresh.on)(Event::Asking(&shown));
        let found = refresh.look(&place, as_of.as_ref()).await?;
        let name = name.unwrap_or(&found.parts.tap).to_owned();
        if is_new {
            self.check_free(&name)?;
        }
        let state = |step| state(step, &name);
        let own = make_folder(refresh.taps, &name).map_err(state("write"))?;
        let taken = async {
            let _lock = refresh.lock(&name)?;
            // Somebody else may have been faster.
            if Remembered::read(refresh.taps, &name).map_err(state("read"))?.is_some() {
                return Err(Error::Taps(Self::open(refresh.taps)?.taken(&name)));
            }
            let snapshot = refresh.take(&own, &name, &found, None).await?;
            let edition = found.edition();
            let subscription = Subscription {
                location: place.to_string(),
                as_of,
                seen: edition.clone(),
                edition,
                checked: refresh.now,
                mirror_of: refresh.mirror_of(&place).await?,
            };
            let order = Remembered::next_order(refresh.taps).map_err(state("read"))?;
            let registry = Some(subscription.clone());
            Remembered { schema: 1, order, folder: None, registry }
                .write(refresh.taps, &name)
                .map_err(state("write"))?;
            Ok(refreshed(&name, subscription, &snapshot, Some(Changes::default())))
        };
        let taken = taken.await;
        if taken.is_err() {
            // Nothing is left of it; a folder with something in it is another's.
            let _ = fs_err::remove_dir(&own).is_ok();
        }
        taken
    }

    /// Brings the tap `name` to its latest edition, or to the one that `turn` says.
    pub async fn refresh(
        &self,
        name: &str,
        turn: Turn,
        refresh: Refresh<'_>,
    ) -> Result<Refreshed, Error> {
        let state = |step| state(step, name);
        self.known(name)?;
        self.location(name).map_or(Ok(()), |location| self.check_allowed(&location))?;
        if !self.in_registries().any(|tap| tap == name) {
            return Err(Error::NotThere { tap: name.to_owned() });
        }
        if let Some(place) = self.declared(name).and_then(Declared::place)
            && Remembered::read(refresh.taps, name).map_err(state("read"))?.is_none()
        {
            let as_of = match turn {
                Turn::AsOf(as_of) => Some(as_of),
                Turn::Keep | Turn::Latest => None,
            };
            return Box::pin(self.begin(&place, Some(name), as_of, refresh, false)).await;
        }
        let own = refresh.taps.join(name);
        let _lock = refresh.lock(name)?;
        let remembered = Remembered::read(refresh.taps, name).map_err(state("read"))?;
        let Some(Remembered { schema, order, registry: Some(mut subscription), .. }) = remembered
        else {
            return Err(Error::NotThere { tap: name.to_owned() });
        };
        let place = Place::parse(&subscription.location)
            .map_err(|error| state("read")(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        match turn {
            Turn::Keep => {}
            Turn::Latest => subscription.as_of = None,
            Turn::AsOf(as_of) => subscription.as_of = Some(as_of),
        }
        // A snapshot that is damaged or gone is made anew.
        let before = Snapshot::open(&own.join(subscription.edition.file())).ok();
        (refresh.on)(Event::Asking(name));
        let found = refresh.newer(&place, &subscription, before.is_some()).await?;
        subscription.checked = refresh.now;
        let mut changes = None;
        let snapshot = match (found, before) {
            (None, Some(before)) => before,
            (Some(found), before) => {
                found.check(&subscription, before.as_ref())?;
                let snapshot = refresh.take(&own, name, &found, before.as_ref()).await?;
                let differs = |before| snapshot.changes_since(before).map_err(state("read"));
                changes = Some(before.as_ref().map(differs).transpose()?.unwrap_or_default());
                subscription.edition = found.edition();
                subscription.mirror_of = refresh.mirror_of(&place).await?;
                if subscription.edition.serial > subscription.seen.serial {
                    subscription.seen = subscription.edition.clone();
                }
                snapshot
            }
            (None, None) => return Err(state("read")(io::ErrorKind::NotFound.into())),
        };
        let registry = Some(subscription.clone());
        Remembered { schema, order, folder: None, registry }
            .write(refresh.taps, name)
            .map_err(state("write"))?;
        sweep(&own, &subscription.edition.file()).map_err(state("write"))?;
        Ok(refreshed(name, subscription, &snapshot, changes))
    }
}

fn refreshed(
    tap: &str,
    subscription: Subscription,
    snapshot: &Snapshot,
    changes: Option<Changes>,
) -> Refreshed {
    let head = snapshot.head();
    let (formulas, skipped) = (head.formulas, head.skipped.clone());
    Refreshed { tap: tap.to_owned(), subscription, formulas, changes, skipped }
}

fn state(step: &'static str, tap: &str) -> impl Fn(io::Error) -> Error {
    let tap = tap.to_owned();
    move |source| Error::State { step, tap: tap.clone(), source }
}

/// The file whose lock makes one process the writer of all taps; no tap can have its name.
const LOCK: &str = ".lock";

impl Refresh<'_> {
    /// Becomes the one that writes taps; the kernel gives the lock back.
    fn lock(&self, tap: &str) -> Result<File, Error> {
        let (state, path) = (state("lock", tap), self.taps.join(LOCK));
        let file = File::options().create(true).append(true).open(path).map_err(&state)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                (self.on)(Event::Waiting(tap));
                file.lock().map_err(state)?;
            }
            Err(TryLockError::Error(error)) => return Err(state(error)),
        }
        Ok(file)
    }

    /// The edition that is to be here, if it is another one; one request where it is not.
    async fn newer(
        &self,
        place: &Place,
        subscription: &Subscription,
        is_here: bool,
    ) -> Result<Option<Found>, Error> {
        let edition = &subscription.edition;
        match &subscription.as_of {
            Some(AsOf::Digest(digest)) if is_here && *digest == edition.digest => Ok(None),
            Some(AsOf::Serial(serial)) if is_here && *serial == edition.serial => Ok(None),
            None if is_here => {
                let latest = self.client.resolve(place).await.map_err(ask(place))?;
                if latest.digest == edition.digest {
                    return Ok(None);
                }
                let found = self.manifest(place, &place.with_digest(latest.digest)).await?;
                Ok(Some(found).filter(|found| found.digest != edition.digest))
            }
            as_of => {
                let found = self.look(place, as_of.as_ref()).await?;
                Ok(Some(found).filter(|found| !is_here || found.digest != edition.digest))
            }
        }
    }

    /// The manifest of the edition that is wanted.
    async fn look(&self, place: &Place, as_of: Option<&AsOf>) -> Result<Found, Error> {
        let as_of = match as_of {
            None => return self.manifest(place, place).await,
            Some(AsOf::Digest(digest)) => {
                return self.manifest(place, &place.with_digest(digest.clone())).await;
            }
            Some(as_of) => as_of,
        };
        let tags = self.client.tags(place).await.map_err(ask(place))?;
        let mut editions: Vec<_> =
            tags.iter().filter_map(|tag| Some((parse_tag(tag)?, tag.as_str()))).collect();
        editions.sort();
        let fits = |(serial, published): &(u64, Moment)| match as_of {
            AsOf::Time(moment, _) => published <= moment,
            AsOf::Serial(wanted) => serial == wanted,
            AsOf::Digest(_) => false,
        };
        let mut fitting = editions.iter().rev().filter(|(edition, _)| fits(edition));
        let Some((_, tag)) = fitting.next() else {
            let oldest = editions.first().map_or_else(
                || "none: it has no tags such as `t.1.20260501T000000Z`".to_owned(),
                |((serial, published), _)| format!("serial {serial} of {published}"),
            );
            let (place, as_of) = (place.to_string(), as_of.clone());
            return Err(Error::NoEdition { place, as_of, oldest });
        };
        if let (AsOf::Serial(serial), Some(_)) = (as_of, fitting.next()) {
            return Err(Error::Several { place: place.to_string(), serial: *serial });
        }
        let found = self.manifest(place, &at_tag(place, tag)).await?;
        let edition = (found.parts.serial, found.parts.published.clone());
        if parse_tag(tag).as_ref() != Some(&edition) {
            let (what, expected) = ("tag", edition::tag(edition.0, &edition.1));
            let source = snapshot::Broken::Differs { what, found: (*tag).to_owned(), expected };
            return Err(found.broken(source));
        }
        Ok(found)
    }

    async fn manifest(&self, place: &Place, exactly: &Place) -> Result<Found, Error> {
        let asked = self.client.manifest(exactly).await.map_err(ask(exactly))?;
        let shown = || exactly.to_string();
        let document =
            asked.document().map_err(|source| Error::Manifest { place: shown(), source })?;
        let parts =
            Parts::of(document).map_err(|source| Error::NoTap { place: shown(), source })?;
        Ok(Found { place: place.clone(), digest: asked.digest, parts })
    }

    /// Where the tap at `place` was copied from, if it is a mirror.
    async fn mirror_of(&self, place: &Place) -> Result<Option<String>, Error> {
        let mark = oci::found(self.client.manifest(&at_tag(place, mirror::TAG)).await);
        let mark = mark.map_err(ask(place))?;
        Ok(mark.as_ref().and_then(mirror::Mark::of).map(|mark| mark.of))
    }

    /// Fetches what is not here, checks the whole, and puts the snapshot into the tap's folder.
    async fn take(
        &self,
        own: &Path,
        name: &str,
        found: &Found,
        before: Option<&Snapshot>,
    ) -> Result<Snapshot, Error> {
        let state = |source| found.broken(snapshot::Broken::Write(source));
        let parts = &found.parts;
        let mut draft = Draft::begin(own, &parts.sources).map_err(state)?;
        let known =
            before.map(Snapshot::layers).transpose().unwrap_or_default().unwrap_or_default();
        let mut missing = Vec::new();
        for (layer, to) in parts.sources.iter().zip(draft.layers()) {
            let is_it = |kept: &&Kept| kept.digest == to.digest && kept.size == to.size;
            match before.zip(known.iter().find(is_it)) {
                Some((before, kept)) => draft.copy(to, before.layer(kept)).map_err(state)?,
                None => missing.push((layer, to.start)),
            }
        }
        let index = tempfile::tempfile_in(own).map_err(state)?;
        let bytes = missing.iter().map(|(layer, _)| layer.size).sum::<u64>() + parts.index.size;
        (self.on)(Event::Fetching(name, bytes));
        self.fetch(found, &parts.index, &index, 0).await?;
        let fetches =
            missing.into_iter().map(|(layer, start)| self.fetch(found, layer, draft.file(), start));
        stream::iter(fetches).buffer_unordered(STREAMS).try_collect::<Vec<()>>().await?;
        (self.on)(Event::Checking(name));
        let origin = snapshot::Origin { parts, kind: kind(&found.place) };
        draft.finish(&index, &origin).map_err(|source| found.broken(source))?;
        let path = own.join(found.edition().file());
        draft.persist(&path).and_then(|()| sync_folder(own)).map_err(state)?;
        Snapshot::open(&path).map_err(state)
    }

    /// Brings a blob to its place in a file.
    async fn fetch(
        &self,
        found: &Found,
        blob: &Descriptor,
        file: &File,
        start: u64,
    ) -> Result<(), Error> {
        match self.bring(found, blob, file, start).await {
            // The mirror is not asked again; what it sent is overwritten.
            Err(Error::Ask { source, .. }) if matches!(*source, oci::Error::FalseMirror { .. }) => {
                self.bring(found, blob, file, start).await
            }
            brought => brought,
        }
    }

    async fn bring(
        &self,
        found: &Found,
        blob: &Descriptor,
        file: &File,
        start: u64,
    ) -> Result<(), Error> {
        let ask = ask(&found.place);
        let begin = oci::Start::of(blob).map_err(&ask)?;
        let mut download = self.client.blob(&found.place, blob, begin).await.map_err(&ask)?;
        let mut at = start;
        while let Some(bytes) = download.next().await.map_err(&ask)? {
            let written = file.write_all_at(&bytes, at);
            written.map_err(|source| found.broken(snapshot::Broken::Write(source)))?;
            at += bytes.len() as u64;
            (self.on)(Event::Bytes(bytes.len() as u64));
        }
        Ok(())
    }
}

impl Found {
    fn edition(&self) -> Edition {
        let Parts { serial, published, .. } = &self.parts;
        Edition { serial: *serial, digest: self.digest.clone(), published: published.clone() }
    }

    fn broken(&self, source: snapshot::Broken) -> Error {
        Error::Broken {
            place: self.place.to_string(),
            serial: format!("serial {}", self.parts.serial),
            published: self.parts.published.clone(),
            source,
        }
    }

    /// Refuses an edition that cannot follow what was seen, before anything of it is fetched.
    fn check(&self, subscription: &Subscription, before: Option<&Snapshot>) -> Result<(), Error> {
        let (place, seen) = (self.place.to_string(), &subscription.seen);
        let served = self.parts.serial;
        if served < seen.serial && subscription.as_of.is_none() {
            return Err(Error::Rollback { place, served, seen: seen.serial });
        }
        if served == seen.serial && self.digest != seen.digest {
            let (seen, served) = (seen.digest.clone(), self.digest.clone());
            return Err(Error::Forked { place, serial: self.parts.serial, seen, served });
        }
        match before.map(|before| &before.head().tap) {
            Some(expected) if *expected != self.parts.tap => {
                let (found, expected) = (self.parts.tap.clone(), expected.clone());
                Err(Error::Renamed { place, found, expected })
            }
            _ => Ok(()),
        }
    }
}

/// From where a tap comes, which decides what its formulas may name.
pub(crate) fn kind(place: &Place) -> TapKind {
    match place {
        Place::Registry(reference) => TapKind::Registry { host: reference.host().to_owned() },
        _ => TapKind::Folder,
    }
}

fn ask(place: &Place) -> impl Fn(oci::Error) -> Error {
    let place = place.to_string();
    move |source| Error::Ask { place: place.clone(), source: Box::new(source) }
}

fn at_tag(place: &Place, tag: &str) -> Place {
    // What was read as a tag a moment ago is one.
    place.with_tag(tag).unwrap_or_else(|_| place.clone())
}

fn without_digest(place: &Place) -> Place {
    match place {
        Place::Registry(reference) => at_tag(place, reference.tag().unwrap_or("latest")),
        layout => layout.tag().map_or_else(|| layout.clone(), |tag| at_tag(layout, tag)),
    }
}

/// Removes the snapshots that are not read any more; who has one open keeps it.
fn sweep(own: &Path, current: &str) -> io::Result<()> {
    for entry in fs_err::read_dir(own)? {
        let entry = entry?;
        let name: PathBuf = entry.file_name().into();
        let text = name.to_string_lossy();
        let is_old = text.ends_with(".snapshot") && text != current;
        if is_old || text.starts_with(".new-") {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}
