//! Who needs whom and what is newer, as `deps`, `uses`, `why` and `outdated` answer it.

use std::collections::BTreeMap;

use install::query::News;
use plan::{Key, query::Tree};
use serde::Serialize;

/// What a package needs.
#[derive(Debug, Serialize)]
pub(crate) struct Deps {
    schema: u32,
    name: String,
    version: String,
    /// Whether the package is installed, or this is what it would need.
    installed: bool,
    /// Everything that it needs, directly or not, by name.
    needs: Vec<Need>,
}

/// A needed package.
#[derive(Debug, Serialize)]
struct Need {
    name: String,
    version: String,
    /// What it needs itself.
    needs: Vec<String>,
}

impl Deps {
    pub(crate) fn of(tree: &Tree, versions: &BTreeMap<String, String>, installed: bool) -> Self {
        let version = |name: &str| versions.get(name).cloned().unwrap_or_default();
        let mut found = BTreeMap::new();
        gather(tree, &mut found);
        let name = tree.key.to_string();
        found.remove(&name);
        let need =
            |(name, needs): (String, Vec<String>)| Need { version: version(&name), name, needs };
        Self {
            schema: 1,
            version: version(&name),
            name,
            installed,
            needs: found.into_iter().map(need).collect(),
        }
    }
}

fn gather(tree: &Tree, found: &mut BTreeMap<String, Vec<String>>) {
    if !tree.repeated {
        let needs = tree.needs.iter().map(|need| need.key.to_string());
        found.insert(tree.key.to_string(), needs.collect());
    }
    tree.needs.iter().for_each(|need| gather(need, found));
}

/// A package by name and version.
#[derive(Debug, Serialize)]
struct Named {
    name: String,
    version: String,
}

/// Who needs a package.
#[derive(Debug, Serialize)]
pub(crate) struct Uses {
    schema: u32,
    name: String,
    version: String,
    users: Vec<Named>,
}

impl Uses {
    pub(crate) fn of(package: &install::Package, users: &[&plan::Installed]) -> Self {
        let user = |user: &&plan::Installed| Named {
            name: user.key().to_string(),
            version: user.release().to_string(),
        };
        Self {
            schema: 1,
            name: package.shown_name(),
            version: package.shown_version(),
            users: users.iter().map(user).collect(),
        }
    }
}

/// Why a package is there.
#[derive(Debug, Serialize)]
pub(crate) struct Why {
    schema: u32,
    name: String,
    version: String,
    /// The constraint that it was asked for with, `*` for none; null for a dependency.
    requested: Option<String>,
    /// The ways to it, each from a package that was asked for.
    ways: Vec<Vec<String>>,
}

impl Why {
    pub(crate) fn of(package: &install::Package, ways: &[Vec<Key>]) -> Self {
        let way = |way: &Vec<Key>| way.iter().map(ToString::to_string).collect();
        Self {
            schema: 1,
            name: package.shown_name(),
            version: package.shown_version(),
            requested: package.requested.clone(),
            ways: ways.iter().map(way).collect(),
        }
    }
}

/// What is newer, and what the taps say against what is installed.
#[derive(Debug, Serialize)]
pub(crate) struct Outdated {
    schema: u32,
    packages: Vec<Newer>,
    notices: Vec<String>,
}

/// An installed package that there is a newer version of.
#[derive(Debug, Serialize)]
pub(super) struct Newer {
    name: String,
    installed: String,
    /// What `upgrade` may lead to; null where the request takes nothing newer.
    upgrade: Option<String>,
    newest: String,
    requested: Option<String>,
    pinned: bool,
}

impl Outdated {
    pub(crate) fn of(news: &News) -> Self {
        Self {
            schema: 1,
            packages: news.outdated.iter().map(Newer::of).collect(),
            notices: news.notices.clone(),
        }
    }
}

impl Newer {
    pub(super) fn of(package: &plan::query::Outdated) -> Self {
        Self {
            name: package.key.to_string(),
            installed: package.installed.to_string(),
            upgrade: package.inside.as_ref().map(ToString::to_string),
            newest: package.newest.to_string(),
            requested: package.request.as_ref().map(|request| request.as_str().to_owned()),
            pinned: package.pinned,
        }
    }
}
