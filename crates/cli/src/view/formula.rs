//! Formulas, as `search`, `cat`, `home` and `check` answer them.

use catalog::{Found, Hit};
use formula::{Problem, Report};
use publish::{Wanted, verify};
use serde::Serialize;

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

/// Something that formulas pin, and what became of asking for it.
#[derive(Debug, Serialize)]
pub(crate) struct Fetched {
    /// The versions and platforms that pin it.
    named: Vec<String>,
    place: String,
    digest: String,
    /// `ok`, `missing`, `differs`, `failed` or `skipped`.
    finding: &'static str,
    bytes: Option<u64>,
    problem: Option<String>,
}

impl Fetched {
    pub(crate) fn of(wanted: &Wanted, verdict: &verify::Verdict) -> Self {
        Self {
            named: wanted.named.clone(),
            place: wanted.what.place(),
            digest: wanted.digest.to_string(),
            finding: verify::Finding::of(verdict).as_str(),
            bytes: verdict.as_ref().ok().copied(),
            problem: verdict.as_ref().err().map(|error| install::with_causes(error)),
        }
    }
}

/// What `pkg fmt` did or would do.
#[derive(Debug, Serialize)]
pub(crate) struct Formatted {
    schema: u32,
    files: usize,
    /// The files that were not in canonical form.
    changed: Vec<String>,
}

impl Formatted {
    pub(crate) fn of(files: usize, changed: &[String]) -> Self {
        Self { schema: 1, files, changed: changed.to_vec() }
    }
}

/// A version that was yanked, or is offered again.
#[derive(Debug, Serialize)]
pub(crate) struct Yanked {
    schema: u32,
    file: String,
    version: String,
    yanked: Option<String>,
}

impl Yanked {
    pub(crate) fn of(file: &str, version: &str, why: Option<&str>) -> Self {
        let yanked = why.map(str::to_owned);
        Self { schema: 1, file: file.to_owned(), version: version.to_owned(), yanked }
    }
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
