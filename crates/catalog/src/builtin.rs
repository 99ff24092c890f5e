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

/// Name and text of every formula of the built-in tap, in order of name.
pub(crate) fn formulas() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter_map(|(path, bytes)| {
        let stem =
            path.strip_suffix(".toml").filter(|stem| !stem.contains('/') && *stem != "tap")?;
        Some((stem, std::str::from_utf8(bytes).ok()?))
    })
}
