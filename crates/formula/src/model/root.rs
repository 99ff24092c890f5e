//! The top of a formula, the rules below it, and `tap.toml`.

use crate::{
    Constraint, FullName, Name, Scheme, Selector,
    model::{
        Build, EnvName, Expose, Notice, Requires, Service, Setup, SourceTable, Test, Update,
        Variables, VersionTable,
    },
    read::{
        Keys as _, License, Map, OneOrMany, Placed, Read, SlotName, Spanned, Text, VersionText,
        table, unknown_key,
    },
    report::{Code, Finding, Sink},
    template::{Content, TemplateText},
    tree::{Entry, Node, Value},
};

table! {
    /// A formula: what a package is, which versions it has and where their bytes come from.
    struct Root {
        /// Version of the format: 1.
        "schema" schema: u32,
        /// Name of the package, and of the file without `.toml`.
        "name" name: Spanned<Name>,
        /// What the package is, in a few words.
        "summary" summary: Text,
        /// What the package is, in a paragraph.
        "description" description: Text,
        /// Its page on the web.
        "homepage" homepage: Text,
        /// Who looks after this formula.
        "maintainers" maintainers: Vec<Text>,
        /// Other names that it is found by.
        "aliases" aliases: Vec<Spanned<Name>>,
        /// Names that it had before.
        "replaces" replaces: Vec<Spanned<Name>>,
        /// How its versions are ordered; `semver` if nothing is said.
        "versioning" versioning: Spanned<Scheme>,
        /// Names for lines of versions: `pkg install node@lts`.
        "channels" channels: Map<Name, Spanned<Constraint>>,
        /// Exceptions, by platform and version, laid over the rest in this order.
        "when" when: Vec<Placed<When>>,
        /// Where new versions are looked for.
        "update" update: Placed<Update>,
        /// The versions: bare facts, one table each.
        "version" version: Map<VersionText, VersionTable>,
        ..rules: Rules,
    }
}

/// The keys of [`Root`] in the order in which a formula has them.
pub(crate) const ORDER: [&str; 30] = [
    "schema",
    "name",
    "summary",
    "description",
    "homepage",
    "license",
    "maintainers",
    "aliases",
    "replaces",
    "versioning",
    "slot",
    "keg-only",
    "conflicts",
    "caveats",
    "channels",
    "source",
    "requires",
    "depends",
    "build",
    "vars",
    "expose",
    "env",
    "service",
    "when",
    "setup",
    "test",
    "update",
    "deprecated",
    "disabled",
    "version",
];

table! {
    /// What `[[when]]` may change.
    struct Rules {
        /// License, as an SPDX expression.
        "license" license: Spanned<License>,
        /// The line of versions that can be installed beside others, such as `{version.major}`.
        "slot" slot: TemplateText,
        /// Why nothing of it is linked into the prefix.
        "keg-only" keg_only: Text,
        /// Packages that cannot be installed beside it, and why.
        "conflicts" conflicts: Map<Name, Text>,
        /// What the user is told after installing.
        "caveats" caveats: Text,
        /// Where the bytes come from.
        "source" source: Placed<SourceTable>,
        /// What the host must have.
        "requires" requires: Requires,
        /// What must be installed with it.
        "depends" depends: Map<FullName, Depend>,
        /// How it is built from source.
        "build" build: Placed<Build>,
        /// Variables of templates, constant or by platform.
        "vars" vars: Variables,
        /// What of it is linked into the prefix; everything in a standard layout by default.
        "expose" expose: Expose,
        /// Environment variables for `pkg env` and `pkg run`.
        "env" env: Map<EnvName, Content>,
        /// The service that it can run as.
        "service" service: Placed<Service>,
        /// Steps after installing.
        "setup" setup: Vec<Placed<Setup>>,
        /// What must hold of the installed package.
        "test" test: OneOrMany<Placed<Test>>,
        /// It should not be used any more.
        "deprecated" deprecated: Placed<Notice>,
        /// It cannot be installed any more.
        "disabled" disabled: Placed<Notice>,
    }
}

table! {
    /// An exception: where platform and version fit, its other keys are laid over the formula.
    struct When {
        /// The platforms that it is for.
        "platform" platform: OneOrMany<Spanned<Selector>>,
        /// The versions that it is for, compared by plain order.
        "version" version: Spanned<Constraint>,
        ..rules: Rules,
    }
    unknown = unknown_in_when;
}

fn unknown_in_when(entry: &Entry) -> Finding {
    if !Root::knows(&entry.key) {
        return unknown_key(entry, &When::every());
    }
    let message = format!("`[[when]]` cannot set `{}`", entry.key);
    Finding::new(Code::Forbidden, entry.key_at, message)
        .label("is the same for every platform and version")
        .help(format!("write `{}` at the top of the formula", entry.key))
}

/// A dependency: a constraint alone, or a table.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Depend {
    Plain(Spanned<Constraint>),
    Full(Box<DependTable>),
}

table! {
    /// A dependency with more to say than its constraint.
    struct DependTable {
        /// The versions that will do; `*` if nothing is said.
        "version" version: Spanned<Constraint>,
        /// The slot that is needed.
        "slot" slot: Spanned<SlotName>,
        /// Whether the package works without it.
        "optional" optional: bool,
        /// What it is needed for.
        "why" why: Text,
    }
}

impl Read for Depend {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Table(_) => Read::read(node, sink).map(|table| Self::Full(Box::new(table))),
            _ => Read::read(node, sink).map(Self::Plain),
        }
    }
}

table! {
    /// `tap.toml`: what holds for every formula of a folder.
    struct Tap {
        /// The tap's name.
        "name" name: Spanned<Name>,
        /// The base in a registry that `pkg publish` pushes below.
        "registry" registry: Text,
        /// How many versions `pkg bump` keeps in a formula.
        "keep" keep: u32,
        /// What a formula says where it does not say otherwise.
        "defaults" defaults: TapDefaults,
    }
}

table! {
    /// Defaults of a tap.
    struct TapDefaults {
        /// See the formula's key.
        "license" license: Spanned<License>,
        /// See the formula's key.
        "maintainers" maintainers: Vec<Text>,
        /// See the formula's key.
        "depends" depends: Map<FullName, Depend>,
    }
}
