use std::{error::Error, io};

use catalog::taps;
use store::{layout, lock};

use super::verdict::{Verdict, seen, told};
use crate::exit::Exit;

/// What to do where a root can be read and not changed.
const OWN: &str = "that root can be used as it is; `--root` or `PKG_ROOT` names one of your own";

/// Of a root folder that this user may not write.
pub(super) fn of_root(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    let source = match (seen(cause), seen(cause), seen(cause)) {
        (Some(taps::Error::State { source, .. }), _, _)
        | (_, Some(layout::Error::Make { source, .. }), _)
        | (_, _, Some(lock::Error::Lock { source, .. })) => source,
        _ => return None,
    };
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match source.kind() {
        PermissionDenied | ReadOnlyFilesystem => told(Exit::Failed, &[OWN]),
        _ => None,
    }
}
