//! What a keg offers below the prefix: commands, pages, completions, libraries, settings.
//!
//! Works on a keg's tree in memory; nothing here looks at a disk.

use std::collections::BTreeMap;

use formula::{Expose, Paths};
use globset::GlobBuilder;
use serde::{Deserialize, Serialize};
use store::tree::{Node, Tree};

/// One path below the prefix that links into a keg.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The path below the prefix, such as `bin/rg`.
    pub path: String,
    /// The path inside the keg.
    pub target: String,
    /// Whether both are folders, to be merged with those of other packages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub folder: bool,
}

/// Everything that a keg offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposed {
    /// The links, sorted by path.
    pub links: Vec<Link>,
    /// Files that are copied to `<root>`: the path there, below `etc`, and the path in the keg.
    pub etc: Vec<Link>,
}

/// A formula exposes what its package does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A command that `[expose] bin` names is not in the package.
    #[error("`expose.bin` names `{path}`, which the package does not hold; it holds {holds}")]
    NoProgram {
        /// The path or glob as the formula has it.
        path: String,
        /// The programs or top entries that are there.
        holds: String,
    },
    /// A glob cannot be read.
    #[error("`{glob}` is not a pattern of paths")]
    Glob {
        /// The pattern.
        glob: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
}

impl Exposed {
    /// The commands, by name: what is linked into `bin` and `sbin`.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.links.iter().filter_map(|link| {
            link.path.strip_prefix("bin/").or_else(|| link.path.strip_prefix("sbin/"))
        })
    }

    /// The files in the keg that are linked into `bin`.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &str> {
        let links = self.links.iter().filter(|link| link.path.starts_with("bin/"));
        links.map(|link| link.target.as_str())
    }
}

/// Which files of `tree` are exposed where; `missing` collects patterns that match nothing.
pub(crate) fn expose(
    expose: &Expose,
    tree: &Tree,
    missing: &mut Vec<String>,
) -> Result<Exposed, Error> {
    let mut walk = Walk { tree, links: BTreeMap::new(), missing };
    walk.programs(expose.bin.as_ref())?;
    match &expose.man {
        Some(paths) => walk.listed("man", paths, |file| {
            let section = file.trim_end_matches(".gz").rsplit_once('.').map_or("1", |(_, s)| s);
            format!("share/man/man{}/{file}", &section[..1.min(section.len())])
        })?,
        None => walk.folder("share/man"),
    }
    let shells = [
        ("completions.bash", &expose.completions.bash, "share/bash-completion/completions"),
        ("completions.zsh", &expose.completions.zsh, "share/zsh/site-functions"),
        ("completions.fish", &expose.completions.fish, "share/fish/vendor_completions.d"),
    ];
    for (key, paths, folder) in shells {
        match paths {
            Some(paths) => walk.listed(key, paths, |file| completion(folder, file))?,
            None => walk.folder(folder),
        }
    }
    let folders = [("lib", &expose.lib), ("include", &expose.include), ("share", &expose.share)];
    for (top, paths) in folders {
        match paths {
            Some(paths) => walk.listed(top, paths, |file| format!("{top}/{file}"))?,
            // All of `share` would link what no other program looks for; see `man` above.
            None if top == "share" => {}
            None => walk.folder(top),
        }
    }
    let links = std::mem::take(&mut walk.links);
    match &expose.etc {
        Some(paths) => walk.listed("etc", paths, |file| format!("etc/{file}"))?,
        None => walk.files("etc"),
    }
    let etc = std::mem::take(&mut walk.links);
    Ok(Exposed { links: links.into_values().collect(), etc: etc.into_values().collect() })
}

