//! In which form a plumbing verb answers: text, this program's JSON, or the JSON of oras.

use clap::Args;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

// The form of the answer.
#[derive(Debug, Args)]
pub struct Format {
    /// `text`, or `json` as oras prints it; `--json` is this program's own
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    #[arg(long, hide = true, value_name = "TEMPLATE")]
    template: Option<String>,
}

impl Format {
    /// Refuses a form that there is not, before anything is done.
    pub(super) fn check(&self) -> Result {
        self.is_foreign().map(drop)
    }

    /// Answers with the view where JSON is asked for, else with `text`.
    pub(super) fn answer(
        &self,
        session: &Session,
        view: &impl Serialize,
        text: impl FnOnce(),
    ) -> Result {
        match self.is_foreign()? {
            true => drop(session.printer.raw(view::as_oras(view).as_bytes())),
            false if session.printer.is_json() => session.printer.json(view),
            false => text(),
        }
        Ok(())
    }

    /// Whether the answer is to be as oras prints it.
    pub(super) fn is_foreign(&self) -> Result<bool> {
        match self.format.as_deref() {
            _ if self.template.is_some() => Err(no_template()),
            None | Some("text" | "tree") => Ok(false),
            Some("json") => Ok(true),
            Some(format) if format.starts_with("go-template") => Err(no_template()),
            Some(format) => {
                let sentence = format!("there is no format `{format}`");
                Err(Failure::told(Exit::Usage, sentence).hint("`text` and `json` are the formats"))
            }
        }
    }
}

fn no_template() -> Failure {
    let failure = Failure::told(Exit::Usage, "templates of Go are not taken here");
    failure.hint("`--format json` and `jq` take any part of an answer")
}
