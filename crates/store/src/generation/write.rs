//! Making a generation beside the others, and leading `current` to it.

use std::{
    io,
    path::{Path, PathBuf},
};

use rustix::{fd::AsFd as _, fs::CWD};

use super::{Error, Links, Record, next};
use crate::{
    Layout, Staging,
    disk::{
        self, At, OPEN_FOLDER, fsync, mkdirat, open_folder_at, renameat, symlinkat, to_free_name,
    },
    durable::{Folders, sync_folder},
};

/// Makes a generation of these links and says its number; `current` stays as it is.
///
/// It is on the disk when this returns. The kegs that it links must be there already.
pub fn write(
    layout: &Layout,
    staging: &Staging,
    links: &Links,
    record: &Record,
) -> Result<u64, Error> {
    let number = next(layout)?;
    let failed = |source: io::Error| Error::Make { path: String::new(), number, source };
    let staged_record = staging.fresh_name("record");
    let bytes = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
    let file = disk::write_record(staging.folder(), &staged_record, &bytes).map_err(failed)?;
    fsync(&file).map_err(|errno| failed(errno.into()))?;
    let staged = make_links(staging, number, links)?;
    let place = |name: &str, path: PathBuf| {
        to_free_name(At(staging.folder(), Path::new(name)), At(CWD, path.as_path()))
            .map_err(|errno| failed(errno.into()))
    };
    place(&staged_record, layout.record(number))?;
    place(&staged, layout.generation(number))?;
    sync_folder(&layout.generations())
        .map_err(|source| Error::Sync { path: layout.generations(), source })?;
    Ok(number)
}

/// Makes the folder of links in staging, on the disk when it returns; gives its name there.
fn make_links(staging: &Staging, number: u64, links: &Links) -> Result<String, Error> {
    let failed =
        |path: &str, source: io::Error| Error::Make { path: path.to_owned(), number, source };
    let name = staging.fresh_name("generation");
    mkdirat(staging.folder(), &name, OPEN_FOLDER).map_err(|errno| failed("", errno.into()))?;
    let top = open_folder_at(staging.folder(), &name).map_err(|errno| failed("", errno.into()))?;
    let mut folders = Folders::default();
    folders.add(&staging.path().join(&name));
    for path in links.folders() {
        mkdirat(&top, path, OPEN_FOLDER).map_err(|errno| failed(path, errno.into()))?;
        folders.add(&staging.path().join(&name).join(path));
    }
    for (path, keg, target) in links.iter() {
        let link = relative(path, &keg.name, &keg.leaf, target);
        symlinkat(&link, top.as_fd(), path).map_err(|errno| failed(path, errno.into()))?;
    }
    folders.sync().map_err(|(path, source)| Error::Sync { path, source })?;
    Ok(name)
}

/// A link's text: up from `generations/<n>/<path>` to the root, and down into the keg.
pub(super) fn relative(path: &str, name: &str, leaf: &str, target: &str) -> String {
    let depth = 2 + path.matches('/').count();
    let mut link = "../".repeat(depth);
    for part in ["cellar", name, leaf, target].into_iter().filter(|part| !part.is_empty()) {
        if !link.ends_with('/') {
            link.push('/');
        }
        link.push_str(part);
    }
    link
}

/// Makes a generation the current one, in one step that a crash cannot split.
pub fn switch(layout: &Layout, staging: &Staging, number: u64) -> Result<(), Error> {
    let name = staging.fresh_name("current");
    symlinkat(format!("generations/{number}"), staging.folder(), &name)
        .and_then(|()| renameat(staging.folder(), &name, CWD, layout.current()))
        .map_err(|errno| Error::Switch { number, source: errno.into() })?;
    sync_folder(layout.root())
        .map_err(|source| Error::Sync { path: layout.root().to_owned(), source })
}
