//! `pkg init`

use std::path::{Path, PathBuf};

use clap::Args;
use project::{Project, edit, wants};

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg init", "an empty pkg.toml in this folder"),
    ("pkg init tools", "in another one"),
]))]
pub struct Init {
    /// The folder; this one when none is named
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
}

impl Init {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = Project::in_folder(&self.folder)?;
        let file = project.file();
        if file.exists() {
            let sentence = format!("there is a `{}` already", shown(&file));
            return Err(Failure::told(Exit::Failed, sentence).hint("`pkg add NAME` adds to it"));
        }
        project.write(wants::FILE, edit::NEW)?;
        if session.printer.is_json() {
            session.printer.json(&view::Path::new(shown(&file)));
        }
        let named = self.folder.join(wants::FILE);
        let named = named.strip_prefix(Path::new(".")).unwrap_or(&named);
        session.printer.status("Made", format_args!("{}", named.display()));
        session.printer.hint("`pkg add NAME` adds a package; commit pkg.toml and pkg.lock");
        Ok(())
    }
}
