//! What is said by now against what a project has locked: yanked, deprecated, disabled or renamed.

use project::{
    Lock, Project,
    locking::Locked,
    sync::{self, Extent},
};

use super::project::here;
use crate::session::Session;

/// Warns of what is said by now against what is locked, beyond what was told already.
pub(crate) fn warn(session: &Session, project: &Project, locked: &Locked, extent: &Extent) {
    let notices = sync::notices(project, &locked.lock, extent, &session.own_setting());
    // A tap that cannot be read is no reason to go without what is locked.
    for notice in notices.unwrap_or_default() {
        if !locked.notes.contains(&notice) {
            session.printer.warning(notice);
        }
    }
}

/// The same of the project around, for who looks at what is outdated.
pub(crate) fn notices_here(session: &Session) -> Vec<String> {
    let notices = || {
        let project = here().ok()??;
        let lock = Lock::read(&project.lock_file()).ok()??;
        sync::notices(&project, &lock, &Extent::default(), &session.own_setting()).ok()
    };
    let notices = notices().unwrap_or_default().into_iter();
    notices.map(|notice| format!("{}: {notice}", project::lock::FILE)).collect()
}
