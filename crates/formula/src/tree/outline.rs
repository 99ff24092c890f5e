//! What can be told of a TOML text without parsing it: where tables begin, how deep it nests.
//!
//! The parser builds a tree even of broken text, and a deep tree overflows the stack when it is
//! dropped; so depth is bounded here, from above, before anything is built.

/// Reads a text's brackets and dots, outside strings and comments.
struct Scanner<'a> {
    bytes: &'a [u8],
    place: usize,
    /// For each open bracket: the keys that lead to it.
    open: Vec<usize>,
    dots: usize,
    /// Nothing but blanks since the last newline.
    fresh: bool,
}

/// The first place that nests deeper than `limit`, if any does.
pub(super) fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let mut scanner = Scanner::new(text);
    let mut depth = 0;
    while let Some(byte) = scanner.next() {
        match byte {
            b'[' | b'{' => {
                depth += scanner.dots + 1;
                scanner.open.push(scanner.dots + 1);
                scanner.dots = 0;
            }
            b']' | b'}' => {
                let keys = scanner.open.pop().unwrap_or(0);
                depth -= keys;
                scanner.dots = keys.saturating_sub(1);
            }
            b'.' => scanner.dots += 1,
            b',' => scanner.dots = 0,
            b'\n' if scanner.open.is_empty() => scanner.dots = 0,
            _ => {}
        }
        if depth + scanner.dots > limit {
            return Some(scanner.place - 1);
        }
    }
    None
}

/// Where the first table header begins; the length of the text if there is none.
pub(crate) fn first_header(text: &str) -> usize {
    let mut scanner = Scanner::new(text);
    loop {
        let fresh = scanner.fresh;
        match scanner.next() {
            None => return text.len(),
            Some(b'[') if fresh && scanner.open.is_empty() => return scanner.place - 1,
            Some(b'[' | b'{') => scanner.open.push(0),
            Some(b']' | b'}') => drop(scanner.open.pop()),
            Some(_) => {}
        }
    }
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), place: 0, open: Vec::new(), dots: 0, fresh: true }
    }

    /// The next byte that is in no string and no comment.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.place)?;
            match byte {
                b'"' | b'\'' => self.skip_string(byte),
                b'#' => self.skip_until(|byte| byte == b'\n'),
                _ => {
                    self.place += 1;
                    self.fresh = byte == b'\n' || (self.fresh && matches!(byte, b' ' | b'\t'));
                    return Some(byte);
                }
            }
            self.fresh = false;
        }
    }

    fn skip_until(&mut self, stop: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.place..];
        self.place += rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len());
    }

    /// Skips a string; one of a single line ends with the line, even if it is not closed.
    fn skip_string(&mut self, quote: u8) {
        let triple = self.bytes[self.place..].starts_with(&[quote; 3]);
        self.place += if triple { 3 } else { 1 };
        loop {
            self.skip_until(|byte| {
                byte == quote || (byte == b'\\' && quote == b'"') || (byte == b'\n' && !triple)
            });
            match self.bytes.get(self.place) {
                Some(b'\\') => self.place = (self.place + 2).min(self.bytes.len()),
                Some(byte) if *byte == quote && triple => {
                    if self.bytes[self.place..].starts_with(&[quote; 3]) {
                        let quotes = self.bytes[self.place..].iter().take(5);
                        self.place += quotes.take_while(|byte| **byte == quote).count();
                        return;
                    }
                    self.place += 1;
                }
                Some(byte) if *byte == quote => {
                    self.place += 1;
                    return;
                }
                _ => return,
            }
        }
    }
}
