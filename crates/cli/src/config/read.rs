//! From TOML to a [`Config`]: each key is known, each value is of its kind.

use std::{
    num::NonZeroU64,
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Config, Located, Mirror, Problem, Registry, line_of};

type Entry<'a> = (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>);

const KEYS: &[&str] = &["ca", "jobs", "mirror", "offline", "patience", "registry"];
const PATIENCE_KEYS: &[&str] = &["lock-seconds", "retries", "stall-seconds"];
const REGISTRY_KEYS: &[&str] = &["plain-http", "token-server"];

pub(super) fn config(text: &str, folder: &Path) -> Result<Config, Problem> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        problem(span, format!("this is not TOML: {}", error.message()), "here", None)
    })?;
    let mut config = Config::default();
    for (key, value) in in_order(document.get_ref()) {
        let line = line_of(text, key.span().start);
        match key.get_ref().as_ref() {
            "jobs" => config.jobs = Some(Located { value: number(value)?, line }),
            "offline" => config.offline = Some(Located { value: switch(value)?, line }),
            "ca" => config.ca = Some(Located { value: paths(value, folder)?, line }),
            "patience" => patience(text, value, &mut config)?,
            "mirror" => {
                for entry in in_order(table(value)?) {
                    let line = line_of(text, entry.0.span().start);
                    config.mirrors.push(Located { value: mirror(entry)?, line });
                }
            }
            "registry" => {
                for entry in in_order(table(value)?) {
                    let line = line_of(text, entry.0.span().start);
                    config.registries.push(Located { value: registry(entry)?, line });
                }
            }
            _ => return Err(unknown(key, KEYS)),
        }
    }
    Ok(config)
}

/// The entries as they stand in the file; the parser's map has them by name.
fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn patience(text: &str, value: &Spanned<DeValue<'_>>, config: &mut Config) -> Result<(), Problem> {
    for (key, value) in in_order(table(value)?) {
        let line = line_of(text, key.span().start);
        let seconds = || Ok(Located { value: number::<NonZeroU64>(value)?.get(), line });
        match key.get_ref().as_ref() {
            "stall-seconds" => config.stall = Some(seconds()?),
            "lock-seconds" => config.lock = Some(seconds()?),
            "retries" => {
                let retries = integer(value).ok_or_else(|| wrong(value, "a whole number"))?;
                config.retries = Some(Located { value: retries, line });
            }
            _ => return Err(unknown(key, PATIENCE_KEYS)),
        }
    }
    Ok(())
}

/// A number of a type that has no zero.
fn number<T: FromStr>(value: &Spanned<DeValue<'_>>) -> Result<T, Problem> {
    integer(value).ok_or_else(|| wrong(value, "a whole number from 1 on"))
}

fn integer<T: FromStr>(value: &Spanned<DeValue<'_>>) -> Option<T> {
    value.get_ref().as_integer()?.as_str().replace('_', "").parse().ok()
}

fn switch(value: &Spanned<DeValue<'_>>) -> Result<bool, Problem> {
    value.get_ref().as_bool().ok_or_else(|| wrong(value, "`true` or `false`"))
}

fn table<'a>(value: &'a Spanned<DeValue<'a>>) -> Result<&'a DeTable<'a>, Problem> {
    value.get_ref().as_table().ok_or_else(|| wrong(value, "a table"))
}

fn string<'a>(value: &'a Spanned<DeValue<'a>>) -> Result<&'a str, Problem> {
    value.get_ref().as_str().ok_or_else(|| wrong(value, "a string"))
}

fn mirror((from, to): Entry<'_>) -> Result<Mirror, Problem> {
    let address = |text: &str, span: Range<usize>| {
        let has_scheme = text.starts_with("https://") || text.starts_with("http://");
        // Without the slash `https://host` would be the start of `https://host.evil.example` too.
        if has_scheme && text.ends_with('/') && text.len() > "https:///".len() {
            return Ok(text.to_owned());
        }
        let help = "write the scheme and the last slash: \"https://github.com/\"".to_owned();
        let what = format!("`{text}` is not the start of an address");
        Err(problem(span, what, "must start with `https://` and end with `/`", Some(help)))
    };
    let from = address(from.get_ref(), from.span())?;
    Ok(Mirror { from, to: address(string(to)?, to.span())? })
}

fn registry((key, value): Entry<'_>) -> Result<Registry, Problem> {
    let host = key.get_ref().as_ref();
    let is_host =
        !host.is_empty() && !host.contains(['/', '@']) && !host.contains(char::is_whitespace);
    if !is_host {
        let what = format!("`{host}` is not a registry's host");
        let help = "write the host alone: [registry.\"registry.example.org:5000\"]".to_owned();
        return Err(problem(key.span(), what, "a host, and a port where it has one", Some(help)));
    }
    let mut registry = Registry { host: host.to_owned(), ..Registry::default() };
    for (key, value) in in_order(table(value)?) {
        match key.get_ref().as_ref() {
            "plain-http" => {
                registry.plain_http = switch(value)?;
                registry.tls = !registry.plain_http;
            }
            "token-server" => registry.token_servers = list(value, "an origin", origin)?,
            _ => return Err(unknown(key, REGISTRY_KEYS)),
        }
    }
    Ok(registry)
}

/// The scheme, host and port of a server.
fn origin(value: &Spanned<DeValue<'_>>) -> Result<String, Problem> {
    let text = string(value)?;
    let url: Option<url::Url> = text.parse().ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    // Whoever writes a path may think that only it is trusted.
    let url = url.filter(|url| url.path() == "/" && url.query().is_none());
    match url.filter(|url| url.username().is_empty() && url.password().is_none()) {
        Some(url) => Ok(url.origin().ascii_serialization()),
        None => {
            let help = "write the scheme and the host: \"https://auth.example.com\"".to_owned();
            let what = format!("`{text}` is not the origin of a server");
            Err(problem(value.span(), what, "a scheme, a host and no path", Some(help)))
        }
    }
}

fn paths(value: &Spanned<DeValue<'_>>, folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    list(value, "a path", |item| Ok(folder.join(string(item)?)))
}

/// One item, or a list of them.
fn list<T>(
    value: &Spanned<DeValue<'_>>,
    one: &str,
    item: impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().map(item).collect(),
        DeValue::String(_) => Ok(vec![item(value)?]),
        _ => Err(wrong(value, &format!("{one} or a list of such"))),
    }
}

fn unknown(key: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) -> Problem {
    let name = key.get_ref().as_ref();
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3));
    let help = match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("the keys here are `{}`", known.join("`, `")),
    };
    problem(key.span(), format!("unknown key `{name}`"), "nobody reads this", Some(help))
}

fn wrong(value: &Spanned<DeValue<'_>>, expected: &str) -> Problem {
    let what = format!("this is {}, not {expected}", kind(value.get_ref()));
    problem(value.span(), what, &format!("must be {expected}"), None)
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Array(_) => format!("an {}", value.type_str()),
        _ => format!("a {}", value.type_str()),
    }
}

fn problem(span: Range<usize>, what: String, label: &str, help: Option<String>) -> Problem {
    Problem { span, what, label: label.to_owned(), help }
}
