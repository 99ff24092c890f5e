//! Ctrl-C: the bars stand still, one line says what holds, and the process ends.

use std::sync::Arc;

use crate::{exit::Exit, printer::Printer, terminal};

/// Ends the process in order when the user interrupts it.
#[expect(clippy::exit, reason = "whatever the other threads are at, an interrupt ends them here")]
pub(crate) fn watch(printer: &Arc<Printer>) {
    let printer = printer.clone();
    let end = move || {
        terminal::restore();
        printer.interrupted();
        install::test::interrupted();
        std::process::exit(Exit::Interrupted.code().into());
    };
    if let Err(error) = ctrlc::set_handler(end) {
        tracing::debug!(%error, "an interrupt ends the program as the system does");
    }
}
