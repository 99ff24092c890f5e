//! `[policy]`: lists of what may be used at all.
//!
//! A list that is not there forbids nothing, and an empty one everything. Where both files have
//! one, what is used must be on both.

use super::{
    File, Problem,
    value::{Key, Value, in_order, list, problem, start, string, table, unknown},
};
use crate::settings::Setting;

/// What may be used; each list knows its line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Registries, by their host with its port; `*` stands for any part of it.
    pub registries: Option<Setting<Vec<String>>>,
    /// Taps, by name or by where they are; `*` stands for any part of it.
    pub taps: Option<Setting<Vec<String>>>,
    /// The starts of addresses that formulas fetch from.
    pub sources: Option<Setting<Vec<String>>>,
}

const KEYS: &[&str] = &["registries", "sources", "taps"];

pub(super) fn read(file: &File<'_>, value: &Value<'_>) -> Result<Policy, Problem> {
    let mut policy = Policy::default();
    for (key, value) in in_order(table(value)?) {
        match key.get_ref().as_ref() {
            "registries" => policy.registries = listed(file, key, value, "a host", host)?,
            "taps" => {
                let tap = |item: &Value<'_>| Ok(string(item)?.to_owned());
                policy.taps = listed(file, key, value, "a tap", tap)?;
            }
            "sources" => {
                let from = |item: &Value<'_>| start(string(item)?, item.span());
                policy.sources = listed(file, key, value, "the start of an address", from)?;
            }
            _ => return Err(unknown(key, KEYS)),
        }
    }
    Ok(policy)
}

fn listed(
    file: &File<'_>,
    key: &Key<'_>,
    value: &Value<'_>,
    one: &str,
    item: impl Fn(&Value<'_>) -> Result<String, Problem>,
) -> Result<Option<Setting<Vec<String>>>, Problem> {
    Ok(Some(file.set(key, list(value, one, item)?)))
}

/// A host in the spelling that hosts are compared in, or a pattern of hosts.
fn host(item: &Value<'_>) -> Result<String, Problem> {
    let text = string(item)?;
    if text.contains('*') && !text.contains(['/', '@']) && !text.contains(char::is_whitespace) {
        return Ok(text.to_ascii_lowercase());
    }
    oci::host::canonical(text).map_err(|rule| {
        let what = format!("`{text}` is not a registry's host: {rule}");
        let help = "write the host alone, as in \"registry.example.org:5000\"".to_owned();
        problem(item.span(), what, "a host, perhaps with `*` in it", Some(help))
    })
}
