//! What may be used at all: what is on the lists of both files.

use oci::Allowed;

use super::{Setting, Settings};
use crate::config::Policy;

impl Settings {
    /// Which registries may be asked.
    pub fn allowed_registries(&self) -> Allowed {
        self.allowed(|policy| &policy.registries, str::to_owned)
    }

    /// Which taps may be used.
    pub fn allowed_taps(&self) -> Allowed {
        self.allowed(|policy| &policy.taps, str::to_owned)
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
