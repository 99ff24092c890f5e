//! What the commands of a project have in common: finding it, locking it, having what is locked.

use std::{collections::BTreeSet, path::Path};

use install::{Home, Options, Outcome, Talk};
use project::{
    Lock, Project, Wants,
    locking::{self, Locked, Update},
    sync::{self, Extent},
};

use super::change::waiting;
use crate::{
    amount::count,
    exit::Exit,
    failure::{Failure, Result, mirror_of},
    outcome,
    session::{Session, shown},
};

/// The project that the working folder is in.
pub(crate) fn here() -> Result<Option<Project>> {
    Ok(Project::around(Path::new("."))?)
}

/// The same, where there has to be one.
pub(crate) fn required() -> Result<Project> {
    here()?.ok_or_else(|| {
        let sentence = "there is no pkg.toml in this folder, nor in one above it";
        Failure::told(Exit::NotFound, sentence)
            .hint("`pkg init` makes one; `pkg install` installs for you alone")
    })
}

/// Locks what `wants` ask for, and writes it where it is otherwise than before.
pub(crate) fn locked(
    session: &Session,
    project: &Project,
    wants: &Wants,
    update: &Update,
) -> Result<Locked> {
    let before = Lock::read(&project.lock_file())?;
    let locked = chosen(session, project, wants, update, before.as_ref())?;
    if before.as_ref() != Some(&locked.lock) {
        project.write(project::lock::FILE, &locked.lock.to_string())?;
    }
    Ok(locked)
}

/// Chooses what `wants` ask for, and writes nothing.
pub(super) fn chosen(
    session: &Session,
    project: &Project,
    wants: &Wants,
    update: &Update,
    before: Option<&Lock>,
) -> Result<Locked> {
    let locked = locking::lock(project, wants, before, update, &session.own_setting());
    session.progress.end();
    let locked = locked?;
    for note in &locked.notes {
        session.printer.warning(note);
    }
    Ok(locked)
}

/// Tells what is locked otherwise than before.
pub(crate) fn tell_changes(session: &Session, locked: &Locked) {
    let versions = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    for change in &locked.changes {
        let (before, after) = (versions(&change.before), versions(&change.after));
        let what = match (before.is_empty(), after.is_empty()) {
            (true, _) => format!("{} {after}", change.name),
            (_, true) => format!("{} no more", change.name),
            _ => format!("{} {before} -> {after}", change.name),
        };
        session.printer.status("Locked", what);
    }
}

/// The failure, and what brings what is missing for a project where there was no network, or no
/// way to the registry of a tap.
fn away(session: &Session, lock: &Lock, failure: Failure) -> Failure {
    session.progress.end();
    if failure.exit != Exit::Registry {
        return failure;
    }
    if !session.settings.offline.value {
        let setting = session.own_setting();
        let package = failure.out_of_reach();
        let tap = package.and_then(|name| sync::unmirrored(lock, name, &setting));
        return match tap.map(mirror_of) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
    }
    let hints = vec!["`pkg sync` brings what is missing, while there is a network".to_owned()];
    Failure { hints, ..failure }
}

/// What became of a project's root.
pub(crate) struct Synced {
    pub(crate) home: Home,
    pub(crate) outcome: Outcome,
}

/// Has what is locked in the project's root, and tells what changed.
pub(crate) fn synced(
    session: &Session,
    project: &Project,
    lock: &Lock,
    extent: &Extent,
) -> Result<Synced> {
    let proposed = sync::propose(project, lock, extent, &session.own_setting());
    let (home, proposal) = proposed.map_err(|error| away(session, lock, error.into()))?;
    let mut wait = waiting(session);
    let mut talk = Talk { confirm: &mut |_| true, wait: &mut wait };
    // The project's commands are on nobody's PATH but in the project.
    let options = Options { allow_shadow: true, ..Options::default() };
    let outcome = home.carry_out(proposal, options, &mut talk);
    let outcome = outcome.map_err(|error| away(session, lock, error.into()))?;
    session.progress.end();
    outcome::tell_steps(session, &outcome.steps);
    outcome.notes.iter().for_each(|note| session.printer.note(note));
    for (name, text) in &outcome.caveats {
        session.printer.note(format_args!("\n{name}:\n{}", text.trim_end()));
    }
    Ok(Synced { home, outcome })
}

/// Locks where that is needed, and has what is locked, quietly where nothing changes.
pub(crate) fn brought(session: &Session, project: &Project) -> Result<Home> {
    let wants = Wants::read(&project.file())?;
    let locked = locked(session, project, &wants, &Update::Nothing)?;
    tell_changes(session, &locked);
    Ok(synced(session, project, &locked.lock, &Extent::default())?.home)
}

/// Says where it all is now.
pub(crate) fn tell(session: &Session, synced: &Synced) -> Result {
    let installed = synced.home.installed()?;
    let packages = count(installed.packages().len(), "package");
    let prefix = shown(&synced.home.layout().current());
    let platform = synced.home.host().platform();
    session.printer.status("Synced", format_args!("{packages} for {platform} in {prefix}"));
    Ok(())
}
