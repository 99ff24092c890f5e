//! `pkg history`

use clap::Args;
use store::generation;

use crate::{args::examples, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg history", "newest first; the numbers are for `pkg rollback`"),
]))]
pub struct History {}

impl History {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let layout = home.layout();
        let current = generation::current_number(layout)?;
        let mut records = Vec::new();
        for number in generation::list(layout)? {
            match generation::read(layout, number) {
                Ok(record) => records.push((number, record)),
                // One that is damaged cannot be gone back to; the others can.
                Err(error) => session.printer.warning(error),
            }
        }
        let view = view::History::of(&records, current);
        if session.printer.is_json() {
            session.printer.json(&view);
            return Ok(());
        }
        let mut table = Table::new(["", "", "Time", "Command", "Changes"]).right(1);
        for generation in view.generations {
            let mark = if generation.current { "*" } else { "" };
            let changes: Vec<_> = generation.changes.iter().map(view::Change::text).collect();
            table.row([
                mark.to_owned(),
                generation.number.to_string(),
                generation.time,
                generation.command,
                changes.join(", "),
            ]);
        }
        session.printer.table(&table);
        Ok(())
    }
}
