//! What `pkg config` answers.

use std::fmt::Display;

use serde::Serialize;

use crate::settings::{Origin, Setting, Settings};

/// The settings, one by one.
#[derive(Debug, Serialize)]
pub(crate) struct Config {
    schema: u32,
    /// Where the file is looked for.
    pub(crate) file: Option<String>,
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
        let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let mut values = vec![value("root", path(&settings.root.value), settings.root.origin)];
        values.push(value("jobs", settings.jobs.value.get(), settings.jobs.origin));
        values.push(of("offline", &settings.offline));
        values.push(of("yes", &settings.yes));
        if let Some(cache) = &settings.cache {
            values.push(value("cache", path(cache), Origin::Default));
        }
        if let Some(Setting { value: ca, origin }) = &settings.ca {
            let ca: Vec<_> = ca.iter().map(|file| path(file)).collect();
            values.push(value("ca", ca, *origin));
        }
        values.push(of("patience.stall-seconds", &settings.stall));
        values.push(of("patience.retries", &settings.retries));
        values.push(of("patience.lock-seconds", &settings.lock));
        for Setting { value: mirror, origin } in &settings.mirrors {
            values.push(value(&format!("mirror.\"{}\"", mirror.from), mirror.to.as_str(), *origin));
        }
        for Setting { value: registry, origin } in &settings.registries {
            let name = |key: &str| format!("registry.\"{}\".{key}", registry.host);
            values.push(value(&name("plain-http"), registry.plain_http, *origin));
            if !registry.token_servers.is_empty() {
                values.push(value(&name("token-server"), registry.token_servers.clone(), *origin));
            }
        }
        let file = settings.config_file.as_deref().map(path);
        Self { schema: 1, file, settings: values }
    }
}

fn of<T: Clone + Into<serde_json::Value>>(name: &str, setting: &Setting<T>) -> Value {
    value(name, setting.value.clone(), setting.origin)
}

fn value(name: &str, value: impl Into<serde_json::Value>, origin: impl Display) -> Value {
    Value { name: name.to_owned(), value: value.into(), origin: origin.to_string() }
}
