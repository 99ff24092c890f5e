//! `pkg cleanup`

use clap::Args;
use install::cleanup::Extent;

use super::change::{Dry, waiting};
use crate::{
    amount::{bytes, count},
    args::examples,
    failure::Result,
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg cleanup", "what the last 10 generations and the last 30 days do not need"),
    ("pkg cleanup --dry-run", "show what would go, and how much that frees"),
    ("pkg cleanup --all", "what is installed stays, and `pkg undo` ends here"),
]))]
pub struct Cleanup {
    /// Keep nothing but what is installed now; there is no way back then
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub dry: Dry,
}

impl Cleanup {
    pub(crate) fn run(self, session: &Session) -> Result {
        let extent = if self.all { Extent::All } else { Extent::Old };
        let is_dry = self.dry.dry_run;
        let cleaned = session.home()?.clean(extent, is_dry, &mut waiting(session))?;
        let left = session.sweep(is_dry)?;
        let freed = &cleaned.freed;
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view::Freed::of(&cleaned, &left, is_dry));
        }
        for folder in &cleaned.projects {
            let verb = if is_dry { "would go" } else { "are gone" };
            let folder = folder.display();
            let what = format_args!("`{folder}` is no folder any more; its packages {verb}");
            session.printer.note(what);
        }
        for keg in &freed.in_use {
            session.printer.note(format_args!("{keg} stays, a program runs from it"));
        }
        let parts = [
            (freed.generations.len(), "generation"),
            (freed.kegs.len(), "package"),
            (usize::try_from(freed.files).unwrap_or(usize::MAX), "file"),
            (usize::try_from(freed.partials).unwrap_or(usize::MAX), "unfinished download"),
            (usize::try_from(cleaned.downloads.blobs).unwrap_or(usize::MAX), "kept download"),
            (usize::try_from(left.folders).unwrap_or(usize::MAX), "unfinished build"),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts: Vec<_> = parts.map(|(number, thing)| count(number, thing)).collect();
        match (parts.is_empty() && cleaned.projects.is_empty(), is_dry) {
            (true, _) => session.printer.note("nothing to clean up"),
            (false, dry) => {
                let verb = if dry { "Would free" } else { "Freed" };
                let freed = bytes(freed.bytes + cleaned.downloads.bytes + left.bytes);
                let what = match parts.is_empty() {
                    true => freed,
                    false => format!("{freed} ({})", parts.join(", ")),
                };
                session.printer.status(verb, what);
            }
        }
        Ok(())
    }
}
