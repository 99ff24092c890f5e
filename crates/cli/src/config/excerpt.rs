//! Shows the place of a problem with carets.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Error, Malformed};

impl Error {
    /// The problem with the lines around it, coloured; none where no line is at fault.
    pub fn excerpt(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Malformed(malformed) => Some(render(malformed, &Renderer::styled())),
        }
    }
}

pub(super) fn render(malformed: &Malformed, renderer: &Renderer) -> String {
    let problem = &malformed.problem;
    let path = malformed.file.to_string_lossy();
    let label = AnnotationKind::Primary.span(problem.span.clone()).label(&problem.label);
    let snippet = Snippet::source(&malformed.text).path(path.as_ref()).annotation(label);
    let mut group = Level::ERROR.primary_title(&problem.what).element(snippet);
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help));
    }
    renderer.render(&[group])
}
