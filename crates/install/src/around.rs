//! Where what a formula names is looked for.

use std::path::PathBuf;

use catalog::{Found, mirror};
use formula::Name;
use oci::Place;

use crate::home::Home;

/// The surroundings of one formula.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The folder that relative paths start from.
    pub folder: Option<PathBuf>,
    /// The base in a registry below which the tap's packages are published.
    pub registry: Option<String>,
    /// Places that may have what is pinned, and are asked before the one that the formula names.
    pub nearby: Vec<Place>,
}

impl Around {
    /// Of a formula of which only the folder is known.
    pub fn folder(folder: Option<PathBuf>) -> Self {
        Self { folder, ..Self::default() }
    }
}

impl Home {
    /// The surroundings of a formula of a tap.
    pub fn around(&self, found: &Found) -> Around {
        let near = self.near(found.formula.name());
        Around {
            folder: found.folder.clone(),
            registry: found.registry.clone(),
            nearby: near.into_iter().chain(found.mirror.clone()).collect(),
        }
    }

    /// The surroundings of a package whose formula is not asked.
    pub(crate) fn around_folder(&self, name: &Name, folder: Option<PathBuf>) -> Around {
        Around { nearby: self.near(name).into_iter().collect(), ..Around::folder(folder) }
    }

    /// Where this command was told to look first for what a formula pins.
    fn near(&self, name: &Name) -> Option<Place> {
        self.setting.nearby.as_ref().map(|place| mirror::place(place, name))
    }
}
