//! What may change so that a wish comes true, in three widening circles.
//!
//! A solution is sought in the smallest circle first, so that nothing changes that need not.

use std::collections::BTreeSet;

use crate::{
    Error, Key,
    goals::{Goals, Named},
    pool::Pool,
};

/// Installed packages that may change, though no wish names them.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Circle {
    /// Those that may move on.
    pub(crate) movable: BTreeSet<Key>,
    /// Those among them that may also go back, with a package whose wish says so.
    pub(crate) yielding: BTreeSet<Key>,
}

/// How far a circle reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// What nobody asked for by itself and an upgraded package may need: it follows.
    Follows,
    /// Whatever a named package may need.
    Needs,
    /// Everything.
    All,
}

impl Reach {
    /// The smallest first.
    pub(crate) const ALL: [Self; 3] = [Self::Follows, Self::Needs, Self::All];
}

/// The circle of what may change; taps are asked only as far as it reaches.
pub(crate) fn circle(reach: Reach, pool: &Pool<'_>, goals: &Goals) -> Result<Circle, Error> {
    let unasked = |keys: BTreeSet<Key>| -> BTreeSet<Key> {
        let unasked = goals.unnamed(pool).filter(|(_, package)| package.requested.is_none());
        unasked.map(|(key, _)| key.clone()).filter(|key| keys.contains(key)).collect()
    };
    if reach == Reach::Follows {
        let movable = unasked(reachable(pool, goals, |named| named.upgraded)?);
        return Ok(Circle { movable, yielding: BTreeSet::new() });
    }
    let mut movable: BTreeSet<Key> = goals.unnamed(pool).map(|(key, _)| key.clone()).collect();
    if reach == Reach::Needs {
        let needs = reachable(pool, goals, |_| true)?;
        movable.retain(|key| needs.contains(key));
    }
    Ok(Circle { movable, yielding: unasked(reachable(pool, goals, |named| named.back)?) })
}

/// What the named packages that `start` takes might need, in any release that is thought of.
fn reachable(
    pool: &Pool<'_>,
    goals: &Goals,
    start: impl Fn(&Named) -> bool,
) -> Result<BTreeSet<Key>, Error> {
    let mut stack: Vec<usize> = Vec::new();
    for (key, ids) in goals.named_ids(pool) {
        if start(&goals.named[&key]) {
            stack.extend(ids);
        }
    }
    let mut seen: BTreeSet<usize> = stack.iter().copied().collect();
    while let Some(id) = stack.pop() {
        let candidate = goals.candidate(pool, id);
        for dependency in &candidate.depends {
            for need in pool.matches(&candidate.tap, dependency)? {
                if seen.insert(need) {
                    stack.push(need);
                }
            }
        }
    }
    Ok(seen.into_iter().map(|id| pool.entry(id).key.clone()).collect())
}
