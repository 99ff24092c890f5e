//! Bars on the terminal: one line per download, one for the whole, gone when done.
//!
//! It shows what it is told through [`Progress::on`] and asks nobody. Nothing is drawn before a
//! moment has passed, so that what is quick does not flicker.

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use install::{Event, with_causes};

use crate::printer::{Printer, clean};

/// How long a command may take without showing anything.
const QUIET_TIME: Duration = Duration::from_millis(300);
/// How often a line moves though nothing happens, so that a wait is not taken for a hang.
const TICK: Duration = Duration::from_millis(120);
/// Waits that are shorter are not worth a line.
const LONG_WAIT: Duration = Duration::from_secs(3);
/// Most downloads that have a line of their own.
const LINES_MAX: usize = 8;

/// The bars of one command; they go when it is dropped.
pub(crate) struct Progress {
    printer: Arc<Printer>,
    state: Mutex<State>,
    /// Dropping it wakes the thread that waits for the quiet time to pass.
    curtain: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

#[derive(Default)]
struct State {
    whole: Option<ProgressBar>,
    downloads: BTreeMap<u64, Download>,
    /// Bytes that all downloads so far will bring, as far as that is known.
    total: u64,
    arrived: u64,
}

struct Download {
    bar: ProgressBar,
    is_shown: bool,
}

impl Progress {
    /// Bars on stderr, if it is a terminal and nobody forbade them.
    pub(crate) fn new(printer: &Arc<Printer>, is_forbidden: bool) -> Self {
        let is_shown = !is_forbidden && !printer.is_quiet() && std::io::stderr().is_terminal();
        let curtain = is_shown.then(|| raise_later(printer.bars().clone()));
        Self { printer: printer.clone(), state: Mutex::default(), curtain: Mutex::new(curtain) }
    }

    /// Shows what happened.
    pub(crate) fn on(&self, event: Event) {
        match event {
            Event::Resolving { name } => self.step(&format!("Resolving {name}")),
            Event::Checking { name } => self.step(&format!("Checking {name}")),
            Event::Linking { name } => self.step(&format!("Linking {name}")),
            Event::Syncing => self.step("Writing to disk"),
            Event::Switched { .. } => self.step("Cleaning up"),
            Event::Download { id, name, total } => self.download(id, &name, total),
            Event::Sized { id, total } => self.sized(id, total),
            Event::Progress { id, bytes } => self.advance(id, bytes),
            Event::Downloaded { id } => self.downloaded(id),
            Event::Retry { host, why, wait } => {
                let wait = wait.as_secs_f64().ceil();
                self.printer.note(format_args!("{host}: {why}; trying again in {wait} s"));
            }
            Event::Warning(text) => self.printer.warning(text),
        }
    }

    /// Shows what the registry client tells.
    pub(crate) fn on_network(&self, event: oci::Event) {
        use oci::Event as E;
        match event {
            E::Receiving { host, from, size } => tracing::debug!(host, from, ?size, "receiving"),
            E::Retry { host, failures, reason } => {
                tracing::debug!(host, failures, "trying again");
                self.printer.note(format_args!("{reason}; trying again"));
            }
            E::Wait { host, wait } if wait >= LONG_WAIT => {
                let seconds = wait.as_secs();
                self.printer.note(format_args!("waiting {seconds} s for {host}"));
            }
            E::Wait { host, wait } => tracing::debug!(host, ?wait, "waiting"),
            E::NextSource { host, reason } => {
                tracing::debug!(host, "giving up the source");
                self.printer.note(format_args!("{reason}; trying the next source"));
            }
            E::Warning { host, text } => self.printer.warning(format_args!("{host} says: {text}")),
            E::Anonymous { host, reason } => self
                .printer
                .warning(format_args!("{host} is asked without the stored credentials: {reason}")),
            E::Credentials { problem } => self.printer.warning(with_causes(&*problem)),
        }
    }

