//! The errors of what is carried to where there is no network.

use std::error::Error;

use catalog::closure;
use install::{away::Away, import};
use publish::{carry, export, mirror};

use super::verdict::{Verdict, of, seen, told, usage};
use crate::exit::Exit;

/// A variant that shows another error's text in place of its own stands for that error.
pub(super) fn of_airgap(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    if let Some(error) = seen::<mirror::Error>(cause) {
        return of_mirror(error);
    }
    if let Some(error) = seen::<export::Error>(cause) {
        return match error {
            export::Error::Home(error) => Some(of(error)),
            export::Error::Taps(error) => Some(of(error)),
            export::Error::Network(error) => Some(of(error)),
            export::Error::NoTap { .. } => {
                let publish = "`pkg tap publish FOLDER oci://HOST/REPOSITORY` makes a folder a tap";
                told(Exit::Usage, &[publish])
            }
            _ => None,
        };
    }
    if let Some(error) = seen::<closure::Error>(cause) {
        return match error {
            closure::Error::Foreign { .. } => {
                told(Exit::Usage, &["`pkg install oci-archive:FILE` installs an image of one"])
            }
            closure::Error::Broken { .. } => told(Exit::Integrity, &[]),
            closure::Error::Later { .. } => told(Exit::Failed, &["a newer pkg reads it"]),
            closure::Error::Read { .. } => None,
        };
    }
    match seen::<import::Error>(cause)? {
        import::Error::Home(error) => Some(of(error)),
        import::Error::Taps(error) => Some(of(error)),
        import::Error::Closure(error) => of_airgap(error),
        import::Error::Network(error) => Some(of(error)),
        import::Error::Refresh(error) => Some(of(error)),
        import::Error::Transaction(error) => Some(of(error)),
        import::Error::NoFile { .. } => told(Exit::NotFound, &[]),
    }
}

fn of_mirror(error: &mirror::Error) -> Option<Verdict> {
    match error {
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

/// What brings packages to where no network is.
pub(super) fn of_away(away: &Away) -> Verdict {
    let names = away.names.join(" ");
    let fetch = format!("while there is a network, `pkg fetch {names}` brings what is missing");
    let import = "`pkg import` brings what `pkg export` wrote elsewhere".to_owned();
    (Exit::Registry, vec![fetch, import])
}
