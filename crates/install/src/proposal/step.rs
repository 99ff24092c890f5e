//! The steps of a proposal, in words.

use plan::{Action, Reason};

use crate::request::Request;

/// One change of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub action: Verb,
    /// `name` or `name@slot`.
    pub name: String,
    /// The tap that the release is from.
    pub tap: String,
    /// The version before.
    pub from: Option<String>,
    /// The version after.
    pub to: Option<String>,
    /// Why, as the end of a sentence.
    pub reason: String,
    /// Whether the request did not name it.
    pub beyond: bool,
    /// Bytes to download, where they are known.
    pub download_bytes: Option<u64>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A package comes.
    Install,
    /// A newer release takes the place of another.
    Upgrade,
    /// An older release takes the place of another.
    Downgrade,
    /// The same version comes again.
    Reinstall,
    /// A package goes.
    Remove,
}

pub(super) fn shown_step(step: &plan::Step, request: &Request) -> Step {
    let (action, from) = match &step.action {
        Action::Install => (Verb::Install, None),
        Action::Upgrade { from } => (Verb::Upgrade, Some(from.to_string())),
        Action::Downgrade { from } => (Verb::Downgrade, Some(from.to_string())),
        Action::Reinstall => (Verb::Reinstall, Some(step.candidate.release().to_string())),
        Action::Remove => (Verb::Remove, Some(step.candidate.release().to_string())),
    };
    let to = (action != Verb::Remove).then(|| step.candidate.release().to_string());
    let reason = match &step.reason {
        Reason::Requested => "you asked for it".to_owned(),
        Reason::Named if request.names_all() => "you asked for it".to_owned(),
        Reason::Named => "you named it".to_owned(),
        Reason::Dependency { of } => format!("`{of}` needs it"),
        Reason::Adapts { to } => format!("what is installed does not go with `{to}`"),
        Reason::NoLongerNeeded => "nothing needs it any more".to_owned(),
    };
    Step {
        action,
        name: step.key().to_string(),
        tap: step.candidate.tap.clone(),
        from,
        to,
        reason,
        beyond: step.beyond,
        download_bytes: None,
    }
}
