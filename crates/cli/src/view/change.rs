//! Plans and their outcomes, as the commands that change something answer them.

use install::Verb;
use serde::Serialize;

use crate::session::shown;

/// What would be changed.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    schema: u32,
    steps: Vec<Step>,
    /// Whether it changes something that the request did not name.
    beyond: bool,
    notes: Vec<String>,
}

/// What was changed.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    schema: u32,
    /// The new generation; null where nothing changed.
    generation: Option<u64>,
    steps: Vec<Step>,
    commands: Vec<Commands>,
    caveats: Vec<Caveat>,
    notes: Vec<String>,
    shadows: Vec<Shadow>,
    /// What `cleanup --all` would free, after packages were removed.
    freeable_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Step {
    action: &'static str,
    /// `name` or `name@slot`.
    name: String,
    tap: String,
    from: Option<String>,
    to: Option<String>,
    reason: String,
    /// Whether the request did not name it.
    beyond: bool,
    /// Null where nobody knows before the download.
    download_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Commands {
    name: String,
    commands: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Caveat {
    name: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Shadow {
    command: String,
    hidden: String,
}

impl Plan {
    pub(crate) fn of(proposal: &install::Proposal) -> Self {
        Self {
            schema: 1,
            steps: proposal.steps.iter().map(Step::of).collect(),
            beyond: proposal.beyond,
            notes: proposal.notes.clone(),
        }
    }
}

impl Outcome {
    pub(crate) fn of(outcome: &install::Outcome) -> Self {
        let commands = outcome.commands.iter().cloned();
        let caveats = outcome.caveats.iter().cloned();
        let shadow = |shadow: &install::Shadow| Shadow {
            command: shadow.command.clone(),
            hidden: shown(&shadow.hidden),
        };
        Self {
            schema: 1,
            generation: outcome.generation,
            steps: outcome.steps.iter().map(Step::of).collect(),
            commands: commands.map(|(name, commands)| Commands { name, commands }).collect(),
            caveats: caveats.map(|(name, text)| Caveat { name, text }).collect(),
            notes: outcome.notes.clone(),
            shadows: outcome.shadows.iter().map(shadow).collect(),
            freeable_bytes: outcome.freeable_bytes,
        }
    }
}

impl Step {
    pub(super) fn of(step: &install::Step) -> Self {
        let action = match step.action {
            Verb::Install => "install",
            Verb::Upgrade => "upgrade",
            Verb::Downgrade => "downgrade",
            Verb::Reinstall => "reinstall",
            Verb::Remove => "remove",
        };
        Self {
            action,
            name: step.name.clone(),
            tap: step.tap.clone(),
            from: step.from.clone(),
            to: step.to.clone(),
            reason: step.reason.clone(),
            beyond: step.beyond,
            download_bytes: step.download_bytes,
        }
    }
}
