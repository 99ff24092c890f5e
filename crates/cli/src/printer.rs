//! The only code that prints: answers go to stdout, the conversation to stderr.
//!
//! Channels, not levels: a command says what a text is, the printer decides where it goes and how
//! it looks. It knows nothing of packages. Texts come from formulas, registries and files of
//! strangers, so every control character is taken out here, where all of them pass.

use std::{
    borrow::Cow,
    fmt::Display,
    io::{self, BufWriter, IsTerminal as _, Stderr, Stdout, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressDrawTarget};
use oci::credentials::Secret;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    table::Table,
    terminal::{self, Silence},
    view::{self, Event},
};

const BOLD: Style = Style::new().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const STATUS: Style = AnsiColor::Green.on_default().bold();

/// How answers look under `--json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Json {
    /// One document, when the command ends
    Document,
    /// A line for each thing that happens, the answer among them
    Events,
}

/// Writes to stdout and stderr for every command.
pub struct Printer {
    is_quiet: bool,
    json: Option<Json>,
    answers: Mutex<Answers>,
    conversation: Mutex<AutoStream<Stderr>>,
    /// Bars that are on the screen are taken away while a line of stderr is written.
    bars: MultiProgress,
}

struct Answers {
    stdout: BufWriter<AutoStream<Stdout>>,
    /// The first write that failed; nothing is written after it.
    broken: Option<io::Error>,
}

impl Printer {
    /// A printer for this process; `is_quiet` silences status and hints, `json` says that answers
    /// are JSON, and how it looks.
    pub fn new(is_quiet: bool, json: Option<Json>) -> Self {
        let stdout = BufWriter::new(AutoStream::auto(io::stdout()));
        Self {
            is_quiet,
            json,
            answers: Mutex::new(Answers { stdout, broken: None }),
            conversation: Mutex::new(AutoStream::auto(io::stderr())),
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
        }
    }

    /// Whether answers are JSON.
    pub fn is_json(&self) -> bool {
        self.json.is_some()
    }

    /// Whether status lines are silenced.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// One line of the answer, or several.
    pub fn answer(&self, text: impl Display) {
        let text = text.to_string();
        self.write_answer(&clean(&text));
    }

    /// A text for another program, such as a script or a page: as it stands.
    pub(crate) fn text(&self, view: view::Text) {
        match self.is_json() {
            true => self.json(&view),
            false => self.write_answer(view.as_str().trim_end_matches('\n')),
        }
    }

    /// A path; one that holds control characters stays as it is, since it names something.
    pub(crate) fn path(&self, view: view::Path) {
        match self.is_json() {
            true => self.json(&view),
            false => self.write_answer(view.as_str()),
        }
    }

    /// The answer as one JSON document, or as the event that is the answer.
    pub fn json(&self, view: &impl Serialize) {
        if self.json == Some(Json::Events) {
            return self.write_event(view::Answer { answer: view });
        }
        self.write_json(serde_json::to_string_pretty(view));
    }

    /// Bytes for another program, as they are and without a line's end; on a terminal, only what
    /// can be read of them. `false` once nobody takes them any more.
    pub(crate) fn raw(&self, bytes: &[u8]) -> bool {
        let shown = io::stdout().is_terminal().then(|| String::from_utf8_lossy(bytes));
        let bytes = shown.map_or(Cow::Borrowed(bytes), |text| {
            Cow::Owned(clean(&text).into_owned().into_bytes())
        });
        let mut answers = self.lock_answers();
        if answers.broken.is_none() {
            // Past the stream that takes out colours: it would take bytes out of a blob as well.
            let mut stdout = io::stdout().lock();
            let written = answers.stdout.flush().and_then(|()| stdout.write_all(&bytes));
            answers.broken = written.and_then(|()| stdout.flush()).err();
        }
        answers.broken.is_none()
    }

    /// The answer as a table.
    pub fn table(&self, table: &Table) {
        for line in table.lines() {
            match line.heading {
                Some(heading) => {
                    let (heading, rest) = (clean(&heading), clean(&line.rest));
                    self.write_answer(&format!("{BOLD}{heading}{BOLD:#}{rest}"));
                }
                None => self.write_answer(&clean(&line.rest)),
            }
        }
    }

    /// An excerpt with carets as the answer; its colours stay.
    pub fn excerpt(&self, text: &str) {
        self.write_answer(&clean_but_colours(text));
    }

    /// What happens, as a line of JSON for whoever asked for events.
    pub(crate) fn event(&self, event: Event<'_>) {
        if self.json == Some(Json::Events) {
            self.write_event(event);
        }
    }

    /// What was done: a verb and its object.
    pub fn status(&self, verb: &str, text: impl Display) {
        let text = text.to_string();
        self.event(Event::Status { verb, text: &text });
        self.say(false, &format!("{STATUS}{verb}{STATUS:#} {}", clean(&text)));
    }

