//! Where it is measured: which filesystem, whether it has the space, and what must stay there.

use std::{
    fmt,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use rustix::fs::statvfs;
use tempfile::TempDir;

/// What the kernel says of a tmpfs (linux/magic.h).
#[cfg(target_os = "linux")]
const TMPFS: i128 = 0x0102_1994;

/// A folder for the measurements, removed with everything in it when this is dropped.
pub(super) struct Place {
    folder: TempDir,
    is_tmpfs: bool,
}

impl Place {
    /// A tmpfs, else the folder for temporary files.
    pub(super) fn fastest() -> anyhow::Result<Self> {
        let temporary = std::env::temp_dir();
        let tmpfs = [Path::new("/dev/shm"), Path::new("/run/shm"), temporary.as_path()]
            .into_iter()
            .find(|folder| is_tmpfs(folder));
        Self::at(tmpfs.unwrap_or(&temporary))
    }

    pub(super) fn at(parent: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("pkg-bench-")
            .tempdir_in(parent)
            .with_context(|| format!("cannot make a folder in `{}`", parent.display()))?;
        Ok(Self { folder, is_tmpfs: is_tmpfs(parent) })
    }

    /// A disk, if there is one beside this tmpfs.
    pub(super) fn disk(&self) -> anyhow::Result<Option<Self>> {
        let temporary = std::env::temp_dir();
        if !self.is_tmpfs || is_tmpfs(&temporary) {
            return Ok(None);
        }
        Self::at(&temporary).map(Some)
    }

    /// A fresh folder.
    pub(super) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs_err::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Whether `bytes` fit, with some to spare.
    pub(super) fn check_space(&self, bytes: usize) -> anyhow::Result<()> {
        let state = statvfs(self.folder.path())?;
        let (free, needed) = (state.f_bavail * state.f_frsize, bytes as u64 + (256 << 20));
        ensure!(
            free >= needed,
            "`{}` has {} MiB free, {} are needed; `--quick` needs a quarter, `--folder` looks \
             elsewhere",
            self.folder.path().display(),
            free >> 20,
            needed >> 20,
        );
        Ok(())
    }

    /// Takes memory for a tmpfs once and gives it back.
    ///
    /// A virtual machine gets its memory from its host page by page, at a third of the speed that
    /// memory has afterwards: whoever comes first would pay for it.
    pub(super) fn warm(&self, bytes: usize) -> anyhow::Result<()> {
        if self.is_tmpfs {
            let mut file = tempfile::tempfile_in(self.folder.path())?;
            let zeros = vec![0; 1 << 20];
            for _ in 0..bytes.div_ceil(zeros.len()) {
                file.write_all(&zeros)?;
            }
        }
        Ok(())
    }

    /// Removes a round's folder, where that does not slow the next round.
    ///
    /// On ext4 it does for minutes: it does not take inodes again that were just let go.
    pub(super) fn forget(&self, folder: &Path) -> anyhow::Result<()> {
        if self.is_tmpfs { remove(folder) } else { Ok(()) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Kegs are read-only; what stays is removed by whoever empties the temporary folder.
        drop(remove(self.folder.path()));
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_tmpfs { "a tmpfs" } else { "no tmpfs" };
        write!(f, "`{}` ({kind})", self.folder.path().display())
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    let script = r#"chmod -R u+w "$0" && rm -rf "$0""#;
    let status = Command::new("sh").args(["-c", script]).arg(folder).status()?;
    ensure!(status.success(), "cannot remove `{}`", folder.display());
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_tmpfs(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|state| i128::from(state.f_type) == TMPFS)
}

#[cfg(not(target_os = "linux"))]
fn is_tmpfs(_: &Path) -> bool {
    false
}
