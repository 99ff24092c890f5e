//! TOML as a tree whose every key and value knows where it was written.
//!
//! This room deliberately does not know which keys a formula has.

mod merge;
mod outline;
mod parse;
#[cfg(test)]
mod tests;

pub(crate) use merge::merge;
pub(crate) use outline::first_header;
pub(crate) use parse::{is_hidden, parse};

/// A place in one of the files that a formula is merged from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// Which file: an index into [`crate::report::Sources`].
    pub(crate) file: u8,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A value and where it was written; a table under a header stands where the header stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Bool(bool),
    /// A date or a date and time, as it was written.
    Date(String),
    /// A float: no key of a formula is one.
    Float,
    Array(Vec<Node>),
    Table(Table),
}

impl Value {
    /// The word for the kind of value, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Bool(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::Float => "a float",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Keys and values in the order of the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// Whether two values say the same, wherever they were written.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Date(left), Value::Date(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(&left.value, &right.value))
        }
        (Value::Table(left), Value::Table(right)) => {
            let found = |entry: &Entry| {
                right
                    .get(&entry.key)
                    .is_some_and(|other| same(&entry.node.value, &other.node.value))
            };
            left.entries.len() == right.entries.len() && left.entries.iter().all(found)
        }
        _ => false,
    }
}
