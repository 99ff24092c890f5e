//! Which project is active in a shell, and the lines that change it: PATH and variables, and what
//! they were before.
//!
//! Only what the user had in that very folder counts: no file of the project is read here.

use std::path::Path;

use clap::ValueEnum;
use project::Project;
use serde::{Deserialize, Serialize};

use crate::{
    commands::shellenv::quoted,
    env,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
};

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reader {
    Bash,
    Zsh,
    Fish,
    Direnv,
}

/// What is active, kept in `PKG_HOOK` of the shell.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Active {
    /// The folder of the project's commands.
    commands: String,
    /// The generation of its root.
    generation: u64,
    /// The variables that are set, with what they were before.
    before: Vec<(String, Option<String>)>,
}

/// What is to be active, and the variables that it sets.
struct Wanted {
    active: Active,
    variables: Vec<(String, String)>,
}

/// What is to be active in the working folder.
fn wanted(session: &Session) -> Result<Option<Wanted>> {
    let Some(project) = Project::around(Path::new("."))? else { return Ok(None) };
    if !project.root(&session.settings.root.value, None).is_registered() {
        return Ok(None);
    }
    let home = project.home(&session.own_setting(), None)?;
    let installed = home.installed()?;
    let Some(generation) = installed.generation else { return Ok(None) };
    let linked: Vec<_> = installed.packages().iter().filter(|one| one.linked).cloned().collect();
    let variables = home.environment(&linked)?;
    let variables = variables.into_iter().map(|one| (one.name, one.value)).collect();
    let commands = shown(&home.layout().current().join("bin"));
    Ok(Some(Wanted { active: Active { commands, generation, before: Vec::new() }, variables }))
}

/// Lines for direnv, which takes everything back by itself; `None` where nothing was synced.
pub(crate) fn direnv(session: &Session) -> Result<Option<String>> {
    let Some(Wanted { active, variables }) = wanted(session)? else { return Ok(None) };
    let mut lines = String::from("watch_file pkg.toml pkg.lock\n");
    lines.push_str(&format!("PATH_add {}\n", quoted(&active.commands, r"'\''")));
    for (name, value) in &variables {
        lines.push_str(&Reader::Bash.set(name, value));
    }
    Ok(Some(lines))
}

/// Lines that lead from what is active to what is to be; none where that is the same.
pub(crate) fn export(session: &Session, shell: Reader) -> Result<String> {
    let hook = session.environment.hook.as_deref();
    let old: Option<Active> = hook.and_then(|text| serde_json::from_str(text).ok());
    let new = wanted(session)?;
    let is_same = match (&old, &new) {
        (None, None) => true,
        (Some(old), Some(Wanted { active: new, .. })) => {
            (&old.commands, old.generation) == (&new.commands, new.generation)
        }
        _ => false,
    };
    if is_same {
        return Ok(String::new());
    }
    let mut lines = String::new();
    let path = session.environment.path.iter();
    let mut paths: Vec<_> = path.flat_map(std::env::split_paths).collect();
    // What a variable is once the old project is left.
    let mut is_now: Vec<(String, Option<String>)> = Vec::new();
    if let Some(Active { commands, before, .. }) = old {
        paths.retain(|folder| folder != Path::new(&commands));
        for (name, value) in before {
            lines.push_str(&shell.put(&name, value.as_deref()));
            is_now.push((name, value));
        }
    }
    let active = new.map(|Wanted { mut active, variables }| {
        paths.insert(0, (&active.commands).into());
        for (name, value) in variables {
            let known = is_now.iter().find(|(other, _)| *other == name);
            let before = known.map_or_else(|| env::of_user(&name), |(_, value)| value.clone());
            lines.push_str(&shell.set(&name, &value));
            active.before.push((name, before));
        }
        active
    });
    if let Ok(joined) = std::env::join_paths(paths) {
        lines.push_str(&shell.path(&joined.to_string_lossy()));
    }
    let state = active.map(|active| serde_json::to_string(&active)).transpose();
    let state = state.map_err(|error| Failure::new(Exit::Bug, error))?;
    lines.push_str(&shell.put("PKG_HOOK", state.as_deref()));
    Ok(lines)
}

impl Reader {
    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Fish => format!("set -gx {name} {}\n", quoted(value, r"\'")),
            _ => format!("export {name}={}\n", quoted(value, r"'\''")),
        }
    }

    fn put(self, name: &str, value: Option<&str>) -> String {
        match (self, value) {
            (_, Some(value)) => self.set(name, value),
            (Self::Fish, None) => format!("set -e {name}\n"),
            (_, None) => format!("unset {name}\n"),
        }
    }

    /// In fish `PATH` is a list.
    fn path(self, joined: &str) -> String {
        match self {
            Self::Fish => format!("set -gx PATH (string split : {})\n", quoted(joined, r"\'")),
            _ => self.set("PATH", joined),
        }
    }

    /// Lines that call the program at each prompt, and change nothing when read a second time.
    pub(crate) fn hook(self, program: &str) -> String {
        match self {
            Self::Fish => {
                let program = quoted(program, r"\'");
                format!(
                    "function _pkg_hook --on-event fish_prompt\n  {program} hook fish --export | source\nend\n"
                )
            }
            Self::Zsh => {
                let program = quoted(program, r"'\''");
                format!(
                    "_pkg_hook() {{ eval \"$({program} hook zsh --export)\" }}\n\
                     autoload -Uz add-zsh-hook\nadd-zsh-hook precmd _pkg_hook\n"
                )
            }
            _ => {
                let program = quoted(program, r"'\''");
                format!(
                    "_pkg_hook() {{ local code=$?; eval \"$({program} hook bash --export)\"; return $code; }}\n\
                     case \";${{PROMPT_COMMAND-}};\" in *\";_pkg_hook;\"*) ;; \
                     *) PROMPT_COMMAND=\"_pkg_hook${{PROMPT_COMMAND:+;$PROMPT_COMMAND}}\" ;; esac\n"
                )
            }
        }
    }
}
