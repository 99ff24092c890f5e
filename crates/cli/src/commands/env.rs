//! `pkg env`

use std::collections::BTreeMap;

use clap::Args;
use install::{Package, launch::Variable};

use super::shellenv::{Shell, quoted};
use crate::{args::examples, complete, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg env", "of everything that is linked"),
    ("pkg env openssl", "of one package"),
    ("pkg env --shell fish", "for another shell than that of $SHELL"),
]))]
pub struct Env {
    /// Only what these ask for
    #[arg(value_name = "NAME", add = complete::installed())]
    pub names: Vec<String>,
    /// The shell that reads the lines; that of $SHELL when none is named
    #[arg(long)]
    pub shell: Option<Shell>,
}

impl Env {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let packages: Vec<Package> = if self.names.is_empty() {
            let installed = home.installed()?;
            installed.packages().iter().filter(|package| package.linked).cloned().collect()
        } else {
            self.names.iter().map(|name| session.package(&home, name)).collect::<Result<_>>()?
        };
        let variables = distinct(session, home.environment(&packages)?);
        if session.printer.is_json() {
            session.printer.json(&view::Variables::of(&variables));
            return Ok(());
        }
        let shell = self.shell.or_else(|| session.shell()).unwrap_or(Shell::Bash);
        for Variable { name, value, .. } in &variables {
            session.printer.answer(line(shell, name, value));
        }
        if variables.is_empty() {
            session.printer.note("no variables are asked for");
        }
        Ok(())
    }
}

/// One value for each variable, the first package's; who differs is said.
fn distinct(session: &Session, variables: Vec<Variable>) -> Vec<Variable> {
    let mut first: BTreeMap<String, Variable> = BTreeMap::new();
    for variable in variables {
        match first.get(&variable.name) {
            Some(other) if other.value != variable.value => session.printer.warning(format_args!(
                "`{}` and `{}` both set `{}`; that of `{}` is told",
                other.package, variable.package, variable.name, other.package
            )),
            Some(_) => {}
            None => {
                first.insert(variable.name.clone(), variable);
            }
        }
    }
    first.into_values().collect()
}

fn line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh => format!("export {name}={}", quoted(value, r"'\''")),
        Shell::Fish => format!("set -gx {name} {}", quoted(value, r"\'")),
        Shell::Nu => {
            let value = serde_json::to_string(value).unwrap_or_default();
            format!("$env.{name} = {value}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_means_itself_in_every_shell() {
        let value = r#"it's "$HOME" \n `x` é"#;
        for (shell, expect) in [
            (Shell::Bash, r#"export A='it'\''s "$HOME" \n `x` é'"#),
            (Shell::Zsh, r#"export A='it'\''s "$HOME" \n `x` é'"#),
            (Shell::Fish, r#"set -gx A 'it\'s "$HOME" \\n `x` é'"#),
            (Shell::Nu, r#"$env.A = "it's \"$HOME\" \\n `x` é""#),
        ] {
            assert_eq!(line(shell, "A", value), expect);
        }
    }
}
