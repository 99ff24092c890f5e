//! What `pkg config` answers.

use std::{fmt::Display, path::Path};

use serde::Serialize;
use serde_json::json;

use crate::{
    config::{Policy, Registry, SYSTEM_FILE, registry::Mirror},
    settings::{Setting, Settings},
};

/// The settings, one by one.
#[derive(Debug, Serialize)]
pub(crate) struct Config {
    schema: u32,
    /// Where the file is looked for.
    pub(crate) file: Option<String>,
    /// Where the system's file is looked for.
    system_file: &'static str,
    pub(crate) settings: Vec<Value>,
}

/// A setting, its value and where it comes from.
#[derive(Debug, Serialize)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) value: serde_json::Value,
    pub(crate) origin: String,
}

impl Value {
    /// The value as people read it.
    pub(crate) fn text(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }
}

impl Config {
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut values = Values(Vec::new());
        values.add("root", Some(&settings.root), |root| shown(root));
        values.add("jobs", Some(&settings.jobs), |jobs| jobs.get());
        values.add("keep-downloads", settings.keep_downloads.as_ref(), |number| number.get());
        values.add("connections", settings.connections.as_ref(), |number| number.get());
        values.add("offline", Some(&settings.offline), |is| *is);
        values.add("yes", Some(&settings.yes), |is| *is);
        values.add("cache", settings.cache.as_ref(), |cache| shown(cache));
        values.add("ca", settings.ca.as_ref(), |ca| files(ca));
        let proxies = &settings.proxies;
        if proxies.http == proxies.https {
            values.add("proxy", proxies.https.as_ref(), ToString::to_string);
        } else {
            values.add("proxy for https", proxies.https.as_ref(), ToString::to_string);
            values.add("proxy for http", proxies.http.as_ref(), ToString::to_string);
        }
        values.add("no-proxy", proxies.except.as_ref(), String::clone);
        values.add("patience.stall-seconds", Some(&settings.stall), |seconds| *seconds);
        values.add("patience.retries", Some(&settings.retries), |count| *count);
        values.add("patience.lock-seconds", Some(&settings.lock), |seconds| *seconds);
        for setting in &settings.mirrors {
            let name = format!("mirror.\"{}\"", setting.value.from);
            values.add(&name, Some(setting), |mirror| mirror.to.clone());
        }
        for setting in &settings.taps {
            let name = format!("tap.{}", setting.value.name);
            values.add(&name, Some(setting), |tap| tap.location.clone());
        }
        settings.registries.iter().for_each(|registry| values.registry(registry));
        settings.policies.iter().for_each(|policy| values.policy(policy));
        let file = settings.config_file.as_deref().map(shown);
        Self { schema: 1, file, system_file: SYSTEM_FILE, settings: values.0 }
    }
}

/// Settings in the order in which they are shown.
struct Values(Vec<Value>);

impl Values {
    /// Adds a setting that has a value.
    fn add<T, V: Into<serde_json::Value>>(
        &mut self,
        name: &str,
        setting: Option<&Setting<T>>,
        shown: impl Fn(&T) -> V,
    ) {
        if let Some(Setting { value, origin }) = setting {
            let origin: &dyn Display = origin;
            let (name, value, origin) = (name.to_owned(), shown(value).into(), origin.to_string());
            self.0.push(Value { name, value, origin });
        }
    }

    fn registry(&mut self, own: &Registry) {
        let name = |key: &str| format!("registry.\"{}\".{key}", own.host);
        self.add(&name("plain-http"), own.plain_http.as_ref(), |is| *is);
        self.add(&name("token-server"), own.token_servers.as_ref(), Clone::clone);
        self.add(&name("ca"), own.ca.as_ref(), |ca| files(ca));
        let certificate = own.client_certificate.as_ref();
        self.add(&name("client-certificate"), certificate, |file| shown(file));
        self.add(&name("client-key"), own.client_key.as_ref(), |file| shown(file));
        self.add(&name("proxy"), own.proxy.as_ref(), ToString::to_string);
        self.add(&name("mirrors"), own.mirrors.as_ref(), |mirrors| {
            let mirror = |mirror: &Mirror| {
                json!({"location": mirror.location, "digest-only": mirror.digest_only})
            };
            mirrors.iter().map(mirror).collect::<Vec<_>>()
        });
        self.add(&name("fallback"), own.fallback.as_ref(), |is| *is);
    }

    fn policy(&mut self, policy: &Policy) {
        self.add("policy.registries", policy.registries.as_ref(), Clone::clone);
        self.add("policy.taps", policy.taps.as_ref(), Clone::clone);
        self.add("policy.sources", policy.sources.as_ref(), Clone::clone);
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn files(paths: &[std::path::PathBuf]) -> Vec<String> {
    paths.iter().map(|path| shown(path)).collect()
}
