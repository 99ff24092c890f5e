//! A root in a temporary folder, and packages to put into it; for tests only.

use std::path::PathBuf;

use crate::{
    Content, Layout, Staging,
    archive::{Compression, Entry, Format, Kind, Plan, Profile},
    commit::{Receipt, commit},
    generation::{self, Claim, Record},
    keg::{self, Copy, Id, StagedKeg, link},
    tree::{Folding, Sealed, Strip, Tree},
};

/// A root that disappears with this.
pub(crate) struct Sandbox {
    _folder: tempfile::TempDir,
    pub(crate) layout: Layout,
}

/// One thing in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Folder,
    File(String),
    Program(String),
    Link(String),
}

/// Reads a package from lines: `bin/`, `bin/tool* = bytes`, `share/doc = bytes`, `sh -> bin/tool`.
pub(crate) fn package(text: &str) -> Vec<(String, Item)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            if let Some(path) = line.strip_suffix('/') {
                (path.to_owned(), Item::Folder)
            } else if let Some((path, target)) = line.split_once(" -> ") {
                (path.to_owned(), Item::Link(target.to_owned()))
            } else {
                let (path, bytes) = line.split_once(" =").expect("a file has ` = `");
                let bytes = bytes.trim_start().to_owned();
                match path.strip_suffix('*') {
                    Some(path) => (path.to_owned(), Item::Program(bytes)),
                    None => (path.to_owned(), Item::File(bytes)),
                }
            }
        })
        .collect()
}

/// The contents of a package with their bytes.
pub(crate) fn contents(package: &[(String, Item)]) -> Vec<(Content, String)> {
    let files = package.iter().filter_map(|(_, item)| match item {
        Item::File(bytes) => Some((Content::of(bytes.as_bytes(), false), bytes.clone())),
        Item::Program(bytes) => Some((Content::of(bytes.as_bytes(), true), bytes.clone())),
        Item::Folder | Item::Link(_) => None,
    });
    files.collect()
}

/// The plan of an archive that holds the package.
pub(crate) fn plan(package: &[(String, Item)]) -> Plan {
    let kind = |item: &Item| match item {
        Item::Folder => Kind::Directory,
        Item::File(bytes) => Kind::File(Content::of(bytes.as_bytes(), false)),
        Item::Program(bytes) => Kind::File(Content::of(bytes.as_bytes(), true)),
        Item::Link(target) => Kind::Symlink(target.clone()),
    };
    let mut entries: Vec<Entry> = package
        .iter()
        .map(|(path, item)| Entry { path: path.clone(), kind: kind(item), mtime: 0 })
        .collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Plan {
        entries,
        notes: Vec::new(),
        format: Format::Tar(Compression::None),
        asked: None,
        profile: Profile::Strict,
        size_bytes: contents(package).iter().map(|(content, _)| content.size).sum(),
    }
}

/// The package as a tree that was judged.
pub(crate) fn sealed(package: &[(String, Item)]) -> Sealed {
    let mut tree = Tree::new();
    tree.merge(&plan(package), "", Strip::Count(0)).unwrap();
    tree.seal(&[], Folding::No).unwrap()
}

pub(crate) fn id(name: &str) -> Id {
    Id { name: name.to_owned(), leaf: "1.0-0123456789ab".to_owned() }
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("root"));
        layout.create().unwrap();
        Self { _folder: folder, layout }
    }

    pub(crate) fn keg(&self, name: &str) -> PathBuf {
        let Id { name, leaf } = id(name);
        self.layout.keg(&name, &leaf)
    }

    /// Stages the contents that the store lacks, as a decoder does, and builds the keg.
    pub(crate) fn stage(
        &self,
        staging: &Staging,
        name: &str,
        package: &[(String, Item)],
        copies: &[Copy],
    ) -> Result<StagedKeg, keg::Error> {
        for (content, bytes) in contents(package) {
            if !self.layout.file(&content).exists() {
                staging.put(&content, bytes.as_bytes()).unwrap();
            }
        }
        link(&self.layout, staging, &sealed(package), &id(name), copies)
    }

    /// Puts a package with its copies and a receipt into place.
    pub(crate) fn install(&self, name: &str, package: &[(String, Item)], copies: &[Copy]) {
        let staging = Staging::begin(&self.layout).unwrap();
        let keg = self.stage(&staging, name, package, copies).unwrap();
        let receipt = Receipt { keg: id(name), bytes: name.into() };
        commit(&self.layout, &staging, &[keg], &[receipt], &[]).unwrap();
    }

    /// Makes a generation of some kegs and switches to it; each keg gets `opt/NAME`.
    pub(crate) fn generation(&self, names: &[&str]) -> u64 {
        let staging = Staging::begin(&self.layout).unwrap();
        let mut record = Record::new("test", 0);
        let mut claims = Vec::new();
        for name in names {
            let Id { name, leaf } = id(name);
            record.kegs.push(generation::Keg {
                name: name.clone(),
                slot: None,
                tap: "main".into(),
                version: "1.0".into(),
                revision: 0,
                leaf,
                linked: true,
                keg_only: None,
            });
            let path = format!("opt/{name}");
            claims.push(Claim { path, folder: false, keg: id(&name), target: String::new() });
        }
        let entries = |keg: &Id, path: &str| generation::entries(&self.layout, keg, path);
        let links = generation::layout(claims, &Default::default(), &entries).unwrap();
        let number = generation::write(&self.layout, &staging, &links, &record).unwrap();
        generation::switch(&self.layout, &staging, number).unwrap();
        number
    }
}
