//! `pkg completions`

use clap::{Args, ValueEnum};
use clap_complete::{Generator, Shell};
use clap_complete_nushell::Nushell;

use crate::{args, args::examples, failure::Result, session::Session, view};

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
        let text = match self.shell {
            Completable::Bash => generate(Shell::Bash),
            Completable::Zsh => generate(Shell::Zsh),
            Completable::Fish => generate(Shell::Fish),
            Completable::Nu => generate(Nushell),
        };
        session.printer.text(view::Text::new(text));
        Ok(())
    }
}

fn generate(generator: impl Generator) -> String {
    let mut text = Vec::new();
    clap_complete::generate(generator, &mut args::command(), "pkg", &mut text);
    String::from_utf8(text).expect("the names of commands and flags are text")
}
