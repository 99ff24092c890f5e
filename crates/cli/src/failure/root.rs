use std::{error::Error, io};

use catalog::taps;
use store::{layout, lock};

use super::verdict::{Verdict, seen, told};
use crate::exit::Exit;

/// What to do where a root can be read and not changed.
const OWN: &str = "that root can be used as it is; `--root` or `PKG_ROOT` names one of your own";

/// Of a root folder that this user may not write.
pub(super) fn of_root(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    let of_taps = || match seen(cause)? {
        taps::Error::State { source, .. } => Some(source),
        _ => None,
    };
    let of_layout = || match seen(cause)? {
        layout::Error::Make { source, .. } => Some(source),
        _ => None,
    };
    let of_lock = || match seen(cause)? {
        lock::Error::Lock { source, .. } => Some(source),
        _ => None,
    };
    let source: &io::Error = of_taps().or_else(of_layout).or_else(of_lock)?;
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match source.kind() {
        PermissionDenied | ReadOnlyFilesystem => told(Exit::Failed, &[OWN]),
        _ => None,
    }
}
