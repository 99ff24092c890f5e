//! Packages that come: from a release to its artifact and the keg that it makes.

use catalog::{Artifact, Published, locate};
use formula::{Pin, Platform, Resolved, Source};
use plan::{Action, Candidate};
use store::{generation::Keg, keg};

use super::{Draft, Error, Proposal, Verb};
use crate::{
    around::Around, event::Event, home::Home, identity, made, offer::Offers, receipt::Origin,
    state::Known,
};

/// A package that comes, with all that is needed to fetch it.
#[derive(Debug)]
pub(crate) struct Coming {
    pub(crate) resolved: Resolved,
    pub(crate) tap: String,
    pub(crate) origin: Origin,
    pub(crate) artifact: Artifact,
    /// Where that is from: the tap's registry, where the version was published there.
    pub(crate) source: Source,
    pub(crate) keg: keg::Id,
    pub(crate) again: bool,
    /// Where what its formula names is looked for.
    pub(crate) around: Around,
    /// Whether it is made first, from source code.
    pub(crate) to_make: bool,
}

/// A release that may come, and where it was found.
pub(crate) struct Release {
    pub(crate) resolved: Resolved,
    pub(crate) tap: String,
    pub(crate) origin: Origin,
    pub(crate) around: Around,
}

impl Home {
    /// The artifact of a resolved version; asks a registry where its manifest is not at hand.
    pub(crate) fn artifact(&self, resolved: &Resolved, around: &Around) -> Result<Artifact, Error> {
        Ok(self.located(resolved, around)?.0)
    }

    /// The artifact, and the source that it comes from.
    fn located(&self, resolved: &Resolved, around: &Around) -> Result<(Artifact, Source), Error> {
        use locate::Error::NoPlatform;
        let host = self.host.platform();
        let source = effective_source(resolved, around.registry.as_deref());
        match self.artifact_for(host, resolved, &source, around) {
            // It was published for other platforms only; what upstream released is still there.
            Err(Error::Locate { source: NoPlatform { .. }, .. })
                if source != resolved.source && resolved.build.is_none() =>
            {
                let upstream = resolved.source.clone();
                Ok((self.artifact_for(host, resolved, &upstream, around)?, upstream))
            }
            artifact => Ok((artifact?, source)),
        }
    }

    /// A package with its artifact, or the promise of one that is made first, beside `kegs`.
    pub(crate) fn coming(&self, release: Release, kegs: &[Keg]) -> Result<Coming, Error> {
        use locate::Error::{NoPlatform, Unbuilt};
        let Release { resolved, around, .. } = &release;
        let (artifact, source, to_make) = match self.located(resolved, around) {
            Err(Error::Locate { source: Unbuilt { .. } | NoPlatform { .. }, .. })
                if self.may_make(resolved) =>
            {
                match self.made(resolved) {
                    None => (made::promised(resolved), resolved.source.clone(), true),
                    Some(made) => {
                        let (host, around) = (self.host.platform(), Around::default());
                        (self.artifact_for(host, resolved, &made, &around)?, made, false)
                    }
                }
            }
            located => {
                let (artifact, source) = located?;
                (artifact, source, false)
            }
        };
        Ok(Coming { source, to_make, ..Coming::of(self, release, artifact, kegs) })
    }

    /// The artifact of `source` for whichever platform.
    pub(crate) fn artifact_for(
        &self,
        host: &Platform,
        resolved: &Resolved,
        source: &Source,
        around: &Around,
    ) -> Result<Artifact, Error> {
        let name = resolved.name.as_str();
        let (folder, nearby) = (around.folder.as_deref(), &around.nearby[..]);
        let wanted = locate::Wanted { name, source, folder, host, nearby };
        let failed = |source| Error::Locate { name: name.to_owned(), source };
        if let Some(artifact) = locate::at_hand(&wanted, &self.manifests).map_err(failed)? {
            return Ok(artifact);
        }
        (self.setting.events)(Event::Resolving { name: name.to_owned() });
        let (runtime, client) = self.network.start()?;
        runtime.block_on(locate::ask(&wanted, &self.manifests, client)).map_err(failed)
    }

    /// Asks the servers of a proposal for the sizes that no manifest and no formula says.
    pub fn measure(&self, proposal: &mut Proposal) {
        let unknown = proposal.steps.iter_mut().filter(|step| step.action != Verb::Remove);
        let unknown = unknown.zip(&proposal.comings).filter(|(step, _)| {
            // Without a network nobody needs to be asked.
            step.download_bytes.is_none() && !self.setting.oci.offline
        });
        for (step, coming) in unknown {
            let [layer] = &coming.artifact.layers[..] else { continue };
            let catalog::Origin::Urls(urls) = &layer.origin else { continue };
            let Ok((runtime, client)) = self.network.start() else { return };
            (self.setting.events)(Event::Resolving { name: step.name.clone() });
            step.download_bytes = runtime.block_on(client.length(urls));
        }
    }

