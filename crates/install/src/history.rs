//! Going back and forth: generations only grow, and each way back is a new one.

use std::collections::BTreeMap;

use store::{
    Layout,
    generation::{self, Keg, Record},
    keg,
};

use crate::{
    proposal::{Step, Verb},
    state,
};

/// There is no way back or forward.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The generations cannot be read.
    #[error("cannot read the history")]
    Read(#[source] generation::Error),
    /// Nothing came before.
    #[error("there is nothing to undo")]
    NothingBefore,
    /// Nothing was undone since the last change.
    #[error("there is nothing to redo")]
    NothingAfter,
    /// What came before is gone.
    #[error("there is nothing to undo: what came before was cleaned up")]
    CleanedUp,
    /// The generation is not there, or was cleaned up.
    #[error("there is no generation {number}{}", list(.there))]
    NoGeneration {
        /// The number as asked for.
        number: u64,
        /// Those that can be gone back to.
        there: Vec<u64>,
    },
    /// A package of the generation was cleaned up.
    #[error("generation {number} needs `{keg}`, which was cleaned up")]
    Gone {
        /// The generation.
        number: u64,
        /// The keg that is missing.
        keg: keg::Id,
    },
}

fn list(numbers: &[u64]) -> String {
    match numbers {
        [] => "; nothing was changed yet".to_owned(),
        _ => {
            let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
            format!("; there are: {}", numbers.join(", "))
        }
    }
}

/// Where undo and redo lead, found by playing all generations again.
struct Walk {
    there: Vec<u64>,
    past: Vec<u64>,
    current: u64,
    future: Vec<u64>,
}

impl Walk {
    fn of(layout: &Layout) -> Result<Self, Error> {
        let current = generation::current_number(layout).map_err(Error::Read)?.unwrap_or(0);
        let there = generation::list(layout).map_err(Error::Read)?;
        // Before the first generation that is still there, there was nothing or what is gone.
        let first = there.first().map_or(0, |first| first.saturating_sub(1));
        let mut walk = Self { there, past: Vec::new(), current: first, future: Vec::new() };
        for number in walk.there.clone().into_iter().filter(|number| *number <= current) {
            let content = match generation::read(layout, number) {
                Ok(record) => content_of(number, &record, &walk.there),
                // A way that leads there fails; one that passes by does not.
                Err(generation::Error::Parse { .. }) => number,
                Err(error) => return Err(Error::Read(error)),
            };
            walk.step(number, content);
        }
        Ok(walk)
    }

    /// Goes on to a generation that has the content of generation `content`, its own or another's.
    fn step(&mut self, number: u64, content: u64) {
        // The same links, made anew.
        if content == self.current {
            return;
        }
        if content != number && self.past.last() == Some(&content) {
            self.past.pop();
            self.future.push(self.current);
        } else if content != number && self.future.last() == Some(&content) {
            self.future.pop();
            self.past.push(self.current);
        } else {
            self.past.push(self.current);
            self.future.clear();
        }
        self.current = content;
    }

    /// The content of generation `number`, where it is still there.
    fn lead_to(&self, layout: &Layout, number: u64) -> Result<Record, Error> {
        if number != 0 && !self.there.contains(&number) {
            return Err(Error::CleanedUp);
        }
        content(layout, number)
    }
}

/// The generation whose content `record` has: its own, unless it restores one that is still there.
fn content_of(number: u64, record: &Record, there: &[u64]) -> u64 {
    let restored = record.restores.filter(|content| *content == 0 || there.contains(content));
    restored.unwrap_or(number)
}

/// What was before the last change that was not undone.
pub(crate) fn undo(layout: &Layout) -> Result<Record, Error> {
    let walk = Walk::of(layout)?;
    walk.lead_to(layout, *walk.past.last().ok_or(Error::NothingBefore)?)
}

/// What was undone last.
pub(crate) fn redo(layout: &Layout) -> Result<Record, Error> {
    let walk = Walk::of(layout)?;
    walk.lead_to(layout, *walk.future.last().ok_or(Error::NothingAfter)?)
}

/// What a generation holds.
pub(crate) fn rollback(layout: &Layout, number: u64) -> Result<Record, Error> {
    let there = generation::list(layout).map_err(Error::Read)?;
    if !there.contains(&number) {
        return Err(Error::NoGeneration { number, there });
    }
    let record = generation::read(layout, number).map_err(Error::Read)?;
    content(layout, content_of(number, &record, &there))
}

/// A record that brings a generation's content back; 0 is the time before the first one.
fn content(layout: &Layout, number: u64) -> Result<Record, Error> {
    let mut record = match number {
        0 => Record::new("", 0),
        _ => {
            let there = generation::list(layout).map_err(Error::Read)?;
            if !there.contains(&number) {
                return Err(Error::NoGeneration { number, there });
            }
            generation::read(layout, number).map_err(Error::Read)?
        }
    };
    for keg in &record.kegs {
        let keg = keg.id();
        if !layout.keg(&keg.name, &keg.leaf).exists() {
            return Err(Error::Gone { number, keg });
        }
    }
    record.restores = Some(number);
    Ok(record)
}

