//! `pkg check`

use std::path::{Path, PathBuf};

use catalog::{Found, Tap, tap};
use clap::Args;
use formula::{Report, Severity};

use super::fetched::Fetched;
use crate::{
    amount::count,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, folder_of, no_file},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg check tool.toml", "every version on every platform"),
    ("pkg check formulas", "a whole tap"),
    ("pkg check --fetch tool.toml", "whether every byte is there, and is the one"),
]))]
pub struct Check {
    /// Formula files, or folders of them; this folder when none is named
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Download everything that the formulas pin, and compare it
    #[arg(long)]
    pub fetch: bool,
}

/// What was checked so far.
#[derive(Default)]
struct Checked {
    formulas: usize,
    reports: Vec<Report>,
    found: Vec<Found>,
}

impl Check {
    pub(crate) fn run(self, session: &Session) -> Result {
        let mut checked = Checked::default();
        for path in &self.paths {
            if path.is_dir() { checked.folder(path)? } else { checked.file(path)? }
        }
        let problems = checked.reports.iter().flat_map(Report::problems);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            problems.partition(|problem| problem.severity() == Severity::Error);
        let fetched = match self.fetch && errors.is_empty() {
            true => Some(Fetched::fetch(session, &checked.found)?),
            false => None,
        };
        if session.printer.is_json() {
            let fetched = fetched.as_ref().map(Fetched::view);
            session.printer.json(&view::Check::of(checked.formulas, &checked.reports, fetched));
        } else {
            for (index, report) in checked.reports.iter().enumerate() {
                let gap = if index == 0 { "" } else { "\n" };
                session.printer.excerpt(&format!("{gap}{}", report.render(true)));
            }
            if let Some(fetched) = &fetched {
                let is_first = checked.reports.is_empty();
                (!is_first).then(|| session.printer.answer(""));
                session.printer.table(&fetched.table());
            }
        }
        let formulas = count(checked.formulas, "formula");
        if !errors.is_empty() {
            let sentence = format!("{} in {formulas}", count(errors.len(), "error"));
            return Err(Failure::told(Exit::Failed, sentence));
        }
        fetched.iter().try_for_each(Fetched::judge)?;
        let found = match warnings.len() {
            0 => String::new(),
            number => format!(", {}", count(number, "warning")),
        };
        let fetched = fetched.map_or(String::new(), |fetched| {
            format!(", {} as pinned", count(fetched.wanted.len(), "download"))
        });
        session.printer.status("Checked", format_args!("{formulas}{found}{fetched}"));
        Ok(())
    }
}

impl Checked {
    fn file(&mut self, file: &Path) -> Result {
        let tap = Tap::folder(folder_of(file), None)?;
        match tap.formula_file(file) {
            Ok(Some(found)) => self.formula(found),
            Ok(None) => return Err(no_file(file)),
            Err(error) => self.broken(error)?,
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result {
        let tap = Tap::folder(folder, None)?;
        let mut formulas = Vec::new();
        for name in tap.names()? {
            match tap.formula(&name) {
                Ok(Some(found)) => {
                    formulas.push(found.formula.outline());
                    self.formula(found);
                }
                // It was there a moment ago, when the folder was listed.
                Ok(None) => {}
                Err(error) => self.broken(error)?,
            }
        }
        if formulas.is_empty() && self.reports.is_empty() {
            let sentence = format!("there is no formula in `{}`", folder.display());
            return Err(Failure::told(Exit::NotFound, sentence));
        }
        self.reports.extend(formula::check_tap(&formulas));
        Ok(())
    }

    fn formula(&mut self, found: Found) {
        self.formulas += 1;
        let report = found.formula.check();
        self.reports.extend((!report.is_empty()).then_some(report));
        self.found.push(found);
    }

    fn broken(&mut self, error: tap::Error) -> Result {
        let tap::Error::Broken { report, .. } = error else { return Err(error.into()) };
        self.formulas += 1;
        self.reports.push(report);
        Ok(())
    }
}