    /// Takes all bars away, such as before a question.
    pub(crate) fn end(&self) {
        let curtain = self.curtain.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, thread)) = curtain {
            drop(sender);
            let _panicked = thread.join();
        }
        let mut state = self.lock();
        for download in std::mem::take(&mut state.downloads).into_values() {
            download.bar.finish_and_clear();
        }
        if let Some(whole) = state.whole.take() {
            whole.finish_and_clear();
        }
    }

    fn step(&self, text: &str) {
        let mut state = self.lock();
        let whole = self.whole(&mut state);
        whole.set_message(clean(text).into_owned());
    }

    fn download(&self, id: u64, name: &str, total: Option<u64>) {
        let mut state = self.lock();
        let whole = self.grown(&mut state, total.unwrap_or(0));
        whole.set_message("Downloading");
        let is_shown = state.downloads.values().filter(|other| other.is_shown).count() < LINES_MAX;
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let bar = if is_shown { self.printer.bars().insert_before(&whole, bar) } else { bar };
        bar.set_style(style_of_download(total));
        bar.set_message(clean(name).into_owned());
        bar.enable_steady_tick(TICK);
        state.downloads.insert(id, Download { bar, is_shown });
    }

    fn sized(&self, id: u64, total: u64) {
        let mut state = self.lock();
        self.grown(&mut state, total);
        if let Some(download) = state.downloads.get(&id) {
            download.bar.set_style(style_of_download(Some(total)));
            download.bar.set_length(total);
        }
    }

    fn advance(&self, id: u64, bytes: u64) {
        let mut state = self.lock();
        state.arrived += bytes;
        if let Some(download) = state.downloads.get(&id) {
            download.bar.inc(bytes);
        }
        if let Some(whole) = &state.whole {
            // A length that nobody declared grows with what arrives.
            let total = state.total.max(state.arrived);
            whole.set_length(total);
            whole.set_position(state.arrived);
        }
    }

    fn downloaded(&self, id: u64) {
        if let Some(download) = self.lock().downloads.remove(&id) {
            download.bar.finish_and_clear();
        }
    }

    /// The bar of the whole, with so many more bytes to come.
    fn grown(&self, state: &mut State, more: u64) -> ProgressBar {
        state.total += more;
        let whole = self.whole(state);
        whole.set_style(style_of_whole(state.total));
        whole.set_length(state.total.max(state.arrived));
        whole
    }

    fn whole(&self, state: &mut State) -> ProgressBar {
        let new = || {
            let bar = self.printer.bars().add(ProgressBar::no_length());
            bar.set_style(style_of_whole(0));
            bar.enable_steady_tick(TICK);
            bar
        };
        state.whole.get_or_insert_with(new).clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Shows the bars once the quiet time has passed, unless the sender is gone by then.
fn raise_later(bars: MultiProgress) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        if receiver.recv_timeout(QUIET_TIME) == Err(mpsc::RecvTimeoutError::Timeout) {
            bars.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
    });
    (sender, thread)
}

fn style_of_download(total: Option<u64>) -> ProgressStyle {
    let template = match total {
        Some(total) if total > 0 => {
            "{spinner} {wide_msg} {decimal_bytes:>9} of {decimal_total_bytes:<9} \
             {decimal_bytes_per_sec:>11} {eta:>4} left"
        }
        _ => "{spinner} {wide_msg} {decimal_bytes:>9} {decimal_bytes_per_sec:>11}",
    };
    style(template)
}

fn style_of_whole(total: u64) -> ProgressStyle {
    style(match total {
        0 => "{spinner} {wide_msg} {elapsed:>4}",
        _ => {
            "{spinner} {msg} [{bar:24}] {decimal_bytes:>9} of {decimal_total_bytes:<9} \
             {decimal_bytes_per_sec:>11} {eta:>4} left"
        }
    })
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.expect("the templates above are well formed").progress_chars("=> ")
}
