//! `pkg logout`

use clap::Args;
use install::login::{LoggedOut, Logins};
use oci::credentials::{Key, Origin};

use crate::{args::examples, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg logout ghcr.io", "and says where the login was, and whether another one is used now"),
    ("pkg logout git.example.org:5000/team", "the login for what is below `team`"),
]))]
pub struct Logout {
    /// HOST[:PORT], or HOST[:PORT]/PATH for the login of a path
    #[arg(value_name = "HOST[/PATH]")]
    pub registry: String,
}

impl Logout {
    pub(crate) fn run(self, session: &Session) -> Result {
        let key: Key = self.registry.parse()?;
        let done = Logins::new(session.oci()).log_out(&key)?;
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view::Logout::of(&key, &done));
        } else {
            tell(session, &key, &done);
        }
        tell_what_is_left(session, &key, &done);
        Ok(())
    }
}

fn tell(session: &Session, key: &Key, done: &LoggedOut) {
    for keeper in &done.erased {
        session.printer.status("Removed", format_args!("the login for {key} from {keeper}"));
    }
    if done.erased.is_empty() {
        session.printer.note(format_args!("there is no login for {key} to remove"));
    }
}

fn tell_what_is_left(session: &Session, key: &Key, done: &LoggedOut) {
    let printer = &session.printer;
    if let Some(origin) = &done.still {
        printer.warning(format_args!("{key} is still asked with {origin}"));
        match origin {
            Origin::Variable { name } => printer.hint(format_args!("`unset {name}` ends that")),
            Origin::Entry { key, .. } => {
                printer.hint(format_args!("`pkg logout {key}` ends that"));
            }
            Origin::Helper { .. } => {
                printer.hint(format_args!("`pkg logout {}` ends that", key.host()));
            }
        }
    }
    for part in &done.parts {
        printer.warning(format_args!("{part} stays, for a part of {key}"));
    }
}
