//! What a package should expose, by where its files lie.
//!
//! What a standard layout has is exposed without a word, so nothing is said of it.

use std::collections::BTreeMap;

use super::look::{Look, Program};

/// The lines of `[expose]`: keys and values as TOML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exposed {
    pub(crate) bin: Vec<Bin>,
    pub(crate) man: Vec<String>,
    /// By shell: new name, if it needs one, and path.
    pub(crate) completions: BTreeMap<&'static str, Vec<(Option<String>, String)>>,
    /// The commands that there will be.
    pub(crate) commands: Vec<String>,
}

/// A program that `[expose]` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bin {
    /// The command, where it is not the file's name.
    pub(crate) command: Option<String>,
    pub(crate) path: String,
}

/// Folders whose contents are exposed without a word.
const STANDARD: &[&str] =
    &["bin/", "sbin/", "share/man/", "share/bash-completion/", "share/zsh/", "share/fish/"];

/// Scripts that install or build, and so are no commands.
const HELPERS: &[&str] =
    &["install", "uninstall", "configure", "setup", "build", "update", "run", "test"];

/// What a package of the name should expose.
pub(crate) fn expose(name: &str, look: &Look) -> Exposed {
    let mut exposed = Exposed::default();
    programs(name, look, &mut exposed);
    let mut man: Vec<&str> = Vec::new();
    for (path, _) in look.tree.files() {
        if STANDARD.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        if is_page(path) {
            man.push(path);
        } else if let Some((shell, command)) = completion(path, name) {
            exposed.completions.entry(shell).or_default().push((command, path.to_owned()));
        }
    }
    exposed.man = globs(&man);
    exposed
}

fn programs(name: &str, look: &Look, exposed: &mut Exposed) {
    let is_standard = |program: &&Program| {
        let in_bin = program.path.strip_prefix("bin/").or(program.path.strip_prefix("sbin/"));
        in_bin.is_some_and(|rest| !rest.contains('/'))
    };
    let standard: Vec<&Program> = look.programs.iter().filter(is_standard).collect();
    if !standard.is_empty() {
        exposed.commands = standard.iter().map(|program| program.name().to_owned()).collect();
        return;
    }
    if !look.is_archive {
        // The one file is named as the package is, and exposed without a word.
        exposed.commands.extend((!look.programs.is_empty()).then(|| name.to_owned()));
        return;
    }
    let mut chosen: Vec<&Program> = look.programs.iter().filter(|it| it.is_native()).collect();
    if chosen.is_empty() {
        let is_helper = |program: &&Program| {
            let stem = program.name().split('.').next().unwrap_or_default();
            HELPERS.contains(&stem)
        };
        let top = look.programs.iter().filter(|program| !program.path.contains('/'));
        chosen = top.filter(|program| !is_helper(program)).collect();
    }
    // Where one is named as the package is, those far below are its helpers.
    let depth = |program: &&Program| program.path.matches('/').count();
    let own = chosen.iter().find(|program| program.name() == name).map(depth);
    let least = own.or(chosen.iter().map(depth).min());
    chosen.retain(|program| Some(depth(program)) == least);
    for program in &chosen {
        let file = program.path.strip_suffix(".exe").unwrap_or(&program.path).to_owned();
        let is_only = chosen.len() == 1;
        let command = (is_only && program.name() != name && is_versioned(program.name()))
            .then(|| name.to_owned());
        exposed.commands.push(command.clone().unwrap_or_else(|| program.name().to_owned()));
        exposed.bin.push(Bin { command, path: file });
    }
}

/// Whether a name says a platform or a version, which no command should.
fn is_versioned(name: &str) -> bool {
    let has_platform = super::asset::Asset::read(name).is_some_and(|asset| asset.target.is_some());
    let has_version = name
        .split(['-', '_'])
        .skip(1)
        .any(|part| part.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()));
    has_platform || has_version
}

