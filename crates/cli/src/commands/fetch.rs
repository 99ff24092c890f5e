//! `pkg fetch`

use clap::Args;
use install::{Request, Verb};

use super::change::{specs, waiting};
use crate::{args::examples, complete, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg fetch jaq hyperfine", "so that `pkg --offline install jaq hyperfine` works later"),
]))]
pub struct Fetch {
    /// Packages as `pkg install` takes them
    #[arg(required = true, value_name = "SPEC", add = complete::formulas())]
    pub specs: Vec<String>,
}

impl Fetch {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let proposal = home.propose(&Request::Install(specs(&self.specs)?))?;
        home.realise(&proposal, &mut waiting(session))?;
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view::Plan::of(&proposal));
        }
        let coming = proposal.steps.iter().filter(|step| step.action != Verb::Remove);
        for step in coming {
            let version = step.to.as_deref().unwrap_or_default();
            session.printer.status("Fetched", format_args!("{} {version}", step.name));
        }
        if proposal.steps.is_empty() {
            proposal.notes.iter().for_each(|note| session.printer.note(note));
        }
        Ok(())
    }
}
