//! `pkg hook`

use clap::Args;

use super::project::required;
use crate::{
    activation::{self, Reader},
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg hook bash", "in ~/.bashrc: eval \"$(pkg hook bash)\""),
    ("pkg hook zsh", "in ~/.zshrc: eval \"$(pkg hook zsh)\""),
    ("pkg hook fish", "in config.fish: pkg hook fish | source"),
    ("pkg hook nu", "once: pkg hook nu | save pkg-hook.nu; in config.nu: source pkg-hook.nu"),
    ("pkg hook direnv", "in .envrc: eval \"$(pkg hook direnv)\""),
]))]
pub struct Hook {
    /// The shell, or direnv
    pub shell: Reader,
    /// Print what changes now; the hook calls it at each prompt
    #[arg(long, hide = true)]
    pub export: bool,
}

impl Hook {
    pub(crate) fn run(self, session: &Session) -> Result {
        let lines = match (self.shell, self.export) {
            (Reader::Direnv, _) => {
                required()?;
                activation::direnv(session)?.ok_or_else(|| {
                    let sentence = "this project was not synced yet";
                    Failure::told(Exit::Failed, sentence).hint("`pkg sync` has what it asks for")
                })?
            }
            (shell, false) => {
                let program = std::env::current_exe().unwrap_or_else(|_| "pkg".into());
                shell.hook(&shown(&program))
            }
            (shell, true) => activation::export(session, shell)?,
        };
        session.printer.text(view::Text::new(lines));
        Ok(())
    }
}
