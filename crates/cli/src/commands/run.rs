//! `pkg run`

use std::{ffi::OsString, os::unix::process::CommandExt as _, path::Path, process::Command};

use clap::Args;
use install::launch::Program;

use super::{
    change::waiting,
    project::{brought, here},
    shell::{run_in, split},
};
use crate::{
    args::examples,
    complete,
    failure::{Failure, Result},
    handover::hand_over,
    session::Session,
};

#[derive(Debug, Args)]
#[command(override_usage = "pkg run [OPTIONS] <SPEC> [ARGS]...", after_help = examples(&[
    ("pkg run hello", "fetched if need be, not linked, not remembered"),
    ("pkg run jaq@3.0 -- .name package.json", "another version than the installed one"),
    ("pkg run --bin fastfetch ./fetch.toml", "one program of several"),
    ("pkg run just test", "in a project: its own `just`"),
]))]
pub struct Run {
    /// A package as `pkg install` takes it, in a project a command of it; what follows is passed
    /// to the program as it stands
    #[arg(required = true, num_args = 1.., trailing_var_arg = true)]
    #[arg(value_names = ["SPEC", "ARGS"], add = complete::formulas_or_files())]
    pub words: Vec<OsString>,
    /// The program, where the package has several
    #[arg(long, value_name = "PROGRAM")]
    pub bin: Option<String>,
}

impl Run {
    pub(crate) fn run(self, session: &Session) -> Result {
        let (spec, args) = split(self.words).unwrap_or_default();
        let spec = spec.to_string_lossy();
        if self.bin.is_none()
            && let Some(failure) = of_project(session, &spec, &args)?
        {
            return Err(failure);
        }
        let spec = spec.parse()?;
        let home = session.home()?;
        let program = home.program(&spec, self.bin.as_deref(), &mut waiting(session))?;
        session.progress.end();
        Err(run_alone(session, program, args))
    }
}

/// Runs a command of the project, if there is a project that has it.
fn of_project(session: &Session, name: &str, args: &[OsString]) -> Result<Option<Failure>> {
    let is_name = formula::Name::parse(name).is_ok();
    let Some(project) = here()?.filter(|_| is_name) else { return Ok(None) };
    let surroundings = brought(session, &project)?.surroundings()?;
    let program = surroundings.commands.join(name);
    if !program.exists() {
        return Ok(None);
    }
    Ok(Some(run_in(session, surroundings, program.into(), args.to_vec())))
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
