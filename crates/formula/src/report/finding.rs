//! A problem while it is being found: at a place, not yet in a file.

use std::sync::Arc;

use super::{Code, Problem, Report, SourceText};
use crate::tree::At;

/// What is wrong at a place of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    code: Code,
    at: At,
    message: String,
    label: String,
    help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, at: At, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: String::new(), help: None }
    }

    /// What is wrong, for a text that is no file.
    pub(crate) fn into_message(self) -> String {
        self.message
    }

    /// The note at the place itself.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to write instead.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The files that a formula is merged from: number 0 is the formula, number 1 the tap's defaults.
#[derive(Debug, Clone)]
pub(crate) struct Sources(Vec<Arc<SourceText>>);

impl Sources {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self(vec![Arc::new(SourceText { file: file.to_owned(), text: text.to_owned() })])
    }

    /// Adds the tap's file; trees that are parsed from it have the number 1.
    pub(crate) fn with_tap(mut self, tap: Option<Arc<SourceText>>) -> Self {
        self.0.extend(tap);
        self
    }

    pub(crate) fn get(&self, file: u8) -> &Arc<SourceText> {
        self.0.get(usize::from(file)).unwrap_or(&self.0[0])
    }
}

/// Collects findings as problems of their files.
pub(crate) struct Sink<'a> {
    sources: &'a Sources,
    report: Report,
    errors: usize,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        Self { sources, report: Report::default(), errors: 0 }
    }

    pub(crate) fn sources(&self) -> &'a Sources {
        self.sources
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        self.errors += usize::from(finding.code.severity() == super::Severity::Error);
        self.report.add(Problem {
            code: finding.code,
            message: finding.message,
            span: finding.at.start as usize..finding.at.end as usize,
            label: finding.label,
            help: finding.help,
            source: self.sources.get(finding.at.file).clone(),
        });
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// The codes of all findings so far.
    pub(crate) fn codes(&self) -> impl Iterator<Item = Code> {
        self.report.problems().iter().map(|problem| problem.code)
    }

    /// The value of `result`; an error is kept as a finding.
    pub(crate) fn take<T>(&mut self, result: Result<T, Finding>) -> Option<T> {
        result.map_err(|finding| self.push(finding)).ok()
    }

    pub(crate) fn into_report(self) -> Report {
        self.report.sorted()
    }
}
