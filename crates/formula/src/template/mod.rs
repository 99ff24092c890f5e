//! Templates: texts with `{tokens}` that say where, never what.
//!
//! There is no logic in a template. `{{` and `}}` are literal braces; in texts that programs read
//! (commands, settings, what tests compare) a brace that begins no token is literal as well.

mod expand;
mod install;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Deref;

use crate::{
    read::{Leaf, Read, Spanned, wrong_kind},
    report::{Code, Finding, Sink},
    tree::{At, Node, Value},
};

pub(crate) use expand::{Expander, Phase, Tag};
pub use install::{Error, Token, install};
pub use words::platform_words;

/// Words that no variable may be named.
pub(crate) const RESERVED: [&str; 15] = [
    "os", "arch", "triple", "version", "name", "exe", "tag", "prefix", "keg", "etc", "var", "dep",
    "out", "src", "jobs",
];

/// A text that is cut into literal pieces and tokens.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Literal(Box<str>),
    Token { name: Box<str>, at: At },
}

pub(crate) type TemplateText = Spanned<Template>;

impl Leaf for Template {
    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        Self::parse(text, at, false)
    }
}

/// A template for text that programs read: a brace that begins no token stands for itself.
///
/// So JSON and regular expressions can be written as they are; `{version` in an address cannot.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Content(TemplateText);

impl Deref for Content {
    type Target = TemplateText;

    fn deref(&self) -> &TemplateText {
        &self.0
    }
}

impl Read for Content {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let template = match &node.value {
            Value::Text(text) => Template::parse(text, node.at, true),
            _ => Err(wrong_kind(node, Template::KIND)),
        };
        Some(Self(Spanned { value: sink.take(template)?, at: node.at }))
    }
}

impl Template {
    fn parse(text: &str, at: At, lenient: bool) -> Result<Self, Finding> {
        let mut pieces = Vec::new();
        let (mut alone, mut doubled) = (None, false);
        for part in Parts::of(text) {
            match part {
                Part::Literal(literal) => pieces.push(Piece::Literal(literal.into())),
                Part::Doubled(brace) => {
                    doubled = true;
                    pieces.push(Piece::Literal(brace.into()));
                }
                Part::Alone { brace, place } => {
                    alone = alone.or(Some(place));
                    pieces.push(Piece::Literal(brace.into()));
                }
                Part::Token { name, place } => {
                    let at = inside(at, text, place, name.len() + 2);
                    pieces.push(Piece::Token { name: name.into(), at });
                }
            }
        }
        match alone {
            Some(place) if !lenient || doubled => {
                let why = if lenient { "single and double braces in one text" } else { NO_TOKEN };
                Err(Finding::new(Code::Token, inside(at, text, place, 1), why)
                    .label("not a token")
                    .help("write every literal brace twice: `{{` and `}}`"))
            }
            _ => Ok(Self { pieces }),
        }
    }
}

const NO_TOKEN: &str = "a brace that belongs to no token";

/// The text with a letter for each token, to see whether it makes sense at all.
pub(crate) fn plain(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.to_string(),
        Piece::Token { .. } => "x".to_owned(),
    };
    template.pieces.iter().map(piece).collect()
}

/// The place of a part of `text`, where the source has it in plain quotes; else the whole text.
fn inside(at: At, text: &str, place: usize, len: usize) -> At {
    let plain = (at.end - at.start) as usize == text.len() + 2;
    let [place, len] = [place, len].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    match at.start.checked_add(1).and_then(|start| start.checked_add(place)) {
        Some(start) if plain && start + len <= at.end => At { start, end: start + len, ..at },
        _ => at,
    }
}

/// One part of a template's text.
enum Part<'a> {
    Literal(&'a str),
    /// `{{` or `}}`, as the one brace that it stands for.
    Doubled(&'a str),
    /// A brace that is neither doubled nor part of a token.
    Alone {
        brace: &'a str,
        place: usize,
    },
    Token {
        name: &'a str,
        place: usize,
    },
}

/// Cuts a text at its braces.
struct Parts<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, place: 0 }
    }
}

/// The name of the token that a text begins with: `{`, a letter, and what names are made of.
fn token(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.:+@/".contains(&b);
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(allowed))
        .then_some(name)
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let (rest, place) = (&self.text[self.place..], self.place);
        let first = *rest.as_bytes().first()?;
        let (part, len) = match (first, token(rest)) {
            (_, Some(name)) => (Part::Token { name, place }, name.len() + 2),
            (b'{' | b'}', None) if rest.as_bytes().get(1) == Some(&first) => {
                (Part::Doubled(&rest[..1]), 2)
            }
            (b'{' | b'}', None) => (Part::Alone { brace: &rest[..1], place }, 1),
            _ => {
                let len = rest.find(['{', '}']).unwrap_or(rest.len());
                (Part::Literal(&rest[..len]), len)
            }
        };
        self.place += len;
        Some(part)
    }
}
