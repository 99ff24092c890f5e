//! Renames that never overwrite by accident, also where the filesystem knows no flags for it.

use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::{self, AtFlags, statat},
    io::{Errno, Result},
    path::Arg,
};

/// Moves `old` to `new` in one step, over what is there.
pub(crate) fn renameat(from: impl AsFd, old: impl Arg, to: impl AsFd, new: impl Arg) -> Result<()> {
    super::step()?;
    fs::renameat(from, old, to, new)
}

/// One end of a rename: a name below an open folder.
#[derive(Clone, Copy)]
pub(crate) struct At<'a, P>(pub(crate) BorrowedFd<'a>, pub(crate) P);

/// Moves `old` to `new` in one step; fails with `EXIST` where something stands there already.
pub(crate) fn to_free_name<P: Arg + Copy, Q: Arg + Copy>(
    old: At<'_, P>,
    new: At<'_, Q>,
) -> Result<()> {
    match with_flag(old, new, Flag::NoReplace) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => after_a_look(old, new),
        other => other,
    }
}

/// Lets `one` and `two` change places in one step, or in two where the filesystem cannot.
///
/// Between the two steps `one` is at `spare` and nothing at its place.
pub(crate) fn exchange<P: Arg + Copy>(
    one: At<'_, P>,
    two: At<'_, P>,
    spare: At<'_, P>,
) -> Result<()> {
    match with_flag(one, two, Flag::Exchange) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            renameat(one.0, one.1, spare.0, spare.1)?;
            renameat(two.0, two.1, one.0, one.1)
        }
        other => other,
    }
}

enum Flag {
    NoReplace,
    Exchange,
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn with_flag<P: Arg + Copy, Q: Arg + Copy>(
    old: At<'_, P>,
    new: At<'_, Q>,
    flag: Flag,
) -> Result<()> {
    let flag = match flag {
        Flag::NoReplace => fs::RenameFlags::NOREPLACE,
        Flag::Exchange => fs::RenameFlags::EXCHANGE,
    };
    super::step()?;
    fs::renameat_with(old.0, old.1, new.0, new.1, flag)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn with_flag<P: Arg + Copy, Q: Arg + Copy>(
    _old: At<'_, P>,
    _new: At<'_, Q>,
    _flag: Flag,
) -> Result<()> {
    Err(Errno::NOSYS)
}

/// The writer's lock makes looking first as good as a flag.
fn after_a_look<P: Arg + Copy, Q: Arg + Copy>(old: At<'_, P>, new: At<'_, Q>) -> Result<()> {
    match statat(new.0, new.1, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => renameat(old.0, old.1, new.0, new.1),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    type Rename = fn(At<'_, &'static str>, At<'_, &'static str>) -> Result<()>;

    #[test]
    fn a_taken_name_is_refused_with_the_flag_and_without() {
        for rename in [to_free_name as Rename, after_a_look as Rename] {
            let folder = tempfile::tempdir().unwrap();
            let open = std::fs::File::open(folder.path()).unwrap();
            fs_err::write(folder.path().join("old"), "old").unwrap();
            fs_err::write(folder.path().join("taken"), "taken").unwrap();
            let at = |name| At(open.as_fd(), name);
            assert_eq!(rename(at("old"), at("taken")), Err(Errno::EXIST));
            assert_eq!(fs_err::read_to_string(folder.path().join("taken")).unwrap(), "taken");
            assert_eq!(rename(at("old"), at("free")), Ok(()));
            assert_eq!(fs_err::read_to_string(folder.path().join("free")).unwrap(), "old");
            assert_eq!(rename(at("old"), at("other")), Err(Errno::NOENT));
        }
    }

    #[test]
    fn two_folders_change_places() {
        let folder = tempfile::tempdir().unwrap();
        let open = std::fs::File::open(folder.path()).unwrap();
        for name in ["one", "two"] {
            fs_err::create_dir(folder.path().join(name)).unwrap();
            fs_err::write(folder.path().join(name).join("says"), name).unwrap();
        }
        let at = |name| At(open.as_fd(), name);
        exchange(at("one"), at("two"), at("spare")).unwrap();
        let says = fs_err::read_to_string(folder.path().join("one/says")).unwrap();
        assert_eq!(says, "two");
    }
}
