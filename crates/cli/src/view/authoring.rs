//! What the commands of a maintainer answer: `new`, `fmt`, `yank`, `bump`, `check --fetch`.

use std::path::Path;

use publish::{
    Wanted,
    bump::{Outcome, Pinned},
    draft::{self, Draft},
    verify,
};
use serde::Serialize;

use crate::session::shown;

/// A formula that was drafted.
#[derive(Debug, Serialize)]
pub(crate) struct New {
    schema: u32,
    name: String,
    version: String,
    /// Where it was written; null where it was not.
    file: Option<String>,
    text: String,
    guesses: Vec<Guess>,
    /// What somebody has to write or to look at.
    left: Vec<String>,
}

/// Something that was guessed.
#[derive(Debug, Serialize)]
struct Guess {
    what: &'static str,
    value: String,
    why: String,
}

impl New {
    pub(crate) fn of(draft: &Draft, file: Option<&Path>) -> Self {
        let guess = |guess: &draft::Guess| Guess {
            what: guess.what,
            value: guess.value.clone(),
            why: guess.why.clone(),
        };
        Self {
            schema: 1,
            name: draft.name.clone(),
            version: draft.version.clone(),
            file: file.map(shown),
            text: draft.text.clone(),
            guesses: draft.guesses.iter().map(guess).collect(),
            left: draft.left.clone(),
        }
    }
}

/// What `pkg bump` found.
#[derive(Debug, Serialize)]
pub(crate) struct Bump {
    schema: u32,
    name: String,
    file: String,
    /// The newest version that the formula had.
    from: String,
    /// The version that was added; null where there is no newer one.
    version: Option<String>,
    date: Option<String>,
    pins: Vec<Pin>,
    /// Platforms of the version before that upstream has nothing for.
    vanished: Vec<String>,
    /// Versions that were left out.
    dropped: Vec<String>,
}

/// One digest of the version.
#[derive(Debug, Serialize)]
struct Pin {
    key: String,
    digest: String,
    place: String,
    /// Whether a file of checksums says the same.
    summed: bool,
}

impl Pin {
    fn of(pin: &Pinned) -> Self {
        let (digest, place) = (pin.digest.to_string(), pin.place.clone());
        Self { key: pin.key.clone(), digest, place, summed: pin.is_summed }
    }
}

impl Bump {
    pub(crate) fn of(name: &str, file: &str, outcome: &Outcome) -> Self {
        let (name, file) = (name.to_owned(), file.to_owned());
        match outcome {
            Outcome::Newest { version } => Self {
                schema: 1,
                name,
                file,
                from: version.clone(),
                version: None,
                date: None,
                pins: Vec::new(),
                vanished: Vec::new(),
                dropped: Vec::new(),
            },
            Outcome::Bumped(bumped) => Self {
                schema: 1,
                name,
                file,
                from: bumped.from.clone(),
                version: Some(bumped.version.clone()),
                date: bumped.date.clone(),
                pins: bumped.pins.iter().map(Pin::of).collect(),
                vanished: bumped.vanished.iter().map(ToString::to_string).collect(),
                dropped: bumped.dropped.clone(),
            },
        }
    }
}

/// Something that formulas pin, and what became of asking for it.
#[derive(Debug, Serialize)]
pub(crate) struct Fetched {
    /// The versions and platforms that pin it.
    named: Vec<String>,
    place: String,
    digest: String,
    /// `ok`, `missing`, `differs`, `failed` or `skipped`.
    finding: &'static str,
    bytes: Option<u64>,
    problem: Option<String>,
}

impl Fetched {
    pub(crate) fn of(wanted: &Wanted, verdict: &verify::Verdict) -> Self {
        Self {
            named: wanted.named.clone(),
            place: wanted.what.place(),
            digest: wanted.digest.to_string(),
            finding: verify::Finding::of(verdict).as_str(),
            bytes: verdict.as_ref().ok().copied(),
            problem: verdict.as_ref().err().map(|error| install::with_causes(error)),
        }
    }
}

/// What `pkg fmt` did or would do.
#[derive(Debug, Serialize)]
pub(crate) struct Formatted {
    schema: u32,
    files: usize,
    /// The files that were not in canonical form.
    changed: Vec<String>,
}

impl Formatted {
    pub(crate) fn of(files: usize, changed: &[String]) -> Self {
        Self { schema: 1, files, changed: changed.to_vec() }
    }
}

/// A version that was yanked, or is offered again.
#[derive(Debug, Serialize)]
pub(crate) struct Yanked {
    schema: u32,
    file: String,
    version: String,
    yanked: Option<String>,
}

impl Yanked {
    pub(crate) fn of(file: &str, version: &str, why: Option<&str>) -> Self {
        let yanked = why.map(str::to_owned);
        Self { schema: 1, file: file.to_owned(), version: version.to_owned(), yanked }
    }
}
