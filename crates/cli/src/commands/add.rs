//! `pkg add`

use catalog::{Spec, spec};
use clap::Args;
use formula::Name;
use project::{Project, Want, Wants, edit, locking::Update, sync::Extent, wants};

use super::{
    change::specs,
    project::{locked, required, synced, tell},
};
use crate::{args::examples, complete, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg add jaq just", "any version; the lock says which"),
    ("pkg add jaq@3", "a 3; `pkg lock --update` stays inside it"),
    ("pkg add --group dev shellcheck", "into [group.dev]"),
    ("pkg add acme/tool", "from a tap of the project's own [taps]"),
    ("pkg add oci://ghcr.io/acme/tool:1.2", "straight from a registry"),
]))]
pub struct Add {
    /// Packages as `pkg install` takes them
    #[arg(required = true, value_name = "SPEC", add = complete::formulas())]
    pub specs: Vec<String>,
    /// The group that they are added to; `[packages]` when none is named
    #[arg(long, short, value_name = "GROUP", default_value = wants::DEFAULT, hide_default_value = true)]
    pub group: String,
}

impl Add {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = required()?;
        let file = project.file();
        let before = Wants::text(&file)?;
        let mut text = before.clone();
        let mut verbs = Vec::new();
        for spec in specs(&self.specs)? {
            let added = edit::add(&text, &self.want(session, &project, spec)?)?;
            verbs.push(if added == text { ("Unchanged", "in") } else { ("Added", "to") });
            text = added;
        }
        let wants = Wants::parse(&text, &file)?;
        let locked = locked(session, &project, &wants, &Update::Nothing)?;
        // Only what can be locked is written.
        if text != before {
            project.replace(wants::FILE, &before, &text)?;
        }
        let group = match self.group.as_str() {
            wants::DEFAULT => String::new(),
            group => format!(" (group {group})"),
        };
        for (spec, (verb, side)) in self.specs.iter().zip(verbs) {
            session.printer.status(verb, format_args!("{spec} {side} pkg.toml{group}"));
        }
        let synced = synced(session, &project, &locked.lock, &Extent::default())?;
        if session.printer.is_json() {
            session.printer.json(&view::Synced::of(&synced.home, &synced.outcome, &locked)?);
        }
        tell(session, &synced)
    }

    /// What a spec asks for; the package that a file or a reference holds says its name.
    fn want(&self, session: &Session, project: &Project, spec: Spec) -> Result<Want> {
        let name: Option<Name> = match &spec.kind {
            spec::Kind::Name { .. } => None,
            _ => {
                let proposal = session.home()?.name_of(&spec);
                session.progress.end();
                Some(proposal?)
            }
        };
        // pkg.toml is read from its own folder.
        let spec = project.spec_from(&spec);
        let want = edit::want(&spec, name.as_ref(), &self.group);
        Ok(want.expect("a file or a reference was just given a name"))
    }
}
