//! Sets of picks: what the solver calls versions, and what a package may be set to.
//!
//! A constraint is evaluated once, over the candidates that exist; the solver only ever sees the
//! resulting set. So prefixes and pre-releases mean here what `formula` says they mean.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use pubgrub::VersionSet;

/// What one of the solver's packages can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Pick {
    /// It is not installed.
    Absent,
    /// It is there; for packages that stand for a rule or a name.
    Present,
    /// A candidate, by its number in the pool.
    Candidate(usize),
    /// One of the slots of a choice, by its position.
    Slot(usize),
}

/// Finitely many picks, or all but finitely many; both forms are canonical.
///
/// The solver copies and compares sets all the time, so they are shared and sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Set {
    inverted: bool,
    picks: Rc<[Pick]>,
}

impl Set {
    /// The set of the candidates with these numbers.
    pub(crate) fn of(ids: impl IntoIterator<Item = usize>) -> Self {
        ids.into_iter().map(Pick::Candidate).collect()
    }

    /// The set with `pick` in it.
    pub(crate) fn with(&self, pick: Pick) -> Self {
        self.union(&Self::singleton(pick))
    }

    /// The picks of a finite set; the solver asks for no choice out of another.
    pub(crate) fn picks(&self) -> impl Iterator<Item = Pick> {
        debug_assert!(!self.inverted, "choices are made from finite sets");
        self.picks.iter().copied()
    }

    /// The candidates in a finite set.
    pub(crate) fn ids(&self) -> impl Iterator<Item = usize> {
        self.picks().filter_map(|pick| match pick {
            Pick::Candidate(id) => Some(id),
            Pick::Absent | Pick::Present | Pick::Slot(_) => None,
        })
    }

    /// Those of the picks that are listed here and, or but not, in `other`.
    fn listed<'s>(&'s self, other: &'s Self, also: bool) -> impl Iterator<Item = Pick> + 's {
        let is_listed = |pick: &Pick| other.picks.binary_search(pick).is_ok();
        self.picks.iter().copied().filter(move |pick| is_listed(pick) == also)
    }
}

impl FromIterator<Pick> for Set {
    fn from_iter<I: IntoIterator<Item = Pick>>(picks: I) -> Self {
        let picks: BTreeSet<Pick> = picks.into_iter().collect();
        Self { inverted: false, picks: picks.into_iter().collect() }
    }
}

impl VersionSet for Set {
    type V = Pick;

    fn empty() -> Self {
        Self { inverted: false, picks: Rc::default() }
    }

    fn singleton(pick: Pick) -> Self {
        Self { inverted: false, picks: Rc::new([pick]) }
    }

    fn complement(&self) -> Self {
        Self { inverted: !self.inverted, picks: Rc::clone(&self.picks) }
    }

    fn intersection(&self, other: &Self) -> Self {
        let picks = match (self.inverted, other.inverted) {
            (false, false) => self.listed(other, true).collect(),
            (false, true) => self.listed(other, false).collect(),
            (true, false) => other.listed(self, false).collect(),
            (true, true) => {
                let both: BTreeSet<Pick> =
                    self.picks.iter().chain(&*other.picks).copied().collect();
                both.into_iter().collect()
            }
        };
        Self { inverted: self.inverted && other.inverted, picks }
    }

    fn contains(&self, pick: &Pick) -> bool {
        self.picks.binary_search(pick).is_ok() != self.inverted
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        match (self.inverted, other.inverted) {
            (false, false) => self.listed(other, true).next().is_none(),
            (false, true) => self.listed(other, false).next().is_none(),
            (true, false) => other.listed(self, false).next().is_none(),
            (true, true) => false,
        }
    }

    fn subset_of(&self, other: &Self) -> bool {
        self.is_disjoint(&other.complement())
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", if self.inverted { "not " } else { "" }, self.picks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Set> {
        (any::<bool>(), proptest::collection::btree_set(0..6_usize, 0..6)).prop_map(
            |(inverted, ids)| {
                let set = Set::of(ids);
                if inverted { set.complement() } else { set }
            },
        )
    }

    proptest! {
        #[test]
        fn operations_are_those_of_sets(a in set(), b in set()) {
            for pick in (0..7).map(Pick::Candidate) {
                let (in_a, in_b) = (a.contains(&pick), b.contains(&pick));
                prop_assert_eq!(a.intersection(&b).contains(&pick), in_a && in_b);
                prop_assert_eq!(a.union(&b).contains(&pick), in_a || in_b);
                prop_assert_eq!(a.complement().contains(&pick), !in_a);
                prop_assert!(a.with(pick).contains(&pick));
                prop_assert_eq!(a.contains(&pick), a.with(pick) == a);
            }
            prop_assert_eq!(a.is_disjoint(&b), a.intersection(&b) == Set::empty());
            prop_assert_eq!(a.subset_of(&b), a.union(&b) == b);
        }
    }
}
