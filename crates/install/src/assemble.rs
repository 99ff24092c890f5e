//! From layers to a keg's tree: placement, programs, wrappers, and the rules on links.
//!
//! The same recipe and the same plans always give the same tree: `doctor` relies on it.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Placement, Shape};
use formula::{Relocations, Resolved};
use store::{
    Content,
    archive::Plan,
    keg::{Copy, Source},
    tree::{self, Folding, Node, Sealed, Tree},
};

use crate::{
    expose::{self, Exposed, Link},
    fetch,
    receipt::{Copied, LayerRecipe, Patched, Recipe},
    relocate::{self, Relocator},
    settings::Setting,
};

/// A package's layers do not make a keg.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The layers contradict each other, or a link leaves the keg.
    #[error("`{name}` cannot be unpacked")]
    Tree {
        /// Name of the package.
        name: String,
        /// The rule that is broken.
        #[source]
        source: tree::Error,
    },
    /// The files cannot be written for the root.
    #[error("`{name}` cannot be written for this root")]
    Relocate {
        /// Name of the package.
        name: String,
        /// The rule that is broken.
        #[source]
        source: relocate::Error,
    },
    /// The formula exposes what the package does not hold.
    #[error("`{name}` is not as its formula says")]
    Expose {
        /// Name of the package.
        name: String,
        /// What is missing.
        #[source]
        source: expose::Error,
    },
    /// A value of `[env]` holds a token that means nothing here.
    #[error("cannot write the wrappers of `{name}`")]
    Wrap {
        /// Name of the package.
        name: String,
        /// The token.
        #[source]
        source: formula::template::Error,
    },
}

/// A keg before it is linked.
pub(crate) struct Assembled {
    pub(crate) sealed: Sealed,
    pub(crate) recipe: Recipe,
    pub(crate) exposed: Exposed,
    pub(crate) settings: Vec<Setting>,
    pub(crate) notes: Vec<String>,
}

/// What assembling needs besides the plans.
pub(crate) struct Parts<'a> {
    pub(crate) package: &'a Resolved,
    pub(crate) shape: &'a Shape,
    pub(crate) layers: Vec<LayerRecipe>,
    pub(crate) plans: &'a [&'a Plan],
    /// The first bytes of a file, to tell programs from other files.
    pub(crate) head: &'a dyn Fn(&Content) -> Vec<u8>,
    /// Expands install-time tokens.
    pub(crate) expand: &'a dyn Fn(&str) -> Result<String, formula::template::Error>,
    /// The keg's absolute path, for wrappers.
    pub(crate) keg: String,
    /// Where the files hold the path that they were built for.
    pub(crate) relocations: Option<&'a Relocations>,
    /// Writes them for the root.
    pub(crate) relocator: Relocator<'a>,
}

