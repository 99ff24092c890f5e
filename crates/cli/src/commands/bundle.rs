//! `pkg bundle`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use install::{Outcome, Request, Target};
use project::{Want, bundle};

use super::change::{Links, carried_out};
use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    outcome,
    session::Session,
    settings::absolute,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg bundle dump -f bundle.toml", "what was asked for here, with taps and pins"),
    ("pkg bundle install -f bundle.toml", "have all that on another machine"),
    ("pkg bundle install -f Brewfile", "what of a Brewfile the taps have"),
    ("pkg bundle install", "the bundle.toml, Brewfile, mise.toml or .tool-versions here"),
]))]
pub struct Bundle {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write everything that was asked for
    Dump {
        /// The file; stdout when none is named
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Install what a list asks for
    Install {
        /// A file of `dump`, a Brewfile, a mise.toml or a .tool-versions
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        links: Links,
    },
}

impl Bundle {
    pub(crate) fn run(self, session: &Session) -> Result {
        match self.verb {
            Verb::Dump { file } => dump(session, file.as_deref()),
            Verb::Install { file, links } => {
                let found = || bundle::find(Path::new("."));
                let file = file.or_else(found).ok_or_else(|| {
                    let sentence = format!("there is none of {} here", bundle::FILES.join(", "));
                    Failure::told(Exit::NotFound, sentence).hint("`-f FILE` names one")
                })?;
                install(session, &file, links)
            }
        }
    }
}

fn dump(session: &Session, file: Option<&Path>) -> Result {
    let text = bundle::dump(&session.home()?)?;
    let Some(file) = file else {
        session.printer.text(view::Text::new(text));
        return Ok(());
    };
    fs_err::write(file, &text).map_err(|error| Failure::new(Exit::Failed, error))?;
    session.printer.status("Wrote", file.display());
    if session.printer.is_json() {
        session.printer.json(&view::Text::new(text));
    }
    Ok(())
}

fn install(session: &Session, file: &Path, links: Links) -> Result {
    let list = bundle::read(file)?;
    for (what, why) in &list.skipped {
        session.printer.note(format_args!("skipped `{what}`: {why}"));
    }
    let folder = absolute(file.parent().unwrap_or(Path::new("."))).unwrap_or_default();
    for (name, at) in list.taps(&folder) {
        add_tap(session, name, at, file)?;
    }
    let home = session.home()?;
    let (specs, missing) = list.found(home.taps()?, &folder)?;
    let mut outcome = Outcome::default();
    if !specs.is_empty() {
        let proposal = home.propose(&Request::Install(specs))?;
        outcome = carried_out(session, &home, proposal, links)?;
        outcome::tell(session, &outcome);
    }
    let is_missing = |want: &&Want| missing.iter().any(|(name, _)| *name == want.name.to_string());
    let pinned = list.wants.packages.iter().filter(|want| want.pin && !is_missing(want));
    let pins: Vec<Target> = pinned.map(pin).collect();
    if !pins.is_empty() {
        let proposal = home.propose(&Request::Pin(pins, true))?;
        carried_out(session, &home, proposal, links)?;
    }
    if session.printer.is_json() {
        session.printer.json(&view::Bundled::of(file, &outcome, &missing, &list.skipped));
    }
    match missing.is_empty() {
        true => Ok(()),
        false => {
            let names: Vec<_> =
                missing.iter().map(|(name, why)| format!("`{name}` ({why})")).collect();
            let sentence = format!("the rest is installed, but for {}", names.join(", "));
            Err(Failure::told(Exit::NotFound, sentence))
        }
    }
}

fn pin(want: &Want) -> Target {
    Target { name: want.name.to_string(), slot: None }
}

fn add_tap(session: &Session, name: &str, at: PathBuf, file: &Path) -> Result {
    match session.taps()?.location(name) {
        Some(known) if Path::new(&known) == at => Ok(()),
        Some(known) => {
            let (at, file) = (at.display(), file.display());
            session.printer.warning(format_args!(
                "tap `{name}` is {known} here, and {at} in `{file}`; it stays"
            ));
            Ok(())
        }
        None => super::tap::add_at(session, at, name),
    }
}
