//! A report as people read it: the line, a mark below it, and the help.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Problem, Report, Severity};

impl Report {
    /// The problems with their lines of source, as compilers show them, separated by empty lines.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let blocks: Vec<String> =
            self.problems.iter().map(|problem| renderer.render(&[group(problem)])).collect();
        blocks.join("\n\n")
    }
}

fn group(problem: &Problem) -> Group<'_> {
    let level = match problem.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mark = AnnotationKind::Primary.span(problem.span.clone()).label(&problem.label);
    let snippet = Snippet::source(&problem.source.text).path(&problem.source.file).annotation(mark);
    let title = level.primary_title(&problem.message).id(problem.code.as_str());
    let group = title.element(snippet);
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}
