//! `pkg doctor`

use clap::Args;
use install::{
    Home,
    doctor::{Depth, Finding},
    with_causes,
};

use super::change::waiting;
use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, REPAIR, Result},
    session::{Session, shown},
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg doctor", "reads every installed byte"),
    ("pkg doctor --repair", "fetches again what the store has lost"),
]))]
pub struct Doctor {
    /// Bring damaged files back
    #[arg(long)]
    pub repair: bool,
    /// Look at names and sizes only, do not read the files
    #[arg(long)]
    pub quick: bool,
}

impl Doctor {
    pub(crate) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        let depth = if self.quick { Depth::Quick } else { Depth::Deep };
        let mut findings = home.examine(depth)?;
        let mut repaired = Vec::new();
        if self.repair && !findings.is_empty() {
            repaired = view::problems(&home, &findings);
            home.mend(&findings, &mut waiting(session))?;
            findings = home.examine(depth)?;
        }
        session.progress.end();
        let remarks = remarks(session, &home);
        let problems = view::problems(&home, &findings);
        repaired.retain(|problem| !problems.contains(problem));
        if session.printer.is_json() {
            session.printer.json(&view::Diagnosis::of(&problems, &repaired, &remarks));
        } else {
            session.printer.table(&table(&problems));
        }
        for problem in &repaired {
            let what = format!("{} {}", problem.package, problem.path);
            session.printer.status("Repaired", what.trim());
        }
        remarks.iter().for_each(|remark| session.printer.warning(remark));
        if findings.is_empty() {
            let packages = count(home.installed()?.packages().len(), "package");
            session.printer.status("Checked", format_args!("{packages}, all is well"));
            return Ok(());
        }
        Err(damaged(&findings, problems.len()))
    }
}

fn damaged(findings: &[Finding], number: usize) -> Failure {
    let is_unknown = |finding: &Finding| matches!(finding, Finding::Unknown { .. });
    let exit = if findings.iter().all(is_unknown) { Exit::Failed } else { Exit::Integrity };
    Failure::told(exit, format!("{} found", count(number, "problem"))).hint(REPAIR)
}

fn table(problems: &[view::Problem]) -> Table {
    let mut table = Table::plain();
    for view::Problem { package, path, problem } in problems {
        table.row([package.clone(), path.clone(), problem.clone()]);
    }
    table
}

/// What is not damaged and yet worth saying.
fn remarks(session: &Session, home: &Home) -> Vec<String> {
    let mut remarks = Vec::new();
    match home.notices() {
        Ok(notices) => remarks.extend(notices.iter().map(ToString::to_string)),
        Err(error) => remarks.push(format!("the taps cannot be asked: {}", with_causes(&error))),
    }
    let bin = home.layout().current().join("bin");
    let path = session.environment.path.as_deref().unwrap_or_default();
    let is_linked = home.installed().is_ok_and(|i| i.packages().iter().any(|p| p.linked));
    if is_linked && !std::env::split_paths(path).any(|folder| folder == bin) {
        remarks.push(format!("`{}` is not on PATH; `pkg shellenv` prints the line", shown(&bin)));
    }
    remarks
}
