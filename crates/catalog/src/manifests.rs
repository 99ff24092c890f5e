//! Manifests that were seen before, by digest: asked for once, then read from the cache.

use std::{
    fs::DirBuilder,
    io::Write as _,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use digest::Digest;
use fs_err as fs;

/// A folder of verified manifests; without a folder nothing is kept.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    folder: Option<PathBuf>,
}

impl Manifests {
    /// Manifests kept below `folder`, which is made when the first one is kept.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The manifest of that digest; what does not match its digest counts as absent.
    pub(crate) fn get(&self, digest: &Digest) -> Option<oci::Manifest> {
        let kept = fs::read(self.path(digest)?).ok()?;
        let line = kept.iter().position(|byte| *byte == b'\n')?;
        let media_type = std::str::from_utf8(&kept[..line]).ok()?.to_owned();
        let bytes = Bytes::from(kept).slice(line + 1..);
        oci::verify::check(&bytes, digest).ok()?;
        Some(oci::Manifest { bytes, media_type, digest: digest.clone() })
    }

    /// Keeps a manifest; a cache that cannot be written is no error.
    pub(crate) fn keep(&self, manifest: &oci::Manifest) {
        let Some(path) = self.path(&manifest.digest) else { return };
        let Some(folder) = path.parent() else { return };
        let mut kept = manifest.media_type.clone().into_bytes();
        kept.push(b'\n');
        kept.extend_from_slice(&manifest.bytes);
        // Jobs that share the folder may have the same process id, each in a container of its own.
        let written = make_private(folder).and_then(|()| {
            let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
            file.write_all(&kept)?;
            file.persist(&path).map(drop).map_err(|failed| failed.error)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "cannot keep a manifest");
        }
    }

    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join("manifests").join(digest.algorithm()).join(digest.encoded()))
    }
}

/// Makes a folder, and those above it that are missing, for the user alone.
fn make_private(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
