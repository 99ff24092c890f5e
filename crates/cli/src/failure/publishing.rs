//! The errors of a maintainer's commands.

use std::{error::Error, io};

use catalog::{edition::collect, tap};
use publish::{inspect, make, pack, promote, publisher, push, version};

use super::verdict::{Verdict, of, seen, told, usage};
use crate::exit::Exit;

/// What gives a tap a registry.
const REGISTRY: &str = "add `registry = \"HOST/PATH\"` to the `tap.toml` beside it";
/// What shows more of a build.
const KEEP: &str = "`--keep` leaves the build's folder for a look";
/// Where a build may write.
const OUT: &str = "steps put what they make below `{out}`, as in `make install DESTDIR={out}`";
/// What helps where others were faster.
const AGAIN: &str = "run it again once they are done";

/// A variant that shows another error's text in place of its own stands for that error.
pub(super) fn of_publishing(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    if let Some(error) = seen::<publisher::Error>(cause) {
        return match error {
            publisher::Error::NoRegistry { .. } => usage(&[REGISTRY]),
            publisher::Error::Tag { .. } => usage(&[]),
            publisher::Error::Make(error) => Some(of(error)),
            publisher::Error::Network(error) => Some(of(error)),
            publisher::Error::Push(error) => Some(of(error)),
            publisher::Error::Folder(_) | publisher::Error::Attach { .. } => None,
        };
    }
    if let Some(error) = seen::<push::Error>(cause) {
        return match error {
            push::Error::Taken { .. } => {
                told(Exit::Failed, &["raise `revision` in the version's table"])
            }
            push::Error::Place { .. } | push::Error::Version { .. } => usage(&[]),
            push::Error::Restless { .. } => told(Exit::Failed, &[AGAIN]),
            push::Error::Ask { .. } => None,
        };
    }
    if let Some(error) = seen::<version::Error>(cause) {
        return match error {
            version::Error::At { .. } => usage(&[]),
            version::Error::NoVersion { .. } => told(Exit::NotFound, &[]),
            version::Error::Resolve { source, .. } => match source {
                formula::resolve::Error::Broken { .. } => None,
                _ => told(Exit::NotFound, &[]),
            },
        };
    }
    match seen::<promote::Error>(cause) {
        Some(promote::Error::NoTag { .. }) => return usage(&[]),
        Some(promote::Error::Network(error)) => return Some(of(error)),
        Some(promote::Error::Push(error)) => return Some(of(error)),
        Some(promote::Error::Released { .. }) => return told(Exit::Failed, &[]),
        Some(promote::Error::Copy { .. }) => return None,
        None => {}
    }
    if let Some(inspect::Error::Network(error)) = seen(cause) {
        return Some(of(error));
    }
    of_making(cause).or_else(|| of_tap_publishing(cause))
}

fn of_making(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<make::Error>(cause) {
        Some(make::Error::Pack(error)) => return Some(of(error)),
        Some(make::Error::Proposal(error)) => return Some(of(&**error)),
        Some(make::Error::Run { source, .. }) => {
            let build::run::Error::Step { tail, .. } = &**source else { return None };
            let is_closed = tail.iter().any(|line| line.contains("Read-only file system"));
            let out = is_closed.then_some(OUT);
            let hints: Vec<&str> = out.into_iter().chain([KEEP]).collect();
            return told(Exit::Failed, &hints);
        }
        Some(make::Error::Network(error)) => return Some(of(error)),
        Some(make::Error::Elsewhere { .. }) => {
            return usage(&["steps run on this machine: build it on one that it is for"]);
        }
        Some(make::Error::Ring { .. }) => {
            return told(Exit::NotFound, &["publish one of them, so that it need not be built"]);
        }
        _ => {}
    }
    if let Some(pack::Error::Place { .. }) = seen(cause) {
        return usage(&[]);
    }
    match seen::<install::unpack::Error>(cause)? {
        install::unpack::Error::Locate(error) => Some(of(error)),
        install::unpack::Error::Transaction(error) => Some(of(error)),
    }
}

fn of_tap_publishing(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    use publish::tap::Error;
    match seen::<Error>(cause) {
        Some(Error::Tap(error)) => return Some(of(error)),
        Some(Error::Collect(error)) => return Some(of(error)),
        Some(Error::Pack(error)) => return Some(of(error)),
        Some(Error::Network(error)) => return Some(of(error)),
        Some(Error::Tagged { .. }) => return usage(&[]),
        Some(Error::Empty { .. }) => return told(Exit::NotFound, &[]),
        Some(Error::Restless { .. }) => return told(Exit::Failed, &[AGAIN]),
        Some(Error::Full { .. }) => return told(Exit::Failed, &[]),
        Some(Error::Broken { .. } | Error::Ask { .. } | Error::Other { .. })
        | Some(Error::Renamed { .. })
        | None => {}
    }
    match seen::<collect::Error>(cause) {
        Some(collect::Error::NoRegistry { .. }) => return usage(&[REGISTRY]),
        Some(collect::Error::Place { .. }) => return usage(&[]),
        _ => {}
    }
    match seen::<tap::Error>(cause)? {
        tap::Error::Gone { .. } => told(Exit::NotFound, &[]),
        tap::Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            told(Exit::NotFound, &[])
        }
        _ => None,
    }
}

pub(super) fn of_bump(error: &publish::bump::Error) -> Option<Verdict> {
    use publish::bump::Error;
    match error {
        Error::Nowhere => told(
            Exit::Failed,
            &["`[update]` says it, or name the version: `pkg bump FILE VERSION`"],
        ),
        Error::NoVersions { .. } | Error::NoTag { .. } => told(
            Exit::NotFound,
            &["`tag` of `[source]` says what a tag looks like, as in `tag = \"v{version}\"`; \
                 `match` of `[update]` is a regular expression whose group is the version"],
        ),
        Error::Version { .. } => usage(&[]),
        Error::There { .. } => {
            told(Exit::Failed, &["a rebuild of the same version raises `revision`"])
        }
        Error::Nothing { .. } => told(Exit::NotFound, &[]),
        Error::Sums { .. } => told(Exit::Integrity, &[]),
        _ => None,
    }
}

pub(super) fn of_draft(error: &publish::draft::Error) -> Option<Verdict> {
    use publish::draft::Error;
    match error {
        Error::Staged { path } => {
            let hint = format!("`pkg pack {path} --name NAME --version VERSION` packs it as it is");
            told(Exit::Usage, &[&hint])
        }
        Error::Nameless => told(Exit::Usage, &["`--name` says it"]),
        Error::Name { .. } | Error::Reference { .. } => usage(&[]),
        Error::Empty { .. } | Error::NoAssets { .. } | Error::NoRelease { .. } => {
            told(Exit::NotFound, &["the URL of a file works as well"])
        }
        Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            let hint =
                "the address of a release begins with `https://`, one of a registry with `oci://`";
            told(Exit::NotFound, &[hint])
        }
        _ => None,
    }
}

pub(super) fn of_edit(error: &formula::edit::Error) -> Option<Verdict> {
    match error {
        formula::edit::Error::NoVersion { .. } => told(Exit::NotFound, &[]),
        _ => None,
    }
}
