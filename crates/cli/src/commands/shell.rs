//! `pkg shell`

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use clap::Args;
use install::launch::Surroundings;

use super::project::{brought, required};
use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg shell", "the shell in $SHELL, with the project's commands first"),
    ("pkg shell make test", "one command, found on the PATH that it gets"),
]))]
pub struct Shell {
    /// Run this instead of a shell
    pub command: Option<OsString>,
    /// Passed to the command as they stand
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
}

impl Shell {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = required()?;
        let surroundings = brought(session, &project)?.surroundings()?;
        let shell = || session.environment.shell.clone().unwrap_or_else(|| "/bin/sh".into());
        let program = self.command.unwrap_or_else(|| shell().into());
        Err(become_command(session, surroundings, program, self.args))
    }
}

/// Lets a command take this process over; comes back only where it cannot be started.
pub(super) fn become_command(
    session: &Session,
    surroundings: Surroundings,
    program: OsString,
    args: Vec<OsString>,
) -> Failure {
    let Surroundings { commands, variables, holds } = surroundings;
    let before = session.environment.path.clone().unwrap_or_default();
    let paths = std::iter::once(commands).chain(std::env::split_paths(&before));
    let mut command = Command::new(&program);
    command.args(args);
    for variable in variables {
        command.env(variable.name, variable.value);
    }
    if let Ok(joined) = std::env::join_paths(paths) {
        command.env("PATH", joined);
    }
    for hold in holds {
        if let Err(error) = hold.pass_on() {
            tracing::debug!(%error, "the command runs without holding its packages");
        }
    }
    let error = command.exec();
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound => Exit::NotFound,
        _ => Exit::Failed,
    };
    let program = program.to_string_lossy().into_owned();
    Failure::new(exit, error).context(format!("cannot start `{program}`"))
}
