//! Values of the file by their kinds, and what to say of one that is of another kind.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Problem;

pub(super) type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
pub(super) type Value<'a> = Spanned<DeValue<'a>>;
pub(super) type Entry<'a> = (&'a Key<'a>, &'a Value<'a>);

/// The entries as they stand in the file; the parser's map has them by name.
pub(super) fn in_order<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A number of a type that has no zero.
pub(super) fn number<T: FromStr>(value: &Value<'_>) -> Result<T, Problem> {
    integer(value).ok_or_else(|| wrong(value, "a whole number from 1 on"))
}

pub(super) fn integer<T: FromStr>(value: &Value<'_>) -> Option<T> {
    value.get_ref().as_integer()?.as_str().replace('_', "").parse().ok()
}

pub(super) fn switch(value: &Value<'_>) -> Result<bool, Problem> {
    value.get_ref().as_bool().ok_or_else(|| wrong(value, "`true` or `false`"))
}

pub(super) fn table<'a>(value: &'a Value<'a>) -> Result<&'a DeTable<'a>, Problem> {
    value.get_ref().as_table().ok_or_else(|| wrong(value, "a table"))
}

pub(super) fn string<'a>(value: &'a Value<'a>) -> Result<&'a str, Problem> {
    value.get_ref().as_str().ok_or_else(|| wrong(value, "a string"))
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

pub(super) fn unknown(key: &Key<'_>, known: &[&str]) -> Problem {
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

pub(super) fn wrong(value: &Value<'_>, expected: &str) -> Problem {
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

pub(super) fn problem(
    span: Range<usize>,
    what: String,
    label: &str,
    help: Option<String>,
) -> Problem {
    Problem { span, what, label: label.to_owned(), help }
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
