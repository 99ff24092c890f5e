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
    pub(crate) keg: keg::Id,
    pub(crate) again: bool,
    /// Where what its formula names is looked for.
    pub(crate) around: Around,
    /// Whether it is made first, from source code.
    pub(crate) to_make: bool,
}

impl Home {
    /// The artifact of a resolved version; asks a registry where its manifest is not at hand.
    pub(crate) fn artifact(&self, resolved: &Resolved, around: &Around) -> Result<Artifact, Error> {
        Ok(self.located(resolved, around)?.0)
    }

    /// The artifact, and the source that it comes from.
    pub(super) fn located(
        &self,
        resolved: &Resolved,
        around: &Around,
    ) -> Result<(Artifact, Source), Error> {
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

    /// The artifact, or the promise of one that is made first; whether it is a promise.
    fn artifact_or_promise(
        &self,
        resolved: &Resolved,
        around: &Around,
    ) -> Result<(Artifact, bool), Error> {
        use locate::Error::{NoPlatform, Unbuilt};
        match self.artifact(resolved, around) {
            Err(Error::Locate { source: Unbuilt { .. } | NoPlatform { .. }, .. })
                if self.may_make(resolved) =>
            {
                let Some(made) = self.made(resolved) else {
                    return Ok((made::promised(resolved), true));
                };
                let (host, around) = (self.host.platform(), Around::default());
                Ok((self.artifact_for(host, resolved, &made, &around)?, false))
            }
            artifact => Ok((artifact?, false)),
        }
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

    /// A package of a generation as its tap would bring it today, beside `kegs`.
    pub(crate) fn coming_again(&self, keg: &Keg, kegs: &[Keg]) -> Result<Coming, Error> {
        let found = self.taps()?.find(Some(&keg.tap), &keg.name)?;
        let releases = found.formula.releases().iter();
        let mut versions = releases.map(|release| &release.version);
        let version = versions.find(|version| version.as_str() == keg.version);
        let resolved = version.map(|version| found.formula.resolve(version, self.host.platform()));
        let Some(Ok(resolved)) = resolved else {
            let (tap, name) = (keg.tap.clone(), keg.name.clone());
            return Err(Error::NoRelease { tap, name, version: keg.version.clone() });
        };
        let around = self.around(&found);
        let (artifact, to_make) = self.artifact_or_promise(&resolved, &around)?;
        let (tap, origin, again) = (found.tap.clone(), Origin::Tap, true);
        let keg = self.keg(&resolved, &artifact, kegs);
        Ok(Coming { resolved, tap, origin, artifact, keg, again, around, to_make })
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
        let name = candidate.name.as_str();
        let version = candidate.version.to_string();
        let again = matches!(step.action, Action::Reinstall);
        let (resolved, origin, around, artifact) =
            match offers.guest(name, &candidate.tap, &version) {
                Some(guest) => {
                    let folder = guest.found.as_ref().and_then(|found| found.folder.clone());
                    let (around, artifact) = (Around::folder(folder), guest.artifact.clone());
                    (guest.resolved.clone(), guest.origin.clone(), around, artifact)
                }
                None => self.tap_release(candidate, offers)?,
            };
        let (artifact, to_make) = match artifact {
            Some(artifact) => (artifact, false),
            None => self.home.artifact_or_promise(&resolved, &around)?,
        };
        let keg = self.home.keg(&resolved, &artifact, kegs);
        let tap = candidate.tap.clone();
        Ok(Coming { resolved, tap, origin, artifact, keg, again, around, to_make })
    }

    /// A release of a tap; one that the tap no longer has is as its receipt remembers it.
    fn tap_release(
        &self,
        candidate: &Candidate,
        offers: &Offers<'_>,
    ) -> Result<(Resolved, Origin, Around, Option<Artifact>), Error> {
        let name = candidate.name.as_str();
        if let Some(resolved) = offers.resolve(candidate) {
            let found = offers.find(Some(&candidate.tap), name)?;
            return Ok((resolved, Origin::Tap, self.home.around(&found), None));
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
        Ok((receipt.package.clone(), receipt.origin.clone(), Around::folder(folder), None))
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
