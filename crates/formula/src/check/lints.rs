//! What works, and would be better otherwise.

use super::{combinations, order};
use crate::{
    Release,
    formula::{Formula, Rule},
    report::{Code, Finding, Sink},
    tree::{self, Entry, Table, Value, merge, same},
};

/// What became of a rule over all versions and platforms.
#[derive(Clone, Copy, Default)]
struct Effect {
    fits: bool,
    changes: bool,
}

impl Formula {
    pub(super) fn lints(&self, sink: &mut Sink<'_>) {
        self.rules_without_effect(sink);
        self.idle_channels(sink);
        self.untested(sink);
        self.undated(sink);
        self.lost_platforms(sink);
        if let Some(table) = tree::parse(0, sink) {
            defaults_written_out(&table, sink);
            order::check(&table, sink);
        }
    }

    /// W1 and W3: rules that never match, or change nothing where they do.
    fn rules_without_effect(&self, sink: &mut Sink<'_>) {
        let mut effects = vec![Effect::default(); self.rules.len()];
        for release in &self.releases {
            for (_, platform) in combinations(release) {
                let fits = |rule: &Rule| {
                    // An index may have platforms that nobody here has heard of.
                    let anywhere = release.index.is_some();
                    rule.fits_version(&release.version)
                        && (anywhere || rule.fits_platform(&platform))
                };
                let mut merged = self.base.clone();
                for (rule, effect) in self.rules.iter().zip(&mut effects) {
                    if !fits(rule) {
                        continue;
                    }
                    let before = Value::Table(merged.clone());
                    merge(&mut merged, &rule.body);
                    effect.fits = true;
                    let after = Value::Table(std::mem::take(&mut merged));
                    effect.changes |= !same(&before, &after);
                    if let Value::Table(table) = after {
                        merged = table;
                    }
                }
            }
        }
        for (rule, effect) in self.rules.iter().zip(effects) {
            if !effect.fits {
                sink.push(
                    Finding::new(Code::Idle, rule.at, "this rule never matches")
                        .label("fits no version on any of its platforms")
                        .help("leave it out, or correct its `platform` or `version`"),
                );
            } else if !effect.changes {
                sink.push(
                    Finding::new(Code::Redundant, rule.at, "this rule changes nothing")
                        .label("says what holds without it")
                        .help("leave it out"),
                );
            }
        }
    }

    fn idle_channels(&self, sink: &mut Sink<'_>) {
        let Some(Entry { node, .. }) = self.base.get("channels") else { return };
        let Value::Table(table) = &node.value else { return };
        for entry in &table.entries {
            let constraint = self.channels.get(entry.key.as_str());
            let matched = constraint.is_none_or(|constraint| {
                self.releases.iter().any(|release| constraint.matches(&release.version))
            });
            if !matched {
                let message = format!("channel `{}` has no version", entry.key);
                sink.push(
                    Finding::new(Code::Idle, entry.node.at, message)
                        .label("takes none of the versions")
                        .help("correct the constraint, or leave the channel out"),
                );
            }
        }
    }

    fn untested(&self, sink: &mut Sink<'_>) {
        if self.bodies().any(|table| table.get("test").is_some()) {
            return;
        }
        sink.push(
            Finding::new(
                Code::Untested,
                self.name.at,
                format!("`{}` has no test", self.name.value),
            )
            .label("nothing says whether it works")
            .help(format!("add `[test]` with `run = \"{} --version\"`", self.name.value)),
        );
    }

    fn undated(&self, sink: &mut Sink<'_>) {
        let undated: Vec<&Release> =
            self.releases.iter().filter(|release| release.date.is_none()).collect();
        if let Some(newest) = undated.first() {
            let all = self.releases.len();
            let message = match undated.len() {
                1 if all == 1 => "the version has no date".to_owned(),
                1 => format!("1 of {all} versions has no date"),
                some => format!("{some} of {all} versions have no date"),
            };
            sink.push(
                Finding::new(Code::Undated, newest.at, message)
                    .label("released when?")
                    .help("add `date = 2026-05-01`, the day of the release"),
            );
        }
    }

    /// W7: the newest version lacks a platform that the one before it has.
    fn lost_platforms(&self, sink: &mut Sink<'_>) {
        let offered =
            |release: &&Release| release.yanked.is_none() && !release.version.is_prerelease();
        let mut offered = self.releases.iter().filter(offered);
        let (Some(latest), Some(before)) = (offered.next(), offered.next()) else { return };
        if latest.keys.is_empty() {
            return;
        }
        let lost = before.keys.iter().filter_map(|key| match key {
            crate::Key::Platform(platform) if platform.best(latest.keys.iter()).is_none() => {
                Some(platform.to_string())
            }
            _ => None,
        });
        let lost: Vec<String> = lost.collect();
        if lost.is_empty() {
            return;
        }
        let (version, before) = (&latest.version, &before.version);
        let message = format!("version `{version}` lost {}", lost.join(", "));
        sink.push(
            Finding::new(Code::LostPlatform, latest.at, message)
                .label(format!("`{before}` has it"))
                .help("add the digest, or leave it so if upstream builds it no more"),
        );
    }
}

/// W3: values that are written out and are the default.
fn defaults_written_out(root: &Table, sink: &mut Sink<'_>) {
    let inner = |entry: Option<&Entry>, key: &str| match entry.map(|entry| &entry.node.value) {
        Some(Value::Table(table)) => table.get(key).cloned(),
        _ => None,
    };
    let text = |entry: &Entry, default: &str| match &entry.node.value {
        Value::Text(text) => text == default,
        _ => false,
    };
    let mut found = Vec::new();
    found.extend(root.get("versioning").filter(|entry| text(entry, "semver")).cloned());
    found.extend(inner(root.get("source"), "tag").filter(|entry| text(entry, "{version}")));
    if let Some(Value::Table(versions)) = root.get("version").map(|entry| &entry.node.value) {
        let revisions = versions.entries.iter().map(|entry| inner(Some(entry), "revision"));
        let zero = |entry: &Entry| matches!(entry.node.value, Value::Integer(0));
        found.extend(revisions.flatten().filter(zero));
    }
    for entry in found {
        sink.push(
            Finding::new(Code::Redundant, entry.node.at, format!("`{}` is the default", entry.key))
                .label("holds without it")
                .help("leave it out"),
        );
    }
}