struct Walk<'a> {
    tree: &'a Tree,
    links: BTreeMap<String, Link>,
    missing: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn programs(&mut self, paths: Option<&Paths>) -> Result<(), Error> {
        let Some(paths) = paths else {
            self.files("bin");
            self.files("sbin");
            return Ok(());
        };
        let before = self.missing.len();
        self.listed("bin", paths, |file| format!("bin/{file}"))?;
        let absent = self.missing.split_off(before).into_iter().next();
        match absent {
            Some(path) => Err(Error::NoProgram { path, holds: self.holds() }),
            None => Ok(()),
        }
    }

    /// Links a folder of the standard layout: as one, to be merged with those of other kegs.
    fn folder(&mut self, folder: &str) {
        if let Some(Node::Directory) = self.tree.get(folder) {
            self.link(folder, folder, true);
        }
    }

    /// Links every file below `folder` at its own path.
    fn files(&mut self, folder: &str) {
        self.files_at(folder, folder);
    }

    fn files_at(&mut self, at: &str, folder: &str) {
        for (path, node) in self.tree.below(folder) {
            if !matches!(node, Node::Directory) {
                self.link(&format!("{at}{}", &path[folder.len()..]), path, false);
            }
        }
    }

    fn link(&mut self, path: &str, target: &str, folder: bool) {
        let link = Link { path: path.to_owned(), target: target.to_owned(), folder };
        self.links.insert(path.to_owned(), link);
    }

    /// Links what a formula lists; `place` says where a file of that name goes.
    fn listed(
        &mut self,
        key: &str,
        paths: &Paths,
        place: impl Fn(&str) -> String,
    ) -> Result<(), Error> {
        match paths {
            Paths::Map(map) => {
                for (name, path) in map {
                    if !self.take(key, path, &place(name)) {
                        self.missing.push(path.clone());
                    }
                }
            }
            Paths::List(patterns) => {
                for pattern in patterns {
                    let matches = self.matches(pattern)?;
                    if matches.is_empty() {
                        self.missing.push(pattern.clone());
                    }
                    for path in matches {
                        self.take(key, &path, &standard_path(key, &path, &place));
                    }
                }
            }
        }
        Ok(())
    }

    /// Links a file or a folder; false where the path is not there.
    fn take(&mut self, key: &str, path: &str, at: &str) -> bool {
        match self.tree.get(path) {
            None => return false,
            Some(Node::Directory) if matches!(key, "bin" | "etc") => self.files_at(at, path),
            Some(node) => self.link(at, path, matches!(node, Node::Directory)),
        }
        true
    }

    /// The paths that a pattern matches; a plain path matches itself.
    fn matches(&self, pattern: &str) -> Result<Vec<String>, Error> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
        if self.tree.get(pattern).is_some() {
            return Ok(vec![pattern.to_owned()]);
        }
        if !pattern.contains(['*', '?', '[', '{']) {
            return Ok(Vec::new());
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|source| Error::Glob { glob: pattern.to_owned(), source })?
            .compile_matcher();
        let paths = self.tree.iter().map(|(path, _)| path);
        Ok(paths.filter(|path| glob.is_match(path)).map(ToOwned::to_owned).collect())
    }

    /// What the package holds, for a message: its programs, else its top entries.
    fn holds(&self) -> String {
        let mut names: Vec<&str> = self
            .tree
            .iter()
            .filter(|(_, node)| matches!(node, Node::File(content) if content.executable))
            .map(|(path, _)| path)
            .take(6)
            .collect();
        if names.is_empty() {
            names = self.tree.iter().map(|(p, _)| p).filter(|p| !p.contains('/')).take(6).collect();
        }
        format!("`{}`", names.join("`, `"))
    }
}

