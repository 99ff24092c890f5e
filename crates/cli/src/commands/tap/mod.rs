//! `pkg tap`

mod add;
mod publish;
mod show;

use std::path::PathBuf;

use catalog::{Subscription, edition::AsOf};
use clap::{Args, Subcommand};

use crate::{
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg tap add oci://ghcr.io/acme/tap", "its name is the one that it gives itself"),
    ("pkg tap add oci://ghcr.io/acme/tap --as-of 2026-05-01", "as it was at the end of that day"),
    ("pkg tap add ~/formulas", "its name is in its tap.toml, else the folder's"),
    ("pkg tap list", "the built-in tap `core` and the added ones"),
    ("pkg tap info acme", "which edition of it is here"),
    ("pkg tap publish ~/formulas oci://ghcr.io/acme/tap", "for everybody who follows it"),
    ("pkg tap remove formulas", "what was installed from it stays"),
]))]
pub struct Tap {
    #[command(subcommand)]
    pub command: Option<TapCommand>,
}

#[derive(Debug, Subcommand)]
pub enum TapCommand {
    /// Add a tap: one in a registry, or a folder of formulas
    Add {
        /// oci://HOST/REPOSITORY, oci:FOLDER for a layout, or a folder of formulas
        location: PathBuf,
        /// Another name than its own
        #[arg(long)]
        name: Option<String>,
        /// Keep it at an edition: the newest of a day, a digest, or a serial
        #[arg(long, value_name = "DATE|DIGEST|SERIAL")]
        as_of: Option<String>,
    },
    /// Publish a folder of formulas as the next edition of a tap in a registry
    Publish {
        /// The folder
        folder: PathBuf,
        /// oci://HOST/REPOSITORY
        #[arg(value_name = "REFERENCE")]
        reference: String,
    },
    /// List the taps
    #[command(visible_alias = "ls")]
    List,
    /// Describe a tap
    Info {
        /// Its name
        #[arg(add = complete::taps())]
        name: String,
    },
    /// Forget a tap
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        #[arg(add = complete::taps())]
        name: String,
    },
}

impl Tap {
    pub(crate) fn run(self, session: &Session) -> Result {
        match self.command.unwrap_or(TapCommand::List) {
            TapCommand::Add { location, name, as_of } => {
                add::add(session, location, name.as_deref(), as_of.as_deref())?;
            }
            TapCommand::Publish { folder, reference } => {
                publish::publish(session, &folder, &reference)?;
            }
            TapCommand::List => show::list(session)?,
            TapCommand::Info { name } => show::info(session, &name)?,
            TapCommand::Remove { name } => {
                session.taps()?.remove(&name)?;
                session.printer.status("Removed", format_args!("tap {name}"));
            }
        }
        Ok(())
    }
}

/// Adds the tap at `location` under a name.
pub(crate) fn add_at(session: &Session, location: PathBuf, name: &str) -> Result {
    add::add(session, location, Some(name), None)
}

/// The edition that a user names.
pub(crate) fn as_of(text: &str) -> Result<AsOf> {
    text.parse().map_err(|error| Failure::new(Exit::Usage, error))
}

/// The edition of a tap in a few words.
pub(crate) fn edition(subscription: &Subscription) -> String {
    let edition = &subscription.edition;
    format!("edition {} of {}", edition.serial, edition.published)
}

pub(crate) fn warn_of_skipped(session: &Session, tap: &str, skipped: &[(String, String)]) {
    for (name, why) in skipped {
        session.printer.warning(format_args!("`{tap}/{name}` is left out: {why}"));
    }
}
