//! `pkg outdated`

use clap::Args;
use plan::query;

use super::notices::notices_here;
use crate::{args::examples, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg outdated", "with what `pkg upgrade` would reach, and what lies beyond the request"),
]))]
pub struct Outdated {}

impl Outdated {
    pub(crate) fn run(self, session: &Session) -> Result {
        let mut news = session.home()?.news()?;
        news.notices.extend(notices_here(session));
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view::Outdated::of(&news));
        } else if !news.outdated.is_empty() {
            session.printer.table(&table(&news.outdated));
        }
        for notice in &news.notices {
            session.printer.warning(notice);
        }
        if news.outdated.is_empty() {
            session.printer.note("nothing is outdated");
        }
        Ok(())
    }
}

/// One line per package that there is a newer release of.
pub(crate) fn table(packages: &[query::Outdated]) -> Table {
    let mut table = Table::new(["Package", "Installed", "Upgrade", "Newest", ""]);
    for package in packages {
        let inside = package.inside.as_ref().map(ToString::to_string);
        table.row([
            package.key.to_string(),
            package.installed.to_string(),
            inside.unwrap_or_else(|| "-".to_owned()),
            package.newest.to_string(),
            remarks(package),
        ]);
    }
    table
}

/// What is not as the versions say, and what keeps the newest one away.
fn remarks(package: &query::Outdated) -> String {
    let mut remarks = Vec::new();
    if package.newest == package.installed {
        remarks.push("where it came from, there is something else now".to_owned());
    }
    match &package.request {
        Some(request) if !request.is_any() => remarks.push(format!("asked for as {request}")),
        Some(_) => {}
        None => remarks.push("dependency".to_owned()),
    }
    if package.pinned {
        remarks.push("pinned".to_owned());
    }
    remarks.join(", ")
}
