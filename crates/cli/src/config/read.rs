//! From TOML to a [`Config`]: each key is known, each value is of its kind.

use std::num::NonZeroU64;

use toml::de::DeTable;

use super::{
    Config, File, Mirror, Problem, policy, proxy, registry,
    value::{
        Entry, Value, in_order, integer, list, number, path, paths, problem, start, string, switch,
        table, unknown, wrong,
    },
};

const KEYS: &[&str] = &[
    "ca",
    "cache",
    "connections",
    "jobs",
    "mirror",
    "no-proxy",
    "offline",
    "patience",
    "policy",
    "proxy",
    "registry",
];
const PATIENCE_KEYS: &[&str] = &["lock-seconds", "retries", "stall-seconds"];

pub(super) fn config(text: &str, file: &File<'_>) -> Result<Config, Problem> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        problem(span, format!("this is not TOML: {}", error.message()), "here", None)
    })?;
    let mut config = Config::default();
    for (key, value) in in_order(document.get_ref()) {
        match key.get_ref().as_ref() {
            "jobs" => config.jobs = Some(file.set(key, number(value)?)),
            "offline" => config.offline = Some(file.set(key, switch(value)?)),
            "ca" => config.ca = Some(file.set(key, paths(value, file.folder)?)),
            "cache" => config.cache = Some(file.set(key, path(value, file.folder)?)),
            "connections" => config.connections = Some(file.set(key, number(value)?)),
            "proxy" => config.proxy = Some(file.set(key, proxy::read(value)?)),
            "no-proxy" => {
                let hosts = list(value, "a host", |item| Ok(string(item)?.to_owned()))?;
                config.no_proxy = Some(file.set(key, hosts));
            }
            "policy" => config.policy = policy::read(file, value)?,
            "patience" => patience(file, value, &mut config)?,
            "mirror" => {
                for entry in in_order(table(value)?) {
                    config.mirrors.push(file.set(entry.0, mirror(entry)?));
                }
            }
            "registry" => {
                for entry in in_order(table(value)?) {
                    config.registries.push(registry::read(file, entry)?);
                }
            }
            _ => return Err(unknown(key, KEYS)),
        }
    }
    Ok(config)
}

fn patience(file: &File<'_>, value: &Value<'_>, config: &mut Config) -> Result<(), Problem> {
    for (key, value) in in_order(table(value)?) {
        let seconds = || Ok(file.set(key, number::<NonZeroU64>(value)?.get()));
        match key.get_ref().as_ref() {
            "stall-seconds" => config.stall = Some(seconds()?),
            "lock-seconds" => config.lock = Some(seconds()?),
            "retries" => {
                let retries = integer(value).ok_or_else(|| wrong(value, "a whole number"))?;
                config.retries = Some(file.set(key, retries));
            }
            _ => return Err(unknown(key, PATIENCE_KEYS)),
        }
    }
    Ok(())
}

fn mirror((from, to): Entry<'_>) -> Result<Mirror, Problem> {
    let from = start(from.get_ref(), from.span())?;
    Ok(Mirror { from, to: start(string(to)?, to.span())? })
}
