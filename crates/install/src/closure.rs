//! What packages need, all of it, on this machine or for another platform.

use catalog::Spec;
use formula::{Name, Platform};

use crate::{
    home::{self, Home, Setting},
    proposal,
};

/// A release that is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The tap.
    pub tap: String,
    /// The formula.
    pub name: Name,
    /// The version.
    pub version: String,
    /// The rebuild of this version.
    pub revision: u32,
}

impl Home {
    /// The same surroundings for machines of another platform.
    pub fn for_platform(&self, platform: Platform) -> Result<Self, home::Error> {
        let setting = Setting { platform: Some(platform), ..self.setting.clone() };
        let mut apart = Self::open(setting)?;
        // Connections and logins serve for all platforms.
        apart.network = self.network.clone();
        apart.git = self.git.clone();
        Ok(apart)
    }

    /// The packages that `specs` name and all that they need, were nothing installed.
    pub fn closure(&self, specs: &[Spec]) -> Result<Vec<Needed>, proposal::Error> {
        let proposal = self.propose_apart(specs)?;
        let needed = proposal.comings.into_iter().map(|coming| Needed {
            tap: coming.tap,
            name: coming.resolved.name,
            version: coming.resolved.version,
            revision: coming.resolved.revision,
        });
        Ok(needed.collect())
    }
}
