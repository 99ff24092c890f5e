//! `pkg export`

use std::path::PathBuf;

use clap::Args;
use formula::Platform;

use super::change::specs;
use crate::{
    amount::{bytes, count},
    args::examples,
    complete,
    failure::Result,
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg export jaq hyperfine -o tools.tar", "for machines like this one"),
    ("pkg export jaq -o tools.tar --platform linux-amd64 --platform linux-arm64", "for both"),
]))]
pub struct Export {
    /// Packages as `pkg install` takes them, each of a tap
    #[arg(required = true, value_name = "SPEC", add = complete::formulas())]
    pub specs: Vec<String>,
    /// The archive to write
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// For this platform; may be repeated
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<Platform>,
}

impl Export {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let mut platforms = self.platform;
        if platforms.is_empty() {
            platforms.push(*home.host().platform());
        }
        let outcome =
            publish::export::export(&home, &specs(&self.specs)?, &platforms, &self.output)?;
        session.progress.end();
        for package in &outcome.closure.packages {
            let platforms: Vec<_> = package.platforms.iter().map(ToString::to_string).collect();
            session.printer.note(format_args!(
                "{}/{} {} for {}",
                package.tap,
                package.name,
                package.version,
                platforms.join(", ")
            ));
        }
        let packages = count(outcome.closure.packages.len(), "package");
        let (file, size) = (self.output.display(), bytes(outcome.bytes));
        session.printer.status("Exported", format_args!("{packages} into {file} ({size})"));
        if session.printer.is_json() {
            session.printer.json(&view::Export::of(&outcome, &self.output));
        }
        Ok(())
    }
}
