//! Layers to plans: what the store has is not fetched, the rest arrives in parallel.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use catalog::{Artifact, Layer, Placement, Shape};
use fs_err as fs;
use store::{
    Layout, Shelves, Staging,
    archive::{self, Bounds, Format, Order, Plan, Profile},
};

use crate::{
    blobs::Blobs,
    event::{Event, Listener},
    feed::{self, Feed},
    git::Git,
    home::Home,
    network::Network,
};

/// A layer cannot be fetched or is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes do not come, are others, or hold what may not be unpacked.
    #[error("cannot take {digest} of `{name}` from {origin}")]
    Layer {
        /// Name of the package.
        name: String,
        /// The layer's digest.
        digest: digest::Digest,
        /// Where it was asked for.
        origin: String,
        /// What is wrong.
        #[source]
        source: archive::Error,
    },
    /// The download cannot be started.
    #[error("cannot start the download of `{name}`")]
    Feed {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: feed::Error,
    },
    /// A layer that must be unpacked is no archive.
    #[error("{digest} of `{name}` is one file, not an archive; with `format = \"raw\"` it is kept")]
    NoArchive {
        /// Name of the package.
        name: String,
        /// The layer's digest.
        digest: digest::Digest,
    },
}

/// One layer that is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) layer: &'a Layer,
    pub(crate) shape: &'a Shape,
    /// Bytes of the files and number of the entries, where the package declares them.
    pub(crate) bytes: Option<u64>,
    pub(crate) entries: Option<u64>,
    /// Whether what the store has of it is not to be trusted: files are missing or damaged.
    pub(crate) anew: bool,
}

impl<'a> Wanted<'a> {
    /// All layers of an artifact.
    pub(crate) fn all(name: &'a str, artifact: &'a Artifact, anew: bool) -> Vec<Self> {
        let (layers, shape) = (artifact.layers.iter(), &artifact.shape);
        // What a package declares is about all of its layers together.
        let declared = artifact.annotation.as_ref().filter(|_| layers.len() == 1);
        let bytes = declared.and_then(|said| said.unpacked_size);
        let entries = declared.and_then(|said| said.entries);
        layers.map(|layer| Self { name, layer, shape, bytes, entries, anew }).collect()
    }
}

/// A layer's plan and whether it is new to the store.
pub(crate) struct Fetched {
    pub(crate) plan: Plan,
    pub(crate) is_new: bool,
}

/// Fetches layers into a transaction's staging.
pub(crate) struct Fetcher<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) staging: &'a Staging,
    pub(crate) network: &'a Arc<Network>,
    pub(crate) git: &'a Arc<Git>,
    pub(crate) events: &'a Listener,
    pub(crate) blobs: Option<Blobs>,
    pub(crate) jobs: usize,
    pub(crate) downloads: &'a AtomicU64,
}

impl Home {
    /// Fetches into `staging`.
    pub(crate) fn fetcher<'a>(&'a self, staging: &'a Staging) -> Fetcher<'a> {
        Fetcher {
            layout: &self.layout,
            staging,
            network: &self.network,
            git: &self.git,
            events: &self.setting.events,
            blobs: self.blobs(),
            jobs: self.setting.jobs,
            downloads: &self.downloads,
        }
    }
}

