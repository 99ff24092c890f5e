//! How the tests of a package ended, as `test` answers it.

use std::os::unix::process::ExitStatusExt as _;

use install::test::{Expected, Outcome, Verdict};
use serde::Serialize;

/// Most of a stream that is told, in bytes; its end counts.
const BYTES_MAX: usize = 64 << 10;

/// The tests of one package, in their order.
#[derive(Debug, Serialize)]
pub(crate) struct Tests {
    schema: u32,
    name: String,
    version: String,
    passed: bool,
    tests: Vec<Test>,
}

#[derive(Debug, Serialize)]
struct Test {
    command: Vec<String>,
    passed: bool,
    /// What failed: `no-command`, `exit`, `output` or `timeout`.
    problem: Option<&'static str>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    /// A text that the output had to contain.
    expect: Option<String>,
    /// A regular expression that it had to match.
    #[serde(rename = "match")]
    matches: Option<String>,
    stdout: String,
    stderr: String,
}

impl Tests {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        let (name, version) = (name.to_owned(), version.to_owned());
        Self { schema: 1, name, version, passed: true, tests: Vec::new() }
    }

    /// Adds the outcome of one test.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let status = match outcome.verdict {
            Verdict::Ended(status) => Some(status),
            _ => None,
        };
        let problem = match outcome.verdict {
            Verdict::Passed => None,
            Verdict::NoCommand => Some("no-command"),
            Verdict::Ended(_) => Some("exit"),
            Verdict::Output => Some("output"),
            Verdict::Hung(_) => Some("timeout"),
        };
        let ended_well = matches!(outcome.verdict, Verdict::Passed | Verdict::Output);
        let text = |wanted: &Expected| match wanted {
            Expected::Text(text) => Some(text.clone()),
            Expected::Match(_) => None,
        };
        let pattern = |wanted: &Expected| match wanted {
            Expected::Match(pattern) => Some(pattern.clone()),
            Expected::Text(_) => None,
        };
        self.passed &= problem.is_none();
        self.tests.push(Test {
            command: outcome.command.clone(),
            passed: problem.is_none(),
            problem,
            exit_code: status.map_or(ended_well.then_some(0), |status| status.code()),
            signal: status.and_then(|status| status.signal()),
            expect: outcome.expected.iter().find_map(text),
            matches: outcome.expected.iter().find_map(pattern),
            stdout: end_of(&outcome.stdout),
            stderr: end_of(&outcome.stderr),
        });
    }
}

fn end_of(text: &str) -> String {
    text[text.ceil_char_boundary(text.len().saturating_sub(BYTES_MAX))..].to_owned()
}

/// A command as one would type it.
pub(crate) fn shown_command(command: &[String]) -> String {
    let words = command.iter().map(String::as_str);
    shlex::try_join(words).unwrap_or_else(|_| command.join(" "))
}