    /// A release as its tap has it today.
    pub(crate) fn release(&self, tap: &str, name: &str, version: &str) -> Result<Release, Error> {
        let found = self.taps()?.find(Some(tap), name)?;
        let is_it = |release: &&formula::Release| release.version.as_str() == version;
        let release = found.formula.releases().iter().find(is_it);
        let resolved = release.map(|it| found.formula.resolve(&it.version, self.host.platform()));
        let Some(Ok(resolved)) = resolved else {
            let (tap, name, version) = (tap.to_owned(), name.to_owned(), version.to_owned());
            return Err(Error::NoRelease { tap, name, version });
        };
        let around = self.around(&found);
        Ok(Release { resolved, tap: found.tap, origin: Origin::Tap, around })
    }

    /// A package of a generation as its tap would bring it today, beside `kegs`.
    pub(crate) fn coming_again(&self, keg: &Keg, kegs: &[Keg]) -> Result<Coming, Error> {
        let release = self.release(&keg.tap, &keg.name, &keg.version)?;
        Ok(Coming { again: true, ..self.coming(release, kegs)? })
    }

    /// Bytes of the layers that the store does not have yet, where all are known.
    pub(super) fn to_download(&self, artifact: &Artifact) -> Option<u64> {
        let missing = artifact
            .layers
            .iter()
            .filter(|layer| !layer.origin.is_here() && !self.layout.plan(&layer.digest).exists());
        // A hostile manifest may declare more than there are numbers for.
        missing.map(|layer| layer.size).try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)))
    }

    /// The keg that an artifact makes beside `kegs`.
    pub(crate) fn keg(&self, resolved: &Resolved, artifact: &Artifact, kegs: &[Keg]) -> keg::Id {
        let root = self.written.root().display().to_string();
        let leaf = identity::leaf(resolved, artifact, &root, kegs);
        keg::Id { name: resolved.name.as_str().to_owned(), leaf }
    }
}

impl Coming {
    /// A release of which the artifact is at hand; its bytes come from where the formula says.
    pub(crate) fn of(home: &Home, release: Release, artifact: Artifact, kegs: &[Keg]) -> Self {
        let Release { resolved, tap, origin, around } = release;
        let keg = home.keg(&resolved, &artifact, kegs);
        let source = resolved.source.clone();
        let (again, to_make) = (false, false);
        Self { resolved, tap, origin, artifact, source, keg, again, around, to_make }
    }

    /// `name` or `name@slot`.
    pub(super) fn shown_name(&self) -> String {
        crate::state::shown(self.resolved.name.as_str(), self.resolved.slot.as_deref())
    }
}

impl Draft<'_> {
    /// The package that a step brings; `kegs` are those that it will stand beside.
    pub(super) fn coming(
        &self,
        step: &plan::Step,
        offers: &Offers<'_>,
        kegs: &[Keg],
    ) -> Result<Coming, Error> {
        let candidate = &step.candidate;
        let version = candidate.version.to_string();
        let guest = offers.guest(candidate.name.as_str(), &candidate.tap, &version);
        let release = match guest {
            Some(guest) => {
                let folder = guest.found.as_ref().and_then(|found| found.folder.clone());
                let (resolved, tap) = (guest.resolved.clone(), candidate.tap.clone());
                let (origin, around) = (guest.origin.clone(), Around::folder(folder));
                Release { resolved, tap, origin, around }
            }
            None => self.tap_release(candidate, offers)?,
        };
        let coming = match guest.and_then(|guest| guest.artifact.clone()) {
            Some(artifact) => Coming::of(self.home, release, artifact, kegs),
            None => self.home.coming(release, kegs)?,
        };
        Ok(Coming { again: matches!(step.action, Action::Reinstall), ..coming })
    }

    /// A release of a tap; one that the tap no longer has is as its receipt remembers it.
    fn tap_release(&self, candidate: &Candidate, offers: &Offers<'_>) -> Result<Release, Error> {
        let (name, tap) = (candidate.name.as_str(), candidate.tap.clone());
        if let Some(resolved) = offers.resolve(candidate) {
            let found = offers.find(Some(&tap), name)?;
            let around = self.home.around(&found);
            return Ok(Release { resolved, tap, origin: Origin::Tap, around });
        }
        let is_it =
            |known: &&Known| known.package.name == name && known.package.slot == candidate.slot;
        let known = self.known.iter().find(is_it);
        let known =
            known.ok_or_else(|| Error::NotInstalled { name: candidate.key().to_string() })?;
        let receipt = &known.receipt;
        let folder = match &receipt.origin {
            Origin::File(path) => path.parent().map(ToOwned::to_owned),
            _ => None,
        };
        let (resolved, origin) = (receipt.package.clone(), receipt.origin.clone());
        Ok(Release { resolved, tap, origin, around: Around::folder(folder) })
    }
}

/// Where the bytes come from: the tap's registry, if the version was published there.
fn effective_source(resolved: &Resolved, registry: Option<&str>) -> Source {
    let (Some(package), Some(registry)) = (&resolved.package, registry) else {
        return resolved.source.clone();
    };
    let published = Published::new(registry, &resolved.name, &resolved.version, resolved.revision);
    Source::Oci {
        reference: published.reference(),
        pin: Pin::Index(package.clone()),
        format: None,
        strip: None,
        external_links: resolved.source.external_links().to_vec(),
    }
}
