//! `pkg update`

use catalog::{Refreshed, refresh::Turn};
use clap::Args;
use install::{follow, query::News};

use super::outdated;
use crate::{
    amount::count,
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg update", "asks every tap in a registry whether there is something new"),
    ("pkg update acme", "asks one"),
    ("pkg update acme --as-of 2026-05-01", "as the tap was at the end of that day"),
    ("pkg update acme --as-of latest", "follows the tap again"),
]))]
pub struct Update {
    /// Taps; every tap in a registry when none is named
    #[arg(value_name = "TAP", add = complete::taps())]
    pub taps: Vec<String>,
    /// Keep the one named tap at an edition: DATE, DIGEST or SERIAL; `latest` ends that
    #[arg(long, value_name = "DATE|DIGEST|SERIAL", requires = "taps")]
    pub as_of: Option<String>,
}

impl Update {
    pub(crate) fn run(self, session: &Session) -> Result {
        let turn = match self.as_of.as_deref() {
            Some(_) if self.taps.len() > 1 => {
                let sentence = "`--as-of` is about one tap: name only that";
                return Err(Failure::told(Exit::Usage, sentence));
            }
            None => Turn::Keep,
            Some("latest") => Turn::Latest,
            Some(text) => Turn::AsOf(super::tap::as_of(text)?),
        };
        let home = session.home()?;
        let names = match self.taps.is_empty() {
            true => home.taps()?.in_registries().map(ToOwned::to_owned).collect(),
            false => self.taps,
        };
        let (mut refreshed, mut failures) = (Vec::new(), Vec::new());
        for name in &names {
            match home.refresh(name, turn.clone()) {
                Ok(done) => refreshed.push(done),
                Err(error) if names.len() == 1 => return Err(error.into()),
                Err(error) => failures.push((name, error)),
            }
        }
        session.progress.end();
        let is_changed = |done: &&Refreshed| done.changes.is_some();
        let changed: Vec<_> =
            refreshed.iter().filter(is_changed).map(|done| done.tap.clone()).collect();
        // A new look at the taps: this home still sees them as they were.
        let news = session.home()?.news_of(&changed)?;
        if session.printer.is_json() {
            session.printer.json(&view::Update::of(&refreshed, &news));
        } else {
            tell(session, &refreshed, &news);
        }
        ended(session, names.len(), failures)
    }
}

fn tell(session: &Session, refreshed: &[Refreshed], news: &News) {
    for done in refreshed {
        let (tap, edition) = (&done.tap, super::tap::edition(&done.subscription));
        match &done.changes {
            None => {
                session.printer.status("Checked", format_args!("tap {tap}: {edition}, as before"));
            }
            Some(changes) => {
                let parts = [
                    (changes.added.len(), "new"),
                    (changes.changed.len(), "changed"),
                    (changes.removed.len(), "gone"),
                ];
                let parts = parts.iter().filter(|(number, _)| *number > 0);
                let parts: Vec<_> = parts.map(|(n, what)| format!("{n} {what}")).collect();
                let formulas = match parts.is_empty() {
                    true => "the same formulas".to_owned(),
                    false => format!("formulas: {}", parts.join(", ")),
                };
                session
                    .printer
                    .status("Updated", format_args!("tap {tap} to {edition}; {formulas}"));
            }
        }
        super::tap::warn_of_skipped(session, tap, &done.skipped);
    }
    if !news.outdated.is_empty() {
        session.printer.table(&outdated::table(&news.outdated));
    }
    news.notices.iter().for_each(|notice| session.printer.warning(notice));
    if refreshed.is_empty() {
        session.printer.note("no tap is in a registry, so there is nothing to update");
    }
}

/// One tap that cannot be asked does not keep the others from being updated, but is a failure.
fn ended(session: &Session, all: usize, failures: Vec<(&String, follow::Error)>) -> Result {
    let failed = failures.len();
    let mut last = None;
    for (tap, error) in failures {
        let failure = Failure::from(error).context(format!("cannot update tap `{tap}`"));
        if let Some(earlier) = last.replace(failure) {
            session.printer.failure(&earlier);
        }
    }
    match last {
        Some(failure) => {
            let rest = count(all - failed, "other tap");
            Err(failure.hint(format!("the taps are independent: {rest} could be updated")))
        }
        None => Ok(()),
    }
}
