//! `pkg import`

use std::path::PathBuf;

use catalog::refresh::Imported;
use clap::Args;
use install::with_causes;

use super::change::waiting;
use crate::{
    args::examples,
    exit::Exit,
    failure::{self, Failure, Result},
    session::Session,
    settings::absolute,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg import tools.tar", "then `pkg --offline install` finds what is in it"),
]))]
pub struct Import {
    /// An archive of `pkg export`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

impl Import {
    pub(crate) fn run(self, session: &Session) -> Result {
        let file = absolute(&self.file).unwrap_or(self.file);
        let home = session.home()?;
        let imported = home.import(&file, &mut waiting(session))?;
        session.progress.end();
        for (tap, taken) in &imported.taps {
            tell(session, tap, taken);
        }
        for package in &imported.packages {
            let (name, version) = (&package.name, &package.version);
            session.printer.status("Imported", format_args!("{name} {version}"));
        }
        for package in &imported.others {
            let platforms: Vec<_> = package.platforms.iter().map(ToString::to_string).collect();
            let (name, platforms) = (&package.name, platforms.join(", "));
            session.printer.note(format_args!("{name} is there for {platforms} only"));
        }
        for (package, error) in &imported.left {
            let (name, version, why) = (&package.name, &package.version, with_causes(error));
            session.printer.warning(format_args!("not imported: {name} {version}: {why}"));
        }
        if session.printer.is_json() {
            session.printer.json(&view::Import::of(&imported));
        } else if !imported.packages.is_empty() {
            let requests = imported.requests.join(" ");
            session.printer.hint(format_args!("`pkg --offline install {requests}` installs it"));
        }
        if imported.left.is_empty() {
            return Ok(());
        }
        let sentence = "what is named above was not imported";
        let mut exits = imported.left.iter().map(|(_, error)| failure::exit_of(error));
        Err(match exits.any(|exit| exit == Exit::Integrity) {
            true => Failure::told(Exit::Integrity, sentence).hint("copy the archive here anew"),
            false => Failure::told(Exit::Failed, sentence),
        })
    }
}

fn tell(session: &Session, tap: &str, taken: &Imported) {
    let at = super::tap::edition;
    let printer = &session.printer;
    match taken {
        Imported::Added(done) => {
            let edition = at(&done.subscription);
            printer.status("Added", format_args!("tap {tap}, {edition}"));
        }
        Imported::Updated(done) => {
            let edition = at(&done.subscription);
            printer.status("Updated", format_args!("tap {tap} to {edition}"));
        }
        Imported::Same => {}
        Imported::Newer(serial) => {
            printer.note(format_args!("tap {tap} stays at edition {serial}, which is newer"));
        }
        Imported::Kept => {
            let sentence = "is kept at an edition and stays there";
            printer.note(format_args!(
                "tap {tap} {sentence}; `pkg update {tap} --as-of latest` ends that"
            ));
        }
    }
}
