//! `pkg uses`

use clap::Args;
use plan::query;

use super::why::key;
use crate::{args::examples, complete, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg uses library", "who would break without it"),
]))]
pub struct Uses {
    /// NAME or NAME@SLOT
    #[arg(add = complete::installed())]
    pub name: String,
}

impl Uses {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let package = session.package(&home, &self.name)?;
        let world = home.installed_needs()?;
        let users = query::uses(&world, &key(&package)?);
        let users: Vec<_> = world.iter().filter(|other| users.contains(&other.key())).collect();
        if session.printer.is_json() {
            session.printer.json(&view::Uses::of(&package, &users));
            return Ok(());
        }
        let mut table = Table::plain();
        for user in &users {
            table.row([user.key().to_string(), user.release().to_string()]);
        }
        session.printer.table(&table);
        if users.is_empty() {
            session.printer.note(format_args!("nothing needs {}", package.shown_name()));
        }
        Ok(())
    }
}
