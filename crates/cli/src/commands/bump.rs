//! `pkg bump`

use std::path::PathBuf;

use catalog::Tap;
use clap::Args;
use publish::bump::{self, Bumped, Outcome};

use crate::{
    args::examples,
    failure::Result,
    session::{Session, folder_of, no_file, shown},
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg bump tool.toml", "looks for the newest version and adds it"),
    ("pkg bump tool.toml 1.3.0", "adds this version"),
    ("pkg bump tool.toml --dry-run", "shows what would be added"),
]))]
pub struct Bump {
    /// The formula's file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The version to add; the newest one when none is named
    #[arg(value_name = "VERSION")]
    pub version: Option<String>,
    /// Show what would be added, and leave the file as it is
    #[arg(long)]
    pub dry_run: bool,
}

impl Bump {
    pub(crate) fn run(self, session: &Session) -> Result {
        let tap = Tap::folder(folder_of(&self.file), None)?;
        let found = tap.formula_file(&self.file)?.ok_or_else(|| no_file(&self.file))?;
        let outcome = bump::bump(&session.home()?, &found, self.version.as_deref(), tap.keep())?;
        session.progress.end();
        let name = found.formula.name();
        if session.printer.is_json() {
            session.printer.json(&view::Bump::of(name.as_str(), &shown(&self.file), &outcome));
        }
        match outcome {
            Outcome::Newest { version } => {
                session.printer.note(format_args!("{name} {version} is the newest"));
            }
            Outcome::Bumped(bumped) => {
                tell(session, &bumped);
                let (from, to) = (&bumped.from, &bumped.version);
                if self.dry_run {
                    session.printer.note(format_args!("would add {name} {to}, after {from}"));
                } else {
                    publish::file::write(&self.file, &bumped.text)?;
                    let file = shown(&self.file);
                    session
                        .printer
                        .status("Bumped", format_args!("{name} {from} -> {to} in {file}"));
                }
            }
        }
        Ok(())
    }
}

/// What was found, line by line, and what was not.
fn tell(session: &Session, bumped: &Bumped) {
    let mut table = Table::plain();
    for pin in &bumped.pins {
        let is_summed = if pin.is_summed { "as its file of checksums says" } else { "" };
        let digest = pin.digest.to_string();
        table.row([pin.key.clone(), digest, pin.place.clone(), is_summed.to_owned()]);
    }
    session.printer.note_table(&table);
    for key in &bumped.vanished {
        let version = &bumped.version;
        session.printer.warning(format_args!("{version} has nothing for {key} any more"));
    }
    bumped.unsummed.iter().for_each(|why| session.printer.warning(why));
    if bumped.date.is_none() {
        session.printer.hint("nothing says when it was released: add `date`");
    }
    if !bumped.dropped.is_empty() {
        let dropped = bumped.dropped.join(", ");
        session.printer.note(format_args!("left out, as `tap.toml` keeps fewer: {dropped}"));
    }
}
