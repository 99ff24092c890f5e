//! Which exit code an error becomes, and what the user can do: the only place that decides it.
//!
//! The chain of causes is looked through from the outermost on; the first error that is known
//! here decides. What is not known here is a failure that no other exit code names.

use std::{error::Error, io};

use catalog::{Broken, refresh, spec, tap, taps};
use install::{linking, proposal, transaction};

use super::{
    advice,
    airgap::{of_airgap, of_away},
    plumbing, project,
    publishing::{of_bump, of_draft, of_edit, of_publishing},
    root::of_root,
};
use crate::{config, env, exit::Exit, settings};

/// What brings back damaged and lost files, receipts among them.
pub(crate) const REPAIR: &str = "`pkg doctor --repair` brings back what is damaged";

/// An exit code and hints.
pub(super) type Verdict = (Exit, Vec<String>);

/// What brings newer formulas.
const UPDATE: &str = "`pkg update` asks the taps in registries for what is new";
/// What asks a server all the same.
const ONLINE: &str = "without `--offline` it would be asked";
/// What makes room where there is none.
const ROOM: &str = "`pkg cleanup` makes room, and `pkg cleanup --all` makes more";
/// What helps where a name is taken.
const OTHER_NAME: &str = "`--name` gives it another name";

/// What the chain of `error` says.
pub(super) fn of(error: &(dyn Error + 'static)) -> Verdict {
    let mut is_full = false;
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(verdict) = cause_alone(cause) {
            return verdict;
        }
        is_full |= is_full_disk(cause);
        next = cause.source();
    }
    (Exit::Failed, is_full.then(|| ROOM.to_owned()).into_iter().collect())
}

fn is_full_disk(cause: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    seen::<io::Error>(cause).is_some_and(|e| matches!(e.kind(), StorageFull | QuotaExceeded))
}

fn cause_alone(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    macro_rules! known {
        ($($kind:ty => $verdict:expr,)*) => {
            $(if let Some(known) = seen::<$kind>(cause) {
                return $verdict(known);
            })*
        };
    }
    if let Some(verdict) = of_root(cause) {
        return Some(verdict);
    }
    known! {
        env::Error => |_| usage(&[]),
        config::Error => |_| usage(&[]),
        settings::Error => |_| usage(&["name a root folder with `--root` or `PKG_ROOT`"]),
        spec::Error => |_| usage(&[]),
        oci::credentials::key::Malformed => |_| usage(&[]),
        install::login::Error => of_login,
        taps::Error => of_taps,
        proposal::Error => of_proposal,
        transaction::Error => of_transaction,
        plan::Error => |error| Some(of_plan(error)),
        oci::Error => |error| Some(of_oci(error)),
        formula::edit::Error => of_edit,
        publish::bump::Error => of_bump,
        publish::draft::Error => of_draft,
        oci::verify::Error => |_| told(Exit::Integrity, &[]),
        install::feed::Error => of_feed,
        install::git::Error => of_git,
        install::launch::Error => of_launch,
        install::test::Error => of_test,
        install::receipt::Error => of_receipt,
        install::follow::Error => of_follow,
        refresh::Error => of_refresh,
        install::cleanup::Error => of_cleanup,
        install::doctor::Error => of_doctor,
        store::lock::Error => of_lock,
    }
    let elsewhere = of_publishing(cause).or_else(|| of_airgap(cause));
    elsewhere.or_else(|| plumbing::of(cause)).or_else(|| project::of(cause))
}

/// The cause as what it is; a large one comes in a box.
pub(super) fn seen<'a, T: Error + 'static>(cause: &'a (dyn Error + 'static)) -> Option<&'a T> {
    cause.downcast_ref::<T>().or_else(|| cause.downcast_ref::<Box<T>>().map(|known| &**known))
}

