//! What a formula says of itself above its first table: enough to search and to list.

use crate::{
    Name,
    model::Root,
    read::{Keys as _, Spanned, Text, field},
    report::{Report, Sink, Sources},
    tree::{self, At},
};

/// The top of a formula. Nothing below the first table header was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Name of the package.
    pub name: Name,
    /// What the package is, in a few words.
    pub summary: String,
    /// What the package is, in a paragraph.
    pub description: Option<String>,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// Its license; a tap's default is not known here.
    pub license: Option<String>,
    /// Other names that it is found by.
    pub aliases: Vec<Name>,
    /// Names that it had before.
    pub replaces: Vec<Name>,
    /// Why nothing of it is linked into the prefix.
    pub keg_only: Option<String>,
}

impl Heading {
    /// Reads the top of a formula's text; the rest may be broken.
    pub fn parse(text: &str) -> Result<Self, Report> {
        let sources = Sources::new("formula", &text[..tree::first_header(text)]);
        let mut sink = Sink::new(&sources);
        match read(&mut sink) {
            Some(heading) if sink.errors() == 0 => Ok(heading),
            _ => Err(sink.into_report()),
        }
    }
}

fn read(sink: &mut Sink<'_>) -> Option<Heading> {
    let table = tree::parse(0, sink)?;
    sink.take(super::statics::schema(&table))?;
    for entry in table.entries.iter().filter(|entry| !Root::knows(&entry.key)) {
        sink.push(Root::unknown(entry));
    }
    let mut text = |key: &str| field::<Text>(&table, key, sink).map(|text| text.value);
    let (summary, description) = (text("summary"), text("description"));
    let (homepage, license, keg_only) = (text("homepage"), text("license"), text("keg-only"));
    let name: Option<Spanned<Name>> = field(&table, "name", sink);
    let mut names = |key: &str| {
        let names: Option<Vec<Spanned<Name>>> = field(&table, key, sink);
        names.unwrap_or_default().into_iter().map(|name| name.value).collect()
    };
    let (aliases, replaces) = (names("aliases"), names("replaces"));
    if sink.errors() == 0 && name.is_none() {
        sink.push(super::missing("name", "name = \"…\"", At::default()));
    }
    let (name, summary) = (name?.value, summary.unwrap_or_default());
    Some(Heading { name, summary, description, homepage, license, aliases, replaces, keg_only })
}
