//! From layers to a keg's tree: placement, programs, wrappers, and the rules on links.
//!
//! The same recipe and the same plans always give the same tree: `doctor` relies on it.

use std::collections::BTreeSet;

use catalog::{Placement, Shape};
use formula::Resolved;
use store::{
    Content,
    archive::Plan,
    keg::{Copy, Source},
    tree::{self, Folding, Node, Sealed, Tree},
};

use crate::{
    expose::{self, Exposed, Link},
    fetch,
    receipt::{Copied, LayerRecipe, Recipe},
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
}

impl Parts<'_> {
    /// Makes the tree of a package that was just fetched, and the recipe to make it again.
    pub(crate) fn assemble(self) -> Result<Assembled, Error> {
        let package = self.package;
        let name = package.name.as_str();
        let external_links = external_links(package);
        let mut recipe = Recipe {
            shape: self.shape.clone(),
            layers: self.layers.clone(),
            external_links,
            programs: Vec::new(),
            copies: Vec::new(),
        };
        let mut tree = joined(&recipe, self.plans).map_err(|source| refused(name, source))?;
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
            self.wrap(&mut exposed, &mut recipe)?;
        }
        keep_times(&tree, &mut recipe.copies);
        let settings = settings(&exposed, &tree);
        let sealed = sealed(tree, &recipe).map_err(|source| refused(name, source))?;
        Ok(Assembled { sealed, recipe, exposed, settings, notes })
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
    fn wrap(&self, exposed: &mut Exposed, recipe: &mut Recipe) -> Result<(), Error> {
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
            recipe.copies.push(Copied {
                path: path.clone(),
                sha256: content.sha256,
                size: content.size,
                executable: true,
                mtime: None,
                text: Some(text),
                wraps: Some(std::mem::replace(&mut link.target, path)),
            });
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

/// Python compares the time of a source with the one that its compiled file remembers.
fn keep_times(tree: &Tree, copies: &mut Vec<Copied>) {
    if !tree.files().any(|(path, _)| path.ends_with(".pyc")) {
        return;
    }
    copies.extend(tree.files().map(|(path, content)| Copied {
        path: path.to_owned(),
        sha256: content.sha256,
        size: content.size,
        executable: content.executable,
        mtime: tree.mtime(path),
        text: None,
        wraps: None,
    }));
}

/// The copies of a recipe, as the store places them.
pub(crate) fn copies(recipe: &Recipe) -> Vec<Copy> {
    recipe
        .copies
        .iter()
        .map(|copied| Copy {
            path: copied.path.clone(),
            source: match &copied.text {
                Some(text) => Source::Bytes(text.clone().into_bytes()),
                None => Source::Content(Content {
                    sha256: copied.sha256,
                    size: copied.size,
                    executable: copied.executable,
                }),
            },
            executable: copied.executable,
            mtime: copied.mtime,
        })
        .collect()
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

fn settings(exposed: &Exposed, tree: &Tree) -> Vec<Setting> {
    let setting = |link: &Link| match tree.get(&link.target) {
        Some(Node::File(content)) => Some(Setting {
            path: link.path.clone(),
            target: link.target.clone(),
            sha256: content.sha256,
        }),
        _ => None,
    };
    exposed.etc.iter().filter_map(setting).collect()
}

fn external_links(package: &Resolved) -> Vec<String> {
    use formula::Source as From;
    match &package.source {
        From::Oci { external_links, .. }
        | From::Image { external_links, .. }
        | From::Http { external_links, .. }
        | From::File { external_links, .. } => external_links.clone(),
        From::Build { .. } | From::Later { .. } => Vec::new(),
    }
}

/// A word of the shell that means `text` and nothing else.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The distinct commands of a package, for messages.
pub(crate) fn commands(exposed: &Exposed) -> BTreeSet<String> {
    exposed.commands().map(ToOwned::to_owned).collect()
}
