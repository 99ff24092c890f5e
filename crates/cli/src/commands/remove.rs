//! `pkg remove`

use clap::Args;
use install::Request;
use project::{Project, Wants, edit, locking::Update, sync::Extent, wants};

use super::{
    change::{Dry, Links, change, targets},
    project::{here, locked, synced, tell},
};
use crate::{args::examples, complete, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg remove jaq", "from pkg.toml; where there is none, as `pkg uninstall jaq`"),
]))]
pub struct Remove {
    /// Packages of the project; where there is none, installed ones
    #[arg(required = true, value_name = "NAME", add = complete::removable())]
    pub names: Vec<String>,
    #[command(flatten)]
    pub dry: Dry,
}

impl Remove {
    pub(crate) fn run(self, session: &Session) -> Result {
        match here()? {
            Some(project) => self.edit(session, &project),
            None => {
                let request = Request::Uninstall(targets(&self.names));
                change(session, &request, Links::default(), self.dry)
            }
        }
    }

    fn edit(self, session: &Session, project: &Project) -> Result {
        let file = project.file();
        let before = Wants::text(&file)?;
        let mut text = before.clone();
        for name in &self.names {
            text = edit::remove(&text, name)?;
        }
        let wants = Wants::parse(&text, &file)?;
        if self.dry.dry_run {
            for name in &self.names {
                session.printer.status("Would remove", format_args!("{name} from pkg.toml"));
            }
            if session.printer.is_json() {
                session.printer.json(&view::Removed::of(&self.names, &file));
            }
            return Ok(());
        }
        let locked = locked(session, project, &wants, &Update::Nothing)?;
        project.replace(wants::FILE, &before, &text)?;
        for name in &self.names {
            session.printer.status("Removed", format_args!("{name} from pkg.toml"));
        }
        let synced = synced(session, project, &locked.lock, &Extent::default())?;
        if session.printer.is_json() {
            session.printer.json(&view::Synced::of(&synced.home, &synced.outcome, &locked)?);
        }
        tell(session, &synced)
    }
}