    /// What else belongs to the conversation: a plan, a caveat.
    pub fn note(&self, text: impl Display) {
        let text = text.to_string();
        self.event(Event::Note { text: &text });
        self.say(false, &clean(&text));
    }

    /// A table that belongs to the conversation.
    pub fn note_table(&self, table: &Table) {
        for line in table.lines() {
            self.note(format_args!("{}{}", line.heading.unwrap_or_default(), line.rest));
        }
    }

    /// What the user should know though the command goes on; `--quiet` does not silence it.
    pub fn warning(&self, text: impl Display) {
        let text = text.to_string();
        self.event(Event::Warning { text: &text });
        let text = indented(&text);
        self.say(true, &format!("{WARNING}warning{WARNING:#}: {text}"));
    }

    /// What the user can do next.
    pub fn hint(&self, text: impl Display) {
        let text = text.to_string();
        self.event(Event::Hint { text: &text });
        let text = indented(&text);
        self.say(false, &format!("{HINT}hint{HINT:#}: {text}"));
    }

    /// Why the command failed, with its causes and hints; `--quiet` does not silence it.
    pub fn failure(&self, failure: &Failure) {
        let chain = failure.chain();
        self.event(Event::Error {
            exit: failure.exit.code(),
            chain: chain.clone(),
            excerpt: failure.excerpt().map(|text| anstream::adapter::strip_str(&text).to_string()),
            hints: &failure.hints,
        });
        for (index, text) in chain.iter().map(|text| indented(text)).enumerate() {
            match index {
                0 => self.say(true, &format!("{ERROR}error{ERROR:#}: {text}")),
                _ => self.say(true, &format!("  {BOLD}caused by{BOLD:#}: {text}")),
            }
        }
        if let Some(excerpt) = failure.excerpt() {
            let gap = if chain.is_empty() { "" } else { "\n" };
            self.say(true, &format!("{gap}{}", clean_but_colours(&excerpt)));
        }
        for (index, hint) in failure.hints.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            let hint = indented(hint);
            self.say(true, &format!("{gap}{HINT}hint{HINT:#}: {hint}"));
        }
    }

    /// That the user interrupted the program; bars stay where they are.
    ///
    /// The terminal shows the keys, and so moved the cursor: nothing can be taken away any more.
    pub(crate) fn interrupted(&self) {
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
        let told = "interrupted; what is installed is whole";
        // Who does not take the answer any more is not waited for.
        if self.answers.try_lock().is_ok() {
            let (exit, chain) = (Exit::Interrupted.code(), vec![told.to_owned()]);
            self.event(Event::Error { exit, chain, excerpt: None, hints: &[] });
        }
        let gap = if io::stderr().is_terminal() { "\n" } else { "" };
        // Whoever holds stderr, such as a question, is interrupted as well.
        let Ok(mut stderr) = self.conversation.try_lock() else {
            return drop(io::stderr().write_all(gap.as_bytes()));
        };
        let text = format!("{gap}{ERROR}error{ERROR:#}: {told}\n");
        let _gone = stderr.write_all(text.as_bytes());
    }

    /// A text that clap made: help and versions are answers, the rest is conversation.
    pub(crate) fn clap(&self, error: &clap::Error) {
        let rendered = error.render();
        let text = clean_but_colours(rendered.ansi().to_string().trim_end());
        if !error.use_stderr() {
            return self.write_answer(&text);
        }
        // What comes after an empty line is help.
        let told = rendered.to_string();
        let told = told.split("\n\n").next().unwrap_or_default();
        let told = told.strip_prefix("error: ").unwrap_or(told).to_owned();
        let exit = Exit::Usage.code();
        self.event(Event::Error { exit, chain: vec![told], excerpt: None, hints: &[] });
        self.say(true, &text);
    }

    /// Asks on stderr and reads a line of stdin; anything but a yes is a no.
    ///
    /// # Errors
    ///
    /// Stdin cannot be read.
    pub(crate) fn ask(&self, question: &str) -> io::Result<bool> {
        self.prompt(&format!("{question} [y/N] "))?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks on stderr and reads a line of stdin.
    ///
    /// # Errors
    ///
    /// Stdin cannot be read.
    pub(crate) fn ask_line(&self, question: &str) -> io::Result<String> {
        self.prompt(&format!("{question}: "))?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Asks on stderr and reads a line of the terminal without showing it.
    ///
    /// # Errors
    ///
    /// Stdin is no terminal, or cannot be read.
    pub(crate) fn ask_secret(&self, question: &str) -> io::Result<Secret> {
        // Before the question is seen: whoever answers it at once is not shown either.
        let _silence = Silence::begin()?;
        self.prompt(&format!("{question}: "))?;
        terminal::read_line()
    }

    /// Writes a question and waits for nothing: an interrupt needs the bars while it is answered.
    fn prompt(&self, question: &str) -> io::Result<()> {
        self.flush_answers();
        self.bars.suspend(|| {
            let mut stderr = self.lock_conversation();
            write!(stderr, "{HINT}?{HINT:#} {}", clean(question))?;
            stderr.flush()
        })
    }

    /// The bars, for the progress display.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Ends the output; a reader that went away, as `head` does, is no failure.
    ///
    /// # Errors
    ///
    /// The answer could not be written whole, for another reason.
    pub fn finish(&self) -> Result<(), Failure> {
        self.flush_answers();
        match self.lock_answers().broken.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let failure = Failure::new(Exit::Failed, error);
                Err(failure.context("cannot write the answer to stdout"))
            }
            _ => Ok(()),
        }
    }

    fn write_event(&self, event: impl Serialize) {
        self.write_json(serde_json::to_string(&view::Line::new(event)));
        // Whoever asked for events waits for each.
        self.flush_answers();
    }

    fn write_json(&self, json: serde_json::Result<String>) {
        self.write_answer(&escaped(&json.expect("views have text keys only")));
    }

    fn write_answer(&self, text: &str) {
        let mut answers = self.lock_answers();
        if answers.broken.is_none() {
            answers.broken = writeln!(answers.stdout, "{text}").err();
        }
    }

    fn flush_answers(&self) {
        let mut answers = self.lock_answers();
        if answers.broken.is_none() {
            answers.broken = answers.stdout.flush().err();
        }
    }

    fn say(&self, always: bool, text: &str) {
        if self.is_quiet && !always {
            return;
        }
        self.write_conversation(format!("{text}\n").as_bytes());
    }

    fn write_conversation(&self, bytes: &[u8]) {
        // On one screen the two streams are read as one, so what came first is shown first.
        if io::stdout().is_terminal() {
            self.flush_answers();
        }
        self.bars.suspend(|| {
            // There is nobody to tell that stderr is gone.
            let _gone = self.lock_conversation().write_all(bytes);
        });
    }

    fn lock_answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_conversation(&self) -> MutexGuard<'_, AutoStream<Stderr>> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Log lines take the same way to stderr as everything else.
