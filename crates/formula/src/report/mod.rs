//! What is wrong with a formula: problems with a stable code, a place and the line to write.
//!
//! This file deliberately does not know the format; whoever finds a problem words it.

mod code;
mod finding;
mod render;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range, sync::Arc};

pub use code::{Code, Severity};
pub(crate) use finding::{Finding, Sink, Sources};

/// A file's text, kept for the messages that point into it.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The file's name as messages show it.
    pub file: String,
    /// The text as it was read.
    pub text: String,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// The bytes of the source that are meant; empty at a place where something is missing.
    pub span: Range<usize>,
    /// The note at the span.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The file that the span is in.
    pub source: Arc<SourceText>,
}

impl Problem {
    /// Whether the problem makes the formula unusable.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The name of the file that the span is in.
    pub fn file(&self) -> &str {
        &self.source.file
    }

    /// Line and column of the span's start, counted in characters from 1.
    pub fn position(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }
}

impl fmt::Display for Problem {
    /// `ripgrep.toml:7:10: error[F004]: version …`, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        let (severity, code) = (self.severity().as_str(), self.code.as_str());
        write!(f, "{}:{line}:{column}: {severity}[{code}]: {}", self.file(), self.message)
    }
}

/// Every problem that was found, in the order of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Report {
    /// The problems, errors and lints alike.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether one of the problems is an error.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity() == Severity::Error)
    }

    /// Takes over what another report found.
    pub fn append(&mut self, other: Self) {
        other.problems.into_iter().for_each(|problem| self.add(problem));
    }

    /// Adds a problem, unless the same one is there already.
    pub(crate) fn add(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Puts the problems into the order of the source; files keep the order they came in.
    pub(crate) fn sorted(mut self) -> Self {
        let first = self.problems.first().map(|problem| problem.source.clone());
        self.problems.sort_by_key(|problem| {
            (Some(&problem.source.file) != first.as_ref().map(|s| &s.file), problem.span.start)
        });
        self
    }

    /// The report itself where it holds errors; lints alone pass.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.has_errors() { Err(self.sorted()) } else { Ok(()) }
    }
}

impl fmt::Display for Report {
    /// One line per problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// The candidate that `word` was probably meant to be, if one is near.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let far = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| (1..=far).contains(distance) && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