pub(super) fn of_taps(error: &taps::Error) -> Option<Verdict> {
    match error {
        taps::Error::NoFormula { suggestions, may_be_newer, .. } => {
            let update = may_be_newer.then(|| UPDATE.to_owned());
            Some((Exit::NotFound, did_you_mean(suggestions).into_iter().chain(update).collect()))
        }
        taps::Error::NoTap { .. } => told(Exit::NotFound, &[]),
        taps::Error::NoFolder { .. } => {
            told(Exit::NotFound, &["a tap in a registry is written `oci://HOST/REPOSITORY`"])
        }
        taps::Error::Ambiguous { .. } | taps::Error::Name { .. } | taps::Error::Builtin => {
            usage(&[])
        }
        taps::Error::Taken { .. } => told(Exit::Failed, &[OTHER_NAME]),
        taps::Error::Forbidden { .. } => told(Exit::Unauthorized, &[]),
        taps::Error::Declared { .. } => usage(&[]),
        taps::Error::Tap { source, .. } if matches!(**source, tap::Error::NotYet(_)) => {
            told(Exit::NotFound, &[])
        }
        taps::Error::Tap { source, .. } if matches!(**source, tap::Error::Skipped { .. }) => {
            told(Exit::Failed, &["a newer pkg may read it"])
        }
        taps::Error::Unsure { source, .. } if matches!(**source, tap::Error::NotYet(_)) => {
            told(Exit::Failed, &[])
        }
        taps::Error::Unsure { name, tap, .. } => {
            let other = format!("`TAP/{name}` says which tap it is of");
            Some((Exit::Failed, vec![other, format!("`pkg tap remove {tap}` forgets that tap")]))
        }
        taps::Error::Tap { tap, .. } => {
            let hint = format!("`pkg tap remove {tap}` forgets it, `pkg tap add` adds it anew");
            Some((Exit::Failed, vec![hint]))
        }
        taps::Error::State { .. } => None,
    }
}

/// Every variant shows another error's text in place of its own.
fn of_follow(error: &install::follow::Error) -> Option<Verdict> {
    match error {
        install::follow::Error::Home(error) => Some(of(error)),
        install::follow::Error::Taps(error) => of_taps(error),
        install::follow::Error::Network(error) => Some(of(error)),
        install::follow::Error::Refresh(error) => Some(of(error)),
        install::follow::Error::There { .. } => told(Exit::Failed, &[OTHER_NAME]),
    }
}

fn of_login(error: &install::login::Error) -> Option<Verdict> {
    use install::login::Error;
    match error {
        Error::Key(_) => usage(&[]),
        Error::Mirrored { mirror, .. } => usage(&[&format!("`pkg login {mirror}` logs in there")]),
        Error::Check { source, .. } if source.kind() == oci::Kind::Unauthorized => {
            Some((Exit::Unauthorized, advice::to_log_in(source)))
        }
        _ => None,
    }
}

fn of_refresh(error: &refresh::Error) -> Option<Verdict> {
    use refresh::Error;
    const MEANT: &str =
        "if its owner says that this is meant: `pkg tap remove`, then `pkg tap add`";
    match error {
        Error::Rollback { .. } | Error::Forked { .. } | Error::Renamed { .. } => {
            told(Exit::Integrity, &[MEANT])
        }
        Error::Broken { source: Broken::Write(_), .. } => None,
        Error::Broken { .. } => told(Exit::Integrity, &[]),
        Error::Ask { source, .. } if source.kind() == oci::Kind::Offline => {
            told(Exit::Registry, &[ONLINE, "`pkg import` brings the taps of an archive"])
        }
        Error::Elsewhere { tap, .. } => {
            told(Exit::Failed, &[&format!("`pkg tap remove {tap}` forgets the one that is here")])
        }
        Error::NoEdition { .. } => told(Exit::NotFound, &[]),
        Error::Several { .. } | Error::NotThere { .. } => usage(&[]),
        Error::Taps(error) => of_taps(error),
        _ => None,
    }
}

