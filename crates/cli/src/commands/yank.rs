//! `pkg yank`

use std::path::{Path, PathBuf};

use catalog::{Spec, spec::Kind};
use clap::Args;

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, meant_file, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg yank tool.toml@1.2.0 --why 'deletes files'", "nobody gets 1.2.0 without asking for it"),
    ("pkg yank tool.toml@1.2.0 --undo", "it is offered again"),
]))]
pub struct Yank {
    /// FILE@VERSION
    #[arg(value_name = "FILE@VERSION")]
    pub spec: String,
    /// Why nobody should use the version; users read it
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    pub why: Option<String>,
    /// Offer the version again
    #[arg(long, conflicts_with = "why")]
    pub undo: bool,
}

impl Yank {
    pub(crate) fn run(self, session: &Session) -> Result {
        let (file, version) = file_and_version(&self.spec)?;
        let version = version.ok_or_else(|| usage(&self.spec))?;
        let why = self.why.as_deref().map(str::trim);
        if why == Some("") {
            return Err(Failure::told(Exit::Usage, "`--why` says nothing: users read it"));
        }
        let mut before = None;
        publish::file::edit(&file, |edit| {
            before = edit.yanked(&version)?.map(str::to_owned);
            // A file that says it already keeps its form as well.
            if before.as_deref() == why { Ok(()) } else { edit.set_yanked(&version, why) }
        })?;
        if session.printer.is_json() {
            session.printer.json(&view::Yanked::of(&shown(&file), &version, why));
        }
        let what = format!("{version} in {}", shown(&file));
        match (before.as_deref() == why, self.undo) {
            (true, true) => session.printer.note(format_args!("{what} is not yanked")),
            (true, false) => session.printer.note(format_args!("{what} is yanked already")),
            (false, true) => session.printer.status("Offered again", what),
            (false, false) => session.printer.status("Yanked", what),
        }
        Ok(())
    }
}

/// The two parts of `FILE@VERSION`, of which the second may be missing.
pub(crate) fn file_and_version(text: &str) -> Result<(PathBuf, Option<String>)> {
    match text.parse::<Spec>()? {
        Spec { kind: Kind::File(file), at } => Ok((file, at)),
        _ => Err(usage(text)),
    }
}

fn usage(text: &str) -> Failure {
    let (file, version) = text.rsplit_once('@').unwrap_or((text, "1.2.0"));
    let meant = meant_file(Path::new(file)).map(|file| format!("{}@{version}", file.display()));
    let example = meant.unwrap_or_else(|| "tool.toml@1.2.0".to_owned());
    let sentence = format!("`{text}` is not FILE@VERSION");
    Failure::told(Exit::Usage, sentence).hint(format!("for example `{example}`"))
}
