//! Pages of the documentation as a reader would follow them, on each registry.
//!
//! A `bash` block is run; the words after `bash` name registries that it is for, or clients that it
//! needs. A `text` block below it is what it prints: a line `...` stands for any lines, and
//! digests, sizes, times and other things that differ from run to run are compared by their shape.

use std::{process::Stdio, sync::LazyLock};

use regex::Regex;

use super::{desk::Desk, peers, registry::Kind};
use crate::support;

/// Ends what one block prints; no client prints it.
const END: char = '\u{1e}';
/// The registry of the article.
const HOST: &str = "localhost:5000";

/// A script of the page, and what it prints.
struct Block {
    line: usize,
    words: Vec<String>,
    script: String,
    prints: Option<String>,
}

impl Block {
    /// Whether a reader with this registry runs it; names the clients that are not here.
    fn is_for(&self, kind: Kind) -> bool {
        let is_registry = |word: &&String| Kind::ALL.iter().any(|kind| kind.name() == **word);
        let (registries, clients): (Vec<_>, Vec<_>) = self.words.iter().partition(is_registry);
        let is_meant = registries.is_empty() || registries.iter().any(|word| **word == kind.name());
        let clients: Vec<_> = clients.into_iter().map(String::as_str).collect();
        is_meant && peers::are_here(&clients)
    }
}

/// A page that is followed.
pub(super) struct Page {
    name: &'static str,
    blocks: Vec<Block>,
}

impl Page {
    /// The page of the documentation with that name.
    pub(super) fn open(name: &'static str) -> Self {
        let text = fs_err::read_to_string(support::workspace().join("docs").join(name)).unwrap();
        let blocks = blocks(&text);
        assert!(blocks.len() > 7, "the page has its steps");
        Self { name, blocks }
    }

    /// Runs the blocks in one shell, as one reader does, and compares what each prints.
    pub(super) fn follow(&self, desk: &Desk) {
        let (name, kind) = (self.name, desk.registry.kind);
        let blocks: Vec<_> = self.blocks.iter().filter(|block| block.is_for(kind)).collect();
        let script: String =
            blocks.iter().map(|block| format!("{}printf '{END}'\n", block.script)).collect();
        let script = format!("exec 2>&1\n{}", script.replace(HOST, desk.host()));
        let output = desk.shell(&script).stderr(Stdio::inherit()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let home = desk.sandbox.home().to_str().unwrap();
        let printed = printed.replace(desk.host(), HOST).replace(home, "~");
        let printed: Vec<_> = printed.split(END).collect();
        for (block, number) in blocks.into_iter().zip(1..) {
            let ended_well = number < printed.len();
            let printed = printed[number - 1];
            let expected = block.prints.as_deref().unwrap_or("...\n");
            assert!(
                ended_well && agree(&shapes(expected), &shapes(printed)),
                "line {} of docs/{name}, on {kind}:\n{}\nprints\n{printed}\nand the page says\n{expected}",
                block.line,
                block.script
            );
        }
    }
}

/// The blocks of a page of Markdown, in order.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let body: String = body.map(|line| format!("{line}\n")).collect();
        let mut words = info.split(' ').map(ToOwned::to_owned);
        match words.next().as_deref() {
            Some("bash") => {
                let words = words.collect();
                blocks.push(Block { line: at + 1, words, script: body, prints: None });
            }
            Some("text") => blocks.last_mut().unwrap().prints = Some(body),
            _ => {}
        }
    }
    blocks
}

/// Whether what is printed is what the page says.
fn agree(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "..." => {
            (0..=printed.len()).any(|skipped| agree(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed.first() == Some(line) && agree(rest, &printed[1..]),
    }
}

static SHAPES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let shapes = [
        (r"sha256:[0-9a-f]+…?", "[DIGEST]"),
        (r"-([0-9a-f]{12}|[0-9a-f]*…)/", "-[ID]/"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]+…", "[ID]"),
        (r"sha256-[0-9a-f]+…?", "[DIGEST]"),
        (r"\.[0-9a-f]{12}\b", ".[ID]"),
        (r"_state=\S+", "[STATE]"),
        (r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [0-9:]{8} GMT", "[TIME]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
        (r"(Content-Length|Range|size\W*): \S+?(,?)$", "$1: [SIZE]$2"),
        (r"\b\d+(\.\d+)? (B|kB|KiB|MB|bytes)\b", "[SIZE]"),
        (r"\b\d+ formulas\b", "[COUNT] formulas"),
        // Columns are as wide as what stands in them.
        (r"(\S) {2,}", "$1  "),
    ];
    shapes.map(|(pattern, name)| (Regex::new(pattern).unwrap(), name)).into()
});

/// The lines of a text, with the shape of what differs from run to run.
fn shapes(text: &str) -> Vec<String> {
    let shape = |line: &str| {
        SHAPES.iter().fold(line.trim_end().to_owned(), |line, (pattern, name)| {
            pattern.replace_all(&line, *name).into_owned()
        })
    };
    text.trim_end().lines().map(shape).collect()
}

#[test]
fn a_step_that_prints_otherwise_is_found() {
    let check = |expected: &str, printed: &str| agree(&shapes(expected), &shapes(printed));
    assert!(check("a\n...\nb\n", "a\nx\ny\nb\n") && check("a\n...\n", "a\n"));
    assert!(!check("a\n", "a\nb\n") && !check("a\nb\n", "a\n") && !check("a\n...\nc\n", "a\nb\n"));
    assert!(check("Digest: sha256:12ab…", "Digest: sha256:34cd"));
}
