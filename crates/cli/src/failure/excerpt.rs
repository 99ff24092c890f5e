//! The lines of a file that are to blame, with carets.

use std::error::Error;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use project::{Malformed, wants};

use super::verdict::seen;
use crate::config;

/// What an error shows of a file, coloured.
pub(super) fn of(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(report) = seen::<formula::Report>(cause) {
        return Some(report.render(true));
    }
    let malformed = match (seen(cause), seen(cause)) {
        (Some(config::Error::Malformed(malformed)), _) => malformed,
        (_, Some(wants::Error::Malformed(malformed))) => malformed,
        _ => return None,
    };
    Some(render(malformed, &Renderer::styled()))
}

pub(crate) fn render(malformed: &Malformed, renderer: &Renderer) -> String {
    let Malformed { file, text, span, what, label, help } = malformed;
    let path = file.to_string_lossy();
    let label = AnnotationKind::Primary.span(span.clone()).label(label.as_str());
    let snippet = Snippet::source(text.as_str()).path(path.as_ref()).annotation(label);
    let mut group = Level::ERROR.primary_title(what.as_str()).element(snippet);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}
