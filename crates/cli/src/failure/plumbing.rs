//! Exit codes and hints of what `pkg oci` may fail by: blobs, files as artifacts, referrers.
//!
//! A variant that shows another error's text in place of its own stands for that error.

use std::{error::Error, io};

use publish::{
    blob, discover,
    files::{annotations, pack, pull, push},
    layout,
};

use super::verdict::{self, Verdict, seen, told, usage};
use crate::exit::Exit;

/// What an error of these says.
pub(super) fn of(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<blob::Error>(cause) {
        Some(blob::Error::Network(error)) => return Some(verdict::of(error)),
        Some(blob::Error::NoDigest { .. }) => return usage(&["a blob's name is `@DIGEST`"]),
        Some(blob::Error::Missing { .. }) => return told(Exit::NotFound, &[]),
        Some(blob::Error::Other { .. }) => return told(Exit::Integrity, &[]),
        _ => {}
    }
    match seen::<pack::Error>(cause) {
        Some(pack::Error::Title { .. }) => {
            return usage(&["go to its folder and name it from there"]);
        }
        Some(pack::Error::Twice { .. } | pack::Error::MediaType { .. }) => return usage(&[]),
        Some(pack::Error::Created { .. } | pack::Error::Nothing) => return usage(&[]),
        Some(pack::Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return told(Exit::NotFound, &[]);
        }
        _ => {}
    }
    if let Some(annotations::Error::Form { .. } | annotations::Error::Twice { .. }) = seen(cause) {
        return usage(&[]);
    }
    match seen::<pull::Error>(cause) {
        Some(pull::Error::Network(error)) => return Some(verdict::of(error)),
        Some(pull::Error::There { .. }) => {
            return told(Exit::Failed, &["without `--keep-old-files` it is replaced"]);
        }
        Some(pull::Error::Unpack { .. } | pull::Error::Links(_)) => {
            return told(Exit::Integrity, &[]);
        }
        _ => {}
    }
    match seen::<layout::Error>(cause) {
        Some(layout::Error::Network(error)) => return Some(verdict::of(error)),
        Some(layout::Error::Registry { .. }) => return usage(&[]),
        _ => {}
    }
    match (seen::<push::Error>(cause), seen::<discover::Error>(cause)) {
        (Some(push::Error::Network(error)), _) | (_, Some(discover::Error::Network(error))) => {
            Some(verdict::of(error))
        }
        _ => None,
    }
}