/// One package that two generations hold differently.
#[derive(Debug)]
pub struct Change<'a> {
    /// `name` or `name@slot`.
    pub name: String,
    /// The keg before; `None` where the package came.
    pub before: Option<&'a Keg>,
    /// The keg after; `None` where the package went.
    pub after: Option<&'a Keg>,
}

impl Change<'_> {
    /// The version before.
    pub fn from(&self) -> Option<String> {
        self.before.map(shown_version)
    }

    /// The version after.
    pub fn to(&self) -> Option<String> {
        self.after.map(shown_version)
    }
}

/// What differs between the kegs of two generations, by name and slot.
pub fn changes<'a>(before: &'a [Keg], after: &'a [Keg]) -> Vec<Change<'a>> {
    let mut kegs: BTreeMap<String, (Option<&Keg>, Option<&Keg>)> = BTreeMap::new();
    let name = |keg: &Keg| state::shown(&keg.name, keg.slot.as_deref());
    for keg in before {
        kegs.entry(name(keg)).or_default().0 = Some(keg);
    }
    for keg in after {
        kegs.entry(name(keg)).or_default().1 = Some(keg);
    }
    let leaf = |keg: Option<&'a Keg>| keg.map(|keg| &keg.leaf);
    kegs.into_iter()
        .filter(|(_, (before, after))| leaf(*before) != leaf(*after))
        .map(|(name, (before, after))| Change { name, before, after })
        .collect()
}

fn shown_version(keg: &Keg) -> String {
    formula::shown_version(&keg.version, keg.revision)
}

/// What differs between two records, as steps: what goes comes last.
pub(crate) fn steps(before: &Record, after: &Record) -> Vec<Step> {
    let changes = changes(&before.kegs, &after.kegs);
    let (come, go): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.after.is_some());
    come.into_iter().chain(go).filter_map(step).collect()
}

fn step(change: &Change<'_>) -> Option<Step> {
    let action = match (change.before, change.after) {
        (Some(old), Some(new)) if order(old, new).is_gt() => Verb::Downgrade,
        (Some(_), Some(_)) => Verb::Upgrade,
        (None, _) => Verb::Install,
        (_, None) => Verb::Remove,
    };
    Some(Step {
        action,
        name: change.name.clone(),
        tap: change.after.or(change.before)?.tap.clone(),
        from: change.from(),
        to: change.to(),
        reason: "it was so then".to_owned(),
        beyond: false,
        download_bytes: Some(0),
    })
}

fn order(old: &Keg, new: &Keg) -> std::cmp::Ordering {
    let version = |keg: &Keg| formula::Version::parse(&keg.version, formula::Scheme::Loose).ok();
    (version(old), old.revision).cmp(&(version(new), new.revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_and_forth_is_found_by_playing_all_again() {
        // Each generation with the content that it has; then where undo and redo lead.
        for (played, undo, redo) in [
            (&[][..], None, None),
            (&[(1, 1)], Some(0), None),
            (&[(1, 1), (2, 2)], Some(1), None),
            // Undone once and twice, and once forward again.
            (&[(1, 1), (2, 2), (3, 1)], Some(0), Some(2)),
            (&[(1, 1), (2, 2), (3, 1), (4, 0)], None, Some(1)),
            (&[(1, 1), (2, 2), (3, 1), (4, 0), (5, 1)], Some(0), Some(2)),
            (&[(1, 1), (2, 2), (3, 1), (4, 2)], Some(1), None),
            // What is new after an undo ends the way forward.
            (&[(1, 1), (2, 2), (3, 1), (4, 4)], Some(1), None),
            // A rollback over several is one step, and so is its undo.
            (&[(1, 1), (2, 2), (3, 3), (4, 1)], Some(3), None),
            (&[(1, 1), (2, 2), (3, 3), (4, 1), (5, 3)], Some(2), Some(1)),
            // The same links, made anew by a repair.
            (&[(1, 1), (2, 2), (3, 2)], Some(1), None),
        ] {
            let mut walk =
                Walk { there: Vec::new(), past: Vec::new(), current: 0, future: Vec::new() };
            for (number, content) in played {
                walk.step(*number, *content);
            }
            let ends = (walk.past.last().copied(), walk.future.last().copied());
            assert_eq!(ends, (undo, redo), "{played:?}");
        }
    }

    #[test]
    fn what_was_cleaned_up_is_not_led_to() {
        for (restores, there, expect) in [
            (None, &[3, 4][..], 4),
            (Some(3), &[3, 4], 3),
            (Some(0), &[3, 4], 0),
            // Its content is only its own by now.
            (Some(2), &[3, 4], 4),
        ] {
            let record = Record { restores, ..Record::new("", 0) };
            assert_eq!(content_of(4, &record, there), expect, "{restores:?}");
        }
    }
}
