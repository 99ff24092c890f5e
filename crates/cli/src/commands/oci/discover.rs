//! `pkg oci discover`

use clap::Args;
use publish::discover::{self, Node, Order};

use super::{
    format::Format,
    target::{Target, plain, platform},
};
use crate::{args::examples, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci discover ghcr.io/acme/foo:1.2.3", "signatures, bills of material, and theirs"),
]))]
pub struct Discover {
    #[command(flatten)]
    pub target: Target,
    /// Only referrers of a type
    #[arg(long, value_name = "TYPE")]
    pub artifact_type: Option<String>,
    /// Of an index, what refers to the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    /// How many steps to follow
    #[arg(long, value_name = "NUMBER")]
    pub depth: Option<usize>,
    #[command(flatten)]
    pub format: Format,
}

impl Discover {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        let (place, registry) = self.target.open(session)?;
        let platform = platform(self.platform.as_deref())?;
        let order = Order { platform, artifact_type: self.artifact_type, depth: self.depth };
        let root = discover::discover(&registry.home, &place, &order)?;
        session.progress.end();
        let view = view::Discovered::of(&place, &root);
        self.format.answer(session, &view, || {
            let here = place.bare().with_digest(root.descriptor.digest.clone());
            session.printer.answer(plain(&here));
            let mut lines = Vec::new();
            branch(&root, "", &mut lines);
            lines.iter().for_each(|line| session.printer.answer(line));
        })
    }
}

/// The lines below a manifest: types, digests of each, and what is said of them.
fn branch(node: &Node, indent: &str, lines: &mut Vec<String>) {
    let mut types: Vec<&str> = Vec::new();
    for referrer in &node.referrers {
        let kind = kind(referrer);
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    for (position, name) in types.iter().enumerate() {
        let below = twig(indent, position + 1 == types.len(), name, lines);
        let of_type: Vec<_> = node.referrers.iter().filter(|it| kind(it) == *name).collect();
        for (position, referrer) in of_type.iter().enumerate() {
            let is_last = position + 1 == of_type.len();
            let digest = referrer.descriptor.digest.as_str();
            leaf(referrer, &twig(&below, is_last, digest, lines), lines);
        }
    }
}

/// What is said of a referrer, and what refers to it.
fn leaf(node: &Node, indent: &str, lines: &mut Vec<String>) {
    let said = &node.descriptor.annotations;
    if !said.is_empty() {
        let below = twig(indent, node.referrers.is_empty(), "[annotations]", lines);
        for (position, (key, value)) in said.iter().enumerate() {
            let text = format!("{key}: {}", quoted(value));
            twig(&below, position + 1 == said.len(), &text, lines);
        }
    }
    branch(node, indent, lines);
}

/// Adds a line; the indent of what is below it.
fn twig(indent: &str, is_last: bool, text: &str, lines: &mut Vec<String>) -> String {
    let (branch, gap) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
    lines.push(format!("{indent}{branch}{}", text.replace(['\n', '\r'], " ")));
    format!("{indent}{gap}")
}

fn kind(node: &Node) -> &str {
    node.descriptor.artifact_type.as_deref().unwrap_or("<unknown>")
}

/// The value as YAML has it: in quotes where it could be taken for something else than a text.
fn quoted(value: &str) -> String {
    let starts_plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._/+-@=".contains(c);
    let means = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = means.iter().any(|word| value.eq_ignore_ascii_case(word));
    match starts_plain && value.chars().all(is_plain) && !is_word && !value.ends_with(' ') {
        true => value.to_owned(),
        false => format!("{value:?}"),
    }
}