impl Fetcher<'_> {
    /// The plans of all wanted layers, in their order; the first failure stops the others.
    pub(crate) fn fetch(&self, wanted: &[Wanted<'_>]) -> Result<Vec<Fetched>, Error> {
        let next = AtomicUsize::new(0);
        let stop = Arc::new(AtomicBool::new(false));
        let results: Mutex<Vec<Option<Result<Fetched, Error>>>> =
            Mutex::new(wanted.iter().map(|_| None).collect());
        // Looked at once, when a layer is the first to be decoded.
        let shelves = OnceLock::new();
        let work = || {
            while let Some((position, layer)) = {
                let position = next.fetch_add(1, Ordering::Relaxed);
                wanted.get(position).map(|layer| (position, layer))
            } {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let result = self.one(layer, &shelves, &stop);
                if result.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                results.lock().unwrap_or_else(PoisonError::into_inner)[position] = Some(result);
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.jobs.min(wanted.len()) {
                scope.spawn(work);
            }
            work();
        });
        if let Some(blobs) = self.blobs.as_ref().filter(|_| !wanted.is_empty()) {
            blobs.trim();
        }
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (done, failed): (Vec<_>, Vec<_>) =
            results.into_iter().flatten().partition(Result::is_ok);
        // Those that were stopped because of another fail too; the first cause is what to tell.
        let cause = failed.into_iter().filter_map(Result::err).min_by_key(Error::is_stopped);
        match cause {
            Some(cause) => Err(cause),
            None => Ok(done.into_iter().flatten().collect()),
        }
    }

    fn one(
        &self,
        wanted: &Wanted<'_>,
        shelves: &OnceLock<Shelves>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Fetched, Error> {
        let order = order(wanted);
        if !wanted.anew
            && let Some(plan) = self.known(wanted.layer, &order)
        {
            return Ok(Fetched { plan, is_new: false });
        }
        let partial = self.layout.partial(&wanted.layer.digest);
        let was_kept = fs::metadata(&partial).is_ok();
        let shelves = shelves.get_or_init(|| Shelves::open(self.layout));
        let feed = self.feed(wanted, stop, self.blobs.clone())?;
        let is_cached = feed.is_cached();
        let plan = match self.decode(wanted, &order, shelves, feed) {
            // Another job may have noticed it too, and put the right bytes there by now.
            Err(error) if is_cached && error.is_of_bytes() => {
                let anew = self.blobs.as_ref().map(|blobs| blobs.anew(&wanted.layer.digest));
                self.decode(wanted, &order, shelves, self.feed(wanted, stop, anew)?)
            }
            // What an earlier run kept may be damaged: once more, from the first byte.
            Err(error) if was_kept && error.is_of_bytes() && fs::remove_file(&partial).is_ok() => {
                let feed = self.feed(wanted, stop, self.blobs.clone())?;
                self.decode(wanted, &order, shelves, feed)
            }
            // The mirror is not asked again.
            Err(error) if error.is_of_mirror() => {
                let feed = self.feed(wanted, stop, self.blobs.clone())?;
                self.decode(wanted, &order, shelves, feed)
            }
            result => result,
        }?;
        let must_unpack = matches!(wanted.layer.placement, Placement::Unpack { .. });
        if must_unpack && !plan.format.is_archive() {
            let (name, digest) = (wanted.name.to_owned(), wanted.layer.digest.clone());
            return Err(Error::NoArchive { name, digest });
        }
        Ok(Fetched { plan, is_new: true })
    }

    fn known(&self, layer: &Layer, order: &Order) -> Option<Plan> {
        let bytes = fs::read(self.layout.plan(&layer.digest)).ok()?;
        let answers = |plan: &Plan| plan.answers(order) && plan.check_declared(order).is_ok();
        Plan::from_bytes(&bytes).ok().filter(answers)
    }

    fn feed(
        &self,
        wanted: &Wanted<'_>,
        stop: &Arc<AtomicBool>,
        blobs: Option<Blobs>,
    ) -> Result<Feed, Error> {
        let (layer, name) = (wanted.layer, wanted.name.to_owned());
        let id = self.downloads.fetch_add(1, Ordering::Relaxed);
        (self.events)(Event::Download { id, name: name.clone(), total: layer.size });
        let around = feed::Surroundings {
            network: self.network.clone(),
            git: self.git.clone(),
            staging: self.staging.path().to_owned(),
            events: self.events.clone(),
            blobs,
            stop: stop.clone(),
        };
        Feed::new(layer.clone(), self.layout.partial(&layer.digest), id, around)
            .map_err(|source| Error::Feed { name, source })
    }

    fn decode(
        &self,
        wanted: &Wanted<'_>,
        order: &Order,
        shelves: &Shelves,
        feed: Feed,
    ) -> Result<Plan, Error> {
        let (layer, name, id) = (wanted.layer, wanted.name.to_owned(), feed.id());
        let present = |content: &store::Content| !wanted.anew && shelves.hold(content);
        let decoded = archive::decode(Box::new(feed), order, self.staging, &present);
        (self.events)(Event::Downloaded { id });
        decoded.map_err(|source| Error::Layer {
            name,
            digest: layer.digest.clone(),
            origin: layer.origin.describe(),
            source,
        })
    }
}

impl Error {
    /// Whether a mirror sent other bytes than those that it was asked for.
    fn is_of_mirror(&self) -> bool {
        match self {
            Self::Layer { source: archive::Error::Fetch { source }, .. } => {
                matches!(source.downcast_ref(), Some(oci::Error::FalseMirror { .. }))
            }
            _ => false,
        }
    }

    /// Whether other bytes may do: neither the way to them failed, nor the disk, nor another
    /// download.
    fn is_of_bytes(&self) -> bool {
        use oci::Kind::{Forbidden, Network, Offline, Unauthorized};
        match self {
            Self::Layer { source: archive::Error::Fetch { source }, .. } => {
                let way = source.downcast_ref().map(oci::Error::kind);
                let is_of_way = matches!(way, Some(Forbidden | Network | Offline | Unauthorized));
                !is_of_way && !self.is_stopped()
            }
            Self::Layer { source: archive::Error::Stage { .. }, .. } => false,
            Self::Layer { .. } => true,
            Self::Feed { .. } | Self::NoArchive { .. } => false,
        }
    }

    /// Whether this is only the echo of another failure.
    fn is_stopped(&self) -> bool {
        match self {
            Self::Layer { source: archive::Error::Fetch { source }, .. } => {
                matches!(source.downcast_ref(), Some(feed::Error::Stopped))
            }
            _ => false,
        }
    }
}

/// How the decoder is to read a layer.
fn order(wanted: &Wanted<'_>) -> Order {
    let Wanted { layer, shape, bytes, entries, .. } = *wanted;
    let by_type = layer.media_type.as_deref().and_then(Format::from_media_type);
    let forced = layer.format.and_then(|format| Format::from_name(format.as_str())).or(by_type);
    let (name, format, unpack) = match &layer.placement {
        Placement::Detect { name, .. } => (name.clone(), forced, true),
        Placement::Unpack { .. } => (String::from("content"), forced, true),
        Placement::File { path } => (path.clone(), None, false),
    };
    Order {
        name,
        format,
        profile: profile(shape),
        bounds: Bounds { compressed: layer.size, bytes, entries },
        unpack,
    }
}

/// By which rules the layers of a package are read.
pub(crate) fn profile(shape: &Shape) -> Profile {
    match shape {
        Shape::Joined => Profile::Strict,
        Shape::Image { .. } => Profile::Image,
    }
}

#[cfg(test)]
mod tests {
    use catalog::Origin;
    use digest::Digest;

    use super::*;
    use crate::home::Setting;

    /// A root whose downloads stay in a cache, and where no server may be asked.
    fn home(folder: &std::path::Path) -> Home {
        let home = Home::open(Setting {
            cache: Some(folder.join("cache")),
            downloads_kept: Some(1 << 20),
            oci: oci::Config { offline: true, ..oci::Config::default() },
            ..Setting::new(folder.join("root"))
        });
        let home = home.unwrap();
        home.create().unwrap();
        home
    }

    /// What becomes of a layer, where another one failed already or not.
    fn fetched(home: &Home, digest: &Digest, stopped: bool) -> Result<Fetched, Error> {
        let layer = Layer {
            digest: digest.clone(),
            size: None,
            media_type: None,
            format: None,
            origin: Origin::Urls(vec!["https://files.example/x".to_owned()]),
            placement: Placement::File { path: "x".to_owned() },
            nearby: Vec::new(),
        };
        let wanted = Wanted {
            name: "x",
            layer: &layer,
            shape: &Shape::Joined,
            bytes: None,
            entries: None,
            anew: false,
        };
        let staging = Staging::begin(&home.layout).unwrap();
        let stop = Arc::new(AtomicBool::new(stopped));
        home.fetcher(&staging).one(&wanted, &OnceLock::new(), &stop)
    }

    #[test]
    fn only_what_holds_other_bytes_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let blobs = home.blobs().unwrap();
        let digest = Digest::sha256(b"the bytes");
        let keep = |bytes: &[u8]| {
            let mut receiving = blobs.receive(&digest, None).unwrap();
            receiving.take(bytes).unwrap();
            receiving.keep(&digest);
        };
        keep(b"the bytes");
        assert!(fetched(&home, &digest, true).is_err_and(|error| error.is_stopped()));
        assert!(blobs.has(&digest), "another download failed, and this one is as good as before");
        assert!(fetched(&home, &digest, false).is_ok());
        keep(b"others");
        assert!(fetched(&home, &digest, false).is_err());
        assert!(!blobs.has(&digest));

        let partial = home.layout.partial(&digest);
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        fs::write(&partial, "the").unwrap();
        for stopped in [true, false] {
            assert!(fetched(&home, &digest, stopped).is_err());
            assert!(partial.exists(), "nobody could be asked for the rest");
        }
    }
}
