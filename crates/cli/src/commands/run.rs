//! `pkg run`

use std::{ffi::OsString, os::unix::process::CommandExt as _, path::Path, process::Command};

use clap::Args;
use install::launch::Program;

use super::{
    change::waiting,
    project::{brought, here},
    shell::run_in,
};
use crate::{
    args::examples,
    complete,
    failure::{Failure, Result},
    handover::hand_over,
    session::Session,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg run hello", "fetched if need be, not linked, not remembered"),
    ("pkg run jaq@3.0 -- .name package.json", "another version than the installed one"),
    ("pkg run --bin fastfetch ./fetch.toml", "one program of several"),
    ("pkg run just test", "in a project: its own `just`"),
]))]
pub struct Run {
    /// A package as `pkg install` takes it; in a project a command of it
    #[arg(add = complete::formulas())]
    pub spec: String,
    /// The program, where the package has several
    #[arg(long, value_name = "PROGRAM")]
    pub bin: Option<String>,
    /// Passed to the program as they stand
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
}

impl Run {
    pub(crate) fn run(self, session: &Session) -> Result {
        if self.bin.is_none()
            && let Some(failure) = self.of_project(session)?
        {
            return Err(failure);
        }
        let spec = self.spec.parse()?;
        let home = session.home()?;
        let program = home.program(&spec, self.bin.as_deref(), &mut waiting(session))?;
        session.progress.end();
        Err(run_alone(session, program, self.args))
    }

    /// Runs a command of the project, if there is a project that has it.
    fn of_project(&self, session: &Session) -> Result<Option<Failure>> {
        let is_name = formula::Name::parse(&self.spec).is_ok();
        let Some(project) = here()?.filter(|_| is_name) else { return Ok(None) };
        let surroundings = brought(session, &project)?.surroundings()?;
        let program = surroundings.commands.join(&self.spec);
        if !program.exists() {
            return Ok(None);
        }
        let args = self.args.clone();
        Ok(Some(run_in(session, surroundings, program.into(), args)))
    }
}

/// Runs a package's program; comes back only where it cannot be started.
fn run_alone(session: &Session, program: Program, args: Vec<OsString>) -> Failure {
    let Program { name, path, folders, variables, holds } = program;
    let mut command = Command::new(&path);
    command.args(args).envs(variables);
    // A file that is called otherwise may look at the name that it is called by.
    if path.file_name() != Some(Path::new(&name).as_os_str()) {
        command.arg0(&name);
    }
    hand_over(session, command, folders, holds)
}
