//! `pkg cat`

use clap::Args;

use crate::{args::examples, complete, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg cat jaq", "as its author wrote it")]))]
pub struct Cat {
    /// NAME, TAP/NAME or ./FILE.toml
    #[arg(add = complete::formulas())]
    pub spec: String,
}

impl Cat {
    pub(crate) fn run(self, session: &Session) -> Result {
        let found = session.formula_meant(&self.spec.parse()?)?;
        if session.printer.is_json() {
            session.printer.json(&view::Cat::of(&found));
        } else {
            session.printer.answer(found.formula.text().trim_end());
        }
        Ok(())
    }
}