impl Parts<'_> {
    /// Makes the tree of a package that was just fetched, and the recipe to make it again.
    pub(crate) fn assemble(self) -> Result<Assembled, Error> {
        let package = self.package;
        let name = package.name.as_str();
        let external_links = package.source.external_links().to_vec();
        let mut recipe = Recipe {
            shape: self.shape.clone(),
            layers: self.layers.clone(),
            external_links,
            programs: Vec::new(),
            copies: Vec::new(),
        };
        let mut tree = joined(&recipe, self.plans).map_err(|source| refused(name, source))?;
        let mut copies = self.relocate(&tree)?;
        let failed = |source| Error::Expose { name: name.to_owned(), source };
        let mut missing = Vec::new();
        let mut exposed = expose::expose(&package.expose, &tree, &mut missing).map_err(failed)?;
        let single = self.single_program(&tree);
        let mut programs: BTreeSet<String> = single.iter().cloned().collect();
        if package.expose.bin.is_some() {
            programs.extend(exposed.programs().map(ToOwned::to_owned));
        }
        recipe.programs = programs.into_iter().collect();
        for program in &recipe.programs {
            tree.set_executable(program);
        }
        if let Some(program) = single {
            let link = Link { path: format!("bin/{name}"), target: program, folder: false };
            exposed.links.push(link);
        }
        let mut notes: Vec<String> = missing
            .iter()
            .map(|path| format!("`{name}` exposes `{path}`, which the package does not hold"))
            .collect();
        if exposed.links.is_empty() && exposed.etc.is_empty() {
            notes.push(format!(
                "`{name}` has neither commands nor libraries; `pkg prefix {name}` is its folder"
            ));
        }
        if package.expose.wrap {
            self.wrap(&mut exposed, &mut copies)?;
        }
        finish_copies(&tree, &mut copies);
        let settings = settings(&exposed, &tree, &copies);
        recipe.copies = copies.into_values().collect();
        let sealed = sealed(tree, &recipe).map_err(|source| refused(name, source))?;
        Ok(Assembled { sealed, recipe, exposed, settings, notes })
    }

    /// The files that differ under the root.
    fn relocate(&self, tree: &Tree) -> Result<BTreeMap<String, Copied>, Error> {
        let name = || self.package.name.as_str().to_owned();
        let relocated = self.relocations.map(|list| self.relocator.relocate(list, tree));
        relocated
            .transpose()
            .map(Option::unwrap_or_default)
            .map_err(|source| Error::Relocate { name: name(), source })
    }

    /// The one program of a package that has no `bin` and names none.
    fn single_program(&self, tree: &Tree) -> Option<String> {
        if self.package.expose.bin.is_some() || tree.get("bin").is_some() {
            return None;
        }
        let head = |content: &Content| Ok::<_, std::convert::Infallible>((self.head)(content));
        let Ok(program) = tree.single_program(head);
        program.map(ToOwned::to_owned)
    }

    /// Puts a script that sets the environment before each command.
    fn wrap(
        &self,
        exposed: &mut Exposed,
        copies: &mut BTreeMap<String, Copied>,
    ) -> Result<(), Error> {
        let mut exports = String::new();
        for (name, value) in &self.package.env {
            let value = (self.expand)(value).map_err(|source| Error::Wrap {
                name: self.package.name.as_str().to_owned(),
                source,
            })?;
            exports.push_str(&format!("export {name}={}\n", quoted(&value)));
        }
        for link in &mut exposed.links {
            let Some(command) = link.path.strip_prefix("bin/") else { continue };
            let program = quoted(&format!("{}/{}", self.keg, link.target));
            let text = format!("#!/bin/sh\n{exports}exec {program} \"$@\"\n");
            let path = format!(".pkg/wrap/{command}");
            let content = Content::of(text.as_bytes(), true);
            let wraps = Some(std::mem::replace(&mut link.target, path.clone()));
            let wrapper = Copied { text: Some(text), wraps, ..copied(&path, &content) };
            copies.insert(path, wrapper);
        }
        Ok(())
    }
}

/// Makes a keg's tree again, as its recipe says, of the plans of its layers in order.
pub(crate) fn rebuild(recipe: &Recipe, plans: &[&Plan]) -> Result<Sealed, tree::Error> {
    let mut tree = joined(recipe, plans)?;
    for program in &recipe.programs {
        tree.set_executable(program);
    }
    sealed(tree, recipe)
}

fn sealed(tree: Tree, recipe: &Recipe) -> Result<Sealed, tree::Error> {
    let folding = if cfg!(target_os = "macos") { Folding::Yes } else { Folding::No };
    tree.seal(&recipe.external_links, folding)
}

/// Gives copies the mode that their files have by now and, where it matters, their time.
///
/// Python compares the time of a source with the one that its compiled file remembers.
fn finish_copies(tree: &Tree, copies: &mut BTreeMap<String, Copied>) {
    let keeps_times = tree.files().any(|(path, _)| path.ends_with(".pyc"));
    if copies.is_empty() && !keeps_times {
        return;
    }
    for (path, content) in tree.files() {
        if keeps_times {
            copies.entry(path.to_owned()).or_insert_with(|| copied(path, content)).mtime =
                tree.mtime(path);
        }
        if let Some(copy) = copies.get_mut(path).filter(|copy| copy.wraps.is_none()) {
            copy.executable = content.executable;
        }
    }
}

