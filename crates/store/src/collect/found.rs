//! The search for what nothing needs; nothing is deleted here.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use digest::Sha256;

use super::{Error, Freed, Keep, Needed};
use crate::{Content, Layout, archive::Plan, generation, in_use, keg};

/// What nothing needs.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) freed: Freed,
    pub(super) receipts: Vec<PathBuf>,
    pub(super) files: Vec<PathBuf>,
    pub(super) plans: Vec<PathBuf>,
    pub(super) partials: Vec<PathBuf>,
    /// Folders that may be empty afterwards.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl Found {
    pub(super) fn new(layout: &Layout, keep: &Keep<'_>) -> Result<Self, Error> {
        let mut search = Search { layout, keep, found: Self::default(), tally: Tally::default() };
        for root in &keep.leaving {
            search.tally.keg(root.clone())?;
        }
        let wanted = search.generations()?;
        let kept = search.kegs(&wanted)?;
        search.receipts(&kept)?;
        if layout.host().is_none() {
            let (contents, plans) = search.needed(&kept)?;
            let stored = search.files(&contents)?;
            search.plans(&stored, &plans)?;
            search.partials()?;
        }
        let Search { mut found, tally, .. } = search;
        found.freed.bytes += tally.bytes();
        Ok(found)
    }
}

/// A stored file by its name: the digest, and whether it is executable.
type Stored = (Sha256, bool);

struct Search<'a> {
    layout: &'a Layout,
    keep: &'a Keep<'a>,
    found: Found,
    tally: Tally,
}

impl Search<'_> {
    /// The kegs of all generations that are kept, and those that the caller names.
    fn generations(&mut self) -> Result<BTreeSet<keg::Id>, Error> {
        let failed = |source| Error::Generations { source };
        let current = generation::current_number(self.layout).map_err(failed)?;
        let all = generation::all(self.layout).map_err(failed)?;
        let mut kept = &all & &self.keep.generations;
        // Also where its record is lost: then the error below keeps everything.
        kept.extend(current);
        self.found.freed.generations = all.difference(&kept).copied().collect();
        let mut wanted = self.keep.kegs.clone();
        for number in kept {
            let record = generation::read(self.layout, number)
                .map_err(|source| Error::Generation { number, source })?;
            wanted.extend(record.kegs.iter().map(generation::Keg::id));
        }
        Ok(wanted)
    }

    /// Finds the kegs that nothing needs; gives those that stay.
    fn kegs(&mut self, wanted: &BTreeSet<keg::Id>) -> Result<BTreeSet<keg::Id>, Error> {
        // One whose folder is lost can be brought back while its receipt is there.
        let is_known = |id: &&keg::Id| self.layout.receipt(&id.name, &id.leaf).exists();
        let mut kept: BTreeSet<keg::Id> = wanted.iter().filter(is_known).cloned().collect();
        for family in list(&self.layout.cellar())?.into_iter().filter(Entry::is_folder) {
            for keg in list(&family.path)?.into_iter().filter(Entry::is_folder) {
                let id = keg::Id { name: family.name.clone(), leaf: keg.name };
                if wanted.contains(&id) {
                    kept.insert(id);
                    continue;
                }
                let free = in_use::take(self.layout, &id)
                    .map_err(|source| Error::Look { path: keg.path.clone(), source })?;
                if free.is_none() {
                    self.found.freed.in_use.push(id.clone());
                    kept.insert(id);
                    continue;
                }
                self.tally.keg(keg.path)?;
                self.found.freed.kegs.push(id);
                self.found.folders.insert(family.path.clone());
            }
        }
        Ok(kept)
    }

    /// Finds the receipts of kegs that go or are gone.
    fn receipts(&mut self, kept: &BTreeSet<keg::Id>) -> Result<(), Error> {
        for family in list(&self.layout.receipts())?.into_iter().filter(Entry::is_folder) {
            for receipt in list(&family.path)? {
                let Some(leaf) = receipt.name.strip_suffix(".json") else { continue };
                let id = keg::Id { name: family.name.clone(), leaf: leaf.to_owned() };
                if !kept.contains(&id) {
                    self.found.receipts.push(receipt.path);
                    self.found.folders.insert(family.path.clone());
                }
            }
        }
        Ok(())
    }

    /// The contents and the files of plans that the kept kegs need.
    fn needed(
        &self,
        kept: &BTreeSet<keg::Id>,
    ) -> Result<(HashSet<Stored>, HashSet<PathBuf>), Error> {
        let (mut contents, mut plans) = (HashSet::new(), HashSet::new());
        let mut add = |needed: &Needed| {
            contents.extend(needed.contents.iter().map(|one| (one.sha256, one.executable)));
            plans.extend(needed.plans.iter().map(|blob| self.layout.plan(blob)));
        };
        add(&self.keep.guests);
        for keg in kept {
            let needed = (self.keep.needs)(keg);
            add(&needed.map_err(|source| Error::Needs { keg: keg.clone(), source })?);
        }
        Ok((contents, plans))
    }

    /// Finds the contents that nothing needs; gives those that stay.
    fn files(&mut self, needed: &HashSet<Stored>) -> Result<HashSet<Stored>, Error> {
        let mut stored = HashSet::new();
        for shelf in list(&self.layout.files_dir())?.into_iter().filter(Entry::is_folder) {
            for file in list(&shelf.path)? {
                let Some(name) = Content::from_file_name(&file.name) else { continue };
                // One more link than its own is a keg that stays: nothing would be freed.
                if needed.contains(&name) || self.tally.links_left(&file.metadata) > 1 {
                    stored.insert(name);
                    continue;
                }
                self.tally.stored += file.metadata.len();
                self.found.freed.files += 1;
                self.found.files.push(file.path);
            }
        }
        Ok(stored)
    }

    /// Finds the plans that no keg needs and that cannot stand for their archives any more.
    fn plans(&mut self, stored: &HashSet<Stored>, needed: &HashSet<PathBuf>) -> Result<(), Error> {
        for shelf in list(&self.layout.plans_dir())?.into_iter().filter(Entry::is_folder) {
            for file in list(&shelf.path)? {
                if needed.contains(&file.path) {
                    continue;
                }
                let bytes = fs_err::read(&file.path)
                    .map_err(|source| Error::Look { path: file.path.clone(), source })?;
                let whole = Plan::from_bytes(&bytes).is_ok_and(|plan| {
                    plan.contents().all(|content| {
                        content.is_empty() || stored.contains(&(content.sha256, content.executable))
                    })
                });
                if !whole {
                    self.found.freed.plans += 1;
                    self.found.freed.bytes += file.metadata.len();
                    self.found.plans.push(file.path);
                }
            }
        }
        Ok(())
    }

    /// Finds downloads that nobody went on with.
    fn partials(&mut self) -> Result<(), Error> {
        for file in list(&self.layout.partial_dir())? {
            let written = file
                .metadata
                .modified()
                .map_err(|source| Error::Look { path: file.path.clone(), source })?;
            if written < self.keep.partials_since {
                self.found.freed.partials += 1;
                self.found.freed.bytes += file.metadata.len();
                self.found.partials.push(file.path);
            }
        }
        Ok(())
    }
}

