//! What a user may have meant: names that look alike, versions that stand near.

use formula::{Constraint, Name, Scheme, Version};

use crate::{Key, Release, pool::Pool};

/// How many suggestions an error makes.
const SUGGESTIONS_MAX: usize = 3;
/// How alike two names are that are suggested for each other, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.8;
/// How many releases an error lists on either side of the one that does not exist.
const RELEASES_MAX: usize = 2;

/// The names most like `name`, the closest first.
pub(crate) fn similar(name: &Name, names: impl IntoIterator<Item = Name>) -> Vec<Name> {
    let alike = |other: &Name| strsim::jaro_winkler(name.as_str(), other.as_str());
    closest(names.into_iter().map(|other| (alike(&other), other)))
}

pub(super) fn similar_keys<'k>(key: &Key, keys: impl Iterator<Item = &'k Key>) -> Vec<Key> {
    let alike = |other: &Key| strsim::jaro_winkler(key.name.as_str(), other.name.as_str());
    closest(keys.map(|other| (alike(other), other.clone())))
}

fn closest<T: Ord>(scored: impl Iterator<Item = (f64, T)>) -> Vec<T> {
    let mut near: Vec<_> = scored.filter(|(score, _)| *score >= SIMILARITY_MIN).collect();
    near.sort_by(|(a, first), (b, second)| b.total_cmp(a).then_with(|| first.cmp(second)));
    near.dedup_by(|(_, later), (_, earlier)| later == earlier);
    near.into_iter().take(SUGGESTIONS_MAX).map(|(_, item)| item).collect()
}

/// The newest release, and those next to the first version that `constraint` speaks of.
pub(crate) fn releases(
    pool: &Pool<'_>,
    ids: &[usize],
    constraint: &Constraint,
) -> Vec<(Key, Release)> {
    let mut all: Vec<(Key, Release)> = ids
        .iter()
        .map(|id| pool.entry(*id))
        .map(|entry| (entry.key.clone(), entry.release.clone()))
        .collect();
    // What is named may be half a version, which only the loose order can place.
    let loose = |text: &str| Version::parse(text, Scheme::Loose).ok();
    let named = first_version(constraint).and_then(loose);
    let newer = |(_, release): &&(Key, Release)| loose(release.version.as_str()) > named;
    let place = all.iter().take_while(newer).count();
    let near = place.saturating_sub(RELEASES_MAX)..(place + RELEASES_MAX).min(all.len());
    let mut index = 0;
    all.retain(|_| {
        index += 1;
        index == 1 || near.contains(&(index - 1))
    });
    all
}

fn first_version(constraint: &Constraint) -> Option<&str> {
    let text = constraint.as_str();
    let start = text.find(|c: char| c.is_ascii_alphanumeric())?;
    let text = &text[start..];
    text.split([',', '|', ' ']).next()
}
