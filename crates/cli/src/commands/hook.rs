//! `pkg hook`

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

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
                let bin = session.settings.root.value.join("current/bin");
                shell.hook(&shown(&lasting(program, &bin)))
            }
            (shell, true) => activation::export(session, shell)?,
        };
        session.printer.text(view::Text::new(lines));
        Ok(())
    }
}

/// The program as it is called for long: one in a keg is gone after an upgrade, but its link in the
/// prefix leads to the one that came instead.
fn lasting(program: PathBuf, bin: &Path) -> PathBuf {
    let file = |path: &Path| path.metadata().ok().map(|found| (found.dev(), found.ino()));
    let link = program.file_name().map(|name| bin.join(name));
    let link = link.filter(|link| file(link).is_some_and(|found| file(&program) == Some(found)));
    link.unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_a_keg_is_called_by_the_prefix() {
        let root = tempfile::tempdir().unwrap();
        let [bin, keg] = ["generations/1/bin", "cellar/pkg/1.0-x/bin"].map(|folder| {
            let folder = root.path().join(folder);
            fs_err::create_dir_all(&folder).unwrap();
            folder
        });
        let program = keg.join("pkg");
        fs_err::write(&program, "").unwrap();
        fs_err::os::unix::fs::symlink("generations/1", root.path().join("current")).unwrap();
        let current = root.path().join("current/bin");
        assert_eq!(lasting(program.clone(), &current), program);
        fs_err::os::unix::fs::symlink(&program, bin.join("pkg")).unwrap();
        assert_eq!(lasting(program, &current), current.join("pkg"));
        // Another one that is installed has nothing to do with it.
        let own = root.path().join("pkg");
        fs_err::write(&own, "").unwrap();
        assert_eq!(lasting(own.clone(), &current), own);
    }
}
