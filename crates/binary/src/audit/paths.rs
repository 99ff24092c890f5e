//! Absolute paths in a file's bytes: the build's, and what the placeholder stands before.

use memchr::memmem;

use super::{
    Rules,
    finding::{Report, Rule},
};
use crate::placeholder::{ID, PLACEHOLDER};

/// Looks for every path of the build.
pub(super) fn check(bytes: &[u8], rules: &Rules<'_>, report: &mut Report<'_>) {
    for folder in forbidden(rules) {
        for at in memmem::find_iter(bytes, folder.as_bytes()) {
            if is_boundary(bytes.get(at + folder.len())) {
                report.add(Rule::BuildPath, Some(at as u64), &shown(bytes, at));
            }
        }
    }
    for at in memmem::find_iter(bytes, PLACEHOLDER.as_bytes()) {
        if let Some(rule) = misplaced(&bytes[at + PLACEHOLDER.len()..], rules.keg) {
            report.add(rule, Some(at as u64), &shown(bytes, at));
        }
    }
    check_whole(bytes, report);
}

/// Looks for what is left of the placeholder where its slashes are escaped or its end is cut.
fn check_whole(bytes: &[u8], report: &mut Report<'_>) {
    let (folder, rest) = PLACEHOLDER.split_at("/tmp/".len());
    for at in memmem::find_iter(bytes, &rest.as_bytes()[..RECOGNISED_BYTES]) {
        let start = at.checked_sub(folder.len());
        let is_whole =
            start.is_some_and(|start| bytes[start..].starts_with(PLACEHOLDER.as_bytes()));
        if !is_whole {
            report.add(Rule::Partial, Some(at as u64), &shown(bytes, at));
        }
    }
}

/// So much of the placeholder nobody writes by chance.
const RECOGNISED_BYTES: usize = 24;

/// The folders of the build; the placeholder and what is below it have rules of their own.
pub(super) fn forbidden<'a>(rules: &Rules<'a>) -> impl Iterator<Item = &'a str> {
    let folders = rules.forbidden.iter().map(|folder| folder.trim_end_matches('/'));
    folders.filter(|folder| !folder.is_empty() && !folder.starts_with(PLACEHOLDER))
}

/// The rule that is broken by what follows the placeholder.
///
/// Another package's keg goes with that package's next version, and has another id elsewhere; a
/// numbered generation goes with the next change; sources and the build's folder never were.
fn misplaced(rest: &[u8], keg: &str) -> Option<Rule> {
    let Some(below) = rest.strip_prefix(b"/") else {
        return (!is_boundary(rest.first())).then_some(Rule::Glued);
    };
    // What a program adds the rest to, such as a format string.
    if is_boundary(below.first()) || below.starts_with(b"%") {
        return None;
    }
    let keg = format!("cellar/{keg}-{ID}");
    let places = ["current", "etc", "var", keg.as_str()];
    let is_there = places.iter().any(|place| {
        below.strip_prefix(place.as_bytes()).is_some_and(|rest| is_boundary(rest.first()))
    });
    (!is_there).then_some(Rule::Place)
}

/// Whether a word of a path is over before this byte.
fn is_boundary(next: Option<&u8>) -> bool {
    next.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || b"._-+@~%".contains(byte)))
}

/// The path that begins there, as far as it can be told from what follows it.
fn shown(bytes: &[u8], at: usize) -> String {
    let is_end = |byte: &u8| byte.is_ascii_control() || b" \"'`;:,()<>|&".contains(byte);
    let path = bytes[at..].split(is_end).next().unwrap_or_default();
    String::from_utf8_lossy(&path[..path.len().min(1024)]).replace(PLACEHOLDER, "<root>")
}
