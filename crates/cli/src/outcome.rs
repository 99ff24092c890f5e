//! Plans and what became of them, in words: what would change, what did, and what to know now.

use install::{Outcome, Proposal, Step, Verb};

use crate::{
    amount::{bytes, count},
    commands::shellenv::Shell,
    session::{Session, shown},
    table::Table,
};

/// The steps of a plan, one line each with its size and reason.
pub(crate) fn plan(proposal: &Proposal) -> Table {
    let mut table = Table::plain().right(3);
    for step in &proposal.steps {
        let verb = verb(step.action).0.to_owned();
        let size = match (step.action, step.download_bytes) {
            (Verb::Remove, _) => String::new(),
            (_, Some(0)) => "here already".to_owned(),
            (_, Some(size)) => bytes(size),
            (_, None) => "size unknown".to_owned(),
        };
        table.row([verb, step.name.clone(), versions(step), size, step.reason.clone()]);
    }
    table
}

/// The whole of a plan in one line: `3 packages to change, 12.1 MB to download`.
pub(crate) fn summary(proposal: &Proposal) -> String {
    let steps = count(proposal.steps.len(), "package");
    let coming: Vec<_> = proposal.steps.iter().filter(|step| step.action != Verb::Remove).collect();
    let known = coming.iter().filter_map(|step| step.download_bytes);
    let known = known.fold(0, u64::saturating_add);
    let is_whole = coming.iter().all(|step| step.download_bytes.is_some());
    match (known, is_whole) {
        (0, true) => format!("{steps} to change, nothing to download"),
        (0, false) => format!("{steps} to change, nobody knows how much to download"),
        (known, true) => format!("{steps} to change, {} to download", bytes(known)),
        (known, false) => format!("{steps} to change, at least {} to download", bytes(known)),
    }
}

/// Tells what was changed, where it is, and what there is to know.
pub(crate) fn tell(session: &Session, outcome: &Outcome) {
    let printer = &session.printer;
    tell_steps(session, &outcome.steps);
    for shadow in &outcome.shadows {
        let hidden = shown(&shadow.hidden);
        printer.warning(format_args!("`{}` hides `{hidden}`", shadow.command));
    }
    outcome.notes.iter().for_each(|note| printer.note(note));
    for (name, text) in &outcome.caveats {
        printer.note(format_args!("\n{name}:\n{}", text.trim_end()));
    }
    if outcome.generation.is_none() && outcome.notes.is_empty() {
        printer.note("nothing to change");
    }
    if let Some(size) = outcome.freeable_bytes.filter(|size| *size > 0) {
        let size = bytes(size);
        printer.hint(format_args!(
            "`pkg cleanup --all` frees {size}, and then `pkg undo` cannot bring anything back"
        ));
    }
    // What was there before is where it was, and on PATH or not as it was.
    if outcome.steps.iter().any(|step| step.action == Verb::Install) {
        places(session, outcome);
    }
}

/// Tells what was changed, one line each.
pub(crate) fn tell_steps(session: &Session, steps: &[Step]) {
    for step in steps {
        let tap = if step.tap == catalog::BUILTIN {
            String::new()
        } else {
            format!(" from {}", step.tap)
        };
        let what = format!("{} {}{tap}", step.name, versions(step));
        session.printer.status(verb(step.action).1, what);
    }
}

/// Where the commands are that came, and the line that puts them on PATH.
fn places(session: &Session, outcome: &Outcome) {
    let names: Vec<&str> =
        outcome.commands.iter().flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
    if names.is_empty() {
        return;
    }
    let bin = session.settings.root.value.join("current/bin");
    let listed = match names.len() {
        0..=8 => names.join(", "),
        more => format!("{} and {} more", names[..6].join(", "), more - 6),
    };
    session.printer.status("Linked", format_args!("{listed} in {}", shown(&bin)));
    let path = session.environment.path.as_deref().unwrap_or_default();
    if !std::env::split_paths(path).any(|folder| folder == bin) {
        let line = session.shell().unwrap_or(Shell::Bash).path_line(&shown(&bin));
        session.printer.hint(format_args!("put it on your PATH: {line}"));
    }
}

fn versions(step: &Step) -> String {
    match (&step.from, &step.to) {
        (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
        (_, Some(version)) | (Some(version), None) => version.clone(),
        (None, None) => String::new(),
    }
}

/// What is to be done, and what was done.
fn verb(action: Verb) -> (&'static str, &'static str) {
    match action {
        Verb::Install => ("Install", "Installed"),
        Verb::Upgrade => ("Upgrade", "Upgraded"),
        Verb::Downgrade => ("Downgrade", "Downgraded"),
        Verb::Reinstall => ("Reinstall", "Reinstalled"),
        Verb::Remove => ("Remove", "Removed"),
    }
}
