//! `pkg search`

use clap::Args;

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
        let hits = session.taps()?.search(&self.words)?;
        if session.printer.is_json() {
            session.printer.json(&view::Search::of(&hits));
        } else {
            let mut table = Table::plain();
            for hit in &hits {
                table.row([full_name(hit), hit.heading.summary.clone()]);
            }
            session.printer.table(&table);
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
        catalog::BUILTIN => hit.heading.name.to_string(),
        tap => format!("{tap}/{}", hit.heading.name),
    }
}
