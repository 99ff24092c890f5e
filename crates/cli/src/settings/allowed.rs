//! What may be used at all: what is on the lists of both files.

use catalog::{Declared, Rules, Taps, taps};
use oci::Allowed;
use store::Layout;

use super::{Setting, Settings};
use crate::config::{Policy, Tap};

impl Settings {
    /// Which registries may be asked.
    pub fn allowed_registries(&self) -> Allowed {
        self.allowed(|policy| &policy.registries, str::to_owned)
    }

    /// Which taps may be used, which are there, and which are mirrored.
    pub fn tap_rules(&self) -> Rules {
        let declared = |setting: &Setting<Tap>| Declared {
            name: setting.value.name.clone(),
            location: setting.value.location.clone(),
            by: setting.origin.to_string(),
        };
        let allowed = self.allowed(|policy| &policy.taps, str::to_owned);
        let mirrors = self.mirrors.iter().map(|mirror| &mirror.value);
        let mirrors = mirrors.filter(|mirror| mirror.is_of_tap());
        let mirrors = mirrors.filter_map(|it| Some((it.from.parse().ok()?, it.to.parse().ok()?)));
        Rules {
            allowed,
            declared: self.taps.iter().map(declared).collect(),
            mirrors: mirrors.collect(),
        }
    }

    /// The taps of the root, and those that are declared.
    pub(crate) fn open_taps(&self) -> Result<Taps, taps::Error> {
        Taps::open_ruled(&Layout::new(self.root.value.clone()).taps(), self.tap_rules())
    }

    /// Which addresses may be asked beside registries.
    pub fn allowed_sources(&self) -> Allowed {
        self.allowed(|policy| &policy.sources, |start| format!("{start}*"))
    }

    fn allowed(
        &self,
        list: impl Fn(&Policy) -> &Option<Setting<Vec<String>>>,
        pattern: impl Fn(&str) -> String,
    ) -> Allowed {
        let mut allowed = Allowed::default();
        for Setting { value, origin } in self.policies.iter().filter_map(|p| list(p).as_ref()) {
            let patterns = value.iter().map(|text| pattern(text)).collect();
            allowed.add(patterns, origin.to_string());
        }
        allowed
    }
}
