//! `pkg new`

use std::path::{Path, PathBuf};

use clap::Args;
use publish::draft::{self, Draft};

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, folder_of, shown},
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg new https://github.com/BurntSushi/ripgrep -o ripgrep.toml", "its newest release"),
    ("pkg new https://example.org/tool-1.2.0-linux-amd64.tar.gz", "prints the formula"),
    ("pkg new oci://ghcr.io/acme/tool:1.2.0 -o formulas", "writes `formulas/tool.toml`"),
]))]
pub struct New {
    /// The URL of a release or one of its files, such a file, a folder with them, or
    /// oci://REFERENCE
    #[arg(value_name = "URL|FILE|FOLDER|REFERENCE")]
    pub what: String,
    /// What the package is to be called
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Write the formula to this file, or into this folder
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl New {
    pub(crate) fn run(self, session: &Session) -> Result {
        if let Some(file) = self.output.as_deref().filter(|path| path.is_file()) {
            return Err(taken(file));
        }
        let base = self.output.as_deref().map(|path| match path.is_dir() {
            true => path,
            false => folder_of(path),
        });
        let base = base.filter(|folder| *folder != Path::new("."));
        let draft = draft::draft(&session.home()?, &self.what, self.name.as_deref(), base)?;
        session.progress.end();
        tell(session, &draft);
        let file = self.output.map(|path| match path.is_dir() {
            true => path.join(format!("{}.toml", draft.name)),
            false => path,
        });
        if let Some(file) = &file {
            if file.exists() {
                return Err(taken(file));
            }
            publish::file::write(file, &draft.text)?;
        }
        match (session.printer.is_json(), &file) {
            (true, _) => session.printer.json(&view::New::of(&draft, file.as_deref())),
            (false, None) => session.printer.answer(draft.text.trim_end()),
            (false, Some(file)) => {
                session.printer.status("Wrote", shown(file));
                let file = shown(file);
                session.printer.hint(format_args!("`pkg check {file}` says what is missing"));
            }
        }
        Ok(())
    }
}

/// What was guessed and why, then what is left to be done.
fn tell(session: &Session, draft: &Draft) {
    let mut table = Table::plain();
    for guess in &draft.guesses {
        table.row([guess.what.to_owned(), format!("{} ({})", guess.value, guess.why)]);
    }
    session.printer.note_table(&table);
    for left in &draft.left {
        session.printer.note(format_args!("to fill in: {left}"));
    }
}

fn taken(file: &Path) -> Failure {
    let sentence = format!("`{}` is there already", file.display());
    Failure::told(Exit::Failed, sentence).hint("`pkg bump` adds a version to a formula")
}
