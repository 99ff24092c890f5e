//! `pkg test`

use std::time::Duration;

use catalog::{Spec, spec::Kind};
use clap::Args;
use install::test::{Expected, Outcome, Tests, Verdict};
use publish::trial::Trial;

use super::change::waiting;
use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

/// Most of a stream that is shown, in lines and in bytes.
const LINES_MAX: usize = 20;
const BYTES_MAX: usize = 4 << 10;

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg test jaq", "as it is installed"),
    ("pkg test ./jaq.toml@3.0", "as its formula brings it, installed apart"),
    ("pkg test oci:jaq.oci:3.0.0", "as it was packed"),
    ("pkg test --timeout 20 jaq", "each test may take 20 seconds"),
]))]
pub struct Test {
    /// NAME[@SLOT] of an installed package, ./FILE.toml[@VERSION], or oci:LAYOUT
    pub spec: String,
    /// How long each test may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
}

impl Test {
    pub(crate) fn run(self, session: &Session) -> Result {
        let spec: Spec = self.spec.parse()?;
        let mut wait = waiting(session);
        if let Kind::Name { .. } = &spec.kind {
            let home = session.home()?;
            return self.show(session, &home.tests(&spec, &mut wait)?);
        }
        let builder = session.builder(None, false)?;
        let trial = match &spec.kind {
            Kind::File(_) => {
                let (found, tap) = session.formula_and_tap(&spec)?;
                // As one of its tap, so that what it needs is found there too.
                let (name, own) = (found.formula.name().clone(), Some(tap.name().to_owned()));
                let spec = Spec { kind: Kind::Name { tap: own, name }, at: spec.at.clone() };
                Trial::of(&builder, &spec, Some(&tap), &mut wait)?
            }
            _ => Trial::of(&builder, &spec, None, &mut wait)?,
        };
        let tests = trial.home().tests(&Spec::named(trial.name.clone()), &mut wait)?;
        self.show(session, &tests)
    }

    /// Runs the tests and shows each as it ends.
    fn show(&self, session: &Session, tests: &Tests) -> Result {
        let mut view = view::Tests::new(&tests.package, &tests.version);
        let mut failed = 0;
        for outcome in tests.run(Duration::from_secs(self.timeout)) {
            let outcome = outcome?;
            failed += usize::from(!outcome.verdict.is_passed());
            view.add(&outcome);
            if !session.printer.is_json() {
                for line in lines(&outcome) {
                    session.printer.answer(line);
                }
            }
        }
        session.progress.end();
        if session.printer.is_json() {
            session.printer.json(&view);
        }
        let what = format!("{} {}", tests.package, tests.version);
        if failed > 0 {
            let count = count(tests.count(), "test");
            return Err(Failure::told(
                Exit::Failed,
                format!("{failed} of {count} of {what} failed"),
            ));
        }
        session.printer.status("Tested", format_args!("{what}, {}", count(tests.count(), "test")));
        Ok(())
    }
}

/// One line for a test; for one that failed, what was expected and what came.
fn lines(outcome: &Outcome) -> Vec<String> {
    let command = view::shown_command(&outcome.command);
    if outcome.verdict.is_passed() {
        return vec![format!("ok      {command}")];
    }
    let mut lines = vec![format!("failed  {command}"), format!("  {}", told(&outcome.verdict))];
    lines.extend(outcome.expected.iter().map(|expected| match expected {
        Expected::Text(text) => format!("  expected: `{text}` in the output"),
        Expected::Match(pattern) => format!("  expected: a match of `{pattern}` in the output"),
    }));
    for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        if text.is_empty() {
            continue;
        }
        let end = end_of(text);
        let cut = if end.len() < text.len() { ", its end" } else { "" };
        lines.push(format!("  {name}{cut}:"));
        lines.extend(end.lines().map(|line| format!("    {line}")));
    }
    if outcome.stdout.is_empty() && outcome.stderr.is_empty() {
        lines.push("  it printed nothing".to_owned());
    }
    lines
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => "it passed".to_owned(),
        Verdict::NoCommand => "there is no such command".to_owned(),
        Verdict::Ended(status) => match status.code() {
            Some(code) => format!("it ended with code {code}"),
            None => format!("it was ended by {status}"),
        },
        Verdict::Output => "its output is not as expected".to_owned(),
        Verdict::Hung(limit) => {
            format!("it did not end in {} s, and was ended (`--timeout`)", limit.as_secs())
        }
    }
}

/// The last lines of a text, as many as are shown.
fn end_of(text: &str) -> &str {
    let text = &text[text.ceil_char_boundary(text.len().saturating_sub(BYTES_MAX))..];
    let mut starts = text.trim_end().rmatch_indices('\n').map(|(at, _)| at + 1);
    starts.nth(LINES_MAX - 1).map_or(text, |at| &text[at..])
}
