//! `pkg home`

use clap::Args;

use crate::{
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg home jaq", "the address alone")]))]
pub struct Home {
    /// NAME, TAP/NAME or ./FILE.toml
    #[arg(add = complete::formulas())]
    pub spec: String,
}

impl Home {
    pub(crate) fn run(self, session: &Session) -> Result {
        let found = session.formula_meant(&self.spec.parse()?)?;
        let homepage = found.formula.homepage().ok_or_else(|| {
            let sentence = format!("the formula `{}` names no homepage", found.formula.name());
            Failure::told(Exit::NotFound, sentence)
        })?;
        if session.printer.is_json() {
            session.printer.json(&view::Home::of(&found, homepage));
        } else {
            session.printer.answer(homepage);
        }
        Ok(())
    }
}
