//! The path that packages are built for, long enough to give its place to any root.

/// Bytes of the placeholder.
pub const BYTES: usize = 128;

/// The root that packages are built for.
///
/// Long, so that a root fits into its place without moving a byte; below `/tmp`, so that anybody
/// can put a folder there; and padded with a character that no word of a path ends with.
pub const PLACEHOLDER: &str = concat!(
    "/tmp/pkg-placeholder-",
    "______________________________",
    "______________________________",
    "______________________________",
    "_________________",
);

/// Longest root that may take the placeholder's place, in bytes: a store's longest root.
pub const ROOT_BYTES_MAX: usize = 100;

/// What stands in a keg's path for the id that is not known before the package is done.
pub const ID: &str = "@@@@@@@@@@@@";

const _: () = assert!(PLACEHOLDER.len() == BYTES && ID.len() == 12);

/// A package's keg below the placeholder; `version` is `<version>[_<revision>]`.
pub fn keg(name: &str, version: &str) -> String {
    format!("{PLACEHOLDER}/cellar/{name}/{version}-{ID}")
}
