//! `pkg prefix`

use clap::Args;

use crate::{
    args::examples,
    complete,
    failure::Result,
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg prefix", "what has bin, lib and share"),
    ("pkg prefix jaq", "jaq's own folder"),
]))]
pub struct Prefix {
    /// NAME or NAME@SLOT
    #[arg(add = complete::installed())]
    pub name: Option<String>,
}

impl Prefix {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let path = match &self.name {
            None => home.layout().current(),
            Some(name) => session.package(&home, name)?.path,
        };
        session.printer.path(view::Path::new(shown(&path)));
        Ok(())
    }
}
