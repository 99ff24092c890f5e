//! Bringing in what an archive of `pkg export` holds: taps, and packages without linking them.
//!
//! Nothing but the archive is asked, so that what is missing in it is found here and now, not when
//! it is needed.

use std::path::{Path, PathBuf};

use catalog::{Refresh, closure, refresh};
use oci::Place;
use store::{generation::Keg, lock::Wait};

use crate::{
    home::{self, Home, Setting},
    network,
    proposal::{self, keg_of},
    transaction,
};

/// What was brought in.
#[derive(Debug)]
pub struct Imported {
    /// Each tap, and what became of it.
    pub taps: Vec<(String, refresh::Imported)>,
    /// The packages that can be installed now.
    pub packages: Vec<closure::Package>,
    /// Packages that this machine's taps, as they are now, do not have so, and why.
    pub left: Vec<(closure::Package, proposal::Error)>,
    /// Packages for other platforms alone.
    pub others: Vec<closure::Package>,
    /// What was asked for when it was exported.
    pub requests: Vec<String>,
}

/// An archive cannot be brought in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] home::Error),
    /// The taps that there are cannot be read.
    #[error(transparent)]
    Taps(#[from] catalog::taps::Error),
    /// There is no such file, or nothing is in it.
    #[error("there is no archive `{}`", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// The archive does not say what it holds.
    #[error(transparent)]
    Closure(#[from] closure::Error),
    /// The client cannot be made.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A tap is refused.
    #[error(transparent)]
    Refresh(#[from] refresh::Error),
    /// The packages cannot be unpacked.
    #[error(transparent)]
    Transaction(#[from] transaction::Error),
}

impl Home {
    /// Brings in the archive `file`.
    pub fn import(&self, file: &Path, wait: &mut Wait<'_>) -> Result<Imported, Error> {
        let is_there = fs_err::metadata(file).is_ok_and(|found| found.is_file() && found.len() > 0);
        if !is_there {
            return Err(Error::NoFile { path: file.to_owned() });
        }
        self.create()?;
        let archive = Place::Archive { path: file.to_owned(), tag: None, digest: None };
        let mut setting = Setting { nearby: Some(archive.clone()), ..self.setting.clone() };
        setting.oci.offline = true;
        let apart = Self::open(setting.clone())?;
        let (runtime, client) = apart.network.start()?;
        let closure = runtime.block_on(closure::Closure::read(client, &archive))?;
        let (taps, folder) = (apart.taps()?, apart.layout.taps());
        let on = |_: refresh::Event<'_>| {};
        let refresh = Refresh { taps: &folder, client, now: Self::now(), on: &on };
        let mut imported = Vec::new();
        for edition in &closure.taps {
            let taken = runtime.block_on(taps.import(edition, &archive, refresh))?;
            imported.push((edition.name.clone(), taken));
        }
        let is_for = |package: &closure::Package| {
            package.platforms.iter().any(|platform| platform == self.host.platform())
        };
        let (packages, others): (Vec<_>, Vec<_>) = closure.packages.into_iter().partition(is_for);
        // The taps are others by now.
        let (packages, left) = Self::open(setting)?.have(packages, wait)?;
        Ok(Imported { taps: imported, packages, left, others, requests: closure.requests })
    }

    /// Has packages in the cellar, so that installing them needs nothing else; and what cannot be
    /// told where it is.
    fn have(
        &self,
        packages: Vec<closure::Package>,
        wait: &mut Wait<'_>,
    ) -> Result<(Vec<closure::Package>, Left), transaction::Error> {
        let (mut releases, mut left) = (Vec::new(), Vec::new());
        for package in packages {
            match self.release(&package.tap, package.name.as_str(), &package.version) {
                Ok(release) => releases.push((package, release)),
                Err(error) => left.push((package, error)),
            }
        }
        let kegs: Vec<Keg> =
            releases.iter().map(|(_, release)| keg_of(&release.resolved, &release.tap)).collect();
        let (mut comings, mut there) = (Vec::new(), Vec::new());
        for (package, release) in releases {
            match self.coming(release, &kegs) {
                Ok(coming) => {
                    comings.push(coming);
                    there.push(package);
                }
                Err(error) => left.push((package, error)),
            }
        }
        self.realise_all(&comings, &kegs, wait)?;
        Ok((there, left))
    }
}

/// Packages that cannot be had, and why.
type Left = Vec<(closure::Package, proposal::Error)>;
