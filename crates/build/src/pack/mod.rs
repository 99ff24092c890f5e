//! A staged folder becomes a package: layer, config, manifest, and what is to be said of it.
//!
//! Equal folders and facts give equal bytes, whatever the clock, the umask, the order of the
//! folder's entries, or the machine. Where the package goes is deliberately not known here.

mod members;
mod relocations;
mod requirements;
mod warning;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use binary::{
    Finding, Rules,
    audit::{Platform as AuditPlatform, System},
    inspect::Machine,
};
use formula::{Annotation, Key};
use oci::{Descriptor, Manifest, Platform};

use crate::{
    image,
    layer::{self, Compression, Item},
    staged::{Lines, Staged},
    survey::{self, Survey},
};

pub use crate::image::Config;
pub use warning::Warning;

/// What is known of a package but its files.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the package says of itself; packing adds what its files say.
    pub annotation: Annotation,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// What it runs on.
    pub key: Key,
    /// How its layer is compressed.
    pub compression: Compression,
    /// What becomes of files that would not work on another machine.
    pub audit: Audit,
    /// Absolute folders of the build that must not be left in it, besides the placeholder's.
    pub build_folders: Vec<String>,
    /// The libraries that each of its dependencies brings, by their names.
    pub provided: BTreeMap<String, BTreeSet<String>>,
}

/// What becomes of files that would not work on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// They keep the package from being made.
    Refuse,
    /// They are told of: somebody else built them, and they work where they were meant to.
    Warn,
}

/// How far packing has come, in bytes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were packed.
    pub done: u64,
    /// Bytes that there are.
    pub total: u64,
}

/// A package, ready to be put somewhere.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What the package says of itself.
    pub annotation: Annotation,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its platform; `None` where it serves every one.
    pub platform: Option<Platform>,
    /// Its config, which is small and stays in memory.
    pub config: Config,
    /// Its layer.
    pub layer: Descriptor,
    /// The file that holds the layer.
    pub layer_path: PathBuf,
    /// What somebody should look at.
    pub warnings: Vec<Warning>,
}

/// Why a folder did not become a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder could not be looked through.
    #[error("cannot look through what is to be packed")]
    Survey {
        /// Which file, and why.
        #[from]
        source: survey::Error,
    },
    /// Files would not work on another machine, or under another root.
    #[error("the package would not work everywhere:{}", Lines(findings))]
    NotRelocatable {
        /// Every one of them.
        findings: Vec<Audited>,
    },
    /// The layer could not be written.
    #[error("cannot write the package's files as a layer")]
    Layer {
        /// Which file, and why.
        #[from]
        source: layer::Error,
    },
    /// The package could not be described.
    #[error("cannot write what the package says of itself as JSON")]
    Describe {
        /// What the writer says.
        #[from]
        source: serde_json::Error,
    },
    /// The package would say more of itself than anybody reads.
    #[error(
        "{what} would be {size} bytes of JSON, and at most {limit} are read; \
         make several packages of it"
    )]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: u64,
    },
}

/// Something that the audit of a file found, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited(pub Finding);

impl fmt::Display for Audited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.0, self.0.fix())
    }
}

/// Packs a folder; the layer's blob is written into `folder`, which exists.
///
/// # Errors
///
/// What cannot be read or written, and what would not work where it is installed.
pub fn pack(
    staged: &Staged,
    facts: &Facts,
    folder: &Path,
    tell: &dyn Fn(Progress),
) -> Result<Packed, Error> {
    let keg = format!("{}/{}", facts.annotation.name, image::version(&facts.annotation));
    let rules = Rules { platform: audited(facts.key), keg: &keg, forbidden: &facts.build_folders };
    let mut survey = Survey::of(staged, &rules)?;
    let mut warnings = audit(&mut survey, facts.audit)?;
    let (mut items, more) = members::members(staged, &survey);
    warnings.extend(more);
    warnings.extend(Warning::of_folded(staged));
    warnings.extend(Warning::of_prefix(staged, facts));
    let mut annotation = facts.annotation.clone();
    warnings.extend(requirements::fill(&mut annotation, facts, &survey.libraries));
    let list = std::mem::take(&mut survey.relocations);
    relocations::record(list, &mut annotation, &mut items)?;
    annotation.entries = Some(items.len() as u64);
    let total = unpacked_size(&items);
    annotation.unpacked_size = Some(total);
    let annotations = image::annotations(&annotation, facts.homepage.as_deref())?;
    relocations::check_length(&annotations)?;

    let mut layer =
        layer::write(&items, facts.compression, folder, &|done| tell(Progress { done, total }))?;
    let title = image::file_name(&annotation, facts.key, facts.compression);
    layer.descriptor.annotations.insert(oci::descriptor::TITLE.to_owned(), title);
    let config = image::config(facts.key, &layer)?;
    Ok(Packed {
        annotation,
        manifest: image::manifest(&config, &layer.descriptor, annotations)?,
        platform: image::platform(facts.key),
        config,
        layer: layer.descriptor,
        layer_path: layer.path,
        warnings,
    })
}

impl Progress {
    /// How far it is, of a hundred.
    pub fn percent(self) -> u64 {
        match self.total {
            0 => 100,
            total => (u128::from(self.done) * 100 / u128::from(total)) as u64,
        }
    }
}

impl Packed {
    /// What an index says of the package.
    pub fn entry(&self) -> Descriptor {
        let Manifest { media_type, digest, bytes } = &self.manifest;
        let mut entry = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
        entry.platform.clone_from(&self.platform);
        entry
    }
}

/// The platform as the audit of programs knows it.
fn audited(key: Key) -> Option<AuditPlatform> {
    let Key::Platform(platform) = key else { return None };
    let libc = platform.libc.map(formula::Libc::as_str);
    Some(AuditPlatform {
        system: System::from_words(platform.os.as_str(), libc),
        machine: Machine::from_word(platform.arch.as_str())?,
    })
}

/// Tells of what would not work elsewhere, or fails for it.
fn audit(survey: &mut Survey, audit: Audit) -> Result<Vec<Warning>, Error> {
    let findings = std::mem::take(&mut survey.findings).into_iter();
    let is_told = |finding: &Finding| audit == Audit::Warn || finding.rule.is_advice();
    let (told, wrong): (Vec<_>, Vec<_>) = findings.partition(is_told);
    if wrong.is_empty() {
        Ok(told.into_iter().map(|finding| Warning::Audit(Audited(finding))).collect())
    } else {
        Err(Error::NotRelocatable { findings: wrong.into_iter().map(Audited).collect() })
    }
}

/// The bytes of all files, where one with several names counts once.
fn unpacked_size(items: &[Item]) -> u64 {
    items.iter().map(|item| item.member.size()).sum()
}

#[cfg(test)]
mod tests;
