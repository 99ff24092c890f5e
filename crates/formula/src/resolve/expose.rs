//! `[expose]`: paths that are safe to join to a folder.

use super::Resolving;
use crate::{
    Completions, Expose, Paths, model,
    path::{check_link, check_relative},
    read::Map,
    template::TemplateText,
};

/// What a new name in a table of paths may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NewName {
    /// One component: what users type, or shells look for.
    Link,
    /// A path below the folder.
    Path,
}

impl Resolving<'_> {
    pub(super) fn expose(&mut self) -> Expose {
        let Some(expose) = &self.rules.expose else { return Expose::default() };
        let completions = match &expose.completions {
            None => Completions::default(),
            Some(shells) => Completions {
                bash: self.paths(shells.bash.as_ref(), NewName::Link),
                zsh: self.paths(shells.zsh.as_ref(), NewName::Link),
                fish: self.paths(shells.fish.as_ref(), NewName::Link),
            },
        };
        Expose {
            bin: self.paths(expose.bin.as_ref(), NewName::Link),
            man: self.paths(expose.man.as_ref(), NewName::Link),
            completions,
            lib: self.paths(expose.lib.as_ref(), NewName::Path),
            include: self.paths(expose.include.as_ref(), NewName::Path),
            share: self.paths(expose.share.as_ref(), NewName::Path),
            etc: self.paths(expose.etc.as_ref(), NewName::Path),
            wrap: expose.wrap.unwrap_or(false),
        }
    }

    fn paths(&mut self, paths: Option<&model::Paths>, new_name: NewName) -> Option<Paths> {
        Some(match paths? {
            model::Paths::One(path) => Paths::List(self.path(path).into_iter().collect()),
            model::Paths::List(list) => {
                Paths::List(list.iter().filter_map(|path| self.path(path)).collect())
            }
            model::Paths::Map(map) => Paths::Map(self.renamed(map, new_name)),
        })
    }

    fn renamed(
        &mut self,
        map: &Map<model::PathText, TemplateText>,
        new_name: NewName,
    ) -> std::collections::BTreeMap<String, String> {
        let mut renamed = std::collections::BTreeMap::new();
        for (name, path) in map.iter() {
            if new_name == NewName::Link {
                self.sink.take(check_link(&name.0, name.at));
            }
            if let Some(path) = self.path(path) {
                renamed.insert(name.0.to_string(), path);
            }
        }
        renamed
    }

    /// A path of the package, expanded.
    pub(super) fn path(&mut self, path: &TemplateText) -> Option<String> {
        let text = self.words.resolve(path);
        let text = self.sink.take(text)?;
        self.sink.take(check_relative(&text, path.at))?;
        Some(text)
    }
}
