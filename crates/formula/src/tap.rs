//! `tap.toml`, and what holds between the formulas of one tap.
//!
//! This file deliberately does not know where a tap lies.

use std::sync::Arc;

use crate::{
    model,
    read::Read as _,
    report::{Report, Sink, SourceText, Sources},
    tree::{self, At, Node, Table, Value},
    url,
};

/// What a tap says for every formula that does not say otherwise.
#[derive(Debug, Clone)]
pub struct Defaults {
    table: Table,
    source: Option<Arc<SourceText>>,
    kind: TapKind,
}

/// Where a tap comes from, which decides what addresses its formulas may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TapKind {
    /// A folder of this machine: private addresses are its owner's own matter.
    Folder,
    /// A registry; private addresses only on the registry's own host and port.
    Registry {
        /// The registry's host, with its port if it has one.
        host: String,
    },
}

impl TapKind {
    pub(crate) fn may_reach(&self, authority: &str) -> bool {
        match self {
            Self::Folder => true,
            Self::Registry { host } => host.eq_ignore_ascii_case(authority),
        }
    }
}

impl Defaults {
    /// No defaults, for the formulas of a folder.
    pub fn none() -> Self {
        Self { table: Table::default(), source: None, kind: TapKind::Folder }
    }

    /// The same defaults for a tap that comes from elsewhere.
    pub fn with_kind(mut self, kind: TapKind) -> Self {
        self.kind = kind;
        self
    }

    /// Whether a formula need not write a key of the top, as `license`.
    pub fn says(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn source(&self) -> Option<Arc<SourceText>> {
        self.source.clone()
    }

    pub(crate) fn kind(&self) -> &TapKind {
        &self.kind
    }
}

/// What `tap.toml` says of a folder of formulas.
#[derive(Debug, Clone)]
pub struct TapFile {
    /// The tap's name; without one the folder's name serves.
    pub name: Option<String>,
    /// The base in a registry that `pkg publish` pushes below.
    pub registry: Option<String>,
    /// How many versions `pkg bump` keeps in a formula.
    pub keep: Option<u32>,
    /// What holds for formulas that do not say otherwise.
    pub defaults: Defaults,
}

impl TapFile {
    /// Reads the `tap.toml` of a folder; `file` is its name in messages.
    pub fn parse(text: &str, file: &str) -> Result<Self, Report> {
        Self::parse_from(text, file, TapKind::Folder)
    }

    /// Reads the `tap.toml` of a tap that comes from elsewhere, which may not name any address.
    pub fn parse_from(text: &str, file: &str, kind: TapKind) -> Result<Self, Report> {
        // Number 1 is the tap's file, wherever its values are merged into a formula.
        let sources = Sources::new("", "")
            .with_tap(Some(Arc::new(SourceText { file: file.to_owned(), text: text.to_owned() })));
        let mut sink = Sink::new(&sources);
        let Some(table) = tree::parse(1, &mut sink) else { return Err(sink.into_report()) };
        let defaults = match table.get("defaults").map(|entry| &entry.node.value) {
            Some(Value::Table(defaults)) => defaults.clone(),
            _ => Table::default(),
        };
        let node = Node { at: At { file: 1, start: 0, end: 0 }, value: Value::Table(table) };
        let tap = model::Tap::read(&node, &mut sink).unwrap_or_default();
        if let Some(registry) = &tap.registry {
            sink.take(url::check_registry(&registry.value, registry.at, &kind));
        }
        sink.into_report().into_result()?;
        Ok(Self {
            name: tap.name.map(|name| name.to_string()),
            registry: tap.registry.map(|registry| registry.value),
            keep: tap.keep,
            defaults: Defaults { table: defaults, source: Some(sources.get(1).clone()), kind },
        })
    }
}
