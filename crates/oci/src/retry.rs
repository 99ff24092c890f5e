//! What one request endures before its failure is the answer.

use std::time::{Duration, Instant, SystemTime};

use crate::{Error, Event, config::Config, gate::Gate};

/// Statuses that may be gone when asked again; a server's word that a request is wrong never is.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 499 | 500 | 502 | 503 | 504 | 522)
}

/// `Retry-After` as a duration from `now`: seconds or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The failures and the waiting that one request has left.
pub(crate) struct Patience {
    failures: u32,
    budget: Duration,
    began: Instant,
}

impl Patience {
    /// All the patience that the configuration gives.
    pub(crate) fn new(config: &Config) -> Self {
        Self { failures: 0, budget: config.budget, began: Instant::now() }
    }

    /// Patience for nothing, until progress is made.
    pub(crate) fn short(config: &Config) -> Self {
        Self { failures: config.retries, ..Self::new(config) }
    }

    /// Waits until the gate is open; fails at once where that takes longer than the budget.
    pub(crate) async fn wait(&mut self, config: &Config, gate: &Gate) -> Result<(), Error> {
        loop {
            let wait = gate.closed_for();
            if wait.is_zero() {
                self.began = Instant::now();
                return Ok(());
            }
            let host = || gate.host().to_owned();
            if wait > self.budget {
                return Err(Error::Wait { host: host(), wait, budget: self.budget });
            }
            self.budget -= wait;
            // Those who wait together shall not ask together.
            let jitter = wait.min(Duration::from_secs(4)).mul_f64(rand::random_range(0.0..0.25));
            if gate.is_untold() {
                (config.events)(Event::Wait { host: host(), wait });
            }
            tokio::time::sleep(wait + jitter).await;
        }
    }

    /// Takes a failure; gives it back where asking again is of no use or was tried enough.
    pub(crate) fn endure(
        &mut self,
        config: &Config,
        gate: &Gate,
        error: Error,
    ) -> Result<(), Error> {
        match error.transience() {
            Some(asked) => self.endure_for(config, gate, error, asked),
            None => Err(error),
        }
    }

    /// Takes a failure of whatever sort; gives it back where enough was tried.
    pub(crate) fn endure_for(
        &mut self,
        config: &Config,
        gate: &Gate,
        error: Error,
        asked: Option<Duration>,
    ) -> Result<(), Error> {
        self.failures += 1;
        let is_news = gate.back_off(self.began, self.failures, asked, config.back_off);
        if self.failures > config.retries {
            return Err(error);
        }
        let reason = error.to_string();
        let (host, failures) = (gate.host().to_owned(), self.failures);
        match is_news {
            true => (config.events)(Event::Retry { host, failures, reason }),
            false => tracing::debug!(host, failures, reason, "trying again, as others do"),
        }
        Ok(())
    }

    /// Starts over after enough was achieved.
    pub(crate) fn progressed(&mut self, config: &Config) {
        self.failures = 0;
        self.budget = config.budget;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e1_only_what_may_pass_is_tried_again() {
        let transient = [408, 429, 499, 500, 502, 503, 504, 522];
        for status in 200..600 {
            assert_eq!(is_transient(status), transient.contains(&status), "{status}");
        }
    }

    #[test]
    fn e2_retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let cases = [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("1000000000", Some(1_000_000_000)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