/// `NAME.1` to `NAME.9`, perhaps packed.
fn is_page(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let file = file.strip_suffix(".gz").unwrap_or(file);
    let Some((stem, section)) = file.rsplit_once('.') else { return false };
    // Versions end like pages of the manual do.
    let is_library = stem.ends_with(".so") || stem.contains(".so.");
    let is_named = !stem.is_empty() && !stem.ends_with(|c: char| c.is_ascii_digit());
    let is_section = section.len() == 1 && section.starts_with(|c: char| ('1'..='9').contains(&c));
    is_named && is_section && !is_library
}

/// The shell that a file completes for, and its name where the shell wants another one.
fn completion(path: &str, name: &str) -> Option<(&'static str, Option<String>)> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_ascii_lowercase();
    let file = path.rsplit('/').next().unwrap_or(path);
    let is_folder = folder.contains("complet") || folder == "complete";
    if !is_folder && !file.contains(name) {
        return None;
    }
    if file.ends_with(".fish") {
        return Some(("fish", None));
    }
    if let Some(stem) = file.strip_suffix(".zsh") {
        return Some(("zsh", Some(format!("_{}", stem.trim_start_matches('_')))));
    }
    if file.starts_with('_') && !file.contains('.') && is_folder {
        return Some(("zsh", None));
    }
    let is_bash = file.ends_with(".bash") || file.ends_with(".bash-completion");
    if is_bash {
        return Some(("bash", None));
    }
    if is_folder && folder.contains("bash") && !file.contains('.') {
        return Some(("bash", None));
    }
    if is_folder && folder.contains("zsh") && !file.contains('.') {
        return Some(("zsh", Some(format!("_{}", file.trim_start_matches('_')))));
    }
    None
}

/// Paths of one folder and section as a pattern, where there are many.
fn globs(pages: &[&str]) -> Vec<String> {
    const LISTED: usize = 2;
    let mut by_pattern: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for page in pages {
        let (folder, file) =
            page.rsplit_once('/').map_or(("", *page), |(folder, file)| (folder, file));
        // A page ends with its section, and a packed one with `.gz` after it.
        let end = &file[file.len() - if file.ends_with(".gz") { 5 } else { 2 }..];
        let slash = if folder.is_empty() { "" } else { "/" };
        by_pattern.entry(format!("{folder}{slash}*{end}")).or_default().push(page);
    }
    let mut out = Vec::new();
    for (pattern, pages) in by_pattern {
        if pages.len() > LISTED {
            out.push(pattern);
        } else {
            out.extend(pages.into_iter().map(str::to_owned));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_manual_are_told_from_versions() {
        for path in ["just.1", "man/a.8", "doc/rg.1.gz"] {
            assert!(is_page(path), "{path}");
        }
        for path in ["libz.so.1", "tool-1.2", "README.md", "a.10", ".1", "CHANGES-1.5"] {
            assert!(!is_page(path), "{path}");
        }
    }

    #[test]
    fn many_pages_become_a_pattern() {
        assert_eq!(globs(&["man/a.1", "man/b.1", "man/c.1", "man/d.5"]), ["man/*.1", "man/d.5"]);
        assert_eq!(globs(&["a.1"]), ["a.1"]);
    }

    #[test]
    fn completions_are_told_by_name_and_folder() {
        let check = |path: &str, expect: Option<(&str, Option<&str>)>| {
            let found = completion(path, "rg");
            let found = found.as_ref().map(|(shell, name)| (*shell, name.as_deref()));
            assert_eq!(found, expect, "{path}");
        };
        check("complete/rg.bash", Some(("bash", None)));
        check("complete/_rg", Some(("zsh", None)));
        check("completions/rg.zsh", Some(("zsh", Some("_rg"))));
        check("autocomplete/rg.fish", Some(("fish", None)));
        check("completions/bash/rg", Some(("bash", None)));
        check("completions/zsh/_rg", Some(("zsh", None)));
        check("_rg", None);
        check("scripts/build.bash", None);
        check("complete/_rg.ps1", None);
    }
}
