//! `pkg tap add`

use std::path::{Path, PathBuf};

use catalog::taps;
use install::follow;

use super::{as_of, edition, warn_of_skipped};
use crate::{
    amount::count,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    settings::absolute,
};

pub(super) fn add(
    session: &Session,
    location: PathBuf,
    name: Option<&str>,
    at: Option<&str>,
) -> Result {
    let at = at.map(as_of).transpose()?;
    let text = location.to_string_lossy();
    if text.starts_with("oci:") || text.starts_with("ocidir:") {
        let place = text.parse::<oci::Place>().map_err(|e| Failure::new(Exit::Usage, e))?;
        let working = absolute(Path::new(".")).unwrap_or_default();
        let place = place.relative_to(&working);
        let is_newest = at.is_none();
        let added = match session.home()?.follow(&place, name, at) {
            Err(follow::Error::There { name, .. }) if is_newest => {
                return unchanged(session, &name);
            }
            added => added?,
        };
        session.progress.end();
        let formulas = count(usize::try_from(added.formulas).unwrap_or(usize::MAX), "formula");
        let (tap, edition) = (&added.tap, edition(&added.subscription));
        session.printer.status("Added", format_args!("tap {tap} ({formulas}), {edition}"));
        warn_of_skipped(session, tap, &added.skipped);
        return Ok(());
    }
    if at.is_some() {
        let sentence = "`--as-of` is for taps in a registry: a folder is as it is";
        return Err(Failure::told(Exit::Usage, sentence));
    }
    let mut taps = session.taps()?;
    let location = absolute(&location).unwrap_or(location);
    let tap = match taps.add(&location, name) {
        Err(taps::Error::Taken { name, location: there }) if Path::new(&there) == location => {
            return unchanged(session, &name);
        }
        added => added?,
    };
    let formulas = count(tap.names()?.len(), "formula");
    session.printer.status("Added", format_args!("tap {} ({formulas})", tap.name()));
    Ok(())
}

/// A script that sets up a machine may do so again.
fn unchanged(session: &Session, tap: &str) -> Result {
    session.printer.status("Unchanged", format_args!("tap {tap}: it is from there already"));
    Ok(())
}
