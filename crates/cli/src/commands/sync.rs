//! `pkg sync`

use clap::Args;
use project::{
    Lock, Project, Wants,
    locking::{Locked, Update},
    read_platform,
    sync::{Extent, outdated},
};

use super::{
    notices::warn,
    project::{locked, required, synced, tell, tell_changes},
};
use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg sync", "lock what is not locked yet, then have it all"),
    ("pkg sync --locked", "in CI: fails where pkg.lock is not what pkg.toml asks for"),
    ("pkg sync --frozen", "what pkg.lock says, whatever pkg.toml asks for"),
    ("pkg sync --group default", "[packages] alone"),
    ("pkg sync --locked --platform linux/arm64", "what another machine would have"),
]))]
pub struct Sync {
    /// Fail where pkg.lock is not what pkg.toml asks for
    #[arg(long, conflicts_with = "frozen")]
    pub locked: bool,
    /// Take pkg.lock as it is, without a look at pkg.toml
    #[arg(long)]
    pub frozen: bool,
    /// Only this group, `default` for [packages]; may be repeated
    #[arg(long, short, value_name = "GROUP")]
    pub group: Vec<String>,
    /// For another platform than this machine's, in a folder of its own
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
}

impl Sync {
    pub(crate) fn run(self, session: &Session) -> Result {
        let project = required()?;
        let platform = self.platform.as_deref().map(read_platform).transpose();
        let platform = platform.map_err(|error| Failure::new(Exit::Usage, error))?;
        let locked = self.lock(session, &project)?;
        let extent = Extent { groups: self.group, platform };
        let synced = synced(session, &project, &locked.lock, &extent)?;
        let view = view::Synced::of(&synced.home, &synced.outcome, &locked)?;
        if session.printer.is_json() {
            session.printer.json(&view);
        } else if platform.is_some() {
            let mut table = Table::new(["Package", "Version", "Digest", "Folder"]);
            let layout = synced.home.layout();
            for package in synced.home.installed()?.packages() {
                let digest = synced.home.receipt(package)?.artifact.to_string();
                let folder = layout.keg(&package.keg.name, &package.keg.leaf);
                let version = package.shown_version();
                table.row([package.shown_name(), version, digest, shown(&folder)]);
            }
            session.printer.table(&table);
        }
        tell(session, &synced)?;
        warn(session, &project, &locked, &extent);
        Ok(())
    }

    fn lock(&self, session: &Session, project: &Project) -> Result<Locked> {
        if !self.locked && !self.frozen {
            let wants = Wants::read(&project.file())?;
            let locked = locked(session, project, &wants, &Update::Nothing)?;
            tell_changes(session, &locked);
            return Ok(locked);
        }
        let lock = Lock::read(&project.lock_file())?.ok_or_else(|| {
            let failure = Failure::told(Exit::Failed, "there is no pkg.lock beside pkg.toml");
            failure.hint("`pkg lock` makes it; commit it")
        })?;
        if self.locked {
            outdated(&lock, &Wants::read(&project.file())?)?;
        }
        Ok(Locked { lock, changes: Vec::new(), notes: Vec::new() })
    }
}
