//! `pkg login`

mod check;
mod told;

use std::{convert::Infallible, io::IsTerminal as _, str::FromStr};

use clap::Args;
use install::login::Logins;
use oci::credentials::{Credential, Key, Secret};

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    terminal, view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg login ghcr.io -u me", "asks for the password, and keeps it if the registry takes it"),
    ("pkg login ghcr.io -u me --password-stdin", "reads it: `pass show ghcr | pkg login …`"),
    ("pkg login git.example.org:5000/team -u me", "for the repositories below `team` only"),
    ("pkg login --check ghcr.io/acme/foo", "which login is used there, and whether it is taken"),
]))]
pub struct Login {
    /// HOST[:PORT], or HOST[:PORT]/PATH for the repositories below a path
    #[arg(value_name = "HOST[/PATH]", required_unless_present_any = ["check", "password"])]
    pub registry: Option<String>,
    /// The user; `<token>` where the password is an identity token
    #[arg(long, short, value_name = "USER")]
    pub username: Option<String>,
    /// Read the password from stdin
    #[arg(long)]
    pub password_stdin: bool,
    /// Say which login would be used for a reference, and whether the registry takes it
    #[arg(
        long,
        value_name = "REFERENCE",
        conflicts_with_all = ["registry", "username", "password_stdin"]
    )]
    pub check: Option<String>,
    /// Refused, as every other process sees it
    #[arg(long, short, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub password: Option<Unseen>,
}

/// A text of the command line that is not even read.
#[derive(Debug, Clone)]
pub struct Unseen;

impl FromStr for Unseen {
    type Err = Infallible;

    fn from_str(_: &str) -> std::result::Result<Self, Infallible> {
        Ok(Self)
    }
}

impl Login {
    pub(crate) fn run(self, session: &Session) -> Result {
        if self.password.is_some() {
            let sentence = "every process of this machine can read a password on a command line";
            return Err(Failure::told(Exit::Usage, sentence)
                .hint("`--password-stdin` reads it from a pipe, and without it you are asked"));
        }
        let logins = Logins::new(session.oci());
        if let Some(reference) = &self.check {
            return check::check(session, &logins, reference);
        }
        let key: Key = self.registry.as_deref().unwrap_or_default().parse()?;
        logins.may_log_in(&key)?;
        let (user, password) = self.ask(session, &key)?;
        let credential = Credential::of_user(user.clone(), password);
        let credential = credential.ok_or_else(|| Failure::told(Exit::Usage, NOTHING))?;
        let done = logins.log_in(&key, &credential)?;
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view::Login::of(&key, &user, &done));
        } else {
            told::kept(session, &key, &user, &done.keeper);
        }
        told::warn(session, &key, &done);
        Ok(())
    }

    fn ask(&self, session: &Session, key: &Key) -> Result<(String, Secret)> {
        let failed = |error| Failure::new(Exit::Failed, error).context("cannot read the password");
        if !self.password_stdin && !std::io::stdin().is_terminal() {
            let sentence = "there is no terminal to ask for a password on";
            return Err(Failure::told(Exit::Usage, sentence)
                .hint("`--password-stdin` reads it from a pipe"));
        }
        let user = match (&self.username, self.password_stdin) {
            (Some(user), _) => user.clone(),
            (None, true) => {
                let sentence = "nobody says whose password it is: add `--username USER`";
                return Err(Failure::told(Exit::Usage, sentence));
            }
            (None, false) => session.printer.ask_line("User").map_err(failed)?,
        };
        if user.is_empty() {
            return Err(Failure::told(Exit::Usage, "the user is empty"));
        }
        let password = match self.password_stdin {
            true => terminal::read_to_end().map_err(failed)?,
            false => {
                let question = format!("Password of {user} for {key}");
                session.printer.ask_secret(&question).map_err(failed)?
            }
        };
        match password.is_empty() {
            true => Err(Failure::told(Exit::Usage, NOTHING)),
            false => Ok((user, password)),
        }
    }
}

const NOTHING: &str = "the password is empty";
