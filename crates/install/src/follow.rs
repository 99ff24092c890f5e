//! Taps in registries: adding one, bringing it up to date, and what that means for this machine.
//!
//! Only here a tap's registry is asked: whatever else is done reads what the last refresh left.

use std::{cell::Cell, path::Path, sync::atomic::Ordering};

use catalog::{Refresh, Refreshed, Tap, Taps, edition::AsOf, refresh, taps};
use oci::Place;

use crate::{
    event::Event,
    home::{self, Home},
    network,
    proposal::{self, Draft},
    query::News,
};

/// A tap cannot be added or refreshed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] home::Error),
    /// The taps that there are cannot be read.
    #[error(transparent)]
    Taps(#[from] catalog::taps::Error),
    /// The registry client cannot be made.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// The tap is not given, or is refused.
    #[error(transparent)]
    Refresh(#[from] refresh::Error),
    /// The tap is there already, from that very place.
    #[error("a tap `{name}` is there already, from {location}")]
    There {
        /// The name.
        name: String,
        /// The place, or that of its mirror.
        location: String,
    },
}

impl Home {
    /// Adds the tap at `place`, or its mirror where the configuration names one.
    pub fn follow(
        &self,
        place: &Place,
        name: Option<&str>,
        as_of: Option<AsOf>,
    ) -> Result<Refreshed, Error> {
        self.create()?;
        let taps = self.taps()?;
        let mirror = self.setting.tap_rules.mirror(place);
        let place = mirror.as_ref().unwrap_or(place);
        let followed = self.asking(&self.layout.taps(), async |refresh| {
            taps.follow(place, name, as_of, refresh).await
        });
        match followed {
            Err(Error::Refresh(refresh::Error::Taps(taps::Error::Taken { name, location })))
                if location == place.to_string() =>
            {
                Err(Error::There { name, location })
            }
            followed => followed,
        }
    }

    /// The tap at `place` as it is there, kept in `folder` for as long as it is looked at; it is
    /// not added, whatever taps there are.
    pub fn look_at(&self, place: &Place, as_of: Option<AsOf>, folder: &Path) -> Result<Tap, Error> {
        let none = Taps::open(folder)?;
        let followed =
            self.asking(folder, async |refresh| none.follow(place, None, as_of, refresh).await)?;
        Ok(Taps::open(folder)?.tap(&followed.tap)?.clone())
    }

    /// Brings the tap `name` up to date; this home's own view of the taps stays as it was.
    pub fn refresh(&self, name: &str, turn: refresh::Turn) -> Result<Refreshed, Error> {
        let taps = self.taps()?;
        self.asking(&self.layout.taps(), async |refresh| taps.refresh(name, turn, refresh).await)
    }

    /// Does work that asks a tap's registry, writes below `folder` and is shown meanwhile.
    fn asking(
        &self,
        folder: &Path,
        work: impl AsyncFnOnce(Refresh<'_>) -> Result<Refreshed, refresh::Error>,
    ) -> Result<Refreshed, Error> {
        let (runtime, client) = self.network.start()?;
        let show = Show::new(self);
        let on = |event: refresh::Event<'_>| show.on(event);
        let refresh = Refresh { taps: folder, client, now: Self::now(), on: &on };
        Ok(runtime.block_on(work(refresh))?)
    }

    /// What the taps `names` have for the packages that were installed from them.
    pub fn news_of(&self, names: &[String]) -> Result<News, proposal::Error> {
        let (installed, known) = self.known()?;
        let is_of = |known: &&crate::state::Known| names.contains(&known.package.tap);
        let known: Vec<_> = known.iter().filter(is_of).cloned().collect();
        let draft = Draft::new(self, &installed, &known);
        let offers = draft.offers(&[])?;
        let view = draft.planner_view(&offers)?;
        let notices = plan::query::notices(&view, &offers)?;
        Ok(News {
            outdated: plan::query::outdated(&view, &offers)?,
            notices: notices.iter().map(|(_, note)| note.to_string()).collect(),
        })
    }
}

/// Tells of a refresh in the events that every download has.
struct Show<'a> {
    home: &'a Home,
    id: Cell<Option<u64>>,
}

impl<'a> Show<'a> {
    fn new(home: &'a Home) -> Self {
        Self { home, id: Cell::default() }
    }

    fn on(&self, event: refresh::Event<'_>) {
        let tell = |event| (self.home.setting.events)(event);
        match event {
            refresh::Event::Waiting(tap) => {
                tell(Event::Resolving { name: format!("tap {tap}, after another process") });
            }
            refresh::Event::Asking(tap) => tell(Event::Resolving { name: format!("tap {tap}") }),
            refresh::Event::Fetching(tap, total) => {
                let new = self.home.downloads.fetch_add(1, Ordering::Relaxed);
                let (name, total) = (format!("tap {tap}"), Some(total));
                tell(Event::Download { id: new, name, total });
                self.id.set(Some(new));
            }
            refresh::Event::Bytes(bytes) => {
                if let Some(id) = self.id.get() {
                    tell(Event::Progress { id, bytes });
                }
            }
            refresh::Event::Checking(tap) => {
                if let Some(id) = self.id.take() {
                    tell(Event::Downloaded { id });
                }
                tell(Event::Checking { name: format!("tap {tap}") });
            }
        }
    }
}
