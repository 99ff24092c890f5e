//! Whether parts of a package that come without a formula keep the promises of their types.
//!
//! A formula's text was checked where it was read; what a registry says of a package was not.
//! Tokens are deliberately not expanded here: that is done, and may fail, when it is installed.

use std::collections::BTreeMap;

use crate::{
    Annotation, Completions, Expose, Paths, Setup, Verb,
    model::EnvName,
    name::printable,
    path::{check_link, check_relative, check_target},
    read::{Leaf as _, SlotName},
    report::Finding,
    tree::At,
};

/// A package says something of itself that no formula could say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unsound {
    message: String,
}

impl Unsound {
    pub(crate) fn new(message: String) -> Self {
        Self { message }
    }
}

/// Refuses paths that leave their folder, and variables and modes that no package may set.
pub(crate) fn check_sound(
    expose: &Expose,
    env: &BTreeMap<String, String>,
    setup: &[Setup],
) -> Result<(), Unsound> {
    let Expose { bin, man, completions, lib, include, share, etc, wrap: _ } = expose;
    let Completions { bash, zsh, fish } = completions;
    for paths in [bin, man, bash, zsh, fish].into_iter().flatten() {
        check_paths(paths, check_link)?;
    }
    for paths in [lib, include, share, etc].into_iter().flatten() {
        check_paths(paths, check_relative)?;
    }
    for (name, value) in env {
        EnvName::from_text(name, At::default())?;
        visible(value)?;
    }
    setup.iter().try_for_each(check_step)
}

/// Refuses a slot, words and targets of links that no formula may have.
pub(crate) fn check_place(said: &Annotation) -> Result<(), Unsound> {
    if let Some(slot) = &said.slot {
        SlotName::from_text(slot, At::default())?;
    }
    for text in said.keg_only.iter().chain(said.conflicts.values()) {
        visible(text)?;
    }
    for link in &said.external_links {
        check_target(link, At::default())?;
        visible(link)?;
    }
    Ok(())
}

fn check_paths(
    paths: &Paths,
    check_name: impl Fn(&str, At) -> Result<(), Finding>,
) -> Result<(), Unsound> {
    match paths {
        Paths::List(list) => list.iter().try_for_each(|path| relative(path)),
        Paths::Map(map) => map.iter().try_for_each(|(name, path)| {
            check_name(name, At::default())?;
            visible(name)?;
            relative(path)
        }),
    }
}

fn check_step(step: &Setup) -> Result<(), Unsound> {
    let mode = match &step.verb {
        Verb::Mkdir { path, mode } | Verb::Write { path, mode, .. } => {
            destination(path)?;
            *mode
        }
        Verb::Copy { from, to, mode } => {
            relative(from)?;
            destination(to)?;
            *mode
        }
        Verb::Symlink { path, .. } | Verb::Replace { path, .. } => {
            destination(path)?;
            None
        }
        Verb::Chmod { path, mode } => {
            destination(path)?;
            Some(*mode)
        }
        Verb::Cache { .. } => None,
    };
    match mode {
        Some(mode) if mode > 0o777 => Err(Unsound { message: format!("{mode:o} is no mode") }),
        _ => Ok(()),
    }
}

/// Refuses a path that leaves its folder or that a terminal would not show.
pub(crate) fn relative(path: &str) -> Result<(), Unsound> {
    check_relative(path, At::default())?;
    visible(path)
}

fn visible(text: &str) -> Result<(), Unsound> {
    if text.contains(char::is_control) {
        let message = format!("`{}` has a control character in it", printable(text));
        return Err(Unsound { message });
    }
    Ok(())
}

/// Nothing but `{etc}` and `{var}` may be changed after installing.
fn destination(path: &str) -> Result<(), Unsound> {
    let outside = || Unsound { message: format!("`{path}` is not below `{{etc}}` or `{{var}}`") };
    let below = path.strip_prefix("{etc}/").or_else(|| path.strip_prefix("{var}/"));
    relative(below.filter(|below| !below.contains('{')).ok_or_else(outside)?)
}

