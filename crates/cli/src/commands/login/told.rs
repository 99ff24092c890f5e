//! What somebody who logged in is told.

use install::login::LoggedIn;
use oci::{
    Checked,
    credentials::{Keeper, Key},
};

use crate::session::Session;

/// Who is logged in where, and what keeps the login.
pub(super) fn kept(session: &Session, key: &Key, user: &str, keeper: &Keeper) {
    session.printer.status("Logged", format_args!("in to {key} as {user}"));
    match keeper {
        Keeper::Helper { .. } => session.printer.status("Kept", format_args!("by {keeper}")),
        Keeper::File { .. } => {
            session.printer.status("Kept", format_args!("in {keeper}, which only you can read"));
        }
    }
}

/// What is not as somebody who logs in expects it.
pub(super) fn warn(session: &Session, key: &Key, done: &LoggedIn) {
    let (printer, host) = (&session.printer, key.host());
    match done.checked {
        Checked::Accepted => {}
        Checked::NotAsked => printer.warning(format_args!(
            "{host} asks nobody for a login, so nobody knows whether this one is good"
        )),
        Checked::Unsure => printer.warning(format_args!(
            "{host} takes the login, but not for `{}` itself; for a repository below it \
             `pkg login --check {key}/NAME` tells",
            key.path()
        )),
    }
    if let Some(origin) = &done.hidden_by {
        printer.warning(format_args!("it is not used, as {origin} comes first"));
    }
    for part in &done.parts {
        printer.warning(format_args!("for a part of it, {part} comes first"));
    }
    if session.oci().is_plain_http(host) && !oci::host::is_loopback(host) {
        printer.warning(format_args!(
            "{host} is spoken to without TLS: whoever stands in between reads the password"
        ));
    }
}
