//! Why a command failed: which exit code, the chain of causes, and what to do next.
//!
//! Which error of the rooms below becomes which exit code is decided in `verdict`.

mod advice;
mod airgap;
pub(crate) mod excerpt;
mod plumbing;
mod project;
mod publishing;
mod root;
mod verdict;

use std::io;

pub(crate) use project::mirror_of;
pub(crate) use verdict::{REPAIR, did_you_mean};

use crate::exit::Exit;

/// What a command that failed hands to the printer.
#[derive(Debug)]
pub struct Failure {
    /// The exit code's name.
    pub exit: Exit,
    /// The error with its causes.
    pub error: anyhow::Error,
    /// What the user can do, one sentence each.
    pub hints: Vec<String>,
}

/// The result of a command.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// The exit code that an error would end with, where others are told beside it.
pub(crate) fn exit_of(error: &(dyn std::error::Error + 'static)) -> Exit {
    verdict::of(error).0
}

/// Every error of the rooms below is a failure; its causes say which.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let (exit, hints) = verdict::of(&error);
        Self { exit, error: error.into(), hints }
    }
}

impl Failure {
    /// A failure that an error of a library explains.
    pub fn new(exit: Exit, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { exit, error: error.into(), hints: Vec::new() }
    }

    /// That a login which was shown is of no use.
    pub(crate) fn of_login(error: oci::Error) -> Self {
        let hints = advice::to_check(&error);
        Self { hints, ..Self::from(error) }
    }

    /// That a file which the user named cannot be had.
    pub(crate) fn of_file(error: io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }

    /// The package of a lock whose bytes are out of reach.
    pub(crate) fn out_of_reach(&self) -> Option<&str> {
        project::out_of_reach(&*self.error)
    }

    /// A failure that one sentence explains.
    pub fn told(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, error: anyhow::Error::msg(sentence.into()), hints: Vec::new() }
    }

    /// The failure as the cause of one that `sentence` tells.
    #[must_use]
    pub fn context(self, sentence: impl Into<String>) -> Self {
        Self { error: self.error.context(sentence.into()), ..self }
    }

    /// The failure with one more thing that the user can do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The error and its causes, outermost first.
    ///
    /// A cause that only repeats the end of its effect is left out, and so is one that
    /// [`Failure::excerpt`] shows.
    pub fn chain(&self) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        for cause in self.error.chain().filter(|cause| excerpt::of(*cause).is_none()) {
            let cause = cause.to_string();
            if !chain.last().is_some_and(|effect| effect.ends_with(&cause)) {
                chain.push(cause);
            }
        }
        chain
    }

    /// The lines of a file that are to blame, with carets, coloured.
    pub fn excerpt(&self) -> Option<String> {
        self.error.chain().find_map(excerpt::of)
    }
}
