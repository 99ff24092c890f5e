//! What happens while a command runs, a line each: `--json=events`.

use serde::Serialize;

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Line<T> {
    schema: u32,
    #[serde(flatten)]
    event: T,
}

impl<T> Line<T> {
    pub(crate) fn new(event: T) -> Self {
        Self { schema: 1, event }
    }
}

/// The last line of a command that answers: what is the whole document under `--json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "answer")]
pub(crate) struct Answer<'a, T> {
    pub(crate) answer: &'a T,
}

/// What happened, or what is said of it.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// What is being done from now on.
    Step {
        text: &'a str,
    },
    /// A download begins; `bytes` is null where nobody declared them.
    Downloading {
        id: u64,
        name: &'a str,
        bytes: Option<u64>,
    },
    /// It is whole and verified.
    Downloaded {
        id: u64,
    },
    /// An upload begins, or begins again.
    Pushing {
        digest: &'a str,
        bytes: u64,
    },
    /// The registry has all of its bytes.
    Pushed {
        digest: &'a str,
    },
    /// What was done.
    Status {
        verb: &'a str,
        text: &'a str,
    },
    Note {
        text: &'a str,
    },
    Warning {
        text: &'a str,
    },
    Hint {
        text: &'a str,
    },
    /// Why the command fails: the error, its causes, and the code that it will end with.
    Error {
        exit: u8,
        chain: Vec<String>,
        excerpt: Option<String>,
        hints: &'a [String],
    },
}
