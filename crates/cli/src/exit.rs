//! The exit codes, and what each one tells a script.

use std::process::ExitCode;

/// How a command ended, as far as a script can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it says.
    Done,
    /// It could not, for a reason that no other code names.
    Failed,
    /// The command line, a variable or a configuration file cannot be understood.
    Usage,
    /// Nothing has this name, or no choice of versions satisfies everything.
    NotFound,
    /// A registry or the network did not do its part.
    Registry,
    /// A registry wants credentials, or refuses those it got.
    Unauthorized,
    /// Bytes are not the ones that their digest names.
    Integrity,
    /// Another process holds the lock.
    Locked,
    /// A bug.
    Bug,
    /// Interrupted by the user.
    Interrupted,
}

impl Exit {
    /// All of them, in order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::Registry,
        Self::Unauthorized,
        Self::Integrity,
        Self::Locked,
        Self::Bug,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Registry => 4,
            Self::Unauthorized => 5,
            Self::Integrity => 6,
            Self::Locked => 7,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }

    /// One sentence for the reference page.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Done. Also when the reader of a pipe went away, as `head` does.",
            Self::Failed => "Failed, for a reason that no other code names.",
            Self::Usage => "The command line, a variable or `config.toml` cannot be understood.",
            Self::NotFound => "Not found, or no choice of versions satisfies every constraint.",
            Self::Registry => "A registry or the network did not do its part.",
            Self::Unauthorized => "A registry wants credentials, or refuses those it got.",
            Self::Integrity => "Bytes are not the ones that their digest names.",
            Self::Locked => "Another process holds the lock, after a wait that was shown.",
            Self::Bug => "A bug in `pkg`.",
            Self::Interrupted => "Interrupted, by Ctrl-C.",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
