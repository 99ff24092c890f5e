//! A small language for worlds, what is installed, and wishes; and plans written back as text.
//!
//! A world has a release per line: `acme/app@1 1.0_1 -> lib ^1, gui? <2; yanked broken`, that is
//! tap, name, slot, version, revision, needs (`?` is optional) and flags. Without a tap it is
//! `core`. What is installed has a release per line: `app 1.0 (*) pinned`, asked for as `*`.

use std::collections::BTreeMap;

use formula::{Constraint, Name, Scheme, Version};
use pkg_plan::{
    Action, Candidate, Candidates, Dependency, Error, Installed, Key, Plan, Reason, Step, Wish,
};

/// Every release there is.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) aliases: BTreeMap<Name, Name>,
}

impl Candidates for World {
    fn candidates(
        &self,
        name: &Name,
        tap: Option<&str>,
    ) -> Result<Vec<Candidate>, Box<dyn std::error::Error + Send + Sync>> {
        let name = self.aliases.get(name).unwrap_or(name);
        let named = self.candidates.iter().filter(|candidate| candidate.name == *name);
        let found: Vec<_> =
            named.filter(|candidate| tap.is_none_or(|tap| tap == candidate.tap)).cloned().collect();
        match found.iter().find(|candidate| candidate.tap != found[0].tap) {
            Some(other) => {
                Err(format!("`{name}` is in taps {} and {}", found[0].tap, other.tap).into())
            }
            None => Ok(found),
        }
    }

    fn names(&self) -> Vec<Name> {
        self.candidates.iter().map(|candidate| candidate.name.clone()).collect()
    }
}

impl World {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let candidates: Vec<_> = lines.map(candidate).collect();
        let mut aliases = BTreeMap::new();
        for candidate in &candidates {
            for other in &candidate.other_names {
                aliases.insert(other.clone(), candidate.name.clone());
            }
        }
        Self { candidates, aliases }
    }

    /// Reads what is installed; a release that the world has brings its needs along.
    pub(crate) fn installed(&self, text: &str) -> Vec<Installed> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| self.installed_line(line)).collect()
    }

    fn installed_line(&self, line: &str) -> Installed {
        let (line, pinned) = match line.strip_suffix(" pinned") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let (release, requested) = match line.split_once(" (") {
            Some((release, request)) => (release, Some(constraint(request.trim_end_matches(')')))),
            None => (line, None),
        };
        let asked = candidate(release);
        let same =
            |other: &&Candidate| other.key() == asked.key() && other.release() == asked.release();
        let found = self.candidates.iter().find(same).cloned();
        Installed::new(found.unwrap_or(asked), requested, pinned)
    }
}

fn candidate(line: &str) -> Candidate {
    let mut parts = line.split("; ");
    let release = parts.next().unwrap();
    let (release, needs) = release.split_once(" -> ").unwrap_or((release, ""));
    let (what, version) = release.trim().split_once(' ').unwrap();
    let (tap, name, slot) = full_name(what);
    let (version, revision) = version.split_once('_').unwrap_or((version, "0"));
    let mut candidate = Candidate {
        revision: revision.parse().unwrap(),
        slot,
        depends: needs.split(", ").filter(|need| !need.is_empty()).map(dependency).collect(),
        ..Candidate::new(name, tap.unwrap_or("core".to_owned()), self::version(version))
    };
    for flag in parts {
        let (flag, text) = flag.trim().split_once(' ').unwrap_or((flag, ""));
        let why = text.to_owned();
        match flag {
            "yanked" => candidate.yanked = Some(why),
            "deprecated" => candidate.deprecated = Some(why),
            "disabled" => candidate.disabled = Some(why),
            "obstacle" => candidate.obstacle = Some(why),
            "also" => candidate.other_names.push(text.parse().unwrap()),
            "conflicts" => {
                let (name, why) = text.split_once(' ').unwrap();
                candidate.conflicts.push((name.parse().unwrap(), why.to_owned()));
            }
            other => panic!("no flag `{other}`"),
        }
    }
    candidate
}

/// A SemVer version, or a loose one where the text is none.
pub(crate) fn version(text: &str) -> Version {
    let loose = |_| Version::parse(text, Scheme::Loose).unwrap();
    Version::parse(text, Scheme::Semver).unwrap_or_else(loose)
}

pub(crate) fn constraint(text: &str) -> Constraint {
    Constraint::parse(text).unwrap()
}

pub(crate) fn dependency(text: &str) -> Dependency {
    let (what, wanted) = text.split_once(' ').unwrap_or((text, "*"));
    let optional = what.ends_with('?');
    let (tap, name, slot) = full_name(what.trim_end_matches('?'));
    Dependency { name, tap, constraint: constraint(wanted), slot, optional }
}

