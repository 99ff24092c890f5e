//! `pkg shell`

use std::{ffi::OsString, process::Command};

use clap::Args;
use install::launch::Surroundings;

use super::project::{brought, required};
use crate::{
    args::examples,
    failure::{Failure, Result},
    handover::hand_over,
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
        Err(run_in(session, surroundings, program, self.args))
    }
}

/// Runs a command in the surroundings of a project; comes back only where it cannot be started.
pub(super) fn run_in(
    session: &Session,
    surroundings: Surroundings,
    program: OsString,
    args: Vec<OsString>,
) -> Failure {
    let Surroundings { commands, variables, holds } = surroundings;
    let mut command = Command::new(program);
    command.args(args).envs(variables.into_iter().map(|it| (it.name, it.value)));
    hand_over(session, command, vec![commands], holds)
}
