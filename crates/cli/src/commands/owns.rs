//! `pkg owns` and `pkg which`

use std::path::{Path, PathBuf};

use clap::Args;
use install::{Home, Package};

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    settings::absolute,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg owns ~/.local/share/pkg/current/bin/jaq", "through links, too"),
]))]
pub struct Owns {
    /// A file below the root folder
    pub path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg which cargo-nextest", "its file and its package")]))]
pub struct Which {
    /// The command as it is typed
    pub command: String,
}

impl Owns {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let path = absolute(&self.path)?;
        let (package, file) = owner(&home, &path)?.ok_or_else(|| {
            let sentence = format!("`{}` belongs to no installed package", self.path.display());
            Failure::told(Exit::NotFound, sentence)
        })?;
        tell(session, &package, &file);
        Ok(())
    }
}

impl Which {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let linked = home.layout().current().join("bin").join(&self.command);
        let is_one_name = Path::new(&self.command).components().count() == 1;
        let found = if is_one_name { owner(&home, &linked)? } else { None };
        let (package, file) = found.ok_or_else(|| {
            let sentence = format!("no installed package has a command `{}`", self.command);
            Failure::told(Exit::NotFound, sentence)
        })?;
        tell(session, &package, &file);
        Ok(())
    }
}

fn tell(session: &Session, package: &Package, file: &Path) {
    if session.printer.is_json() {
        session.printer.json(&view::Owner::of(package, file));
        return;
    }
    let (name, version) = (package.shown_name(), package.shown_version());
    session.printer.answer(format_args!("{name} {version}: {}", shown(file)));
}

/// The package that a path leads into, and the file there.
fn owner(home: &Home, path: &Path) -> Result<Option<(Package, PathBuf)>> {
    // The file itself may be a link of the package's: only its folder is followed to the end.
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    let Ok(folder) = fs_err::canonicalize(folder) else { return Ok(None) };
    let mut file = folder.join(name);
    let Ok(cellar) = fs_err::canonicalize(home.layout().cellar()) else { return Ok(None) };
    if !file.starts_with(&cellar) {
        let Ok(target) = fs_err::canonicalize(&file) else { return Ok(None) };
        file = target;
    }
    let installed = home.installed()?;
    for package in installed.packages() {
        let keg = fs_err::canonicalize(&package.path)?;
        if let Ok(below) = file.strip_prefix(&keg) {
            let is_there = fs_err::symlink_metadata(&file).is_ok();
            return Ok(is_there.then(|| (package.clone(), package.path.join(below))));
        }
    }
    Ok(None)
}
