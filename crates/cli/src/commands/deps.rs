//! `pkg deps`

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Spec, spec};
use clap::Args;
use plan::query::{self, Tree};

use super::why::key;
use crate::{args::examples, complete, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg deps app", "one a line"),
    ("pkg deps --tree app", "down to the last"),
    ("pkg deps app@2", "of a version that is not installed"),
]))]
pub struct Deps {
    /// A package as `pkg install` takes it
    #[arg(add = complete::formulas())]
    pub spec: String,
    /// Show what the needed ones need in turn
    #[arg(long)]
    pub tree: bool,
}

impl Deps {
    pub(crate) fn run(self, session: &Session) -> Result {
        let (tree, world, installed) = tree(session, &self.spec.parse()?)?;
        session.progress.end();
        let versions: BTreeMap<String, String> = world
            .iter()
            .map(|package| (package.key().to_string(), package.release().to_string()))
            .collect();
        if session.printer.is_json() {
            session.printer.json(&view::Deps::of(&tree, &versions, installed));
        } else if self.tree {
            let mut lines = Vec::new();
            draw(&tree, &versions, "", "", &mut lines);
            lines.iter().for_each(|line| session.printer.answer(line));
        } else {
            let mut table = Table::plain();
            let needed = tree.keys().into_iter().filter(|key| **key != tree.key);
            for name in needed.map(ToString::to_string).collect::<BTreeSet<_>>() {
                let version = versions.get(&name).cloned().unwrap_or_default();
                table.row([name, version]);
            }
            session.printer.table(&table);
        }
        if tree.needs.is_empty() {
            session.printer.note(format_args!("{} needs nothing", tree.key));
        }
        Ok(())
    }
}

/// What an installed package needs, or what one that is not would need; and which of both it is.
fn tree(session: &Session, spec: &Spec) -> Result<(Tree, Vec<plan::Installed>, bool)> {
    let home = session.home()?;
    if let (spec::Kind::Name { tap, name }, None) = (&spec.kind, &spec.at)
        && let Ok(package) = session.package(&home, name.as_str())
        && tap.as_ref().is_none_or(|tap| *tap == package.tap)
    {
        let world = home.installed_needs()?;
        let key = key(&package)?;
        if let Some(tree) = query::tree(&world, &key) {
            return Ok((tree, world, true));
        }
    }
    let (key, world) = home.needs_of(spec)?;
    let tree = query::tree(&world, &key).expect("the plan has what it was made for");
    Ok((tree, world, false))
}

fn draw(
    tree: &Tree,
    versions: &BTreeMap<String, String>,
    first: &str,
    rest: &str,
    lines: &mut Vec<String>,
) {
    let name = tree.key.to_string();
    let version = versions.get(&name).map(String::as_str).unwrap_or_default();
    let above = if tree.repeated { " (see above)" } else { "" };
    lines.push(format!("{first}{name} {version}{above}"));
    let last = tree.needs.len().saturating_sub(1);
    for (index, need) in tree.needs.iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        draw(need, versions, &format!("{rest}{branch}"), &format!("{rest}{below}"), lines);
    }
}
