//! Regular expressions and globs, which are too slow to be compiled whenever a formula is read.
//!
//! What tokens stand for is not known here; a letter stands for each.

use crate::{
    formula::Formula,
    model::{Expose, Paths, Rules},
    read::{Keys as _, OneOrMany},
    report::{Code, Finding, Sink},
    template::{TemplateText, plain},
    tree::{At, Value},
};

impl Formula {
    pub(super) fn patterns(&self, sink: &mut Sink<'_>) {
        for table in self.bodies() {
            let rules = Rules::fields(table, &mut Sink::new(&self.sources));
            let tests = rules.test.iter().flat_map(OneOrMany::as_slice);
            for pattern in tests.filter_map(|test| test.matches.as_ref()) {
                sink.take(regular(&plain(pattern), pattern.at));
            }
            for path in rules.expose.iter().flat_map(listed) {
                sink.take(glob(&plain(path), path.at));
            }
        }
        if let Some(entry) = self.base.get("update")
            && let Value::Table(update) = &entry.node.value
            && let Some(entry) = update.get("match")
            && let Value::Text(pattern) = &entry.node.value
        {
            sink.take(regular(pattern, entry.node.at));
        }
    }
}

fn regular(pattern: &str, at: At) -> Result<(), Finding> {
    regex::Regex::new(pattern).map(|_| ()).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Finding::new(Code::Value, at, "not a regular expression").label(reason.to_owned())
    })
}

fn glob(pattern: &str, at: At) -> Result<(), Finding> {
    globset::Glob::new(pattern).map(|_| ()).map_err(|error| {
        Finding::new(Code::Value, at, "not a pattern of paths")
            .label(error.kind().to_string())
            .help("`*`, `?`, `[…]` and `{{…,…}}` have a meaning; write `[[]` for a bracket")
    })
}

/// The paths of lists; those of tables name one file each.
fn listed(expose: &Expose) -> impl Iterator<Item = &TemplateText> {
    let shells = expose.completions.iter();
    let shells = shells.flat_map(|shells| [&shells.bash, &shells.zsh, &shells.fish]);
    let tops = [&expose.bin, &expose.man, &expose.lib, &expose.include, &expose.share, &expose.etc];
    shells.chain(tops).flatten().flat_map(|paths| match paths {
        Paths::One(path) => std::slice::from_ref(path),
        Paths::List(list) => list,
        Paths::Map(_) => &[],
    })
}
