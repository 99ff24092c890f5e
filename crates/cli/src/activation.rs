//! Which project is active in a shell, and the lines that change it: PATH and variables, and what
//! they were before.
//!
//! Only what the user had in that very folder counts: no file of the project is read here.

use std::path::Path;

use clap::ValueEnum;
use project::Project;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    commands::shellenv::quoted,
    env,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
};

/// What leads to the commands; a list of folders.
const PATH: &str = "PATH";

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reader {
    Bash,
    Zsh,
    Fish,
    Nu,
    Direnv,
}

/// Variables with what they are to be, in order; `None` where they are to be unset.
type Changes = Vec<(String, Option<String>)>;

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
    let mut changes = Changes::new();
    let path = session.environment.path.iter();
    let mut paths: Vec<_> = path.flat_map(std::env::split_paths).collect();
    // What a variable is once the old project is left.
    let mut is_now = Changes::new();
    if let Some(Active { commands, before, .. }) = old {
        paths.retain(|folder| folder != Path::new(&commands));
        changes.extend(before.iter().cloned());
        is_now = before;
    }
    let active = new.map(|Wanted { mut active, variables }| {
        paths.insert(0, (&active.commands).into());
        for (name, value) in variables {
            let known = is_now.iter().find(|(other, _)| *other == name);
            let before = known.map_or_else(|| env::of_user(&name), |(_, value)| value.clone());
            changes.push((name.clone(), Some(value)));
            active.before.push((name, before));
        }
        active
    });
    if let Ok(joined) = std::env::join_paths(paths) {
        changes.push((PATH.to_owned(), Some(joined.to_string_lossy().into_owned())));
    }
    let state = active.map(|active| serde_json::to_string(&active)).transpose();
    let state = state.map_err(|error| Failure::new(Exit::Bug, error))?;
    changes.push(("PKG_HOOK".to_owned(), state));
    Ok(shell.lines(&changes))
}

impl Reader {
    /// What changes in words that the shell runs; nu runs none, and is given an object.
    fn lines(self, changes: &Changes) -> String {
        match self {
            Self::Nu => {
                let field = |(name, value): &(String, Option<String>)| {
                    let list = value.as_deref().filter(|_| name == PATH);
                    let list = list.map(|joined| std::env::split_paths(joined).collect::<Vec<_>>());
                    (name.clone(), list.map_or_else(|| json!(value), |list| json!(list)))
                };
                let object: serde_json::Map<_, _> = changes.iter().map(field).collect();
                format!("{}\n", serde_json::Value::Object(object))
            }
            _ => changes.iter().map(|(name, value)| self.put(name, value.as_deref())).collect(),
        }
    }

    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Fish => format!("set -gx {name} {}\n", quoted(value, r"\'")),
            _ => format!("export {name}={}\n", quoted(value, r"'\''")),
        }
    }

    fn put(self, name: &str, value: Option<&str>) -> String {
        match (self, value) {
            // In fish it is a list.
            (Self::Fish, Some(joined)) if name == PATH => {
                format!("set -gx {name} (string split : {})\n", quoted(joined, r"\'"))
            }
            (_, Some(value)) => self.set(name, value),
            (Self::Fish, None) => format!("set -e {name}\n"),
            (_, None) => format!("unset {name}\n"),
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
            Self::Nu => {
                let program = serde_json::to_string(program).unwrap_or_default();
                format!(
                    "def --env _pkg_hook [] {{\n  \
                     let changes = (^{program} hook nu --export | from json)\n  \
                     if $changes == null {{ return }}\n  \
                     let changes = ($changes | transpose name value)\n  \
                     for gone in ($changes | where value == null) {{ hide-env -i $gone.name }}\n  \
                     load-env ($changes | where value != null | transpose -rd)\n\
                     }}\n\
                     $env.config.hooks.pre_prompt = \
                     ($env.config.hooks.pre_prompt | where $it != \"_pkg_hook\" | append \"_pkg_hook\")\n"
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
