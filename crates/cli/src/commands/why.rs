//! `pkg why`

use clap::Args;
use formula::Name;
use install::Package;
use plan::{Key, query};

use crate::{
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg why library", "the ways from what was asked for to it"),
]))]
pub struct Why {
    /// NAME or NAME@SLOT
    #[arg(add = complete::installed())]
    pub name: String,
}

impl Why {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let package = session.package(&home, &self.name)?;
        let ways = query::why(&home.installed_needs()?, &key(&package)?);
        if session.printer.is_json() {
            session.printer.json(&view::Why::of(&package, &ways));
            return Ok(());
        }
        let name = package.shown_name();
        if let Some(request) = &package.requested {
            let as_what = match request.as_str() {
                "*" => String::new(),
                constraint => format!(", as `{constraint}`"),
            };
            session.printer.answer(format_args!("you asked for {name}{as_what}"));
        }
        for way in ways.iter().filter(|way| way.len() > 1) {
            let steps: Vec<_> = way[1..].iter().map(ToString::to_string).collect();
            let needs = steps.join(", which needs ");
            session.printer.answer(format_args!("{} needs {needs}", way[0]));
        }
        if package.requested.is_none() && ways.iter().all(|way| way.len() < 2) {
            session.printer.answer(format_args!("nothing needs {name}"));
            session.printer.hint("`pkg autoremove` removes what nothing needs");
        }
        Ok(())
    }
}

/// An installed package as the planner names it.
pub(crate) fn key(package: &Package) -> Result<Key> {
    let name = Name::parse(&package.name).map_err(|error| Failure::new(Exit::Failed, error))?;
    Ok(Key { name, slot: package.slot.clone() })
}
