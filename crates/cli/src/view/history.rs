//! Generations, as `history` answers them.

use install::history;
use serde::Serialize;
use store::generation::{Keg, Record};

/// What was changed, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    schema: u32,
    pub(crate) generations: Vec<Generation>,
}

/// One generation.
#[derive(Debug, Serialize)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) current: bool,
    pub(crate) time: String,
    pub(crate) command: String,
    /// The generation whose content it brought back.
    restores: Option<u64>,
    pub(crate) changes: Vec<Change>,
}

/// One package that came, went or moved.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    name: String,
    from: Option<String>,
    to: Option<String>,
}

impl History {
    /// The records in the order of their numbers.
    pub(crate) fn of(records: &[(u64, Record)], current: Option<u64>) -> Self {
        let mut before: &[Keg] = &[];
        let mut generations = Vec::new();
        for (number, record) in records {
            generations.push(Generation {
                number: *number,
                current: current == Some(*number),
                time: time(record.time),
                command: record.command.clone(),
                restores: record.restores,
                changes: history::changes(before, &record.kegs).iter().map(Change::of).collect(),
            });
            before = &record.kegs;
        }
        generations.reverse();
        Self { schema: 1, generations }
    }
}

impl Change {
    fn of(change: &history::Change<'_>) -> Self {
        Self { name: change.name.clone(), from: change.from(), to: change.to() }
    }

    /// The change in a few words: `+jaq 3.1.1`, `-jaq 3.1.1`, `jaq 3.0.0 -> 3.1.1`.
    pub(crate) fn text(&self) -> String {
        let Self { name, from, to } = self;
        match (from, to) {
            (Some(from), Some(to)) if from == to => format!("{name} {to} again"),
            (Some(from), Some(to)) => format!("{name} {from} -> {to}"),
            (Some(from), None) => format!("-{name} {from}"),
            (None, to) => format!("+{name} {}", to.as_deref().unwrap_or_default()),
        }
    }
}

/// Seconds since 1970 as RFC 3339 in UTC.
pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
