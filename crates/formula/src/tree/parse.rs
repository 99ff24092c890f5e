//! From text to the tree, within bounds of size and depth and without hidden characters.

use toml::de::{DeTable, DeValue};

use super::{At, Entry, Node, Table, Value, outline};
use crate::report::{Code, Finding, Sink};

/// Longest text that is read, in bytes.
const BYTES_MAX: usize = 1 << 20;

/// How many keys and lists may lead to a value.
const DEPTH_MAX: usize = 32;

/// Parses the text of file number `file`; what is wrong goes to `sink`, then there is no tree.
pub(crate) fn parse(file: u8, sink: &mut Sink<'_>) -> Option<Table> {
    let source = sink.sources().get(file).clone();
    let text = source.text.as_str();
    match read(file, text) {
        Ok(tree) => {
            let before = sink.errors();
            hidden_in_text(file, text, sink);
            let table = Converter { file, text, sink }.table(tree.get_ref(), 0);
            (sink.errors() == before).then_some(table)
        }
        Err(finding) => {
            sink.push(finding);
            None
        }
    }
}

fn read(file: u8, text: &str) -> Result<toml::Spanned<DeTable<'_>>, Finding> {
    let at = |start: usize, end: usize| At {
        file,
        start: u32::try_from(start).unwrap_or(0),
        end: u32::try_from(end).unwrap_or(0),
    };
    if text.len() > BYTES_MAX {
        let message = format!("the file has {} bytes; at most 1 MiB is read", text.len());
        return Err(Finding::new(Code::Syntax, at(0, 0), message));
    }
    if let Some(place) = outline::too_deep(text, DEPTH_MAX) {
        return Err(too_deep(at(place, place + 1)));
    }
    DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Finding::new(
            Code::Syntax,
            at(span.start, span.end),
            format!("not TOML: {}", error.message()),
        )
    })
}

fn too_deep(at: At) -> Finding {
    let message = format!("tables and lists nest deeper than {DEPTH_MAX} levels");
    Finding::new(Code::Syntax, at, message)
}

/// Whether `c` is a control or direction character, which could hide or disguise text.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Refuses hidden characters anywhere, comments included: a reviewer must see what is there.
fn hidden_in_text(file: u8, text: &str, sink: &mut Sink<'_>) {
    if text.is_ascii() {
        return; // TOML itself refuses the ASCII ones.
    }
    let found = text.char_indices().find(|(place, c)| {
        is_hidden(*c) && !matches!(c, '\n' | '\r' | '\t') && !(*c == '\u{feff}' && *place == 0)
    });
    if let Some((place, c)) = found {
        let start = u32::try_from(place).unwrap_or(0);
        let len = u32::try_from(c.len_utf8()).unwrap_or(0);
        sink.push(hidden(c, At { file, start, end: start + len }));
    }
}

fn hidden(c: char, at: At) -> Finding {
    let message = format!("the hidden character U+{:04X}", u32::from(c));
    Finding::new(Code::Hidden, at, message)
        .label("can disguise what stands here")
        .help("leave it out; line breaks and tabs are the only control characters allowed")
}

struct Converter<'a, 's> {
    file: u8,
    text: &'a str,
    sink: &'a mut Sink<'s>,
}

impl Converter<'_, '_> {
    fn at(&self, span: std::ops::Range<usize>) -> At {
        let [start, end] = [span.start, span.end].map(|place| u32::try_from(place).unwrap_or(0));
        At { file: self.file, start, end }
    }

    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Table {
        let mut entries: Vec<Entry> = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_at = self.at(key.span());
            let key = self.clean(key.get_ref(), key_at);
            entries.push(Entry { key, key_at, node: self.node(value, depth + 1) });
        }
        entries.sort_by_key(|entry| entry.key_at.start);
        Table { entries }
    }

    fn node(&mut self, value: &toml::Spanned<DeValue<'_>>, depth: usize) -> Node {
        let at = self.at(value.span());
        if depth > DEPTH_MAX {
            self.sink.push(too_deep(at));
            return Node { at, value: Value::Float };
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(self.clean(text, at)),
            DeValue::Integer(digits) => {
                let value = i64::from_str_radix(digits.as_str(), digits.radix());
                value.map_or(Value::Float, Value::Integer)
            }
            DeValue::Float(_) => Value::Float,
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(items) => {
                Value::Array(items.iter().map(|item| self.node(item, depth + 1)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth)),
        };
        Node { at, value }
    }

    /// The text with Unix line ends; an escape may not bring in what may not be written.
    fn clean(&mut self, text: &str, at: At) -> String {
        let escaped = self.text.get(at.start as usize..at.end as usize);
        if escaped.is_some_and(|raw| raw.contains('\\')) {
            let allowed = |c: &char| matches!(c, '\n' | '\t');
            if let Some(c) = text.chars().find(|c| is_hidden(*c) && !allowed(c)) {
                self.sink.push(hidden(c, at));
            }
        }
        if text.contains('\r') { text.replace("\r\n", "\n") } else { text.to_owned() }
    }
}
