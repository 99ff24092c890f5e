//! Making a snapshot of an edition's layers and index, and holding the two against each other.
//!
//! What the index says of a formula must be what the formula's own text says; else the edition is
//! refused whole. A formula that only a later program can read is left out, and said.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Read, Seek as _, Write as _},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::Path,
};

use digest::{Digest, Sha256};
use formula::{Heading, Report, TapFile, TapKind};
use tempfile::NamedTempFile;

use super::{FRONT_BYTES, Head, Kept, MARK, record};
use crate::edition::{
    Entry, Parts,
    index::{self, Item},
    sources::{self, Spot},
};

/// A snapshot in the making; gone when dropped before it is persisted.
pub(crate) struct Draft {
    file: NamedTempFile,
    layers: Vec<Kept>,
    end: u64,
}

/// Whose edition it is: what it must say of itself.
pub(crate) struct Origin<'a> {
    pub(crate) parts: &'a Parts,
    /// From where it comes, which decides what `tap.toml` may name.
    pub(crate) kind: TapKind,
}

/// The rule that an edition breaks.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The index cannot be read.
    #[error("its index cannot be read")]
    Index(#[source] serde_json::Error),
    /// The index is of another tap or edition than the manifest.
    #[error("its index says {what} {found}, its manifest {expected}")]
    Differs {
        /// What of it.
        what: &'static str,
        /// What the index says.
        found: String,
        /// What the manifest says.
        expected: String,
    },
    /// Names are twice in the index, or not in order.
    #[error("its index has `{name}` twice, or out of order")]
    Order {
        /// The name.
        name: String,
    },
    /// A layer with formulas cannot be read.
    #[error("its layer {digest} cannot be read")]
    Layer {
        /// The layer.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: sources::Error,
    },
    /// A formula is in its layers twice.
    #[error("its layers have `{name}.toml` twice")]
    Twice {
        /// The formula.
        name: String,
    },
    /// The text of a formula is missing, or another one.
    #[error("its index and its layers do not have the same `{name}.toml`")]
    Source {
        /// The formula.
        name: String,
    },
    /// The index says of a formula what its text does not.
    #[error("its index says of `{name}` what the formula does not")]
    Untrue {
        /// The formula.
        name: String,
    },
    /// The tap's file breaks the format.
    #[error("its tap.toml breaks the format")]
    TapFile(#[source] Report),
    /// The file cannot be written here.
    #[error("it cannot be kept on this machine")]
    Write(#[from] io::Error),
}

/// A text of the layers.
struct Told {
    source: Sha256,
    spot: Spot,
    layer_end: u64,
    /// What the formula says of itself, hashed; or why it cannot be read.
    heading: Result<Sha256, String>,
}

impl Draft {
    /// Room for the layers, each at its place.
    pub(crate) fn begin(folder: &Path, sources: &[oci::Descriptor]) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        let mut end = FRONT_BYTES;
        let mut layers = Vec::new();
        for layer in sources {
            layers.push(Kept { digest: layer.digest.clone(), start: end, size: layer.size });
            end += layer.size;
        }
        Ok(Self { file, layers, end })
    }

    pub(crate) fn layers(&self) -> &[Kept] {
        &self.layers
    }

    /// The file, to write a layer's bytes to their place.
    pub(crate) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Takes a layer from another snapshot.
    pub(crate) fn copy(&self, to: &Kept, mut from: impl Read) -> io::Result<()> {
        let mut file = self.file.as_file();
        file.seek(io::SeekFrom::Start(to.start))?;
        match io::copy(&mut from, &mut file)? {
            size if size == to.size => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Checks everything and writes what makes reading fast; `index` is the index as it came.
    pub(crate) fn finish(&mut self, index: &File, origin: &Origin<'_>) -> Result<(), Broken> {
        let (mut told, tap_file) = self.texts()?;
        let mut writing = Writing::new(self.file.as_file(), self.end)?;
        let mut broken = None;
        let decoder = zstd::stream::read::Decoder::new(index)?;
        let read = index::read(decoder, &mut |head, entry| {
            check_head(head, origin.parts)
                .and_then(|()| writing.entry(entry, &mut told))
                .map_err(|error| broken = Some(error))
        });
        let head = match (read, broken) {
            (_, Some(broken)) => return Err(broken),
            (read, None) => read.map_err(Broken::Index)?,
        };
        // An index without formulas was not checked yet.
        check_head(&head, origin.parts)?;
        if let Some(name) = told.into_keys().next() {
            return Err(Broken::Source { name });
        }
        let digest = tap_file.as_ref().map(|text| sources::digest(text.as_bytes()));
        if digest != head.tap_file {
            return Err(Broken::Source { name: sources::TAP.to_owned() });
        }
        if let Some(text) = &tap_file {
            TapFile::parse_from(text, "tap.toml", origin.kind.clone()).map_err(Broken::TapFile)?;
        }
        writing.finish(&head, tap_file, &self.layers)?;
        Ok(())
    }

    /// Puts the snapshot in its place, where it survives a loss of power.
    pub(crate) fn persist(self, path: &Path) -> io::Result<()> {
        let permissions = std::fs::Permissions::from_mode(0o644);
        self.file.as_file().set_permissions(permissions)?;
        self.file.as_file().sync_all()?;
        self.file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The formulas' texts by name, and the text of `tap.toml`.
    fn texts(&self) -> Result<(BTreeMap<String, Told>, Option<String>), Broken> {
        let (mut told, mut tap_file, mut twice) = (BTreeMap::new(), None, None);
        let mut bytes = Vec::new();
        for layer in &self.layers {
            bytes.resize(usize::try_from(layer.size).unwrap_or(usize::MAX), 0);
            self.file.as_file().read_exact_at(&mut bytes, layer.start)?;
            let layer_end = layer.start + layer.size;
            let read = sources::read(&bytes, &mut |name, spot, text| {
                if name == sources::TAP {
                    let before = tap_file.replace(String::from_utf8_lossy(text).into_owned());
                    twice = twice.take().or(before.map(|_| name.to_owned()));
                    return;
                }
                let spot = Spot { frame: layer.start + spot.frame, ..spot };
                let (source, heading) = (Sha256::of(text), heading(name, text));
                let before =
                    told.insert(name.to_owned(), Told { source, spot, layer_end, heading });
                twice = twice.take().or(before.map(|_| name.to_owned()));
            });
            read.map_err(|source| Broken::Layer { digest: layer.digest.clone(), source })?;
        }
        match twice {
            Some(name) => Err(Broken::Twice { name }),
            None => Ok((told, tap_file)),
        }
    }
}

fn check_head(head: &index::Head, parts: &Parts) -> Result<(), Broken> {
    for (what, found, expected) in [
        ("tap", head.tap.clone(), parts.tap.clone()),
        ("serial", head.serial.to_string(), parts.serial.to_string()),
        ("time", head.published.to_string(), parts.published.to_string()),
    ] {
        if found != expected {
            let found = found.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(Broken::Differs { what, found, expected });
        }
    }
    Ok(())
}

/// What a formula says of itself, hashed.
fn heading(name: &str, text: &[u8]) -> Result<Sha256, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let heading = Heading::parse(text).map_err(|report| match report.problems().first() {
        Some(problem) => problem.message.clone(),
        None => "its beginning cannot be read".to_owned(),
    })?;
    if heading.name.as_str() != name {
        return Err(format!("it calls itself `{}`", heading.name));
    }
    Ok(hash(&heading.summary, heading.homepage.as_deref(), &heading.aliases, &heading.replaces))
}

fn hash(
    summary: &str,
    homepage: Option<&str>,
    aliases: &[formula::Name],
    replaces: &[formula::Name],
) -> Sha256 {
    let names = |names: &[formula::Name]| {
        names.iter().map(formula::Name::as_str).collect::<Vec<_>>().join(" ")
    };
    let homepage = homepage.unwrap_or_default();
    let said = [summary, homepage, &names(aliases), &names(replaces)].join("\0");
    Sha256::of(said.as_bytes())
}

/// The parts behind the layers, written side by side.
struct Writing<'a> {
    file: &'a File,
    start: u64,
    records: BufWriter<&'a File>,
    records_end: u64,
    /// Written as the entries come and moved behind the records at the end.
    versions: BufWriter<File>,
    versions_bytes: u64,
    others: Vec<(String, &'static str, String)>,
    formulas: u64,
    skipped: Vec<(String, String)>,
    last: String,
}

impl<'a> Writing<'a> {
    fn new(mut file: &'a File, start: u64) -> io::Result<Self> {
        file.seek(io::SeekFrom::Start(start))?;
        Ok(Self {
            file,
            start,
            records: BufWriter::with_capacity(256 << 10, file),
            records_end: start,
            versions: BufWriter::new(tempfile::tempfile()?),
            versions_bytes: 0,
            others: Vec::new(),
            formulas: 0,
            skipped: Vec::new(),
            last: String::new(),
        })
    }

    fn entry(&mut self, entry: Item, told: &mut BTreeMap<String, Told>) -> Result<(), Broken> {
        let (name, source) = match &entry {
            Item::Entry(entry) => (&entry.name, &entry.source),
            Item::Later { name, source, .. } => (name, source),
        };
        let text = name.as_str().to_owned();
        if text <= self.last {
            return Err(Broken::Order { name: text });
        }
        let told = told.remove(&text).filter(|told| source.as_sha256() == Some(told.source));
        let told = told.ok_or_else(|| Broken::Source { name: text.clone() })?;
        self.last.clone_from(&text);
        let entry = match (entry, told.heading) {
            (Item::Entry(entry), Ok(hashed)) => {
                let homepage = entry.homepage.as_deref();
                if hash(&entry.summary, homepage, &entry.aliases, &entry.replaces) != hashed {
                    return Err(Broken::Untrue { name: text });
                }
                entry
            }
            (Item::Later { schema, .. }, _) => {
                self.skipped.push((text, format!("its schema {schema} needs a newer pkg")));
                return Ok(());
            }
            (Item::Entry(_), Err(why)) => {
                self.skipped.push((text, why));
                return Ok(());
            }
        };
        Ok(self.record(&entry, told.spot, told.layer_end)?)
    }

    fn record(&mut self, entry: &Entry, spot: Spot, layer_end: u64) -> io::Result<()> {
        let mut versions = None;
        if entry.versions.iter().any(|version| !version.platforms.is_empty()) {
            let json = serde_json::to_vec(&entry.versions)?;
            self.versions.write_all(&json)?;
            versions = Some((self.versions_bytes, json.len() as u64));
            self.versions_bytes += json.len() as u64;
        }
        let line = record::line(entry, spot, layer_end, versions);
        self.records.write_all(line.as_bytes())?;
        self.records_end += line.len() as u64;
        let name = entry.name.as_str();
        let other = |kind| move |other: &formula::Name| (other.to_string(), kind, name.to_owned());
        self.others.extend(entry.aliases.iter().map(other("a")));
        self.others.extend(entry.replaces.iter().map(other("r")));
        self.formulas += 1;
        Ok(())
    }

    fn finish(
        mut self,
        head: &index::Head,
        tap_file: Option<String>,
        layers: &[Kept],
    ) -> io::Result<()> {
        let mut out = self.records;
        self.others.sort();
        let others_start = self.records_end;
        let mut at = others_start;
        for (key, kind, name) in &self.others {
            let line = format!("{key}\t{kind}\t{name}\n");
            out.write_all(line.as_bytes())?;
            at += line.len() as u64;
        }
        let others_end = at;
        let mut versions = self.versions.into_inner().map_err(io::IntoInnerError::into_error)?;
        versions.rewind()?;
        at += io::copy(&mut versions, &mut out)?;
        let versions_end = at;
        let layers = serde_json::to_vec(layers)?;
        out.write_all(&layers)?;
        let layers_end = at + layers.len() as u64;
        let head = serde_json::to_vec(&Head {
            tap: head.tap.clone(),
            serial: head.serial,
            published: head.published.clone(),
            formulas: self.formulas,
            tap_file,
            skipped: self.skipped,
            records: (self.start, others_start),
            others: (others_start, others_end),
            versions: (others_end, versions_end),
            layers: (versions_end, layers_end),
        })?;
        out.write_all(&head)?;
        out.flush()?;
        let mut front = [0; FRONT_BYTES as usize];
        front[..8].copy_from_slice(MARK);
        front[8..16].copy_from_slice(&layers_end.to_le_bytes());
        front[16..24].copy_from_slice(&(head.len() as u64).to_le_bytes());
        self.file.write_all_at(&front, 0)
    }
}
