//! Why a proposal was not carried out.

use store::{commit, generation, keg, lock, recover};

use crate::{
    assemble, fetch, home, linking, proposal, receipt, relocate, settings, setup, shadow::Shadow,
};

/// A proposal was not carried out; what was installed is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A package is to be made from source code first.
    #[error("`{name}` has to be built before it can be installed")]
    NotMade {
        /// Name of the package.
        name: String,
    },
    /// The network is off, and what is needed is not here.
    #[error(transparent)]
    Away(#[from] crate::away::Away),
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] home::Error),
    /// The lock cannot be had.
    #[error(transparent)]
    Lock(#[from] lock::Error),
    /// What a crash left cannot be cleared.
    #[error("cannot clear what an interrupted command left")]
    Recover(#[source] recover::Error),
    /// The state changed meanwhile, and there is no proposal any more.
    #[error(transparent)]
    Proposal(#[from] proposal::Error),
    /// The user said no.
    #[error("nothing was changed")]
    Declined,
    /// The disk has no room for what comes.
    #[error(
        "{needed} bytes are needed below `{}`, and {free} are free",
        root.display()
    )]
    Space {
        /// The root.
        root: std::path::PathBuf,
        /// The least that the packages will take.
        needed: u64,
        /// What the filesystem has left for this user.
        free: u64,
    },
    /// A package says of itself what is not so.
    #[error("`{name}` holds {found} where it declares {declared}")]
    Declared {
        /// Name of the package.
        name: String,
        /// What it holds.
        found: String,
        /// What its annotation says.
        declared: String,
    },
    /// A keg that shall be used went away.
    #[error(transparent)]
    Hold(store::in_use::Error),
    /// Staging cannot be made.
    #[error("cannot stage the transaction")]
    Staging(#[source] store::staging::Error),
    /// A layer cannot be fetched or is refused.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// A package's layers do not make a keg.
    #[error(transparent)]
    Assemble(#[from] assemble::Error),
    /// A keg cannot be built.
    #[error("cannot build the keg of `{name}`")]
    Keg {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: keg::Error,
    },
    /// A receipt cannot be read.
    #[error(transparent)]
    Receipt(#[from] receipt::Error),
    /// The links cannot be laid out.
    #[error(transparent)]
    Linking(#[from] linking::Error),
    /// A command would hide one of the system.
    #[error("`{}` of `{package}` would hide `{}`", shadow.command, shadow.hidden.display())]
    Shadow {
        /// Name of the package.
        package: String,
        /// The command and what it hides.
        shadow: Shadow,
    },
    /// What was staged cannot be put into place.
    #[error("cannot put the transaction into place")]
    Commit(#[source] commit::Error),
    /// A settings file cannot be brought.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A setup step cannot be carried out.
    #[error(transparent)]
    Setup(#[from] setup::Error),
    /// The generation cannot be written, or `current` not be swapped.
    #[error("cannot make the new generation")]
    Generation(#[source] generation::Error),
}

impl Error {
    /// Whether the store lost bytes that fetching a package again brings back.
    pub(super) fn is_missing(&self) -> bool {
        use assemble::Error::Relocate;
        match self {
            Self::Keg { source, .. } => matches!(source, keg::Error::Missing { .. }),
            Self::Assemble(Relocate { source, .. }) => {
                matches!(source, relocate::Error::Missing { .. })
            }
            _ => false,
        }
    }
}
