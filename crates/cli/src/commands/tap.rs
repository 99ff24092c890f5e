//! `pkg tap`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::{
    amount::count, args::examples, failure::Result, session::Session, settings::absolute,
    table::Table, view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg tap add ~/formulas", "its name is in its tap.toml, else the folder's"),
    ("pkg tap list", "the built-in tap `core` and the added ones"),
    ("pkg tap remove formulas", "what was installed from it stays"),
]))]
pub struct Tap {
    #[command(subcommand)]
    pub command: Option<TapCommand>,
}

#[derive(Debug, Subcommand)]
pub enum TapCommand {
    /// Add a folder of formulas
    Add {
        /// The folder
        location: PathBuf,
        /// Another name than its own
        #[arg(long)]
        name: Option<String>,
    },
    /// List the taps
    #[command(visible_alias = "ls")]
    List,
    /// Forget a tap
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
    },
}

impl Tap {
    pub(crate) fn run(self, session: &Session) -> Result {
        let mut taps = session.taps()?;
        match self.command.unwrap_or(TapCommand::List) {
            TapCommand::Add { location, name } => {
                let location = absolute(&location).unwrap_or(location);
                let tap = taps.add(&location, name.as_deref())?;
                let formulas = count(tap.names()?.len(), "formula");
                session.printer.status("Added", format_args!("tap {} ({formulas})", tap.name()));
            }
            TapCommand::List => {
                let view = view::Taps::of(&taps);
                if session.printer.is_json() {
                    session.printer.json(&view);
                    return Ok(());
                }
                let mut table = Table::new(["Tap", "Formulas", "Location"]).right(1);
                for tap in view.taps {
                    let location = tap.location.unwrap_or_else(|| "built in".to_owned());
                    table.row([
                        tap.name,
                        tap.formulas.map_or_else(|| "unreadable".to_owned(), |n| n.to_string()),
                        location,
                    ]);
                }
                session.printer.table(&table);
            }
            TapCommand::Remove { name } => {
                taps.remove(&name)?;
                session.printer.status("Removed", format_args!("tap {name}"));
            }
        }
        Ok(())
    }
}
