//! One formula as a line of the snapshot: fields between tabs, in the order of [`Record`].

use std::fmt::Write as _;

use crate::edition::{Entry, sources::Spot};

/// What a line says of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) name: &'a str,
    /// With a space between them.
    pub(crate) aliases: &'a str,
    /// With a space between them.
    pub(crate) replaces: &'a str,
    pub(crate) summary: &'a str,
    /// The summary in lower case, where that is another text.
    pub(crate) folded: &'a str,
    pub(crate) homepage: &'a str,
    pub(crate) license: &'a str,
    /// The beginning of the digest of the formula's text, to tell two texts apart.
    pub(crate) source: &'a str,
    /// Where the text stands; the frame is counted from the beginning of the snapshot.
    pub(crate) spot: Spot,
    /// Where the layer of the text ends.
    pub(crate) layer_end: u64,
    /// Where its versions stand among those of all, if one has packages: start and length.
    pub(crate) versions: Option<(u64, u64)>,
}

/// Digits of a text's digest in a line.
pub(crate) const SOURCE_DIGITS: usize = 32;

impl<'a> Record<'a> {
    /// Reads a line without its end; `None` for a line of another form.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(line).ok()?.split('\t');
        let mut text = || fields.next();
        let (name, aliases, replaces) = (text()?, text()?, text()?);
        let (summary, folded, homepage, license) = (text()?, text()?, text()?, text()?);
        let source = text()?;
        let mut place = text()?.split(' ').map(|number| number.parse::<u64>().ok());
        let mut number = || place.next().flatten();
        let spot = Spot { frame: number()?, skip: number()?, len: number()? };
        let layer_end = number()?;
        let versions = number().zip(number());
        Some(Self {
            name,
            aliases,
            replaces,
            summary,
            folded,
            homepage,
            license,
            source,
            spot,
            layer_end,
            versions,
        })
    }

    /// The summary in lower case.
    pub(crate) fn lower_summary(&self) -> &'a str {
        if self.folded.is_empty() { self.summary } else { self.folded }
    }

    /// Its own name and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.name).chain(words(self.aliases))
    }
}

pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// The line of an entry, with its end.
pub(crate) fn line(
    entry: &Entry,
    spot: Spot,
    layer_end: u64,
    versions: Option<(u64, u64)>,
) -> String {
    let joined = |names: &[formula::Name]| {
        names.iter().map(formula::Name::as_str).collect::<Vec<_>>().join(" ")
    };
    let summary = flat(&entry.summary);
    let folded = summary.to_lowercase();
    let folded = if folded == summary { "" } else { &folded };
    let homepage = flat(entry.homepage.as_deref().unwrap_or_default());
    let license = flat(entry.license.as_deref().unwrap_or_default());
    let source = entry.source.encoded();
    let source = source.get(..SOURCE_DIGITS).unwrap_or(source);
    let (aliases, replaces) = (joined(&entry.aliases), joined(&entry.replaces));
    let Spot { frame, skip, len } = spot;
    let mut line = format!(
        "{}\t{aliases}\t{replaces}\t{summary}\t{folded}\t{homepage}\t{license}\t{source}\t\
         {frame} {skip} {len} {layer_end}",
        entry.name
    );
    if let Some((start, len)) = versions {
        let _infallible = write!(line, " {start} {len}");
    }
    line.push('\n');
    line
}

/// The text on one line: what would end a field or a line becomes a space.
fn flat(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}
