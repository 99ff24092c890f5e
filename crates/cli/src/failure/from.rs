//! Every error of the rooms below, and the exit code that it becomes.

use catalog::{spec, tap, taps};

use super::Failure;
use crate::{config, env, exit::Exit, settings};

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
        Self::new(Exit::Usage, error)
    }
}

impl From<spec::Error> for Failure {
    fn from(error: spec::Error) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<tap::Error> for Failure {
    fn from(error: tap::Error) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl From<taps::Error> for Failure {
    fn from(error: taps::Error) -> Self {
        let exit = match &error {
            taps::Error::NoFormula { .. } | taps::Error::NoTap { .. } => Exit::NotFound,
            taps::Error::NoFolder { .. } => Exit::NotFound,
            taps::Error::Ambiguous { .. } | taps::Error::Name { .. } | taps::Error::Builtin => {
                Exit::Usage
            }
            taps::Error::Taken { .. } => Exit::Failed,
            taps::Error::Tap { .. } | taps::Error::State { .. } => Exit::Failed,
        };
        let hint = match &error {
            taps::Error::NoFormula { suggestions, .. } => did_you_mean(suggestions),
            _ => None,
        };
        let failure = Self::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The question that names what was probably meant.
pub(crate) fn did_you_mean(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| format!("did you mean `{}`?", names.join("`, `")))
}
