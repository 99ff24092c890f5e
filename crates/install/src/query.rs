//! Questions about what is installed, and about what a package would need; nothing is changed.
//!
//! The answers are [`plan::query`]'s; this file only gathers what it reads.

use catalog::Spec;
use plan::{Key, Note, Reason, Wish, query::Outdated};

use crate::{
    Request,
    home::Home,
    proposal::{Draft, Error},
    state::{Installed, Known},
};

/// What is newer, and what else there is to say of what is installed.
#[derive(Debug, Clone)]
pub struct News {
    /// The packages that there is a newer release of, or other bytes for the same one.
    pub outdated: Vec<Outdated>,
    /// What was yanked, deprecated, disabled or renamed since, and who could not be asked.
    pub notices: Vec<String>,
}

impl Home {
    /// The installed packages with what each needs, as [`plan::query`] reads them.
    pub fn installed_needs(&self) -> Result<Vec<plan::Installed>, Error> {
        let (installed, known) = self.known()?;
        let draft = Draft::new(self, &installed, &known);
        draft.planner_view(&draft.offers(&[])?)
    }

    /// A package and all that it needs as they would be, were nothing installed.
    pub fn needs_of(&self, spec: &Spec) -> Result<(Key, Vec<plan::Installed>), Error> {
        let nothing = Installed::nothing();
        let mut draft = Draft::new(self, &nothing, &[]);
        let specs = std::slice::from_ref(spec);
        let offers = draft.offers(specs)?;
        let (plan, _) = draft.solve(&Request::Install(specs.to_vec()), &offers)?;
        let is_wanted = |step: &&plan::Step| step.reason == Reason::Requested;
        let key = plan.steps.iter().find(is_wanted).map(plan::Step::key);
        let candidates = plan.steps.iter().map(|step| step.candidate.clone());
        let would_be = candidates.map(|candidate| plan::Installed::new(candidate, None, false));
        Ok((key.expect("a plan installs what is wished for"), would_be.collect()))
    }

    /// What the taps say today against what is installed; no registry is asked.
    pub fn notices(&self) -> Result<Vec<Note>, Error> {
        let (installed, known) = self.known()?;
        let draft = Draft::new(self, &installed, &known);
        let offers = draft.offers(&[])?;
        let notices = plan::query::notices(&draft.planner_view(&offers)?, &offers)?;
        Ok(notices.into_iter().map(|(_, note)| note).collect())
    }

    /// What is newer; tags that packages came from are asked for again, as an upgrade does.
    pub fn news(&self) -> Result<News, Error> {
        let (installed, known) = self.known()?;
        let mut draft = Draft::new(self, &installed, &known);
        let (offers, mut notices) = draft.offers_to_upgrade()?;
        let view = draft.planner_view(&offers)?;
        let mut outdated = plan::query::outdated(&view, &offers)?;
        for wish in draft.changed(offers.guests())? {
            let is_it = |package: &&plan::Installed| wish == Wish::Reinstall { key: package.key() };
            outdated.extend(view.iter().find(is_it).map(in_other_bytes));
        }
        outdated.sort_by(|a, b| a.key.cmp(&b.key));
        let said = plan::query::notices(&view, &offers)?;
        notices.extend(said.iter().map(|(_, note)| note.to_string()));
        Ok(News { outdated, notices })
    }

    /// What is installed, with the receipts.
    pub(crate) fn known(&self) -> Result<(Installed, Vec<Known>), Error> {
        let installed = self.installed().map_err(Error::State)?;
        let known = Known::all(&self.layout, &installed).map_err(Error::Receipt)?;
        Ok((installed, known))
    }
}

/// The installed release, which comes in other bytes today.
fn in_other_bytes(package: &plan::Installed) -> Outdated {
    let release = package.release();
    Outdated {
        key: package.key(),
        installed: release.clone(),
        inside: Some(release.clone()),
        newest: release,
        request: package.requested.clone(),
        pinned: package.pinned,
    }
}