fn copied(path: &str, content: &Content) -> Copied {
    Copied {
        path: path.to_owned(),
        sha256: content.sha256,
        size: content.size,
        executable: content.executable,
        mtime: None,
        text: None,
        patched: None,
        wraps: None,
    }
}

/// The copies of a recipe, as the store places them.
pub(crate) fn copies(recipe: &Recipe) -> Vec<Copy> {
    let copy = |copied: &Copied| {
        let executable = copied.executable;
        let content = Content { sha256: copied.sha256, size: copied.size, executable };
        let source = match (&copied.text, &copied.patched) {
            (Some(text), _) => Source::Bytes(text.clone().into_bytes()),
            (None, Some(Patched { sha256, size, patches })) => Source::Patched {
                from: Content { sha256: *sha256, size: *size, executable },
                patches: patches.clone(),
                content,
            },
            (None, None) => Source::Content(content),
        };
        Copy { path: copied.path.clone(), source, executable, mtime: copied.mtime }
    };
    recipe.copies.iter().map(copy).collect()
}

fn refused(name: &str, source: tree::Error) -> Error {
    Error::Tree { name: name.to_owned(), source }
}

fn joined(recipe: &Recipe, plans: &[&Plan]) -> Result<Tree, tree::Error> {
    let mut tree = Tree::new();
    if let Shape::Image { paths, strip } = &recipe.shape {
        for plan in plans {
            tree.overlay(plan)?;
        }
        return tree.select(paths)?.stripped(*strip);
    }
    for (layer, plan) in recipe.layers.iter().zip(plans) {
        match (&layer.placement, only_file(plan)) {
            // The plan of a blob that is one file may have been made for another package, by
            // which the file is called otherwise.
            (Placement::Detect { name: path, .. } | Placement::File { path }, Some(content)) => {
                tree.add_file(path, *content)?;
            }
            (Placement::Unpack { at, strip }, _) => tree.merge(plan, at, placed(*strip))?,
            (Placement::Detect { strip, .. }, None) => tree.merge(plan, "", placed(*strip))?,
            (Placement::File { .. }, None) => tree.merge(plan, "", tree::Strip::Count(0))?,
        }
    }
    Ok(tree)
}

fn placed(strip: catalog::Strip) -> tree::Strip {
    match strip {
        catalog::Strip::Count(count) => tree::Strip::Count(count),
        catalog::Strip::LoneTop => tree::Strip::LoneTop,
    }
}

/// The content of a blob that is no archive.
fn only_file(plan: &Plan) -> Option<&Content> {
    plan.contents().next().filter(|_| !plan.format.is_archive())
}

/// Whether a plan that the store has was read as a recipe's layer must be.
pub(crate) fn fits(recipe: &Recipe, layer: &LayerRecipe, plan: &Plan) -> bool {
    let is_archive = plan.format.is_archive();
    let is_kind = match layer.placement {
        Placement::Unpack { .. } => is_archive,
        Placement::File { .. } => !is_archive,
        Placement::Detect { .. } => true,
    };
    is_kind && plan.profile == fetch::profile(&recipe.shape)
}

fn settings(exposed: &Exposed, tree: &Tree, copies: &BTreeMap<String, Copied>) -> Vec<Setting> {
    let setting = |link: &Link| match tree.get(&link.target) {
        Some(Node::File(content)) => Some(Setting {
            path: link.path.clone(),
            target: link.target.clone(),
            sha256: copies.get(&link.target).map_or(content.sha256, |copied| copied.sha256),
        }),
        _ => None,
    };
    exposed.etc.iter().filter_map(setting).collect()
}

/// A word of the shell that means `text` and nothing else.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The distinct commands of a package, for messages.
pub(crate) fn commands(exposed: &Exposed) -> BTreeSet<String> {
    exposed.commands().map(ToOwned::to_owned).collect()
}
