//! `pkg fmt`

use std::path::{Path, PathBuf};

use clap::Args;
use formula::edit;

use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, no_file, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg fmt tool.toml", "keys in the order of the format, `=` in columns"),
    ("pkg fmt --check formulas", "names the files that are not so, and writes nothing"),
]))]
pub struct Fmt {
    /// Formula files, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write nothing; fail if a file would change
    #[arg(long)]
    pub check: bool,
}

impl Fmt {
    pub(crate) fn run(self, session: &Session) -> Result {
        let mut changed = Vec::new();
        let files = formula_files(&self.files)?;
        for file in &files {
            let text = read(file)?;
            let formatted =
                edit::canonical(&text, &shown(file)).map_err(|error| broken(file, error))?;
            if formatted != text {
                changed.push(shown(file));
                if !self.check {
                    publish::file::write(file, &formatted)?;
                }
            }
        }
        if session.printer.is_json() {
            session.printer.json(&view::Formatted::of(files.len(), &changed));
        } else if self.check {
            changed.iter().for_each(|file| session.printer.answer(file));
        } else {
            changed.iter().for_each(|file| session.printer.status("Formatted", file));
        }
        if self.check && !changed.is_empty() {
            let sentence = format!("{} not in canonical form", count(changed.len(), "file"));
            return Err(Failure::told(Exit::Failed, sentence).hint("`pkg fmt` writes it"));
        }
        if changed.is_empty() {
            let files = count(files.len(), "file");
            session.printer.status("Checked", format_args!("{files}, nothing to change"));
        }
        Ok(())
    }
}

/// The formula files that paths name: a file itself, of a folder every one in it.
fn formula_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in fs_err::read_dir(path)? {
            let file = entry?.path();
            let is_formula = file.extension().is_some_and(|end| end == "toml")
                && file.file_name().is_some_and(|name| name != "tap.toml");
            files.extend(is_formula.then_some(file));
        }
        files[before..].sort();
        if files.len() == before {
            let sentence = format!("there is no formula in `{}`", path.display());
            return Err(Failure::told(Exit::NotFound, sentence));
        }
    }
    Ok(files)
}

/// The text of a formula file.
pub(crate) fn read(file: &Path) -> Result<String> {
    fs_err::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => no_file(file),
        _ => error.into(),
    })
}

/// A file that cannot be edited, with the lines that are to blame.
pub(crate) fn broken(file: &Path, error: edit::Error) -> Failure {
    Failure::from(error).context(format!("cannot edit `{}`", file.display()))
}
