//! `pkg shellenv`

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg shellenv", "for the shell in $SHELL"),
    ("pkg shellenv bash", "in ~/.bashrc: eval \"$(pkg shellenv bash)\""),
    ("pkg shellenv zsh", "in ~/.zshrc: eval \"$(pkg shellenv zsh)\""),
    ("pkg shellenv fish", "in config.fish: pkg shellenv fish | source"),
    ("pkg shellenv nu", "once: pkg shellenv nu | save pkg.nu; in config.nu: source pkg.nu"),
]))]
pub struct Shellenv {
    /// The shell; that of $SHELL when none is named
    pub shell: Option<Shell>,
}

/// A shell that `pkg shellenv` writes for.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Nu,
}

impl Shellenv {
    pub(crate) fn run(self, session: &Session) -> Result {
        let shell = self.shell.or_else(|| session.shell()).ok_or_else(|| {
            Failure::told(Exit::Usage, "`SHELL` names no shell that is known here")
                .hint("name one: `pkg shellenv bash`, `zsh`, `fish` or `nu`")
        })?;
        let prefix = session.settings.root.value.join("current");
        session.printer.text(view::Text::new(shell.lines(&prefix.to_string_lossy())));
        Ok(())
    }
}

impl Shell {
    /// The shell that a path such as `/bin/zsh` leads to.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        // Every other shell of the family understands what bash does.
        let name = if ["sh", "dash", "ksh"].contains(&name) { "bash" } else { name };
        Self::from_str(name, false).ok()
    }

    /// The line for a startup file that puts a folder on PATH.
    pub(crate) fn path_line(self, folder: &str) -> String {
        let is_plain = folder.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+".contains(&b));
        match self {
            Self::Bash | Self::Zsh if is_plain => format!("export PATH=\"{folder}:$PATH\""),
            Self::Bash | Self::Zsh => {
                format!("export PATH={}:\"$PATH\"", quoted(folder, r"'\''"))
            }
            Self::Fish if is_plain => format!("fish_add_path {folder}"),
            Self::Fish => format!("fish_add_path {}", quoted(folder, r"\'")),
            Self::Nu => format!("$env.PATH = ($env.PATH | prepend {folder:?})"),
        }
    }

    /// Lines that change nothing when they are read a second time.
    ///
    /// `MANPATH` is touched only where it is set: without it `man` looks beside each folder of PATH.
    fn lines(self, prefix: &str) -> String {
        let posix = |zsh: &str| {
            let prefix = quoted(prefix, r"'\''");
            format!(
                "pkg_prefix={prefix}\n\
                 case \":$PATH:\" in *\":$pkg_prefix/bin:\"*) ;; *) export PATH=\"$pkg_prefix/bin:$PATH\" ;; esac\n\
                 case \":${{MANPATH-}}:\" in ::|*\":$pkg_prefix/share/man:\"*) ;; \
                 *) export MANPATH=\"$pkg_prefix/share/man:$MANPATH\" ;; esac\n\
                 {zsh}unset pkg_prefix\n"
            )
        };
        match self {
            Self::Bash => posix(""),
            Self::Zsh => posix(
                "(( ${fpath[(Ie)$pkg_prefix/share/zsh/site-functions]} )) || \
                 fpath=(\"$pkg_prefix/share/zsh/site-functions\" $fpath)\n",
            ),
            Self::Fish => {
                let prefix = quoted(prefix, r"\'");
                format!(
                    "set -l pkg_prefix {prefix}\n\
                     contains -- $pkg_prefix/bin $PATH; or set -gx PATH $pkg_prefix/bin $PATH\n\
                     contains -- $pkg_prefix/share/fish/vendor_completions.d $fish_complete_path; \
                     or set -ga fish_complete_path $pkg_prefix/share/fish/vendor_completions.d\n\
                     if set -q MANPATH; and not contains -- $pkg_prefix/share/man $MANPATH; \
                     set -gx MANPATH $pkg_prefix/share/man $MANPATH; end\n"
                )
            }
            Self::Nu => {
                let bin = serde_json::to_string(&format!("{prefix}/bin")).unwrap_or_default();
                format!("$env.PATH = ($env.PATH | split row (char esep) | prepend {bin} | uniq)\n")
            }
        }
    }
}

/// The text in single quotes, a quote in it written as `quote`.
pub(crate) fn quoted(text: &str, quote: &str) -> String {
    let text = if quote.starts_with('\\') { text.replace('\\', r"\\") } else { text.to_owned() };
    format!("'{}'", text.replace('\'', quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_means_itself_in_every_shell() {
        for (shell, folder, expect) in [
            (Shell::Bash, "/a/b-1.2/bin", r#"export PATH="/a/b-1.2/bin:$PATH""#),
            (Shell::Zsh, "/a$b'c", r#"export PATH='/a$b'\''c':"$PATH""#),
            (Shell::Fish, "/a/b", "fish_add_path /a/b"),
            (Shell::Fish, r"/a$b'\c", r"fish_add_path '/a$b\'\\c'"),
        ] {
            assert_eq!(shell.path_line(folder), expect);
        }
    }
}
