//! `pkg list` and `pkg leaves`

use std::collections::BTreeSet;

use clap::Args;
use install::{Home, Package};

use crate::{args::examples, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Default, Args)]
#[command(after_help = examples(&[
    ("pkg list", "everything"),
    ("pkg list --requested", "what was asked for"),
    ("pkg ls --json", "for a script"),
]))]
pub struct List {
    /// Only what was asked for
    #[arg(long)]
    pub requested: bool,
    /// Only what is pinned
    #[arg(long)]
    pub pinned: bool,
    /// Only what no other package needs
    #[arg(long)]
    pub leaves: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg leaves", "the same as `pkg list --leaves`")]))]
pub struct Leaves {}

impl Leaves {
    pub(crate) fn run(self, session: &Session) -> Result {
        List { leaves: true, ..List::default() }.run(session)
    }
}

impl List {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let installed = home.installed()?;
        let needed =
            if self.leaves { needed(&home, installed.packages())? } else { BTreeSet::new() };
        let is_wanted = |package: &&Package| {
            (!self.requested || package.requested.is_some())
                && (!self.pinned || package.pinned)
                && !needed.contains(&package.name)
        };
        let packages: Vec<_> = installed.packages().iter().filter(is_wanted).collect();
        if session.printer.is_json() {
            session.printer.json(&view::List::of(&packages));
            return Ok(());
        }
        if installed.packages().is_empty() {
            session.printer.note("nothing is installed");
        }
        let mut table = Table::plain();
        for package in packages {
            table.row([package.shown_name(), package.shown_version(), remarks(package)]);
        }
        session.printer.table(&table);
        Ok(())
    }
}

/// The names that an installed package depends on.
fn needed(home: &Home, packages: &[Package]) -> Result<BTreeSet<String>> {
    let mut needed = BTreeSet::new();
    for package in packages {
        let receipt = home.receipt(package)?;
        needed.extend(receipt.package.depends.keys().map(|name| name.name.to_string()));
    }
    Ok(needed)
}

/// What is special about a package: a line without any is the common case.
fn remarks(package: &Package) -> String {
    let mut remarks = Vec::new();
    match package.requested.as_deref() {
        Some("*") => {}
        Some(constraint) => remarks.push(format!("asked for as {constraint}")),
        None => remarks.push("dependency".to_owned()),
    }
    if package.pinned {
        remarks.push("pinned".to_owned());
    }
    match (&package.keg_only, package.linked) {
        (_, true) => {}
        (Some(why), false) => remarks.push(format!("not linked: {why}")),
        (None, false) => remarks.push("not linked".to_owned()),
    }
    if package.tap != catalog::BUILTIN {
        remarks.push(format!("from {}", package.tap));
    }
    remarks.join(", ")
}
