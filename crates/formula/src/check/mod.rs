//! `pkg check`: every version on every platform, and what would be better otherwise.

mod lints;
mod order;
mod patterns;
mod tap;

use crate::{
    Key, Platform, Release, Report,
    formula::Formula,
    report::{Code, Finding, Sink},
    resolve::Failure,
    tree::Table,
};

#[cfg(test)]
pub(crate) use order::check as check_order;
pub(crate) use order::keys_of;
pub use tap::{Outline, check_tap};

impl Formula {
    /// Errors and lints, over every version and every platform that it may be resolved for.
    pub fn check(&self) -> Report {
        let mut report = Report::default();
        for release in &self.releases {
            report.append(self.check_release(release));
        }
        let mut sink = Sink::new(&self.sources);
        self.patterns(&mut sink);
        self.lints(&mut sink);
        report.append(sink.into_report());
        report.sorted()
    }

    fn check_release(&self, release: &Release) -> Report {
        let mut report = Report::default();
        let mut valueless = true;
        let combinations = combinations(release);
        let follows = release.keys.is_empty();
        for (key, platform) in combinations {
            match self.resolve_key(release, key, &platform) {
                Ok(_) => valueless = false,
                Err(Failure::NoValue) => {}
                // Where an index says the platforms, a missing value may be for one it has not.
                Err(Failure::Broken(found)) if follows && only_valueless(&found) => {}
                Err(Failure::Broken(found)) => {
                    valueless = false;
                    report.append(found);
                }
            }
        }
        if follows && valueless {
            report.append(self.valueless(release));
        }
        report
    }

    /// No platform has a value for every variable.
    fn valueless(&self, release: &Release) -> Report {
        let mut sink = Sink::new(&self.sources);
        let message = format!("version `{}` resolves on no platform", release.version);
        sink.push(
            Finding::new(Code::NoValue, release.at, message)
                .label("a variable has no value, wherever it is asked for")
                .help("give the variables of `[vars]` values for the same platforms"),
        );
        sink.into_report()
    }

    /// The base and the body of every rule.
    fn bodies(&self) -> impl Iterator<Item = &Table> {
        std::iter::once(&self.base).chain(self.rules.iter().map(|rule| &rule.body))
    }
}

fn only_valueless(report: &Report) -> bool {
    report.problems().iter().all(|problem| problem.code == Code::NoValue)
}

/// What a release is resolved for.
fn combinations(release: &Release) -> Vec<(Key, Platform)> {
    if release.keys.is_empty() {
        return Platform::usual().map(|platform| (Key::Platform(platform), platform)).collect();
    }
    let keys = release.keys.iter();
    keys.flat_map(|key| match key {
        Key::Any => Platform::usual().map(|platform| (Key::Any, platform)).collect(),
        Key::Platform(platform) => vec![(*key, *platform)],
    })
    .collect()
}
