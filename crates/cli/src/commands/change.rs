//! What all commands that change something have in common: the plan, the question, the outcome.

use std::{ops::ControlFlow, time::Duration};

use clap::Args;
use install::{Home, Options, Proposal, Request, Talk, Target};

use crate::{
    failure::{Failure, Result},
    outcome,
    session::Session,
    view,
};

// Changes nothing, if wished.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Dry {
    /// Show the plan with its sizes, change nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

// How far linking may go.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Links {
    /// Let a package take over files that another one links
    #[arg(long)]
    pub overwrite: bool,
    /// Let a command hide one of the system that it is not the package's name for
    #[arg(long)]
    pub allow_shadow: bool,
}

/// Proposes, asks where the plan goes beyond what was named, carries it out and tells.
pub(crate) fn change(session: &Session, request: &Request, links: Links, dry: Dry) -> Result {
    let home = session.home()?;
    let proposal = home.propose(request)?;
    settle(session, &home, proposal, links, dry)
}

/// Asks where a plan goes beyond what was named, carries it out and tells.
pub(crate) fn settle(
    session: &Session,
    home: &Home,
    mut proposal: Proposal,
    links: Links,
    dry: Dry,
) -> Result {
    let is_sweeping = proposal.is_sweeping();
    if dry.dry_run || proposal.beyond || is_sweeping {
        home.measure(&mut proposal);
    }
    if dry.dry_run {
        session.progress.end();
        show(session, &proposal);
        return Ok(());
    }
    let outcome = carried_out(session, home, proposal, links)?;
    outcome::tell(session, &outcome);
    if session.printer.is_json() {
        session.printer.json(&view::Outcome::of(&outcome));
    }
    Ok(())
}

/// Asks where a plan goes beyond what was named, and carries it out.
pub(crate) fn carried_out(
    session: &Session,
    home: &Home,
    proposal: Proposal,
    links: Links,
) -> Result<install::Outcome> {
    let is_sweeping = proposal.is_sweeping();
    let mut unasked = None;
    let mut confirm = |proposal: &Proposal| {
        let asked = ask(session, proposal, is_sweeping);
        asked.unwrap_or_else(|failure| {
            unasked = Some(failure);
            false
        })
    };
    let mut wait = waiting(session);
    let options = Options { overwrite: links.overwrite, allow_shadow: links.allow_shadow };
    let mut talk = Talk { confirm: &mut confirm, wait: &mut wait };
    let outcome = home.carry_out(proposal, options, &mut talk);
    session.progress.end();
    match (outcome, unasked) {
        (Err(_), Some(failure)) => Err(failure),
        (outcome, _) => Ok(outcome?),
    }
}

/// The plan as the answer of `--dry-run`.
fn show(session: &Session, proposal: &Proposal) {
    if session.printer.is_json() {
        session.printer.json(&view::Plan::of(proposal));
        return;
    }
    session.printer.table(&outcome::plan(proposal));
    proposal.notes.iter().for_each(|note| session.printer.note(note));
    match proposal.steps.is_empty() {
        true => session.printer.note("nothing to change"),
        false => session.printer.note(outcome::summary(proposal)),
    }
}

/// Whether the plan may be carried out; one that does only what was named needs no question.
fn ask(session: &Session, proposal: &Proposal, is_sweeping: bool) -> Result<bool> {
    if !proposal.beyond && !is_sweeping {
        return Ok(true);
    }
    session.progress.end();
    session.printer.note_table(&outcome::plan(proposal));
    session.printer.note(outcome::summary(proposal));
    if !proposal.beyond {
        return Ok(true);
    }
    session.confirm("This goes beyond what was named. Go on?")
}

/// Says who holds the lock, and gives up after a while.
pub(crate) fn waiting(
    session: &Session,
) -> impl FnMut(&store::lock::Holder, Duration) -> ControlFlow<()> {
    let patience = Duration::from_secs(session.settings.lock.value);
    let mut told = false;
    move |holder, waited| {
        if !std::mem::replace(&mut told, true) {
            session.printer.status("Waiting", format_args!("for {holder} to end"));
        }
        if waited > patience { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The packages as a user typed them.
pub(crate) fn specs(texts: &[String]) -> Result<Vec<catalog::Spec>> {
    texts.iter().map(|text| text.parse().map_err(Failure::from)).collect()
}

/// The installed packages as a user typed them.
pub(crate) fn targets(texts: &[String]) -> Vec<Target> {
    texts.iter().map(|text| Target::parse(text)).collect()
}
