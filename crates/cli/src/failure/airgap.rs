//! The errors of what is carried to where there is no network.

use std::error::Error;

use publish::{carry, mirror};

use super::verdict::{Verdict, of, seen, told, usage};
use crate::exit::Exit;

/// A variant that shows another error's text in place of its own stands for that error.
pub(super) fn of_airgap(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match seen::<mirror::Error>(cause)? {
        mirror::Error::Follow(error) => Some(of(error)),
        mirror::Error::Network(error) => Some(of(error)),
        mirror::Error::Carry(error) => of_carry(error),
        mirror::Error::Tagged { .. } => usage(&[]),
        mirror::Error::Older { .. } => {
            told(Exit::Integrity, &["`--as-of` mirrors an older edition beside the newer one"])
        }
        mirror::Error::Other { .. } => told(Exit::Failed, &["give the mirror a place of its own"]),
        mirror::Error::Tap { .. } | mirror::Error::Scratch(_) => None,
    }
}

fn of_carry(error: &carry::Error) -> Option<Verdict> {
    error.source().map(of)
}
