//! Values of the file that no other file has, by their kinds.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

pub(super) use project::malformed::{
    Entry, Key, Value, document, in_order, problem, string, switch, table, unknown, wrong,
};
use toml::de::DeValue;

use super::Problem;

/// A number of a type that has no zero.
pub(super) fn number<T: FromStr>(value: &Value<'_>) -> Result<T, Problem> {
    integer(value).ok_or_else(|| wrong(value, "a whole number from 1 on"))
}

pub(super) fn integer<T: FromStr>(value: &Value<'_>) -> Option<T> {
    value.get_ref().as_integer()?.as_str().replace('_', "").parse().ok()
}

pub(super) fn path(value: &Value<'_>, folder: &Path) -> Result<PathBuf, Problem> {
    Ok(folder.join(string(value)?))
}

pub(super) fn paths(value: &Value<'_>, folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    list(value, "a path", |item| path(item, folder))
}

/// One item, or a list of them.
pub(super) fn list<T>(
    value: &Value<'_>,
    one: &str,
    item: impl Fn(&Value<'_>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().map(item).collect(),
        DeValue::String(_) => Ok(vec![item(value)?]),
        _ => Err(wrong(value, &format!("{one} or a list of such"))),
    }
}

/// The start of addresses, up to a slash.
pub(super) fn start(text: &str, span: Range<usize>) -> Result<String, Problem> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.contains('@') {
        let what = format!("`{text}` holds a user or a password");
        let help = "credentials of a host are where `pkg login` keeps them".to_owned();
        return Err(problem(span, what, "nobody sends them from here", Some(help)));
    }
    // Without the slash `https://host` would be the start of `https://host.evil.example` too.
    if !host.is_empty() && text.ends_with('/') {
        return Ok(text.to_owned());
    }
    let help = "write the scheme and the last slash: \"https://github.com/\"".to_owned();
    let what = format!("`{text}` is not the start of an address");
    Err(problem(span, what, "must start with `https://` and end with `/`", Some(help)))
}

/// A tap in a registry, without tag and digest.
pub(super) fn repository(text: &str, span: Range<usize>) -> Result<String, Problem> {
    match text.parse::<oci::Place>() {
        Ok(place @ oci::Place::Registry(_)) if place == place.bare() => Ok(place.to_string()),
        _ => {
            let help = "write \"oci://registry.example.org/tap\"".to_owned();
            let what = format!("`{text}` is no repository of a registry");
            Err(problem(span, what, "must be a repository alone", Some(help)))
        }
    }
}
