//! `pkg lock`

use clap::Args;
use formula::Name;
use project::{Wants, locking::Update};

use super::project::{chosen, required, tell_changes};
use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg lock", "what pkg.toml asks for; what is locked stays"),
    ("pkg lock --update jaq", "the newest jaq that pkg.toml allows; the rest stays"),
    ("pkg lock --update", "everything as new as pkg.toml allows"),
]))]
pub struct Lock {
    /// Move these to their newest versions; everything when none is named
    #[arg(long, short, value_name = "NAME", num_args = 0..)]
    pub update: Option<Vec<String>>,
}

impl Lock {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = required()?;
        let wants = Wants::read(&project.file())?;
        let update = match &self.update {
            None => Update::Nothing,
            Some(names) if names.is_empty() => Update::All,
            Some(names) => {
                let name = |text: &String| {
                    Name::parse(text).map_err(|error| Failure::new(Exit::Usage, error))
                };
                Update::Names(names.iter().map(name).collect::<Result<_>>()?)
            }
        };
        let before = project::Lock::read(&project.lock_file())?;
        let locked = chosen(session, &project, &wants, &update, before.as_ref())?;
        let text = locked.lock.to_string();
        // What git merged may say the same in another order.
        let is_new = fs_err::read_to_string(project.lock_file()).ok().as_ref() != Some(&text);
        if is_new {
            project.write(project::lock::FILE, &text)?;
        }
        if session.printer.is_json() {
            session.printer.json(&view::Locked::of(&locked));
        }
        tell_changes(session, &locked);
        let names: std::collections::BTreeSet<String> =
            locked.lock.packages.iter().map(project::lock::Entry::shown_name).collect();
        let packages = count(names.len(), "package");
        let platforms: Vec<_> = locked.lock.platforms.iter().map(ToString::to_string).collect();
        let verb = if is_new { "Wrote" } else { "Nothing new:" };
        let what = format!("pkg.lock, {packages} for {}", platforms.join(", "));
        session.printer.status(verb, what);
        Ok(())
    }
}