/// Variants that show another error's text in place of their own stand for that error.
fn of_proposal(error: &proposal::Error) -> Option<Verdict> {
    match error {
        proposal::Error::Taps(error) => of_taps(error),
        proposal::Error::Plan(error) => Some(of_plan(error)),
        proposal::Error::NoFile { .. } => told(Exit::NotFound, &[]),
        proposal::Error::Unmet { needs, .. } => {
            Some((Exit::NotFound, needs.iter().map(where_to_get).collect()))
        }
        proposal::Error::NotInstalled { .. } => {
            told(Exit::NotFound, &["`pkg list` shows what is installed"])
        }
        proposal::Error::History(
            install::history::Error::NothingBefore
            | install::history::Error::NothingAfter
            | install::history::Error::NoGeneration { .. }
            | install::history::Error::CleanedUp,
        ) => told(Exit::NotFound, &[]),
        proposal::Error::NotHere { .. } | proposal::Error::Unfit { .. } => {
            told(Exit::NotFound, &[])
        }
        proposal::Error::At { .. } | proposal::Error::Folder { .. } => usage(&[]),
        proposal::Error::Away(error) => Some(of_away(error)),
        proposal::Error::SameName { .. } => usage(&["one of them can be installed at a time"]),
        _ => None,
    }
}

/// How what a package needs that is of no tap can be had.
fn where_to_get(unmet: &proposal::Unmet) -> String {
    let name = &unmet.need.name;
    match unmet.taps.first() {
        Some(tap) => format!("tap `{tap}` has it: name `{tap}/{name}` in the same command"),
        None => format!(
            "name `{name}` in the same command, by a reference or a file, or add a tap that has \
             it and name it as `TAP/{name}`"
        ),
    }
}

/// Most variants show another error's text in place of their own.
fn of_transaction(error: &transaction::Error) -> Option<Verdict> {
    match error {
        transaction::Error::Away(error) => Some(of_away(error)),
        transaction::Error::Home(error) => Some(of(error)),
        transaction::Error::Lock(error) => Some(of(error)),
        transaction::Error::Proposal(error) => Some(of(error)),
        transaction::Error::Fetch(error) => Some(of(error)),
        transaction::Error::Receipt(error) => of_receipt(error),
        transaction::Error::Hold(_) => told(Exit::Failed, &[REPAIR]),
        transaction::Error::Linking(linking::Error::Conflict(_)) => {
            told(Exit::Failed, &["`--overwrite` lets the one that comes win"])
        }
        transaction::Error::Space { .. } => told(Exit::Failed, &[ROOM]),
        transaction::Error::Shadow { .. } => {
            told(Exit::Failed, &["`--allow-shadow` installs it all the same"])
        }
        _ => None,
    }
}

fn of_plan(error: &plan::Error) -> Verdict {
    let exit = match error.kind() {
        plan::Kind::NotFound | plan::Kind::NoSolution | plan::Kind::Conflict => Exit::NotFound,
        plan::Kind::Needed | plan::Kind::Pinned => Exit::Failed,
        plan::Kind::Lookup => return error.source().map_or((Exit::Failed, Vec::new()), of),
    };
    (exit, error.hints())
}

fn of_oci(error: &oci::Error) -> Verdict {
    if let oci::Error::Layout(oci::layout::Error::Several { path, names }) = error {
        let tag = names.first().map_or("TAG", String::as_str);
        let hint = format!("its tag follows the folder, as in `oci:{}:{tag}`", path.display());
        return (Exit::Usage, vec![hint]);
    }
    let hints = advice::of(error);
    match error.kind() {
        oci::Kind::NotFound => (Exit::NotFound, hints),
        oci::Kind::Unauthorized => (Exit::Unauthorized, hints),
        oci::Kind::Network | oci::Kind::Registry => (Exit::Registry, hints),
        oci::Kind::Offline => (Exit::Registry, vec![ONLINE.to_owned()]),
        oci::Kind::Forbidden => (Exit::Unauthorized, Vec::new()),
        oci::Kind::Integrity => (Exit::Integrity, Vec::new()),
        oci::Kind::Invalid => (Exit::Failed, Vec::new()),
    }
}

