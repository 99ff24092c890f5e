//! Hands this process over to another program, with folders before those of the user's PATH.

use std::{os::unix::process::CommandExt as _, path::PathBuf, process::Command};

use store::in_use::Hold;

use crate::{failure::Failure, session::Session};

/// Lets a command take this process over; comes back only where it cannot be started.
pub(crate) fn hand_over(
    session: &Session,
    mut command: Command,
    folders: Vec<PathBuf>,
    holds: Vec<Hold>,
) -> Failure {
    // A PATH that is empty has no folders; split, it would have the working folder.
    let before = session.environment.path.iter().flat_map(std::env::split_paths);
    if let Ok(joined) = std::env::join_paths(folders.into_iter().chain(before)) {
        command.env("PATH", joined);
    }
    for hold in holds {
        if let Err(error) = hold.pass_on() {
            tracing::debug!(%error, "the program runs without holding its packages");
        }
    }
    let error = command.exec();
    let program = command.get_program().to_string_lossy();
    Failure::of_file(error).context(format!("cannot start `{program}`"))
}
