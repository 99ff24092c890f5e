//! What a run printed, in a form that is the same on every machine.

use std::{fmt, path::Path, process, sync::LazyLock};

use regex::Regex;

/// Exit code, stdout and stderr of a run.
pub(crate) struct Output {
    /// What the process ended with; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Everything on stdout.
    pub(crate) stdout: String,
    /// Everything on stderr.
    pub(crate) stderr: String,
    home: String,
    filters: Vec<(Regex, &'static str)>,
}

static GAP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"([^\s|]) {2,}").unwrap());

impl Output {
    pub(crate) fn new(output: process::Output, home: &Path, host: Option<&str>) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            home: home.to_string_lossy().into_owned(),
            filters: filters(home, host),
        }
    }

    /// Fails the test unless the run ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// Stdout as a JSON document of the first schema.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let document: serde_json::Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"));
        assert_eq!(document["schema"], 1, "{self}");
        document
    }

    fn filtered(&self, text: &str) -> String {
        // A table's columns are as wide as this machine's paths: all gaps become one.
        let has_paths = text.contains(&self.home);
        let text = if has_paths { GAP.replace_all(text, "$1  ") } else { text.into() };
        self.filters.iter().fold(text.into_owned(), |text, (pattern, name)| {
            pattern.replace_all(&text, *name).into_owned()
        })
    }
}

/// The form for snapshots; streams that are empty are left out.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}", self.code)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", self.filtered(text).trim_end())?;
            }
        }
        Ok(())
    }
}

fn filters(home: &Path, host: Option<&str>) -> Vec<(Regex, &'static str)> {
    let mut filters = vec![(regex::escape(&home.to_string_lossy()), "[HOME]")];
    filters.extend(host.map(|host| (regex::escape(host), "[HOST]")));
    filters.extend(
        [
            (r"(sha256|sha512):[0-9a-f]{64,128}", "$1:[DIGEST]"),
            (r"\b[0-9a-f]{64}\b", "[HEX]"),
            (r"([-.]|projects/)[0-9a-f]{12}\b", "$1[ID]"),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "[TIME]"),
            (r"127\.0\.0\.1:\d+", "[HOST]"),
            (r"this machine has [0-9.]+", "this machine has [VERSION]"),
            (r"\bprocess \d+", "process [PID]"),
        ]
        .map(|(pattern, name)| (pattern.to_owned(), name)),
    );
    let compiled = |(pattern, name): (String, _)| (Regex::new(&pattern).unwrap(), name);
    filters.into_iter().map(compiled).collect()
}