/// Counts what would disappear with the kegs that go.
#[derive(Debug, Default)]
struct Tally {
    /// How many links of each inode are in kegs that go.
    links: HashMap<(u64, u64), u64>,
    /// Whether any file has several links: if none has, kegs are clones of the store.
    hard_links: bool,
    stored: u64,
    unshared: u64,
}

impl Tally {
    fn keg(&mut self, path: PathBuf) -> Result<(), Error> {
        let mut folders = vec![path];
        while let Some(folder) = folders.pop() {
            for entry in list(&folder)? {
                if entry.is_folder() {
                    folders.push(entry.path);
                } else if entry.metadata.is_file() {
                    self.file(&entry.metadata);
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, found: &Metadata) {
        self.hard_links |= found.nlink() > 1;
        let links = self.links.entry((found.dev(), found.ino())).or_default();
        *links += 1;
        if *links == found.nlink() {
            self.unshared += found.len();
        }
    }

    /// The links that a file keeps when the kegs are gone.
    fn links_left(&mut self, found: &Metadata) -> u64 {
        self.hard_links |= found.nlink() > 1;
        found.nlink() - self.links.get(&(found.dev(), found.ino())).copied().unwrap_or(0)
    }

    /// A clone holds no bytes of its own: those of the store are counted already.
    fn bytes(&self) -> u64 {
        self.stored + if self.hard_links { self.unshared } else { 0 }
    }
}

/// One thing in a folder; names that are no UTF-8 are none of ours and left out.
struct Entry {
    name: String,
    path: PathBuf,
    metadata: Metadata,
}

impl Entry {
    fn is_folder(&self) -> bool {
        self.metadata.is_dir()
    }
}

fn list(folder: &Path) -> Result<Vec<Entry>, Error> {
    let failed = |source| Error::Look { path: folder.to_owned(), source };
    let entries = match fs_err::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let metadata = entry.metadata().map_err(failed)?;
        found.push(Entry { name, path: entry.path(), metadata });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
