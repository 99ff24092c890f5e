//! `pkg completions`

use clap::{Args, ValueEnum};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use clap_complete_nushell::Nushell;

use crate::{
    args,
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg completions bash", "for ~/.local/share/bash-completion/completions/pkg"),
    ("pkg completions zsh", "for a file `_pkg` in a folder of $fpath"),
    ("pkg completions fish", "for ~/.config/fish/completions/pkg.fish"),
    ("pkg completions nu", "for a file that config.nu sources"),
]))]
pub struct Completions {
    /// The shell
    pub shell: Completable,
}

/// A shell that completions are written for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Completable {
    Bash,
    Zsh,
    Fish,
    Nu,
}

impl Completions {
    pub(crate) fn run(self, session: &Session) -> Result {
        let shell: &dyn EnvCompleter = match self.shell {
            Completable::Bash => &Bash,
            Completable::Zsh => &Zsh,
            Completable::Fish => &Fish,
            Completable::Nu => {
                session.printer.text(view::Text::new(nushell()));
                return Ok(());
            }
        };
        let script = complete::script(shell);
        let script = script.map_err(|error| Failure::new(Exit::Failed, error))?;
        session.printer.text(view::Text::new(script));
        Ok(())
    }
}

/// Commands and flags; nushell has no way to ask for names.
fn nushell() -> String {
    let mut text = Vec::new();
    clap_complete::generate(Nushell, &mut args::command(), "pkg", &mut text);
    String::from_utf8(text).expect("the names of commands and flags are text")
}
