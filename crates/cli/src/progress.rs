//! Bars on the terminal: one line per download or upload, one for the whole, gone when done.
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

use crate::{
    printer::{Printer, clean},
    view,
};

/// How long a command may take without showing anything.
const QUIET_TIME: Duration = Duration::from_millis(300);
/// How often a line moves though nothing happens, so that a wait is not taken for a hang.
const TICK: Duration = Duration::from_millis(120);
/// Waits that are shorter are not worth a line.
const LONG_WAIT: Duration = Duration::from_secs(3);
/// Most downloads and uploads that have a line of their own.
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
    transfers: BTreeMap<Which, Transfer>,
    /// Bytes that all transfers so far will move, as far as that is known.
    total: u64,
    moved: u64,
    /// What was last said of each server that failed: the same again is no news.
    failed: BTreeMap<String, String>,
}

/// Which download or upload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Download(u64),
    Upload(String),
}

struct Transfer {
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
            Event::Testing { name } => self.step(&format!("Testing {name}")),
            Event::Linking { name } => self.step(&format!("Linking {name}")),
            Event::Syncing => self.step("Writing to disk"),
            Event::Switched { .. } => self.step("Cleaning up"),
            Event::Download { id, name, total } => {
                self.printer.event(view::Event::Downloading { id, name: &name, bytes: total });
                self.begin(Which::Download(id), "Downloading", &name, total);
            }
            Event::Sized { id, total } => self.sized(&Which::Download(id), total),
            Event::Progress { id, bytes } => self.advance(&Which::Download(id), bytes),
            Event::Downloaded { id } => {
                self.printer.event(view::Event::Downloaded { id });
                self.finish(&Which::Download(id));
            }
            Event::Retry { host, why, wait } => {
                let wait = wait.as_secs_f64().ceil();
                self.printer.note(format_args!("{host}: {why}; trying again in {wait} s"));
            }
            Event::Warning(text) => self.printer.warning(text),
        }
    }

    /// Shows what happens in a build.
    pub(crate) fn on_build(&self, event: build::run::Event) {
        use build::run::Event as E;
        match event {
            E::Unconfined { why } => {
                self.printer.warning(format_args!("the build is not shut in: {why}"));
            }
            E::Waiting => self.step("Waiting for another build without a sandbox"),
            E::Patch { name } => self.step(&format!("Patching with {name}")),
            E::Step { number, total, command } => {
                self.step(&format!("Building, step {number} of {total}: {command}"));
            }
            E::Packing(progress) => self.on_packing(progress),
            E::Kept(folder) => {
                self.printer.status("Kept", format_args!("the build in {}", folder.display()));
            }
        }
    }

    /// Shows which file is being read, to be pushed.
    pub(crate) fn reading(&self, title: &str) {
        self.step(&format!("Reading {title}"));
    }

    /// Shows how far packing is.
    pub(crate) fn on_packing(&self, progress: build::pack::Progress) {
        self.show(&format!("Packing, {} %", progress.percent()));
    }

    /// Shows what the registry client tells.
    pub(crate) fn on_network(&self, event: oci::Event) {
        use oci::Event as E;
        match event {
            E::Receiving { host, from, size } => tracing::debug!(host, from, ?size, "receiving"),
            E::Sending { host, digest, from, size } => {
                tracing::debug!(host, %digest, from, size, "sending");
                self.sending(digest.to_string(), from, size);
            }
            E::Sent { digest, bytes } => self.sent(digest.to_string(), bytes),
            E::Copying { blobs, bytes } => tracing::debug!(blobs, bytes, "copying"),
            E::Copied { digest, size, pushed } => {
                tracing::debug!(%digest, size, ?pushed, "copied");
            }
            E::Spooling { digest, size } => tracing::debug!(%digest, size, "fetching first"),
            E::Retry { host, failures, reason } => {
                tracing::debug!(host, failures, reason, "trying again");
                if self.lock().failed.insert(host, reason.clone()).as_ref() != Some(&reason) {
                    self.printer.note(format_args!("{reason}; trying again"));
                }
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
            E::PassedOver { mirror, next, reason, is_fault } => {
                let line = format!("the mirror {mirror} is passed over: {reason}; asking {next}");
                match is_fault {
                    true => self.printer.warning(line),
                    false => self.printer.note(line),
                }
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
        for transfer in std::mem::take(&mut state.transfers).into_values() {
            transfer.bar.finish_and_clear();
        }
        if let Some(whole) = state.whole.take() {
            whole.finish_and_clear();
        }
    }

    fn step(&self, text: &str) {
        self.printer.event(view::Event::Step { text });
        self.show(text);
    }

    fn show(&self, text: &str) {
        let mut state = self.lock();
        let whole = self.whole(&mut state);
        whole.set_message(clean(text).into_owned());
    }

    fn begin(&self, which: Which, verb: &'static str, name: &str, total: Option<u64>) {
        let mut state = self.lock();
        let whole = self.grown(&mut state, total.unwrap_or(0));
        whole.set_message(verb);
        let is_shown = state.transfers.values().filter(|other| other.is_shown).count() < LINES_MAX;
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let bar = if is_shown { self.printer.bars().insert_before(&whole, bar) } else { bar };
        bar.set_style(style_of_transfer(total));
        bar.set_message(clean(name).into_owned());
        bar.enable_steady_tick(TICK);
        state.transfers.insert(which, Transfer { bar, is_shown });
    }

    fn sized(&self, which: &Which, total: u64) {
        let mut state = self.lock();
        self.grown(&mut state, total);
        if let Some(transfer) = state.transfers.get(which) {
            transfer.bar.set_style(style_of_transfer(Some(total)));
            transfer.bar.set_length(total);
        }
    }

    fn advance(&self, which: &Which, bytes: u64) {
        let mut state = self.lock();
        state.moved += bytes;
        if let Some(transfer) = state.transfers.get(which) {
            transfer.bar.inc(bytes);
        }
        show_moved(&state);
    }

    /// An upload begins, or goes on; what it sent before may have to be sent again.
    fn sending(&self, digest: String, from: u64, size: u64) {
        self.printer.event(view::Event::Pushing { digest: &digest, bytes: size });
        let which = Which::Upload(digest.clone());
        if !self.lock().transfers.contains_key(&which) {
            self.begin(which, "Pushing", &digest, Some(size));
        }
        self.sent(digest, from);
    }

    /// An upload is at this byte, which may be before where it was.
    fn sent(&self, digest: String, bytes: u64) {
        let which = Which::Upload(digest);
        let mut state = self.lock();
        let Some(transfer) = state.transfers.get(&which) else { return };
        let before = transfer.bar.position();
        transfer.bar.set_position(bytes);
        let is_done = transfer.bar.length() == Some(bytes);
        state.moved = state.moved.saturating_add(bytes).saturating_sub(before);
        show_moved(&state);
        drop(state);
        if is_done {
            if let Which::Upload(digest) = &which {
                self.printer.event(view::Event::Pushed { digest });
            }
            self.finish(&which);
        }
    }

    fn finish(&self, which: &Which) {
        if let Some(transfer) = self.lock().transfers.remove(which) {
            transfer.bar.finish_and_clear();
        }
    }

    /// The bar of the whole, with so many more bytes to come.
    fn grown(&self, state: &mut State, more: u64) -> ProgressBar {
        // What a registry declares may be as large as it likes.
        state.total = state.total.saturating_add(more);
        let whole = self.whole(state);
        whole.set_style(style_of_whole(state.total));
        whole.set_length(state.total.max(state.moved));
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

/// A length that nobody declared grows with what moves.
fn show_moved(state: &State) {
    if let Some(whole) = &state.whole {
        whole.set_length(state.total.max(state.moved));
        whole.set_position(state.moved);
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

fn style_of_transfer(total: Option<u64>) -> ProgressStyle {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_nobody_can_have_are_no_more_than_shown() {
        let progress = Progress::new(&Arc::new(Printer::new(true, None)), true);
        for id in [1, 2] {
            let (name, total) = (String::new(), Some(u64::MAX));
            progress.on(Event::Download { id, name, total });
        }
        progress.on(Event::Progress { id: 1, bytes: 1 });
        assert_eq!(progress.lock().total, u64::MAX);
    }
}