fn of_feed(error: &install::feed::Error) -> Option<Verdict> {
    match error {
        install::feed::Error::Pinned { .. } => told(Exit::Integrity, &[]),
        install::feed::Error::Git(error) => of_git(error),
        _ => None,
    }
}

fn of_git(error: &install::git::Error) -> Option<Verdict> {
    use install::git::Error;
    match error {
        Error::Missing => told(Exit::Failed, &["the system's package manager installs it"]),
        Error::Mirror(error) => Some(of_oci(error)),
        Error::Offline { .. } => told(Exit::Registry, &[ONLINE]),
        Error::Said { step: install::git::FETCHING | install::git::LISTING, .. } => {
            told(Exit::Registry, &[])
        }
        Error::Unauthorized { .. } => told(Exit::Unauthorized, &[]),
        Error::NoCommit { .. } => told(Exit::NotFound, &[]),
        Error::Pinned { .. } => told(Exit::Integrity, &[]),
        _ => None,
    }
}

fn of_launch(error: &install::launch::Error) -> Option<Verdict> {
    use install::launch::Error;
    match error {
        Error::Proposal(error) => Some(of(error)),
        Error::Transaction(error) => Some(of(error)),
        Error::Receipt(error) => of_receipt(error),
        Error::NoProgram { programs, .. } if !programs.is_empty() => {
            told(Exit::Usage, &["`--bin` names the one to run"])
        }
        Error::NoProgram { .. } => told(Exit::NotFound, &[]),
        _ => None,
    }
}

fn of_test(error: &install::test::Error) -> Option<Verdict> {
    use install::test::Error;
    match error {
        Error::NotInstalled { name } => {
            let apart = "`pkg test ./FILE.toml` tests what a formula brings, and \
                         `pkg test oci:FOLDER` what was packed, both installed apart";
            told(Exit::NotFound, &[&format!("`pkg install {name}` comes first"), apart])
        }
        Error::NoTest { .. } => told(Exit::NotFound, &["add `[test]` to its formula"]),
        Error::Launch(error) => of_launch(error).or_else(|| error.source().map(of)),
        _ => None,
    }
}

fn of_cleanup(error: &install::cleanup::Error) -> Option<Verdict> {
    match error {
        install::cleanup::Error::Lock(error) => Some(of(&**error)),
        install::cleanup::Error::Collect(store::collect::Error::Needs { .. }) => {
            told(Exit::Failed, &[REPAIR])
        }
        _ => None,
    }
}

fn of_doctor(error: &install::doctor::Error) -> Option<Verdict> {
    use install::doctor::Error;
    match error {
        Error::Transaction(error) => Some(of(&**error)),
        Error::Straight { .. } | Error::Changed { .. } => told(
            Exit::Failed,
            &["`pkg rollback` leads to a generation of `pkg history` without it"],
        ),
        Error::Moved { keg, .. } => told(
            Exit::Integrity,
            &[&format!("`pkg reinstall {}` takes what is there now", keg.name)],
        ),
        _ => None,
    }
}

fn of_receipt(_: &install::receipt::Error) -> Option<Verdict> {
    told(Exit::Failed, &[REPAIR])
}

fn of_lock(error: &store::lock::Error) -> Option<Verdict> {
    match error {
        store::lock::Error::Busy { .. } => told(Exit::Locked, &[]),
        store::lock::Error::Lock { .. } => None,
    }
}

pub(super) fn usage(hints: &[&str]) -> Option<Verdict> {
    told(Exit::Usage, hints)
}

pub(super) fn told(exit: Exit, hints: &[&str]) -> Option<Verdict> {
    Some((exit, hints.iter().map(ToString::to_string).collect()))
}

/// The question that names what was probably meant.
pub(crate) fn did_you_mean(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("did you mean `{}`?", names.join("`, `")))
}
