//! Why a command failed: which exit code, the chain of causes, and what to do next.
//!
//! Every error of the rooms below becomes a [`Failure`] here, and only here.

use crate::{config, env, exit::Exit, settings};

/// What a command that failed hands to the printer.
#[derive(Debug)]
pub struct Failure {
    /// The exit code's name.
    pub exit: Exit,
    /// The error with its causes.
    pub error: anyhow::Error,
    /// What the user can do, one sentence each.
    pub hints: Vec<String>,
    /// The place in a file, rendered with carets; printed instead of the error's own line.
    pub excerpt: Option<String>,
}

/// The result of a command.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that an error of a library explains.
    pub fn new(exit: Exit, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { exit, error: error.into(), hints: Vec::new(), excerpt: None }
    }

    /// A failure that one sentence explains.
    pub fn told(exit: Exit, sentence: impl Into<String>) -> Self {
        let error = anyhow::Error::msg(sentence.into());
        Self { exit, error, hints: Vec::new(), excerpt: None }
    }

    /// The failure with one more thing that the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The error and its causes, outermost first; a cause that only repeats its effect is left out.
    pub fn chain(&self) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        for cause in self.error.chain() {
            let cause = cause.to_string();
            if !chain.last().is_some_and(|effect| effect.ends_with(&cause)) {
                chain.push(cause);
            }
        }
        chain
    }
}

impl From<env::Error> for Failure {
    fn from(error: env::Error) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<settings::Error> for Failure {
    fn from(error: settings::Error) -> Self {
        Self::new(Exit::Usage, error).hint("name a root folder with `--root` or `PKG_ROOT`")
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        let excerpt = error.excerpt();
        Self { excerpt, ..Self::new(Exit::Usage, error) }
    }
}
