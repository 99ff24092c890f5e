//! From the tree to typed values, with every mistake at its place.
//!
//! A table of the format is declared once, with [`table!`]: its keys in canonical order, their
//! types and what they say. Reading, the list of known keys and the JSON schema follow from that.

mod leaf;
mod schema;

use std::ops::Deref;

use crate::{
    report::{Code, Finding, Sink, nearest},
    tree::{At, Entry, Node, Table, Value},
};

pub(crate) use leaf::{Commit, Date, Leaf, License, SlotName, VariableName, VersionText};

/// Reads itself from a node; what is wrong goes to the sink, then there is no value.
pub(crate) trait Read: Sized {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self>;
}

/// A table with a fixed set of keys.
pub(crate) trait Keys: Sized {
    /// Whether the table has this key.
    fn knows(key: &str) -> bool;

    /// Every key, in canonical order.
    fn every() -> Vec<&'static str>;

    /// Reads the keys; one that is missing or `false` is `None`.
    fn fields(table: &Table, sink: &mut Sink<'_>) -> Self;

    /// What is wrong with a key that the table does not have.
    fn unknown(entry: &Entry) -> Finding {
        unknown_key(entry, &Self::every())
    }
}

/// An unknown key, and the one of `known` that was probably meant.
pub(crate) fn unknown_key(entry: &Entry, known: &[&'static str]) -> Finding {
    let help = match nearest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.len() > 16 => "docs/formula.md lists the keys of a formula".to_owned(),
        None => format!("the keys here are {}", known.join(", ")),
    };
    Finding::new(Code::UnknownKey, entry.key_at, format!("unknown key `{}`", entry.key))
        .label("unknown key")
        .help(help)
}

/// A value of another kind than the key wants.
pub(crate) fn wrong_kind(node: &Node, wanted: &str) -> Finding {
    let found = node.value.kind();
    Finding::new(Code::Value, node.at, format!("expected {wanted}, found {found}"))
        .label(format!("this is {found}"))
}

impl<T: Keys> Read for T {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            sink.push(wrong_kind(node, "a table"));
            return None;
        };
        for entry in table.entries.iter().filter(|entry| !Self::knows(&entry.key)) {
            sink.push(Self::unknown(entry));
        }
        Some(Self::fields(table, sink))
    }
}

/// The value of a key that may be missing; `false` says that it is not there.
pub(crate) fn field<T: Read>(table: &Table, key: &str, sink: &mut Sink<'_>) -> Option<T> {
    let entry = table.get(key)?;
    match entry.node.value {
        Value::Bool(false) => None,
        _ => T::read(&entry.node, sink),
    }
}

/// Declares a table: `"key" field: type,` in canonical order; `..rest: Type` takes in the keys of
/// another table, and `unknown = function` words what is wrong with a key that it does not have.
macro_rules! table {
    (
        $(#[$doc:meta])*
        struct $name:ident {
            $($(#[$field_doc:meta])* $key:literal $field:ident: $type:ty,)*
            $(..$rest:ident: $rest_type:ty,)?
        }
        $(unknown = $unknown:path;)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[allow(dead_code, reason = "some keys are read and checked, and serve nobody yet")]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[schemars(rename = $key)] pub(crate) $field: Option<$type>,)*
            $(#[schemars(flatten)] pub(crate) $rest: $rest_type,)?
        }

        impl $crate::read::Keys for $name {
            fn knows(key: &str) -> bool {
                matches!(key, $($key)|*) $(|| <$rest_type>::knows(key))?
            }

            fn every() -> Vec<&'static str> {
                #[allow(unused_mut, reason = "only a table with a rest extends the list")]
                let mut keys = vec![$($key),*];
                $(keys.extend(<$rest_type>::every());)?
                keys
            }

            fn fields(table: &$crate::tree::Table, sink: &mut $crate::report::Sink<'_>) -> Self {
                Self {
                    $($field: $crate::read::field(table, $key, sink),)*
                    $($rest: <$rest_type>::fields(table, sink),)?
                }
            }

            $(fn unknown(entry: &$crate::tree::Entry) -> $crate::report::Finding {
                $unknown(entry)
            })?
        }
    };
}
pub(crate) use table;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) at: At,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Leaf> Read for Spanned<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let read = match &node.value {
            Value::Text(text) => T::from_text(text, node.at),
            Value::Date(text) if T::IS_DATE => T::from_text(text, node.at),
            _ => Err(wrong_kind(node, T::KIND)),
        };
        Some(Self { value: sink.take(read)?, at: node.at })
    }
}

/// A text with no grammar of its own.
pub(crate) type Text = Spanned<String>;

impl Read for bool {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                sink.push(wrong_kind(node, "`true` or `false`"));
                None
            }
        }
    }
}

impl Read for u32 {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let found = match node.value {
            Value::Integer(value) => Self::try_from(value).ok(),
            _ => None,
        };
        if found.is_none() {
            sink.push(wrong_kind(node, "a whole number that is not negative"));
        }
        found
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match &node.value {
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| T::read(item, sink)).collect())
            }
            _ => {
                sink.push(wrong_kind(node, "a list").help("write it in brackets: `[…]`"));
                None
            }
        }
    }
}

/// A table and where it begins, for what is missing in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) at: At,
    /// Whether everything in it could be read, so that what is not there was not written.
    pub(crate) whole: bool,
}

impl<T> Deref for Placed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Keys> Read for Placed<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let before = sink.errors();
        let value = T::read(node, sink)?;
        Some(Self { value, at: node.at, whole: sink.errors() == before })
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl<T: Read> Read for OneOrMany<T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Array(_) => Vec::read(node, sink).map(Self::Many),
            _ => T::read(node, sink).map(Self::One),
        }
    }
}

/// A table whose keys the formula chooses, in the order of the source.
#[derive(Debug, Clone)]
pub(crate) struct Map<K, T> {
    pub(crate) entries: Vec<(Spanned<K>, T)>,
}

impl<K, T> Default for Map<K, T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K, T> Map<K, T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Spanned<K>, T)> {
        self.entries.iter()
    }
}

impl<K: Leaf, T: Read> Read for Map<K, T> {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            sink.push(wrong_kind(node, "a table"));
            return None;
        };
        let mut entries = Vec::with_capacity(table.entries.len());
        for entry in &table.entries {
            let key = sink.take(K::from_text(&entry.key, entry.key_at));
            if let Value::Bool(false) = entry.node.value {
                continue;
            }
            let value = T::read(&entry.node, sink);
            if let (Some(key), Some(value)) = (key, value) {
                entries.push((Spanned { value: key, at: entry.key_at }, value));
            }
        }
        Some(Self { entries })
    }
}
