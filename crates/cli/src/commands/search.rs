//! `pkg search`

use clap::Args;
use install::with_causes;

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg search json", "by name and summary"),
    ("pkg search line diff", "both words"),
    ("pkg search", "everything"),
]))]
pub struct Search {
    /// Words that a name, an alias or a summary holds; all formulas when none is given
    pub words: Vec<String>,
}

impl Search {
    pub(crate) fn run(self, session: &Session) -> Result {
        let taps = session.taps()?;
        let hits = taps.search(&self.words)?;
        if session.printer.is_json() {
            session.printer.json(&view::Search::of(&hits));
        } else {
            let mut table = Table::plain();
            for hit in &hits {
                table.row([full_name(hit), hit.formula.summary.clone()]);
            }
            session.printer.table(&table);
        }
        for (_, error) in taps.broken() {
            session.printer.warning(format_args!("not searched: {}", with_causes(&error)));
        }
        if hits.is_empty() {
            let words = self.words.join(" ");
            return Err(Failure::told(Exit::NotFound, format!("no formula has `{words}`")));
        }
        Ok(())
    }
}

/// The name as it has to be typed: the built-in tap's go without the tap.
fn full_name(hit: &catalog::Hit) -> String {
    match hit.tap.as_str() {
        catalog::BUILTIN => hit.formula.name.clone(),
        tap => format!("{tap}/{}", hit.formula.name),
    }
}
