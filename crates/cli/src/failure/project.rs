//! Which exit code an error of a project becomes, and what the user can do.

use std::error::Error;

use install::{fetch, proposal, transaction};
use project::{bundle, edit, lock, locking, project as folder, sync, taps, wants};

use super::{
    advice,
    verdict::{Verdict, of as chain, of_taps, seen, told, usage},
};
use crate::exit::Exit;

/// What makes a lock again.
const LOCK: &str = "`pkg lock` brings it up to date; commit it";
/// Why a project does not find what its user finds.
const OWN_TAPS: &str = "a project knows its own taps only: those under `[taps]` in pkg.toml";
/// What helps where a tap went back.
const ANOTHER_TAP: &str =
    "if its owner says that this is meant: give it another name under `[taps]` in pkg.toml";
/// What helps where a lock is broken.
const MERGE: &str = "mend the line, or take one side (`git checkout --ours pkg.lock`) and run `pkg \
     lock`; without the file it makes a new one";

/// The line that says where a tap is mirrored, for whom its own registry is out of reach.
pub(crate) fn mirror_of(tap: &str) -> String {
    format!(
        "if the tap has a mirror: `\"{tap}\" = \"oci://HOST/REPOSITORY\"` below `[mirror]` of \
         config.toml names it"
    )
}

/// Whether there is no way to a server.
fn is_unreachable(error: &(dyn Error + 'static)) -> bool {
    use oci::What::{NoProxy, NoTunnel, Unreachable};
    let what = advice::first(error).map(|trouble| trouble.what);
    matches!(what, Some(Unreachable(_) | NoProxy | NoTunnel))
}

/// The package of a lock whose bytes are out of reach.
pub(super) fn out_of_reach<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a str> {
    if !is_unreachable(error) {
        return None;
    }
    let proposal = match seen::<sync::Error>(error) {
        Some(sync::Error::Proposal(error)) => Some(&**error),
        _ => seen::<proposal::Error>(error),
    };
    let fetch = match seen::<transaction::Error>(error) {
        Some(transaction::Error::Fetch(error)) => Some(error),
        _ => None,
    };
    match (proposal, fetch) {
        (Some(proposal::Error::Locate { name, .. }), _)
        | (_, Some(fetch::Error::Layer { name, .. } | fetch::Error::Feed { name, .. })) => {
            Some(name)
        }
        _ => None,
    }
}

/// What an error of the room says; a variant that shows another error's text stands for that.
pub(super) fn of(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    if let Some(lock::Error::Refused(_)) = seen(cause) {
        return told(Exit::Failed, &[MERGE]);
    }
    match seen::<edit::Error>(cause) {
        Some(edit::Error::Missing { name }) => {
            let hint = format!("`pkg uninstall {name}` removes what you installed for yourself");
            return told(Exit::NotFound, &[&hint]);
        }
        Some(_) => return told(Exit::Failed, &[]),
        None => {}
    }
    if let Some(wants::Error::Read { source, .. }) = seen(cause)
        && source.kind() == std::io::ErrorKind::NotFound
    {
        return told(Exit::NotFound, &[]);
    }
    if seen::<wants::Error>(cause).is_some() || seen::<folder::Error>(cause).is_some() {
        return told(Exit::Failed, &[]);
    }
    of_locking(cause).or_else(|| of_sync(cause)).or_else(|| of_bundle(cause))
}

fn of_locking(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<locking::Error>(cause) {
        Some(locking::Error::Taps(error)) => return of_project_taps(error),
        Some(locking::Error::Home(error)) => return Some(chain(error)),
        Some(locking::Error::Named { is, .. }) => {
            return usage(&[&format!("write `{is}` in its place")]);
        }
        Some(locking::Error::NotLocked { .. }) => return told(Exit::NotFound, &[]),
        Some(locking::Error::Choose { source, .. }) => {
            use catalog::taps::Error::{NoFormula, NoTap};
            let (exit, mut hints) = chain(&**source);
            if let proposal::Error::Taps(NoFormula { .. } | NoTap { .. }) = **source {
                hints.push(OWN_TAPS.to_owned());
            }
            return Some((exit, hints));
        }
        None => {}
    }
    None
}

fn of_project_taps(error: &taps::Error) -> Option<Verdict> {
    match error {
        taps::Error::Taps(error) => of_taps(error),
        taps::Error::Root(error) => Some(chain(error)),
        taps::Error::Home(error) => Some(chain(error)),
        taps::Error::Follow { at, source, .. } => Some(match chain(&**source) {
            (Exit::Integrity, _) => (Exit::Integrity, vec![ANOTHER_TAP.to_owned()]),
            (exit, mut hints) => {
                hints.extend(is_unreachable(source).then(|| mirror_of(at)));
                (exit, hints)
            }
        }),
        taps::Error::Folder { source, .. } => Some(chain(&**source)),
        taps::Error::Place { .. } => usage(&[]),
        taps::Error::Back { .. } => told(Exit::Integrity, &[ANOTHER_TAP]),
    }
}

fn of_sync(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<sync::Error>(cause)? {
        sync::Error::Outdated { .. } => told(Exit::Failed, &[LOCK]),
        sync::Error::NoPlatform { .. } => {
            told(Exit::NotFound, &["add it to `platforms` in pkg.toml, then `pkg lock`"])
        }
        sync::Error::NoGroup { .. } => told(Exit::NotFound, &[]),
        sync::Error::Root(error) => Some(chain(error)),
        sync::Error::Taps(error) => of_taps(error),
        sync::Error::Home(error) => Some(chain(error)),
        sync::Error::Proposal(error) => Some(chain(&**error)),
        sync::Error::Moved { name, .. } => {
            let update =
                format!("if that is meant: `pkg lock --update {name}` takes what is there");
            told(Exit::Integrity, &[&update])
        }
    }
}

fn of_bundle(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<bundle::Error>(cause)? {
        bundle::Error::Receipt(error) => Some(chain(error)),
        bundle::Error::Taps(error) => of_taps(error),
        bundle::Error::Read(_) | bundle::Error::Edit(_) => None,
    }
}
