//! Why there is no proposal.

use catalog::locate;

use crate::history;

/// What a package needs that is of no tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What is needed.
    pub need: plan::Dependency,
    /// The taps that have something of this name.
    pub taps: Vec<String>,
}

/// There is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is installed cannot be read.
    #[error("cannot read what is installed")]
    State(#[source] store::generation::Error),
    /// A receipt cannot be read.
    #[error("cannot read what is known of the installed packages")]
    Receipt(#[source] crate::receipt::Error),
    /// A tap or formula cannot be read, or a name is not found.
    #[error(transparent)]
    Taps(#[from] catalog::taps::Error),
    /// A formula file cannot be read.
    #[error(transparent)]
    File(#[from] catalog::tap::Error),
    /// A formula file does not exist.
    #[error("there is no file `{}`", path.display())]
    NoFile {
        /// The path as given.
        path: std::path::PathBuf,
    },
    /// What should be a formula file is a folder.
    #[error("`{}` is a folder: name a formula in it", path.display())]
    Folder {
        /// The path as given.
        path: std::path::PathBuf,
    },
    /// No version of a formula file is for this machine.
    #[error("nothing of `{}` can be installed here: {why}", path.display())]
    NotHere {
        /// The file.
        path: std::path::PathBuf,
        /// What speaks against its newest version.
        why: String,
    },
    /// What follows the `@` is neither channel, slot nor constraint.
    #[error("`{spec}` asks for a version that cannot be read")]
    At {
        /// The text as given.
        spec: String,
        /// What is wrong with it.
        #[source]
        source: formula::constraint::Error,
    },
    /// The planner found none.
    #[error(transparent)]
    Plan(#[from] plan::Error),
    /// A package that is of no tap needs others, and no tap is asked for them.
    #[error(
        "`{package}` is of no tap, and needs what was not named with it: {}",
        needs.iter().map(|unmet| unmet.need.to_string()).collect::<Vec<_>>().join(", ")
    )]
    Unmet {
        /// Name of the package.
        package: String,
        /// What it needs.
        needs: Vec<Unmet>,
    },
    /// The registry client cannot be made.
    #[error(transparent)]
    Network(#[from] crate::network::Error),
    /// A package's manifest cannot be had.
    #[error("cannot find the bytes of `{name}`")]
    Locate {
        /// Name of the package.
        name: String,
        /// What is wrong.
        #[source]
        source: locate::Error,
    },
    /// The network is off, and what is needed is not here.
    #[error(transparent)]
    Away(#[from] crate::away::Away),
    /// Two packages that no tap tells apart have one name.
    #[error("`{spec}` is a `{name}`, and so is another one that was named")]
    SameName {
        /// The second one, as given.
        spec: String,
        /// The name of both.
        name: String,
    },
    /// The tap does not have a release any more.
    #[error("tap `{tap}` does not have `{name}` {version} any more")]
    NoRelease {
        /// Name of the tap.
        tap: String,
        /// Name of the package.
        name: String,
        /// The version.
        version: String,
    },
    /// A package that a request names is not installed.
    #[error("`{name}` is not installed")]
    NotInstalled {
        /// The name as given.
        name: String,
    },
    /// This machine cannot use a package that was chosen beforehand.
    #[error("`{name}` cannot be used here: {why}")]
    Unfit {
        /// `name` or `name@slot`.
        name: String,
        /// What the machine lacks.
        why: String,
    },
    /// There is nothing to go back or forward to.
    #[error(transparent)]
    History(#[from] history::Error),
}

impl Error {
    /// Whether a bare name is of more than one tap, or may be.
    pub(super) fn is_of_several_taps(&self) -> bool {
        matches!(self, Self::Taps(error) if error.is_of_several())
    }

    /// Whether a server would have to be asked, and may not be.
    pub(crate) fn is_offline(&self) -> bool {
        match self {
            Self::Locate {
                source: locate::Error::Ask { source, .. } | locate::Error::Asked { source, .. },
                ..
            } => source.kind() == oci::Kind::Offline,
            _ => false,
        }
    }
}
