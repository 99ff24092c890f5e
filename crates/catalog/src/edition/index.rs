//! The index of an edition: every formula, its versions, and what was published of them.
//!
//! It is read as a stream, one formula at a time, so that a tap of any size takes the memory of
//! one entry. Whether an entry is true is for the reader to say, who has the formula's text.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt,
    io::{self, BufReader, Read, Write},
    rc::Rc,
};

use digest::Digest;
use formula::{Key, Name, Notice};
use serde::{
    Deserialize, Serialize,
    de::{
        DeserializeSeed, Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
    },
};
use serde_json::value::RawValue;

use super::Moment;

/// The schema that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// Largest index once decoded, and largest entry, in bytes.
const BYTES_MAX: u64 = 2 << 30;
const ENTRY_BYTES_MAX: u64 = 4 << 20;

/// What the index says of the tap, in front of its formulas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of this shape.
    pub schema: u32,
    /// Name of the tap.
    pub tap: String,
    /// Counts the tap's editions from 1.
    pub serial: u64,
    /// When it was published.
    pub published: Moment,
    /// The digest of `tap.toml`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap_file: Option<Digest>,
}

/// One formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// The schema of its text.
    pub schema: u32,
    /// The digest of its text.
    pub source: Digest,
    /// What the package is, in a few words.
    pub summary: String,
    /// Its page on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Its license, as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Other names that it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Name>,
    /// Names that it had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Name>,
    /// Its newest version should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Notice>,
    /// Its newest version cannot be installed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Notice>,
    /// Its versions, newest first.
    pub versions: Vec<Version>,
}

/// One version of a formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// The version, as text.
    pub version: String,
    /// The rebuild of this version.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The day of its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Why it should not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// The index of what was published of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Digest>,
    /// What was published of it, by platform.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub platforms: BTreeMap<Key, Package>,
}

/// A package of one version for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its manifest.
    pub manifest: Digest,
    /// Bytes of its layers, as they come.
    pub size: u64,
    /// Bytes of its files once unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked_size: Option<u64>,
    /// Number of its files, links and folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<u64>,
}

/// An entry as it was read.
pub(crate) enum Item {
    /// One that this program understands.
    Entry(Box<Entry>),
    /// One of a later schema.
    Later { name: Name, schema: u32, source: Digest },
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Writes an index: the head's keys first, then the formulas, each on a line of its own.
pub(crate) fn write<'a>(
    head: &Head,
    entries: impl Iterator<Item = &'a Entry>,
    out: &mut impl Write,
) -> io::Result<()> {
    let text = serde_json::to_string(head)?;
    out.write_all(text.strip_suffix('}').unwrap_or(&text).as_bytes())?;
    out.write_all(b",\"formulas\":[")?;
    for (number, entry) in entries.enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, entry)?;
    }
    out.write_all(b"\n]}\n")
}

/// Reads an index; `on` gets each entry in the order of the document, and may refuse it.
///
/// What `on` refuses with is kept by the caller: here it only ends the reading.
pub(crate) fn read(
    decoded: impl Read,
    on: &mut dyn FnMut(&Head, Item) -> Result<(), ()>,
) -> Result<Head, serde_json::Error> {
    let left = Rc::new(Cell::new(ENTRY_BYTES_MAX));
    let metered = Metered { inner: decoded, whole: BYTES_MAX, entry: left.clone() };
    let mut json =
        serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, metered));
    let head = json.deserialize_map(Document { on, left })?;
    json.end()?;
    Ok(head)
}

/// Gives no more bytes than an index, or one entry, may have.
struct Metered<R> {
    inner: R,
    whole: u64,
    entry: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let bytes = count as u64;
        match (self.whole.checked_sub(bytes), self.entry.get().checked_sub(bytes)) {
            (Some(whole), Some(entry)) => {
                self.whole = whole;
                self.entry.set(entry);
                Ok(count)
            }
            _ => Err(io::Error::other("it is larger than 2 GiB, or one entry than 4 MiB")),
        }
    }
}

struct Document<'a> {
    on: &'a mut dyn FnMut(&Head, Item) -> Result<(), ()>,
    left: Rc<Cell<u64>>,
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the index of a tap")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let mut front = serde_json::Map::new();
        let mut head = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "formulas" {
                if head.is_some() {
                    return Err(A::Error::duplicate_field("formulas"));
                }
                let known = read_head(&front).map_err(A::Error::custom)?;
                map.next_value_seed(Formulas { head: &known, on: self.on, left: &self.left })?;
                head = Some(known);
            } else if head.is_some() {
                map.next_value::<IgnoredAny>()?;
            } else if front.insert(key.clone(), map.next_value()?).is_some() {
                return Err(A::Error::custom(format_args!("`{key}` is there twice")));
            }
        }
        head.ok_or_else(|| A::Error::missing_field("formulas"))
    }
}

/// The keys that stand before the formulas; a later schema is told before anything else of it.
fn read_head(front: &serde_json::Map<String, serde_json::Value>) -> Result<Head, String> {
    match front.get("schema").and_then(serde_json::Value::as_u64) {
        Some(schema) if schema > u64::from(SCHEMA) => {
            Err(format!("its schema is {schema}; this pkg reads {SCHEMA}: update pkg"))
        }
        _ => {
            let front = serde_json::Value::Object(front.clone());
            Head::deserialize(front).map_err(|error| error.to_string())
        }
    }
}

struct Formulas<'a> {
    head: &'a Head,
    on: &'a mut dyn FnMut(&Head, Item) -> Result<(), ()>,
    left: &'a Cell<u64>,
}

impl<'de> DeserializeSeed<'de> for Formulas<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Formulas<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of formulas")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.left.set(ENTRY_BYTES_MAX);
        while let Some(text) = list.next_element::<Box<RawValue>>()? {
            self.left.set(ENTRY_BYTES_MAX);
            let entry = read_entry(text.get()).map_err(A::Error::custom)?;
            (self.on)(self.head, entry).map_err(|()| A::Error::custom("an entry was refused"))?;
        }
        Ok(())
    }
}

/// Of a formula of a later schema only what every schema has is read.
fn read_entry(text: &str) -> Result<Item, serde_json::Error> {
    #[derive(Deserialize)]
    struct Any {
        name: Name,
        schema: u32,
        source: Digest,
    }
    let Any { name, schema, source } = serde_json::from_str(text)?;
    if schema > SCHEMA {
        return Ok(Item::Later { name, schema, source });
    }
    serde_json::from_str(text).map(|entry| Item::Entry(Box::new(entry)))
}