impl Write for &Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_conversation(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text without characters that move the cursor, colour, hide or reorder what stands there.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_refused) {
        return Cow::Owned(text.chars().filter(|c| !is_refused(*c)).collect());
    }
    Cow::Borrowed(text)
}

/// JSON that means the same, with those characters as escapes; they can stand in texts only.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match is_refused(c) {
            // None of them is beyond what one escape can hold.
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text
}

/// Control characters but newline and tab, and the marks that reorder text.
fn is_refused(c: char) -> bool {
    let reorders = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    reorders || breaks_lines || (c.is_control() && c != '\n' && c != '\t')
}

/// The text with later lines indented, so that no line of a stranger's text looks like ours.
fn indented(text: &str) -> String {
    clean(text).trim_end().replace('\n', "\n    ")
}

/// As [`clean`], but the colour codes of a renderer of ours stay.
fn clean_but_colours(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        let (before, code) = rest.split_at(start);
        kept.push_str(&clean(before));
        let digits = code[2..].bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        let end = 2 + digits;
        if code.as_bytes().get(end) == Some(&b'm') {
            kept.push_str(&code[..=end]);
            rest = &code[end + 1..];
        } else {
            rest = &code[2..];
        }
    }
    kept.push_str(&clean(rest));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(clean(text), expect, "{text:?}");
    }

    #[test]
    fn nothing_of_a_strangers_text_reaches_the_terminal_but_its_letters() {
        check("plain ‑ ünïcödé", "plain ‑ ünïcödé");
        check("\u{1b}[2J", "[2J");
        check("\u{1b}]52;c;aGk=\u{7}", "]52;c;aGk=");
        check("\u{9b}2Jx", "2Jx");
        check("safe\rover", "safeover");
        check("a\u{202e}txt.exe\u{2066}b", "atxt.exeb");
        check("a\u{8}\u{7f}\0b", "ab");
        check("two\nlines\tand a tab", "two\nlines\tand a tab");
    }

    #[test]
    fn json_means_the_same_without_a_character_that_moves_the_cursor() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}2Jb\u{202e}c\n\u{2028}é漢\u{1f600}";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let escaped = escaped(&json);
        assert!(!escaped.chars().any(is_refused), "{escaped}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped).unwrap(), [text]);
    }

    #[test]
    fn colours_of_our_renderer_stay_and_nothing_else() {
        let check = |text: &str, expect: &str| assert_eq!(clean_but_colours(text), expect);
        check("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: x", "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: x");
        check("\u{1b}[2Jx\u{1b}[31;1my", "2Jx\u{1b}[31;1my");
        check("x\u{1b}[", "x");
        check("\u{1b}]0;title\u{7}", "]0;title");
    }

    #[test]
    fn a_strangers_second_line_does_not_start_where_ours_do() {
        assert_eq!(indented("bad\nerror: all is lost\n"), "bad\n    error: all is lost");
    }
}
