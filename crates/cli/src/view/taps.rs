//! Taps, as `tap list`, `tap info` and `update` answer them.

use catalog::{Refreshed, Subscription};
use install::query::News;
use serde::Serialize;

use super::{history::time, needs::Newer};

/// The taps.
#[derive(Debug, Serialize)]
pub(crate) struct Taps {
    schema: u32,
    pub(crate) taps: Vec<Tap>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tap {
    pub(crate) name: String,
    /// The folder, or the place in a registry; null for the built-in tap.
    pub(crate) location: Option<String>,
    /// How many; null where the tap cannot be read.
    pub(crate) formulas: Option<usize>,
    builtin: bool,
    /// Which line of a configuration says that it is there; left out where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) declared_by: Option<String>,
    /// What follows is null for taps that are in no registry.
    pub(crate) serial: Option<u64>,
    pub(crate) published_at: Option<String>,
    pub(crate) digest: Option<String>,
    /// The edition that the tap is kept at; null where it is the latest.
    pub(crate) as_of: Option<String>,
    /// When the registry was asked last.
    pub(crate) checked_at: Option<String>,
}

/// One tap.
#[derive(Debug, Serialize)]
pub(crate) struct TapInfo {
    schema: u32,
    #[serde(flatten)]
    pub(crate) tap: Tap,
    /// Where the tap was copied from; null where it is no mirror.
    pub(crate) mirror_of: Option<String>,
    pub(crate) skipped: Vec<Skipped>,
}

/// A formula that this program cannot read.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// What `pkg update` found.
#[derive(Debug, Serialize)]
pub(crate) struct Update {
    schema: u32,
    taps: Vec<Updated>,
    /// Installed packages of the taps that changed that there are newer versions of.
    outdated: Vec<Newer>,
    notices: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Updated {
    name: String,
    location: String,
    changed: bool,
    serial: u64,
    published_at: String,
    digest: String,
    as_of: Option<String>,
    formulas: u64,
    added_formulas: Vec<String>,
    changed_formulas: Vec<String>,
    removed_formulas: Vec<String>,
    skipped: Vec<Skipped>,
}

impl Taps {
    pub(crate) fn of(taps: &catalog::Taps) -> Self {
        let broken = taps.broken().map(|(name, _)| Tap::unreadable(name, taps.location(name)));
        let all = taps.iter().map(Tap::of).chain(broken).map(|tap| {
            let declared_by = taps.declared(&tap.name).map(|declared| declared.by.clone());
            Tap { declared_by, ..tap }
        });
        Self { schema: 1, taps: all.collect() }
    }
}

impl Tap {
    fn of(tap: &catalog::Tap) -> Self {
        let builtin = tap.path().is_none() && tap.subscription().is_none();
        let location = (!builtin).then(|| tap.location());
        let formulas = tap.count().ok();
        let plain = Self { formulas, builtin, ..Self::unreadable(tap.name(), location) };
        let Some(Subscription { as_of, edition, checked, .. }) = tap.subscription() else {
            return plain;
        };
        Self {
            serial: Some(edition.serial),
            published_at: Some(edition.published.to_string()),
            digest: Some(edition.digest.to_string()),
            as_of: as_of.as_ref().map(ToString::to_string),
            checked_at: Some(time(*checked)),
            ..plain
        }
    }

    fn unreadable(name: &str, location: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            location,
            formulas: None,
            builtin: false,
            declared_by: None,
            serial: None,
            published_at: None,
            digest: None,
            as_of: None,
            checked_at: None,
        }
    }
}

impl TapInfo {
    pub(crate) fn of(tap: &catalog::Tap) -> Self {
        let mirror_of = tap.subscription().and_then(|subscription| subscription.mirror_of.clone());
        Self { schema: 1, tap: Tap::of(tap), mirror_of, skipped: skipped(tap.skipped()) }
    }
}

impl Update {
    pub(crate) fn of(refreshed: &[Refreshed], news: &News) -> Self {
        Self {
            schema: 1,
            taps: refreshed.iter().map(Updated::of).collect(),
            outdated: news.outdated.iter().map(Newer::of).collect(),
            notices: news.notices.clone(),
        }
    }
}

impl Updated {
    fn of(done: &Refreshed) -> Self {
        let Subscription { location, as_of, edition, .. } = done.subscription.clone();
        let changes = done.changes.clone();
        let changed = changes.is_some();
        let changes = changes.unwrap_or_default();
        Self {
            name: done.tap.clone(),
            location,
            changed,
            serial: edition.serial,
            published_at: edition.published.to_string(),
            digest: edition.digest.to_string(),
            as_of: as_of.map(|as_of| as_of.to_string()),
            formulas: done.formulas,
            added_formulas: changes.added,
            changed_formulas: changes.changed,
            removed_formulas: changes.removed,
            skipped: skipped(&done.skipped),
        }
    }
}

fn skipped(skipped: &[(String, String)]) -> Vec<Skipped> {
    let one = |(name, why): &(String, String)| Skipped { name: name.clone(), why: why.clone() };
    skipped.iter().map(one).collect()
}
