//! One request for all who ask the same at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OnceCell;

use crate::Error;

/// Requests on their way, by what they ask for; nothing is kept once nobody waits for it.
pub(crate) struct Flights<T>(Mutex<HashMap<String, Weak<OnceCell<T>>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Flights<T> {
    /// Does `work`, or waits for who does it already; after a failure the next one tries.
    pub(crate) async fn share(
        &self,
        key: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let cell = self.cell(key);
        cell.get_or_try_init(|| work).await.cloned()
    }

    fn cell(&self, key: &str) -> Arc<OnceCell<T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = flights.get(key).and_then(Weak::upgrade) {
            return cell;
        }
        flights.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(OnceCell::new());
        flights.insert(key.to_owned(), Arc::downgrade(&cell));
        cell
    }
}
