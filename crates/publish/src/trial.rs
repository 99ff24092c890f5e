//! A root of its own for one package: to try it before anybody installs it.

use std::{io, ops::ControlFlow, path::PathBuf};

use catalog::{Spec, Tap};
use formula::Name;
use install::{Home, Options, Request, Setting, Talk, home, proposal, transaction};
use store::lock::{Holder, Wait};

use crate::make::{self, Builder};

/// A root with one package and what it needs; it is removed when this is dropped.
pub struct Trial {
    home: Home,
    /// The package that was installed.
    pub name: Name,
    _folder: Folder,
}

/// A folder that goes when this is dropped, folders in it that may not be written included.
struct Folder(PathBuf);

/// A package cannot be installed for a trial.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made.
    #[error("cannot make a folder for a trial")]
    Folder(#[source] io::Error),
    /// The root cannot be used.
    #[error("cannot use a root for a trial")]
    Home(#[source] home::Error),
    /// The package cannot be found.
    #[error("cannot find what a trial of `{spec}` takes")]
    Find {
        /// The package as it was named.
        spec: String,
        /// What is wrong.
        #[source]
        source: Box<proposal::Error>,
    },
    /// The package cannot be built.
    #[error("cannot make what a trial of `{spec}` takes")]
    Make {
        /// The package as it was named.
        spec: String,
        /// What is wrong.
        #[source]
        source: Box<make::Error>,
    },
    /// The package cannot be installed.
    #[error("cannot install `{spec}` for a trial")]
    Install {
        /// The package as it was named.
        spec: String,
        /// What is wrong.
        #[source]
        source: Box<transaction::Error>,
    },
    /// The root cannot be read again.
    #[error("cannot read what was installed for a trial")]
    Read(#[from] store::generation::Error),
    /// Nothing was installed.
    #[error("`{spec}` installs nothing")]
    Nothing {
        /// The package as it was named.
        spec: String,
    },
}

impl Trial {
    /// Installs a package apart; `tap` is the one that its formula lies in.
    pub fn of(
        builder: &Builder,
        spec: &Spec,
        tap: Option<&Tap>,
        wait: &mut Wait<'_>,
    ) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("pkg-trial-").tempdir();
        let folder = Folder(folder.map_err(Error::Folder)?.keep());
        let home = Home::open(Setting {
            root: folder.0.join("root"),
            taps: Some(builder.taps.clone()),
            lent: tap.cloned().into_iter().collect(),
            builds: true,
            ..builder.setting.clone()
        })
        .map_err(Error::Home)?;
        let request = Request::Install(vec![spec.clone()]);
        let named = || spec.to_string();
        let proposal = home.propose(&request);
        let mut proposal =
            proposal.map_err(|source| Error::Find { spec: named(), source: Box::new(source) })?;
        if !proposal.to_make().is_empty() {
            let made = builder.proposed(&home, &request, wait);
            proposal =
                made.map_err(|source| Error::Make { spec: named(), source: Box::new(source) })?;
        }
        let mut confirm = |_: &install::Proposal| true;
        // Nobody else knows the root.
        let mut patience = |_: &Holder, _| ControlFlow::Continue(());
        let mut talk = Talk { confirm: &mut confirm, wait: &mut patience };
        let options = Options { overwrite: true, allow_shadow: true };
        home.carry_out(proposal, options, &mut talk)
            .map_err(|source| Error::Install { spec: named(), source: Box::new(source) })?;
        let installed = home.installed()?;
        let asked = installed.packages().iter().find(|package| package.requested.is_some());
        let name = asked.and_then(|package| Name::parse(&package.name).ok());
        let name = name.ok_or_else(|| Error::Nothing { spec: named() })?;
        Ok(Self { home, name, _folder: folder })
    }

    /// The root.
    pub fn home(&self) -> &Home {
        &self.home
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays lies in a folder for passing things, which is cleared by others.
        let _ = store::remove(&self.0).is_ok();
    }
}
