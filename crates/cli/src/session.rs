//! What a command gets: the settings of this run, the printer, and the question before a change.

use std::{io::IsTerminal as _, path::Path, sync::Arc};

use catalog::{Found, Spec, Tap, Taps, spec::Kind};

use crate::{
    args::Global,
    config::Config,
    env::Environment,
    exit::Exit,
    failure::{Failure, Result},
    printer::Printer,
    settings::Settings,
};

/// One run of the program.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) settings: Settings,
    pub(crate) printer: Arc<Printer>,
}

impl Session {
    pub(crate) fn new(
        global: &Global,
        environment: Environment,
        printer: &Arc<Printer>,
    ) -> Result<Self> {
        let folders = environment.folders.as_ref();
        let config = folders.map(|folders| Config::of_folder(&folders.config)).transpose()?;
        let settings = Settings::new(global, &environment, config.unwrap_or_default())?;
        Ok(Self { environment, settings, printer: printer.clone() })
    }

    /// Asks before something that goes beyond what was named.
    ///
    /// # Errors
    ///
    /// Nobody is there to be asked, and nobody said yes beforehand.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool> {
        if self.settings.yes.value {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            let sentence = "this needs a yes, and there is no terminal to ask on";
            let failure = Failure::told(Exit::Failed, sentence);
            return Err(failure.hint("run it again with `--yes` if the plan is what you want"));
        }
        let asked = self.printer.ask(question);
        asked.map_err(|error| Failure::new(Exit::Failed, error).context("cannot read the answer"))
    }

    /// The taps that formulas come from.
    pub(crate) fn taps(&self) -> Result<Taps> {
        Ok(Taps::open(&self.settings.root.value.join("taps"))?)
    }

    /// The formula that `spec` names, whichever version it asks for.
    pub(crate) fn formula(&self, spec: &Spec) -> Result<Found> {
        match &spec.kind {
            Kind::Name { tap, name } => Ok(self.taps()?.find(tap.as_deref(), name.as_str())?),
            Kind::File(file) => {
                let found = Tap::folder(folder_of(file), None)?.formula_file(file)?;
                let missing = || format!("there is no file `{}`", file.display());
                found.ok_or_else(|| Failure::told(Exit::NotFound, missing()))
            }
            Kind::Reference(_) => {
                Err(Failure::told(Exit::Usage, format!("`{spec}` is a package without a formula")))
            }
        }
    }
}

/// The folder of a file; the working folder where the path is a bare name.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
