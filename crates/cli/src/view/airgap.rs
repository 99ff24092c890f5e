//! What is carried to where there is no network, as `mirror`, `export` and `import` answer it.

use publish::mirror::{Missing, Outcome};
use serde::Serialize;

/// A tap that was mirrored.
#[derive(Debug, Serialize)]
pub(crate) struct Mirror {
    schema: u32,
    tap: String,
    /// Where it is now.
    location: String,
    serial: u64,
    published_at: String,
    digest: String,
    /// Formulas that were looked at; the others are as they were.
    looked_at: usize,
    /// Artifacts that were new.
    artifacts: usize,
    /// Archives from outside of registries that were new.
    archives: usize,
    /// Artifacts and archives that were there before.
    present: usize,
    sent_bytes: u64,
    /// What was left out as asked for.
    skipped: Vec<Left>,
    /// What could not be had.
    missing: Vec<Left>,
}

/// Something that is not in the mirror.
#[derive(Debug, Serialize)]
struct Left {
    name: String,
    place: String,
    why: Option<String>,
}

impl Mirror {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let left = |missing: &Missing| Left {
            name: missing.named.clone(),
            place: missing.place.clone(),
            why: missing.why(),
        };
        Self {
            schema: 1,
            tap: outcome.tap.clone(),
            location: outcome.place.clone(),
            serial: outcome.serial,
            published_at: outcome.published.to_string(),
            digest: outcome.digest.to_string(),
            looked_at: outcome.looked_at,
            artifacts: outcome.figures.artifacts,
            archives: outcome.figures.archives,
            present: outcome.figures.present,
            sent_bytes: outcome.figures.sent_bytes,
            skipped: outcome.skipped.iter().map(left).collect(),
            missing: outcome.missing.iter().map(left).collect(),
        }
    }
}
