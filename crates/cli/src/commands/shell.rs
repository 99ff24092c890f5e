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
#[command(override_usage = "pkg shell [OPTIONS] [COMMAND] [ARGS]...", after_help = examples(&[
    ("pkg shell", "the shell in $SHELL, with the project's commands first"),
    ("pkg shell make test", "one command, found on the PATH that it gets"),
]))]
pub struct Shell {
    /// Run this instead of a shell; what follows it is passed to it as it stands
    #[arg(trailing_var_arg = true, value_names = ["COMMAND", "ARGS"], num_args = 1..)]
    pub words: Vec<OsString>,
}

impl Shell {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = required()?;
        let surroundings = brought(session, &project)?.surroundings()?;
        let shell = || session.environment.shell.clone().unwrap_or_else(|| "/bin/sh".into());
        let (program, args) = split(self.words).unwrap_or_else(|| (shell().into(), Vec::new()));
        Err(run_in(session, surroundings, program, args))
    }
}

/// What to run, and the words for it without a `--` that parts the two.
///
/// They are one argument of `pkg`: of two, the parser would take options from the second one.
pub(super) fn split(words: Vec<OsString>) -> Option<(OsString, Vec<OsString>)> {
    let mut words = words.into_iter().peekable();
    let first = words.next()?;
    words.next_if(|word| word == "--");
    Some((first, words.collect()))
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
