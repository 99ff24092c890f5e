//! `pkg check --fetch`: what came of asking for every byte that formulas pin.

use catalog::Found;
use publish::{Wanted, verify};

use crate::{
    amount::{bytes, count},
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

/// What is pinned, with the verdicts on it.
pub(crate) struct Fetched {
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) verdicts: Vec<verify::Verdict>,
}

impl Fetched {
    /// Asks for everything that the formulas pin.
    pub(crate) fn fetch(session: &Session, formulas: &[Found]) -> Result<Self> {
        let wanted: Vec<Wanted> = formulas.iter().flat_map(publish::wanted).collect();
        let verdicts = verify::verify(&session.home()?, &wanted)?;
        session.progress.end();
        Ok(Self { wanted, verdicts })
    }

    pub(crate) fn view(&self) -> Vec<view::Fetched> {
        let both = self.wanted.iter().zip(&self.verdicts);
        both.map(|(wanted, verdict)| view::Fetched::of(wanted, verdict)).collect()
    }

    /// One line for each: the verdict, who pins it, where it is, its size or what is wrong.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::plain();
        for (wanted, verdict) in self.wanted.iter().zip(&self.verdicts) {
            let word = verify::Finding::of(verdict).as_str().to_owned();
            let last = match verdict {
                Ok(size) => bytes(*size),
                Err(error) => root_cause(error),
            };
            table.row([word, names(&wanted.named), wanted.what.place(), last]);
        }
        table
    }

    /// What is wrong as a whole, if anything is.
    pub(crate) fn judge(&self) -> Result {
        let findings: Vec<_> = self.verdicts.iter().map(verify::Finding::of).collect();
        let worst = findings.iter().max().copied().unwrap_or(verify::Finding::Right);
        let exit = match worst {
            verify::Finding::Right => return Ok(()),
            verify::Finding::Missing => Exit::NotFound,
            verify::Finding::Failed => Exit::Registry,
            verify::Finding::Differs => Exit::Integrity,
        };
        let is_wrong = |finding: &&verify::Finding| **finding != verify::Finding::Right;
        let wrong = findings.iter().filter(is_wrong).count();
        let sentence =
            format!("{wrong} of {} not as the formula says", count(findings.len(), "download"));
        Err(Failure::told(exit, sentence))
    }
}

/// `tool 1.0.0 linux-amd64, linux-arm64`: a version that is named again is left out.
fn names(named: &[String]) -> String {
    let mut text = String::new();
    let mut before = "";
    for name in named {
        let (version, platform) = name.rsplit_once(' ').unwrap_or(("", name));
        match text.is_empty() {
            true => text.push_str(name),
            false if version == before => text.push_str(&format!(", {platform}")),
            false => text.push_str(&format!(", {name}")),
        }
        before = version;
    }
    text
}

/// The last cause, which is the most precise one.
fn root_cause(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
