//! A blob on its way from a source to a target, chunk by chunk.
//!
//! A source that falls silent must not keep a registry waiting in the middle of an upload until
//! it gives up: the upload is broken off, and begins again when the whole blob lies on disk.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use tokio::sync::OnceCell;

use super::Error;
use crate::{
    Descriptor, Download, Event, Place, Start,
    body::{self, Chunks, Content},
    config::Config,
    layout::{Section, blocking, unwritable},
    source::Source,
};

/// A blob of a source, opened anew each time that it is sent.
pub(super) struct Supply {
    place: Place,
    source: Arc<dyn Source>,
    descriptor: Descriptor,
    /// The longest silence; `None` where nobody minds one.
    patience: Option<Duration>,
    config: Config,
    was_silent: Arc<AtomicBool>,
    spool: OnceCell<Section>,
}

impl Supply {
    pub(super) fn new(
        (place, source): (&Place, &Arc<dyn Source>),
        descriptor: &Descriptor,
        patience: Option<Duration>,
        config: &Config,
    ) -> Self {
        Self {
            place: place.clone(),
            source: Arc::clone(source),
            descriptor: descriptor.clone(),
            patience,
            config: config.clone(),
            was_silent: Arc::default(),
            spool: OnceCell::new(),
        }
    }

    /// Whether sending broke because the source fell silent, so that it is worth another try.
    pub(super) fn may_go_on(&self) -> bool {
        self.was_silent.load(Ordering::Relaxed) && !self.spool.initialized()
    }

    async fn begin(&self) -> Result<Chunks, crate::Error> {
        if self.was_silent.load(Ordering::Relaxed) {
            let spool = self.spool.get_or_try_init(|| self.fill()).await?;
            let reader = Box::new(spool.reader());
            let start = Start::of(&self.descriptor)?;
            return Ok(body::chunks(Download::of_reader(PathBuf::new(), reader, start)?));
        }
        let mut download = self.download().await?;
        // However long the first bytes take: nobody waits for them at the other end yet.
        let first = download.next().await?;
        let rest = match first {
            None => stream::empty().boxed(),
            Some(first) => stream::iter([Ok(first)]).chain(self.watched(download)).boxed(),
        };
        let place = self.place.clone();
        Ok(rest.map(move |item| item.map_err(|error| Error::from(&place, error))).boxed())
    }

    /// The chunks of a download, until it is silent for too long.
    fn watched(&self, download: Download) -> Chunks {
        let (patience, was_silent) = (self.patience, Arc::clone(&self.was_silent));
        let url = self.place.to_string();
        let next = move |mut download: Download| {
            let (was_silent, url) = (Arc::clone(&was_silent), url.clone());
            async move {
                let item = match patience {
                    None => download.next().await,
                    Some(patience) => match tokio::time::timeout(patience, download.next()).await {
                        Ok(item) => item,
                        Err(_) => {
                            was_silent.store(true, Ordering::Relaxed);
                            Err(crate::Error::Stalled { url, silence: patience })
                        }
                    },
                };
                Some((item.transpose()?, download))
            }
        };
        stream::unfold(download, next).boxed()
    }

    /// Puts the whole blob on disk, into a file without a name.
    async fn fill(&self) -> Result<Section, crate::Error> {
        let Descriptor { digest, size, .. } = &self.descriptor;
        (self.config.events)(Event::Spooling { digest: digest.clone(), size: *size });
        let folder = self.config.spool.clone();
        let create = move || tempfile::tempfile_in(&folder).map_err(unwritable(&folder));
        let mut file = blocking(create).await?;
        let mut download = self.download().await?;
        while let Some(chunk) = download.next().await? {
            let folder = self.config.spool.clone();
            let write = move || file.write_all(&chunk).map(|()| file).map_err(unwritable(&folder));
            file = blocking(write).await?;
        }
        Ok(Section { file: Arc::new(file), start: 0, size: *size })
    }

    async fn download(&self) -> Result<Download, crate::Error> {
        self.source.blob(Start::of(&self.descriptor)?).await
    }
}

impl Content for Supply {
    fn open(&self) -> BoxFuture<'_, Result<Chunks, crate::Error>> {
        self.begin().map(|begun| begun.map_err(|error| Error::from(&self.place, error))).boxed()
    }
}
