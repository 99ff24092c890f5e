//! `pkg files`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    args::examples,
    complete,
    failure::Result,
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg files jaq", "absolute paths, one a line")]))]
pub struct Files {
    /// NAME or NAME@SLOT
    #[arg(add = complete::installed())]
    pub name: String,
}

impl Files {
    pub(crate) fn run(self, session: &Session) -> Result {
        let package = session.package(&session.home()?, &self.name)?;
        let files = below(&package.path)?;
        if session.printer.is_json() {
            session.printer.json(&view::Files::of(&package, &files));
        } else {
            files.iter().for_each(|file| session.printer.answer(shown(file)));
        }
        Ok(())
    }
}

/// Files and symlinks below a folder, in order; nothing is followed.
fn below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
