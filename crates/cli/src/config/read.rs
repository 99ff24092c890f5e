//! From TOML to a [`Config`]: each key is known, each value is of its kind.

use std::num::NonZeroU64;

use super::{
    Config, File, Mirror, Problem, Tap, policy, proxy, registry,
    value::{
        Entry, Value, document, in_order, integer, list, number, path, paths, problem, repository,
        start, string, switch, table, unknown, wrong,
    },
};

const KEYS: &[&str] = &[
    "ca",
    "cache",
    "connections",
    "jobs",
    "keep-downloads",
    "mirror",
    "no-proxy",
    "offline",
    "patience",
    "policy",
    "proxy",
    "registry",
    "tap",
];
const PATIENCE_KEYS: &[&str] = &["lock-seconds", "retries", "stall-seconds"];

pub(super) fn config(text: &str, file: &File<'_>) -> Result<Config, Problem> {
    let document = document(text)?;
    let mut config = Config::default();
    for (key, value) in in_order(document.get_ref()) {
        match key.get_ref().as_ref() {
            "jobs" => config.jobs = Some(file.set(key, number(value)?)),
            "offline" => config.offline = Some(file.set(key, switch(value)?)),
            "ca" => config.ca = Some(file.set(key, paths(value, file.folder)?)),
            "cache" => config.cache = Some(file.set(key, path(value, file.folder)?)),
            "keep-downloads" => config.keep_downloads = Some(file.set(key, number(value)?)),
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
            "tap" => {
                for entry in in_order(table(value)?) {
                    config.taps.push(file.set(entry.0, tap(file, entry)?));
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

fn tap(file: &File<'_>, (key, value): Entry<'_>) -> Result<Tap, Problem> {
    let name = key.get_ref().as_ref();
    let is_own = name == catalog::BUILTIN || name == catalog::DIRECT;
    if is_own || formula::Name::parse(name).is_err() {
        let what = format!("`{name}` cannot be the name of a tap");
        return Err(problem(key.span(), what, "another name", None));
    }
    let text = string(value)?;
    let is_place = text.starts_with("oci:") || text.starts_with("ocidir:");
    let location = match is_place {
        true => text.parse::<oci::Place>().map(|place| place.to_string()).map_err(|error| {
            let what = format!("`{text}` is not a place: {error}");
            let help = "write \"oci://registry.example.org/tap\", or a folder".to_owned();
            problem(value.span(), what, "a place in a registry, or a folder", Some(help))
        })?,
        false => file.folder.join(text).to_string_lossy().into_owned(),
    };
    Ok(Tap { name: name.to_owned(), location })
}

fn mirror((from, to): Entry<'_>) -> Result<Mirror, Problem> {
    let read = if from.get_ref().starts_with("oci:") { repository } else { start };
    let from = read(from.get_ref(), from.span())?;
    Ok(Mirror { from, to: read(string(to)?, to.span())? })
}