fn full_name(text: &str) -> (Option<String>, Name, Option<String>) {
    let (tap, name) = match text.split_once('/') {
        Some((tap, name)) => (Some(tap.to_owned()), name),
        None => (None, text),
    };
    let (name, slot) = match name.split_once('@') {
        Some((name, slot)) => (name, Some(slot.to_owned())),
        None => (name, None),
    };
    (tap, name.parse().unwrap(), slot)
}

pub(crate) fn key(text: &str) -> Key {
    let (_, name, slot) = full_name(text);
    Key { name, slot }
}

/// Reads wishes as a user types them, one a line: `install acme/app@1 <2`, `upgrade`.
pub(crate) fn wishes(text: &str) -> Vec<Wish> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(wish).collect()
}

fn wish(line: &str) -> Wish {
    let mut words = line.splitn(3, ' ');
    let verb = words.next().unwrap();
    let what = words.next();
    let wanted = words.next().map(constraint);
    match (verb, what) {
        ("install", Some(what)) => {
            let (tap, name, slot) = full_name(what);
            Wish::Install { name, tap, slot, constraint: wanted.unwrap_or(Constraint::any()) }
        }
        ("upgrade", Some(what)) => Wish::Upgrade { key: key(what), constraint: wanted },
        ("upgrade", None) => Wish::UpgradeAll,
        ("uninstall", Some(what)) => Wish::Uninstall { key: key(what) },
        ("reinstall", Some(what)) => Wish::Reinstall { key: key(what) },
        ("autoremove", None) => Wish::Autoremove,
        _ => panic!("no wish `{line}`"),
    }
}

/// What is installed once `plan` is carried out.
pub(crate) fn apply(plan: &Plan, installed: &[Installed]) -> Vec<Installed> {
    let mut after: BTreeMap<Key, Installed> =
        installed.iter().map(|package| (package.key(), package.clone())).collect();
    for Step { action, candidate, .. } in &plan.steps {
        let key = candidate.key();
        if *action == Action::Remove {
            assert!(after.remove(&key).is_some(), "{key} is removed but was not installed");
        } else {
            let pinned = after.get(&key).is_some_and(|package| package.pinned);
            after.insert(key, Installed::new(candidate.clone(), None, pinned));
        }
    }
    for (key, package) in &mut after {
        package.requested = plan.requests.get(key).cloned();
    }
    after.into_values().collect()
}

/// Plans and writes the result as text; `!` marks what is beyond the wishes.
pub(crate) fn plan(world: &str, installed: &str, asked: &str) -> String {
    let world = World::parse(world);
    let installed = world.installed(installed);
    match pkg_plan::plan(&installed, &wishes(asked), &world) {
        Ok(plan) => written(&plan, &installed),
        Err(error) => written_error(&error),
    }
}

fn written(plan: &Plan, installed: &[Installed]) -> String {
    let mut lines: Vec<String> = plan.steps.iter().map(written_step).collect();
    let before: BTreeMap<Key, Constraint> =
        installed.iter().filter_map(|p| Some((p.key(), p.requested.clone()?))).collect();
    for (key, request) in &plan.requests {
        if before.get(key) != Some(request) {
            lines.push(format!("request {key}: {request}"));
        }
    }
    for key in before.keys().filter(|key| !plan.requests.contains_key(key)) {
        lines.push(format!("forget {key}"));
    }
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}

fn written_step(step: &Step) -> String {
    let to = step.candidate.release();
    let key = step.key();
    let what = match &step.action {
        Action::Install => format!("install {key} {to}"),
        Action::Upgrade { from } => format!("upgrade {key} {from} -> {to}"),
        Action::Downgrade { from } => format!("downgrade {key} {from} -> {to}"),
        Action::Reinstall => format!("reinstall {key} {to}"),
        Action::Remove => format!("remove {key} {to}"),
    };
    let why = match &step.reason {
        Reason::Requested => "requested".to_owned(),
        Reason::Named => "named".to_owned(),
        Reason::Dependency { of } => format!("needed by {of}"),
        Reason::Adapts { to } => format!("adapts to {to}"),
        Reason::NoLongerNeeded => "no longer needed".to_owned(),
    };
    format!("{what} ({why}){}", if step.beyond { " !" } else { "" })
}

fn written_error(error: &Error) -> String {
    let mut lines = vec![format!("{:?}: {error}", error.kind())];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        lines.push(format!("because: {cause}"));
        source = cause.source();
    }
    lines.extend(error.hints().into_iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}
