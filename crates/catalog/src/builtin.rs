//! The tap `core`, carried in the program: `pkg install hello` works without a network.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Name of the tap that the program carries.
pub const NAME: &str = "core";

/// The bytes of a file of the built-in tap, by its path below the tap's folder.
pub(crate) fn file(path: &str) -> Option<&'static [u8]> {
    let index = FILES.binary_search_by(|(known, _)| (*known).cmp(path)).ok()?;
    Some(FILES[index].1)
}

/// The text of a formula of the built-in tap.
pub(crate) fn formula(name: &str) -> Option<&'static str> {
    std::str::from_utf8(file(&format!("{name}.toml"))?).ok()
}

/// The name of every formula of the built-in tap, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let stems = FILES.iter().filter_map(|(path, _)| path.strip_suffix(".toml"));
    stems.filter(|stem| !stem.contains('/') && *stem != "tap")
}