impl From<Finding> for Unsound {
    fn from(finding: Finding) -> Self {
        Self { message: finding.into_message() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(name: &str, path: &str) -> Option<Paths> {
        Some(Paths::Map([(name.to_owned(), path.to_owned())].into()))
    }

    fn exposed(expose: Expose) -> Result<(), Unsound> {
        check_sound(&expose, &BTreeMap::new(), &[])
    }

    #[test]
    fn paths_stay_in_their_folders() {
        for (name, path, program, setting) in [
            ("foo", "bin/foo", true, true),
            ("d/foo", "bin/foo", false, true),
            ("-foo", "bin/foo", false, true),
            ("../foo", "bin/foo", false, false),
            ("a/../../foo", "bin/foo", false, false),
            ("/foo", "bin/foo", false, false),
            ("", "bin/foo", false, false),
            ("foo\u{1b}[2J", "bin/foo", false, false),
            ("foo", "../foo", false, false),
            ("foo", "/etc/passwd", false, false),
        ] {
            let bin = exposed(Expose { bin: map(name, path), ..Expose::default() });
            let etc = exposed(Expose { etc: map(name, path), ..Expose::default() });
            assert_eq!((bin.is_ok(), etc.is_ok()), (program, setting), "{name:?} {path:?}");
        }
        let list = |path: &str| Some(Paths::List(vec![path.to_owned()]));
        for (path, sound) in [("lib/*", true), ("../lib/*", false), ("/lib/*", false)] {
            let lib = exposed(Expose { lib: list(path), ..Expose::default() });
            assert_eq!(lib.is_ok(), sound, "{path}");
        }
    }

    #[test]
    fn variables_are_those_that_a_package_may_set() {
        for (name, value, sound) in [
            ("FOO_HOME", "{keg}/it's \"here\"", true),
            ("FOO=1; rm -rf x; BAR", "1", false),
            ("", "1", false),
            ("1FOO", "1", false),
            ("FOO", "a\nb", false),
            ("FOO", "\u{1b}[2J", false),
            ("LD_PRELOAD", "{keg}/evil.so", false),
            ("PATH", "{keg}/bin", false),
        ] {
            let env = [(name.to_owned(), value.to_owned())].into();
            let checked = check_sound(&Expose::default(), &env, &[]);
            assert_eq!(checked.is_ok(), sound, "{name:?} {value:?}");
        }
    }

    #[test]
    fn steps_change_nothing_but_etc_and_var() {
        let text = |text: &str| text.to_owned();
        let write = |path: &str| Verb::Write { path: text(path), text: text("x"), mode: None };
        let copy = |from: &str, to: &str| Verb::Copy { from: text(from), to: text(to), mode: None };
        for (verb, sound) in [
            (write("{etc}/foo/foo.conf"), true),
            (write("{etc}/../foo"), false),
            (write("{etc}foo"), false),
            (write("{etc}/{keg}/foo"), false),
            (write("{keg}/foo"), false),
            (write("/tmp/foo"), false),
            (copy("share/foo", "{var}/foo"), true),
            (copy("../../other", "{var}/foo"), false),
            (copy("/home/user/.ssh/id", "{etc}/foo"), false),
            (Verb::Mkdir { path: text("{var}/foo"), mode: Some(0o700) }, true),
            (Verb::Mkdir { path: text("{var}/foo"), mode: Some(0o4755) }, false),
            (Verb::Symlink { path: text("{etc}/foo"), to: text("{keg}/foo") }, true),
            (Verb::Symlink { path: text("../foo"), to: text("{keg}/foo") }, false),
            (Verb::Chmod { path: text("{etc}/foo"), mode: 0o600 }, true),
            (Verb::Chmod { path: text("foo"), mode: 0o600 }, false),
        ] {
            let step = Setup { verb, keep: false, if_missing: None, if_exists: None };
            let checked =
                check_sound(&Expose::default(), &BTreeMap::new(), std::slice::from_ref(&step));
            assert_eq!(checked.is_ok(), sound, "{step:?}");
        }
    }
}
