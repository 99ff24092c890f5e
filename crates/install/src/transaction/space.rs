//! Room on the disk for what comes, looked at before the first byte is fetched.
//!
//! It is a courtesy: another program may take the room meanwhile, and a full disk loses nothing.

use store::Layout;

use super::Error;
use crate::proposal::Coming;

/// Refuses packages that take more than the filesystem has left.
pub(super) fn check(layout: &Layout, comings: &[&Coming]) -> Result<(), Error> {
    let needed = sum(comings.iter().map(|coming| least_bytes(layout, coming)));
    let Ok(filesystem) = rustix::fs::statvfs(layout.root()) else { return Ok(()) };
    let free = filesystem.f_bavail.saturating_mul(filesystem.f_frsize);
    if needed > free {
        return Err(Error::Space { root: layout.root().to_owned(), needed, free });
    }
    Ok(())
}

/// The least bytes that a package will take: what it declares, else what its layers weigh.
fn least_bytes(layout: &Layout, coming: &Coming) -> u64 {
    let artifact = &coming.artifact;
    let is_missing = |digest: &digest::Digest| !layout.plan(digest).exists();
    let missing: Vec<_> = artifact.layers.iter().filter(|l| is_missing(&l.digest)).collect();
    if missing.is_empty() {
        return 0;
    }
    let declared = artifact.annotation.as_ref().and_then(|said| said.unpacked_size);
    declared.unwrap_or_else(|| sum(missing.iter().filter_map(|layer| layer.size)))
}

/// Who declares more than there are numbers for has no room either.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}
