//! One request for all who ask the same at the same time.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::OnceCell;

use crate::Error;

/// Requests on their way, by what they ask for; nothing is kept once nobody waits for it.
pub(crate) struct Flights<T>(Mutex<HashMap<String, Weak<Flight<T>>>>);

struct Flight<T> {
    landed: OnceCell<T>,
    has_failed: AtomicBool,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Flights<T> {
    /// Does `work`, or waits for who does it already.
    ///
    /// After a failure all who waited do their own work at once: one after the other, each would
    /// wait for the patience of all before it.
    pub(crate) async fn share(
        &self,
        key: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let flight = self.flight(key);
        let mut work = pin!(work);
        let first = async {
            if flight.has_failed.load(Ordering::Relaxed) {
                return Err(None);
            }
            let done = work.as_mut().await;
            done.map_err(|error| {
                flight.has_failed.store(true, Ordering::Relaxed);
                Some(error)
            })
        };
        match flight.landed.get_or_try_init(|| first).await {
            Ok(landed) => Ok(landed.clone()),
            Err(Some(error)) => Err(error),
            Err(None) => work.await,
        }
    }

    fn flight(&self, key: &str) -> Arc<Flight<T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_on = |flight: &Arc<Flight<T>>| !flight.has_failed.load(Ordering::Relaxed);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade).filter(is_on) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight =
            Arc::new(Flight { landed: OnceCell::new(), has_failed: AtomicBool::new(false) });
        flights.insert(key.to_owned(), Arc::downgrade(&flight));
        flight
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn b13_who_waited_for_a_failure_does_not_wait_for_the_others_too() {
        let flights = Flights::<u32>::default();
        // The other two get on only together.
        let together = Barrier::new(2);
        let fails = async {
            tokio::task::yield_now().await;
            Err(Error::Stopped)
        };
        let succeeds = async || {
            together.wait().await;
            Ok(1)
        };
        let all = async {
            tokio::join!(
                flights.share("x", fails),
                flights.share("x", succeeds()),
                flights.share("x", succeeds()),
            )
        };
        let done = tokio::time::timeout(Duration::from_secs(20), all).await;
        let (failed, second, third) = done.expect("nobody waits for ever");
        assert!(failed.is_err());
        assert_eq!((second.ok(), third.ok()), (Some(1), Some(1)));
    }
}
