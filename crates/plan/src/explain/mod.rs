//! Why there is no solution: the solver's proof, told as facts that a user can check.
//!
//! A proof is a tree whose leaves are facts: what a rule allows, what a release needs, what keeps
//! a release out. The inner nodes only combine them, so the leaves are told, along the way that
//! leads from what is wished for to where it cannot go on.

mod leaves;
mod teller;

use std::fmt;

use crate::{
    Dependency, Error, Key, Kind,
    goals::Why,
    solve::{Package, Proof, Solver},
};
use leaves::Leaves;
use teller::Teller;

/// Facts that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    facts: Vec<String>,
    hints: Vec<String>,
    kind: Kind,
    missing: Vec<Missing>,
}

/// Something that a package needs, and that the tap where it is looked for does not have at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The package that needs it.
    pub by: Key,
    /// The tap where it is looked for.
    pub tap: String,
    /// What is needed.
    pub need: Dependency,
}

impl Explanation {
    /// The facts, each a clause: "app 1.0 needs lib 2".
    pub fn facts(&self) -> &[String] {
        &self.facts
    }

    /// What the user can do about it, one sentence each.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What is needed and nowhere to be found, as far as the facts are about that.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// [`Kind::Pinned`] or [`Kind::Conflict`] where such a fact is among them.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// How many facts a sentence tells; all of them are in [`Explanation::facts`].
const TOLD_MAX: usize = 8;

/// One sentence: the facts, the last one after "but".
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.facts.as_slice() {
            [] => f.write_str("the wishes contradict each other"),
            [only] => f.write_str(only),
            [first, last] => write!(f, "{first}, but {last}"),
            [start @ .., last] if start.len() < TOLD_MAX => {
                write!(f, "{}; but {last}", start.join("; "))
            }
            [start @ .., last] => {
                let told = start[..TOLD_MAX - 1].join("; ");
                let more = start.len() + 1 - TOLD_MAX;
                write!(f, "{told}; {more} more facts like these; but {last}")
            }
        }
    }
}

/// Tells `proof`, which `solver` found.
pub(crate) fn explain(solver: &Solver<'_>, proof: &Proof) -> Result<Explanation, Error> {
    let leaves = Leaves::of(proof);
    let mut teller = Teller::new(solver, &leaves);
    for key in leaves.starts(solver) {
        teller.visit(&key)?;
    }
    let conflicts = leaves.edges.keys().any(|(_, to, _)| matches!(to, Package::Name(_)));
    let pinned = leaves.rules(solver).any(|rule| rule.why == Why::Pinned);
    let kind = match (pinned, conflicts) {
        (true, _) => Kind::Pinned,
        (false, true) => Kind::Conflict,
        (false, false) => Kind::NoSolution,
    };
    let (facts, missing) = teller.into_told();
    Ok(Explanation { hints: leaves.hints(solver), facts, kind, missing })
}
