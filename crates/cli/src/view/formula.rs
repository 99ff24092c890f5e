//! Formulas, as `search`, `cat`, `home` and `check` answer them.

use catalog::{Found, Hit};
use formula::{Problem, Report};
use serde::Serialize;

use super::Fetched;

/// What `pkg search` found.
#[derive(Debug, Serialize)]
pub(crate) struct Search {
    schema: u32,
    formulas: Vec<Heading>,
}

#[derive(Debug, Serialize)]
struct Heading {
    name: String,
    tap: String,
    summary: String,
    homepage: Option<String>,
    license: Option<String>,
    aliases: Vec<String>,
}

impl Search {
    pub(crate) fn of(hits: &[Hit]) -> Self {
        let heading = |hit: &Hit| Heading {
            name: hit.formula.name.clone(),
            tap: hit.tap.clone(),
            summary: hit.formula.summary.clone(),
            homepage: hit.formula.homepage.clone(),
            license: hit.formula.license.clone(),
            aliases: hit.formula.aliases.clone(),
        };
        Self { schema: 1, formulas: hits.iter().map(heading).collect() }
    }
}

/// A formula as its author wrote it.
#[derive(Debug, Serialize)]
pub(crate) struct Cat {
    schema: u32,
    name: String,
    tap: String,
    file: String,
    text: String,
}

impl Cat {
    pub(crate) fn of(found: &Found) -> Self {
        let formula = &found.formula;
        let (tap, file, text) = (found.tap.clone(), found.file.clone(), formula.text().to_owned());
        Self { schema: 1, name: formula.name().to_string(), tap, file, text }
    }
}

/// Where a package is at home on the web.
#[derive(Debug, Serialize)]
pub(crate) struct Home {
    schema: u32,
    name: String,
    tap: String,
    homepage: String,
}

impl Home {
    pub(crate) fn of(found: &Found, homepage: &str) -> Self {
        let name = found.formula.name().to_string();
        Self { schema: 1, name, tap: found.tap.clone(), homepage: homepage.to_owned() }
    }
}

/// What is wrong with formulas.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    schema: u32,
    formulas: usize,
    problems: Vec<Wrong>,
    /// What was downloaded and compared; null where nobody asked for that.
    fetched: Option<Vec<Fetched>>,
}

#[derive(Debug, Serialize)]
struct Wrong {
    code: &'static str,
    severity: &'static str,
    message: String,
    file: String,
    line: usize,
    column: usize,
    help: Option<String>,
}

impl Check {
    pub(crate) fn of(formulas: usize, reports: &[Report], fetched: Option<Vec<Fetched>>) -> Self {
        let wrong = |problem: &Problem| {
            let (line, column) = problem.position();
            Wrong {
                code: problem.code.as_str(),
                severity: problem.severity().as_str(),
                message: problem.message.clone(),
                file: problem.file().to_owned(),
                line,
                column,
                help: problem.help.clone(),
            }
        };
        let problems = reports.iter().flat_map(Report::problems).map(wrong).collect();
        Self { schema: 1, formulas, problems, fetched }
    }
}