/// A path that stands in its standard folder already stays there; any other goes to `place`.
fn standard_path(key: &str, path: &str, place: &impl Fn(&str) -> String) -> String {
    let stays = match key {
        "man" => path.starts_with("share/man/"),
        "lib" | "include" | "share" | "etc" => {
            path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        _ => false,
    };
    if stays {
        return path.to_owned();
    }
    place(path.rsplit_once('/').map_or(path, |(_, file)| file))
}

/// Shells look completions up by the command's name: `rg.bash` is `rg`, `rg.zsh` is `_rg`.
fn completion(folder: &str, file: &str) -> String {
    let stem = |suffixes: &[&str]| {
        suffixes.iter().find_map(|s| file.strip_suffix(s)).unwrap_or(file).to_owned()
    };
    let name = if folder.contains("zsh") {
        let stem = stem(&[".zsh"]);
        if stem.starts_with('_') { stem } else { format!("_{stem}") }
    } else if folder.contains("fish") {
        format!("{}.fish", stem(&[".fish"]))
    } else {
        stem(&[".bash", ".bash-completion", ".sh"])
    };
    format!("{folder}/{name}")
}

#[cfg(test)]
mod tests {
    use formula::Completions;
    use store::Content;

    use super::*;

    fn exposed(expose: &Expose, files: &[&str]) -> (Vec<String>, Vec<String>, Vec<String>) {
        let mut tree = Tree::new();
        for file in files {
            tree.add_file(file, Content::of(file.as_bytes(), true)).unwrap();
        }
        let mut missing = Vec::new();
        let exposed = super::expose(expose, &tree, &mut missing).unwrap();
        let shown = |links: Vec<Link>| {
            let shown = |link: Link| {
                let folder = if link.folder { "/" } else { "" };
                format!("{}{folder} -> {}", link.path, link.target)
            };
            links.into_iter().map(shown).collect()
        };
        (shown(exposed.links), shown(exposed.etc), missing)
    }

    fn list(paths: &[&str]) -> Option<Paths> {
        Some(Paths::List(paths.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn a_standard_layout_is_exposed_as_it_stands() {
        let files = [
            "bin/a",
            "sbin/b",
            "etc/a/a.conf",
            "lib/liba.so",
            "include/a.h",
            "share/man/man1/a.1",
            "share/doc/a",
            "share/zsh/site-functions/_a",
            "other/x",
        ];
        let (links, etc, missing) = exposed(&Expose::default(), &files);
        assert_eq!(
            links,
            [
                "bin/a -> bin/a",
                "include/ -> include",
                "lib/ -> lib",
                "sbin/b -> sbin/b",
                "share/man/ -> share/man",
                "share/zsh/site-functions/ -> share/zsh/site-functions",
            ]
        );
        assert_eq!(etc, ["etc/a/a.conf -> etc/a/a.conf"]);
        assert!(missing.is_empty());
    }

    #[test]
    fn what_a_formula_lists_goes_where_others_look_for_it() {
        let completions = Completions {
            bash: list(&["complete/a.bash"]),
            zsh: list(&["complete/a.zsh"]),
            fish: list(&["complete/a.fish"]),
        };
        let expose = Expose {
            bin: list(&["tools/*"]),
            man: list(&["doc/a.1", "doc/b.5.gz"]),
            completions,
            lib: list(&["x/liba.so", "lib/b"]),
            share: Some(Paths::Map([("a/data".to_owned(), "data".to_owned())].into())),
            etc: list(&["conf", "gone.conf"]),
            ..Expose::default()
        };
        let files = [
            "tools/a",
            "tools/b",
            "tools/deep/c",
            "doc/a.1",
            "doc/b.5.gz",
            "complete/a.bash",
            "complete/a.zsh",
            "complete/a.fish",
            "x/liba.so",
            "lib/b/c.so",
            "data/d",
            "conf/a.conf",
        ];
        let (links, etc, missing) = exposed(&expose, &files);
        assert_eq!(
            links,
            [
                "bin/a -> tools/a",
                "bin/b -> tools/b",
                "bin/deep/c -> tools/deep/c",
                "lib/b/ -> lib/b",
                "lib/liba.so -> x/liba.so",
                "share/a/data/ -> data",
                "share/bash-completion/completions/a -> complete/a.bash",
                "share/fish/vendor_completions.d/a.fish -> complete/a.fish",
                "share/man/man1/a.1 -> doc/a.1",
                "share/man/man5/b.5.gz -> doc/b.5.gz",
                "share/zsh/site-functions/_a -> complete/a.zsh",
            ]
        );
        assert_eq!(etc, ["etc/conf/a.conf -> conf/a.conf"]);
        assert_eq!(missing, ["gone.conf"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_names_those_that_are() {
        let mut tree = Tree::new();
        tree.add_file("bin/b", Content::of(b"b", true)).unwrap();
        let bin = list(&["bin/a"]);
        let refused = expose(&Expose { bin, ..Expose::default() }, &tree, &mut Vec::new());
        assert_eq!(
            refused.unwrap_err().to_string(),
            "`expose.bin` names `bin/a`, which the package does not hold; it holds `bin/b`"
        );
    }
}
