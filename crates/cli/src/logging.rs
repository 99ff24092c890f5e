//! Starts the log where one is wished for: `-v`, `-vv` or `PKG_LOG`.

use std::sync::Arc;

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{MakeWriter, layer},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    exit::Exit,
    failure::{Failure, Result},
    printer::Printer,
};

/// Starts the log; without `-v` and `PKG_LOG` nothing is set up.
pub(crate) fn start(verbose: u8, log: Option<&str>, printer: &Arc<Printer>) -> Result {
    let filter = match (verbose, log) {
        (0, None) => return Ok(()),
        (0, Some(log)) => log.parse().map_err(|error| malformed(log, error))?,
        (1, _) => ours(LevelFilter::DEBUG),
        (_, _) => ours(LevelFilter::TRACE),
    };
    let layer = layer().with_writer(Lines(printer.clone())).without_time();
    // A second start in one process changes nothing, which is right for a library's tests.
    let _already_started = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(())
}

/// The libraries below stay at their warnings: their details are about sockets, not packages.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target("pkg", level).with_default(LevelFilter::WARN)
}

fn malformed(log: &str, error: tracing_subscriber::filter::ParseError) -> Failure {
    let sentence = format!("the variable `PKG_LOG` is `{log}`, which names nothing to log");
    let failure = Failure::new(Exit::Usage, error).context(sentence);
    failure.hint("write `warn`, `info`, `debug` or `trace`")
}

/// Log lines take the same way as everything else that goes to stderr.
struct Lines(Arc<Printer>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Printer;

    fn make_writer(&'a self) -> &'a Printer {
        &self.0
    }
}
