//! From the start of the process to its exit code.

use std::{
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::Arc,
};

use clap::{
    FromArgMatches as _,
    error::{ContextKind, ContextValue},
};

use crate::{
    args::{self, Cli, Command},
    commands, complete,
    env::Environment,
    exit::Exit,
    failure::{Failure, Result},
    logging,
    printer::{Json, Printer},
    session::Session,
};

/// Runs the program on the words of this process's command line.
pub fn main() -> ExitCode {
    // A step of a build is started by this program too, while it still has one thread.
    if let Some(exit) = build::run::sandbox::main() {
        return exit;
    }
    // The hook speaks once, for whichever thread; what unwinds to here needs no second message.
    panic::set_hook(Box::new(|panic| Printer::new(false, None).failure(&bug(panic))));
    let exit = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Bug);
    exit.into()
}

fn run() -> Exit {
    if complete::answer() {
        return Exit::Done;
    }
    let cli = match args::command().try_get_matches().and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(mut error) => {
            suggest_one(&mut error);
            // No words were understood, but who reads events waits for one all the same.
            let wants_events = std::env::args_os().any(|word| word == "--json=events");
            let printer = Printer::new(false, wants_events.then_some(Json::Events));
            printer.clap(&error);
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return end(&printer, exit);
        }
    };
    let printer = Arc::new(Printer::new(cli.global.quiet, cli.global.json));
    let exit = match carry_out(cli, &printer) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    end(&printer, exit)
}

fn carry_out(cli: Cli, printer: &Arc<Printer>) -> Result {
    let environment = Environment::of_process()?;
    logging::start(cli.global.verbose, environment.log.as_deref(), printer)?;
    let command = cli.command.remembered();
    let session = Session::new(&cli.global, command, environment, printer)?;
    // Whoever has the hook would read it at each prompt.
    if !matches!(cli.command, Command::Hook(_)) {
        session.settings.unheard.iter().for_each(|unheard| printer.warning(unheard));
    }
    commands::run(cli.command, &session)
}

/// A suggestion that differs in more letters is another word, and may do harm.
const LETTERS_MAX: usize = 2;
/// Of a word of no more letters than these, a second one that differs makes another word.
const SHORT_MAX: usize = 5;

/// Leaves the nearest of the words that clap would suggest, which is its last, if it is near.
fn suggest_one(error: &mut clap::Error) {
    let typed = error.get(ContextKind::InvalidSubcommand).map(ToString::to_string);
    let nearest = match error.remove(ContextKind::SuggestedSubcommand) {
        // The words of brew: `untap NAME`, and `tap USER/REPOSITORY`.
        _ if typed.as_deref() == Some("untap") => Some("tap remove".to_owned()),
        _ if typed.as_deref().is_some_and(|typed| typed.contains('/')) => Some("add".to_owned()),
        Some(ContextValue::Strings(mut names)) => {
            names.pop().filter(|name| is_near(typed.as_deref(), name))
        }
        _ => None,
    };
    if let Some(nearest) = nearest {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::String(nearest));
    } else if typed.is_some() {
        // A list of tips that is empty is a line that is empty.
        error.remove(ContextKind::Suggested);
    }
    let typed = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let flag = error.get(ContextKind::SuggestedArg).map(ToString::to_string);
    if flag.is_some_and(|flag| !is_near(typed.as_deref(), &flag)) {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
    }
}

fn is_near(typed: Option<&str>, name: &str) -> bool {
    typed.is_some_and(|typed| {
        let letters = typed.trim_start_matches('-').chars().count();
        let most = if letters > SHORT_MAX { LETTERS_MAX } else { 1 };
        strsim::damerau_levenshtein(typed, name) <= most
    })
}

fn end(printer: &Printer, exit: Exit) -> Exit {
    match printer.finish() {
        Err(failure) if exit == Exit::Done => {
            printer.failure(&failure);
            failure.exit
        }
        _ => exit,
    }
}

fn bug(panic: &panic::PanicHookInfo<'_>) -> Failure {
    let what = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    Failure::told(Exit::Bug, format!("this is a bug in `pkg`: {what}, at {place}"))
        .hint("what is installed is whole; please report the bug with the command and this text")
}
