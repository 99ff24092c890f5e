//! What a shell offers while a command is being typed: names of packages and taps.
//!
//! The shell runs the program at each tab, so nothing here asks a registry, waits or complains:
//! what cannot be read is not offered.

use std::{
    ffi::OsStr,
    io::{self, Write as _},
    path::Path,
};

use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _},
    env::EnvCompleter,
};
use project::{Project, Wants};

use crate::{args, args::Global, env::Environment, settings::Settings};

/// The variable in which a shell says that it asks for completions, and which shell it is.
const VARIABLE: &str = "PKG_COMPLETE";

/// Answers a shell that asks for completions; false where none does.
pub(crate) fn answer() -> bool {
    let complete = CompleteEnv::with_factory(args::command).var(VARIABLE).bin("pkg");
    let folder = std::env::current_dir().ok();
    // A shell shows nobody's errors in the middle of a line.
    complete.try_complete(std::env::args_os(), folder.as_deref()).unwrap_or(true)
}

/// The script that makes a shell ask.
pub(crate) fn script(shell: &dyn EnvCompleter) -> io::Result<String> {
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "pkg", "pkg", "pkg", &mut script)?;
    script.flush()?;
    String::from_utf8(script).map_err(io::Error::other)
}

/// Formulas of all taps; with `TAP/` in front those of one.
pub(crate) fn formulas() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered(typed, formulas_from))
}

/// Formulas, and files: for a line that goes on with the words of a program.
pub(crate) fn formulas_or_files() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut all = offered(typed, formulas_from);
        all.extend(PathCompleter::any().complete(typed));
        all
    })
}

/// Installed packages.
pub(crate) fn installed() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered(typed, installed_from))
}

/// Packages of the project that the working folder is in; where there is none, installed ones.
pub(crate) fn removable() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        offered(typed, |settings, prefix| {
            let Some(project) = Project::around(Path::new(".")).ok()? else {
                return installed_from(settings, prefix);
            };
            let wants = Wants::read(&project.file()).ok()?;
            let names = wants.packages.iter().map(|want| want.name.as_str());
            Some(names.filter(|name| name.starts_with(prefix)).map(ToOwned::to_owned).collect())
        })
    })
}

/// Taps.
pub(crate) fn taps() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        offered(typed, |settings, prefix| {
            let taps = settings.open_taps().ok()?;
            let names = taps.iter().map(catalog::Tap::name).filter(|name| name.starts_with(prefix));
            Some(names.map(ToOwned::to_owned).collect())
        })
    })
}

fn offered(
    typed: &OsStr,
    names: impl FnOnce(&Settings, &str) -> Option<Vec<String>>,
) -> Vec<CompletionCandidate> {
    let names = typed.to_str().and_then(|prefix| names(&settings()?, prefix));
    names.unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

fn formulas_from(settings: &Settings, prefix: &str) -> Option<Vec<String>> {
    let taps = settings.open_taps().ok()?;
    let Some((tap, prefix)) = prefix.split_once('/') else { return taps.names_from(prefix).ok() };
    let names = taps.tap(tap).ok()?.names_from(prefix).ok()?;
    Some(names.iter().map(|name| format!("{tap}/{name}")).collect())
}

fn installed_from(settings: &Settings, prefix: &str) -> Option<Vec<String>> {
    let layout = store::Layout::new(settings.root.value.clone());
    let number = store::generation::current_number(&layout).ok()??;
    let record = store::generation::read(&layout, number).ok()?;
    let mut names: Vec<String> = record.kegs.into_iter().map(|keg| keg.name).collect();
    names.sort();
    names.dedup();
    names.retain(|name| name.starts_with(prefix));
    Some(names)
}

/// The settings, but for the flags of the line that is being typed.
fn settings() -> Option<Settings> {
    let environment = Environment::of_process().ok()?;
    Settings::read(&Global::default(), &environment).ok()
}
