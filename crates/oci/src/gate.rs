//! The gate before each server: how many may ask at once, and when all of them wait.
//!
//! Back-off belongs to the server and not to a task: sixteen downloads that meet an overloaded
//! server wait together instead of each finding out alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest back-off that is chosen here; a server may ask for more.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// Longest time that a gate stays closed, however long a server asks for: more than any program
/// waits, and a time that clocks can tell.
const CLOSED_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// A gate per `host[:port]`.
#[derive(Debug)]
pub(crate) struct Gates {
    requests: usize,
    streams: usize,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

impl Gates {
    /// Gates that let so many requests, and so many blobs each way, through at once.
    pub(crate) fn new(requests: usize, streams: usize) -> Self {
        let places = |number: usize| number.clamp(1, Semaphore::MAX_PERMITS);
        Self { requests: places(requests), streams: places(streams), gates: Mutex::default() }
    }

    /// The gate of a server.
    pub(crate) fn of(&self, host: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Gate::new(host, self.requests, self.streams));
        Arc::clone(gates.entry(host.to_owned()).or_insert_with(new))
    }
}

/// One server's gate.
#[derive(Debug)]
pub(crate) struct Gate {
    host: String,
    requests: Arc<Semaphore>,
    /// Apart from each other: a copy within one server holds a place for what it sends while it
    /// waits for one to fetch it.
    incoming: Arc<Semaphore>,
    outgoing: Arc<Semaphore>,
    slow: Mutex<Slow>,
}

#[derive(Debug, Default)]
struct Slow {
    until: Option<Instant>,
    level: u32,
    raised: Option<Instant>,
    /// The end of the pause that was told.
    told: Option<Instant>,
}

impl Gate {
    fn new(host: &str, requests: usize, streams: usize) -> Self {
        Self {
            host: host.to_owned(),
            requests: Arc::new(Semaphore::new(requests)),
            incoming: Arc::new(Semaphore::new(streams)),
            outgoing: Arc::new(Semaphore::new(streams)),
            slow: Mutex::default(),
        }
    }

    /// The server's `host[:port]`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Waits for a free place among the small requests.
    pub(crate) async fn request(&self) -> OwnedSemaphorePermit {
        acquire(&self.requests).await
    }

    /// Waits for a free place among the blobs that come from the server.
    pub(crate) async fn incoming(&self) -> OwnedSemaphorePermit {
        acquire(&self.incoming).await
    }

    /// Waits for a free place among the blobs that go there.
    pub(crate) async fn outgoing(&self) -> OwnedSemaphorePermit {
        acquire(&self.outgoing).await
    }

    /// How long requests to this server still have to wait.
    pub(crate) fn closed_for(&self) -> Duration {
        let until = self.slow().until;
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Closes the gate after a failure: as long as the server asked, else longer each time.
    ///
    /// Failures of requests that began before the last time count once with it, and `failures` of
    /// one request are all that count: many requests at once shall not wait longer than one.
    /// Gives whether it was open until now: those that fail beside each other are told once.
    pub(crate) fn back_off(
        &self,
        began: Instant,
        failures: u32,
        asked: Option<Duration>,
        first: Duration,
    ) -> bool {
        let now = Instant::now();
        let mut slow = self.slow();
        let is_later = slow.raised.is_none_or(|raised| began >= raised);
        if is_later && slow.level < failures {
            slow.level = (slow.level + 1).min(16);
            slow.raised = Some(now);
        }
        let doubled = slow.level.saturating_sub(1).min(16);
        let chosen = first.saturating_mul(1 << doubled).min(BACK_OFF_MAX);
        let until = now.checked_add(asked.unwrap_or(chosen).min(CLOSED_MAX));
        let was_open = slow.until.is_none_or(|until| until <= now);
        slow.until = slow.until.max(until);
        was_open
    }

    /// Whether the pause until it opens is still to be told, which is then taken as done.
    pub(crate) fn is_untold(&self) -> bool {
        let mut slow = self.slow();
        let until = slow.until;
        std::mem::replace(&mut slow.told, until) != until
    }

    /// Remembers a success: the next back-off is shorter.
    pub(crate) fn succeeded(&self) {
        let mut slow = self.slow();
        slow.level /= 2;
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn acquire(places: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = Arc::clone(places).acquire_owned().await;
    permit.expect("a gate's semaphore is never closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(10);

    #[test]
    fn e4_failures_of_one_moment_count_once_and_successes_shrink() {
        let gate = Gate::new("a", 1, 1);
        let began = Instant::now();
        let told = (0..16).filter(|_| gate.back_off(began, 1, None, FIRST)).count();
        assert_eq!(told, 1, "failures beside each other are one pause");
        assert!(gate.is_untold());
        assert!(!gate.is_untold());
        assert!(gate.closed_for() <= FIRST);
        assert_eq!(gate.slow().level, 1);
        gate.back_off(Instant::now(), 1, None, FIRST);
        assert_eq!(gate.slow().level, 1, "the first failure of another one");
        gate.back_off(Instant::now(), 2, None, FIRST);
        assert_eq!(gate.slow().level, 2);
        assert!(gate.closed_for() > FIRST);
        gate.succeeded();
        assert_eq!(gate.slow().level, 1);
    }

    #[test]
    fn e2_a_server_may_ask_for_longer_than_any_back_off() {
        let gate = Gate::new("a", 1, 1);
        let asked = Duration::from_secs(3 * 3600);
        gate.back_off(Instant::now(), 1, Some(asked), FIRST);
        gate.back_off(Instant::now(), 1, Some(Duration::from_secs(1)), FIRST);
        assert!(gate.closed_for() > asked - FIRST);
        let for_ever = Gate::new("a", 1, 1);
        for_ever.back_off(Instant::now(), 1, Some(Duration::from_secs(u64::MAX)), FIRST);
        assert!(for_ever.closed_for() > asked, "no time that is too long means no time at all");
    }
}
