//! Folders to pack, and what others read in the packages that come of them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{FileTimes, Permissions},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use formula::{Annotation, Key};
use store::{
    Layout, Staging,
    archive::{Bounds, Chunks, Order, Plan, Profile},
};
use tempfile::TempDir;

use crate::{
    Compression, Packed, Staged,
    pack::{self, Audit, Facts},
    staged::Links,
};

/// A folder that disappears with this: what is staged, and a place for blobs.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("staged")).unwrap();
        fs_err::create_dir(folder.path().join("blobs")).unwrap();
        Self { folder }
    }

    pub(crate) fn staged(&self) -> PathBuf {
        self.folder.path().join("staged")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    fn at(&self, path: &[u8]) -> PathBuf {
        let path = self.staged().join(OsStr::from_bytes(path));
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub(crate) fn folder(&self, path: &str) -> &Self {
        fs_err::create_dir_all(self.staged().join(path)).unwrap();
        self
    }

    pub(crate) fn file(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> &Self {
        fs_err::write(self.at(path.as_ref()), bytes).unwrap();
        self
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) -> &Self {
        fs_err::set_permissions(self.staged().join(path), Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(crate) fn program(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        self.file(path, bytes).mode(path, 0o755)
    }

    pub(crate) fn link(&self, path: &str, target: impl AsRef<[u8]>) -> &Self {
        let target = OsStr::from_bytes(target.as_ref());
        fs_err::os::unix::fs::symlink(target, self.at(path.as_bytes())).unwrap();
        self
    }

    pub(crate) fn time(&self, path: &str, seconds: u64) -> &Self {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = fs_err::File::open(self.staged().join(path)).unwrap();
        file.file().set_times(FileTimes::new().set_modified(time)).unwrap();
        self
    }

    pub(crate) fn read(&self) -> Result<Staged, crate::staged::Error> {
        Staged::read(&self.staged(), Links::default())
    }

    pub(crate) fn try_pack(&self, facts: &Facts) -> Result<Packed, pack::Error> {
        crate::pack(&self.read().unwrap(), facts, &self.blobs(), &|_| {})
    }

    pub(crate) fn pack(&self, compression: Compression) -> Packed {
        self.try_pack(&Facts { compression, ..facts() }).unwrap()
    }

    /// Decodes a package's layer as an install does.
    pub(crate) fn decode(&self, packed: &Packed) -> Plan {
        let layout = Layout::new(self.folder.path().join("root"));
        layout.create().unwrap();
        let staging = Staging::begin(&layout).unwrap();
        let blob = fs_err::read(&packed.layer_path).unwrap();
        let order = Order {
            name: "unused".to_owned(),
            format: store::archive::Format::from_media_type(&packed.layer.media_type),
            profile: Profile::Strict,
            bounds: Bounds {
                compressed: Some(blob.len() as u64),
                bytes: packed.annotation.unpacked_size,
                entries: packed.annotation.entries,
            },
            unpack: true,
        };
        let chunks = Box::new(Whole(Some(blob.into())));
        store::archive::decode(chunks, &order, &staging, &|_| false).unwrap()
    }
}

struct Whole(Option<Bytes>);

impl Chunks for Whole {
    fn next(&mut self) -> Result<Option<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.take())
    }
}

/// What is known of a package `foo` for any platform.
pub(crate) fn facts() -> Facts {
    let annotation = r#"{"schema": 1, "name": "foo", "version": "1.2", "license": "MIT"}"#;
    Facts {
        annotation: Annotation::parse(annotation).unwrap(),
        homepage: Some("https://foo.example/".to_owned()),
        key: Key::Any,
        compression: Compression::Zstd,
        audit: Audit::Refuse,
        build_folders: Vec::new(),
        provided: BTreeMap::new(),
    }
}

/// What lies in a folder: kind, mode and contents or target, by path.
pub(crate) fn listing(root: &Path) -> BTreeMap<String, (char, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs_err::symlink_metadata(&path).unwrap();
            let below = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let mode = metadata.permissions().mode() & 0o7777;
            let listed = if metadata.is_dir() {
                folders.push(path);
                ('d', 0, Vec::new())
            } else if metadata.is_symlink() {
                let target = fs_err::read_link(&path).unwrap();
                ('l', 0, target.as_os_str().as_bytes().to_vec())
            } else {
                ('f', mode, fs_err::read(&path).unwrap())
            };
            found.insert(below, listed);
        }
    }
    found
}
