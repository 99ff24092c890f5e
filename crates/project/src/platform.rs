//! Platforms as people name machines: `linux/arm64` or `linux-arm64` is one with the GNU C library.
//!
//! In a formula `linux-arm64` means programs that run with any C library; a machine always has one.

use formula::{Libc, Os, Platform};

/// A text that names no machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform")]
pub struct Unknown {
    text: String,
    #[source]
    source: <Platform as std::str::FromStr>::Err,
}

/// Reads `linux/arm64`, `linux-arm64`, `linux-arm64-musl`, `darwin/arm64` or `macos-arm64`.
pub fn read(text: &str) -> Result<Platform, Unknown> {
    let mut words = text.replace('/', "-");
    if let Some(rest) = words.strip_prefix("darwin-") {
        words = format!("macos-{rest}");
    }
    let platform: Platform = words.parse().map_err(|source| {
        let text = text.chars().filter(|c| !c.is_control()).take(80).collect();
        Unknown { text, source }
    })?;
    let libc = platform.libc.or((platform.os == Os::Linux).then_some(Libc::Gnu));
    Ok(Platform { libc, ..platform })
}

/// The platforms that a project is locked for where nobody says which.
pub(crate) fn usual() -> impl Iterator<Item = Platform> {
    ["linux/amd64", "linux/arm64", "macos/amd64", "macos/arm64"]
        .into_iter()
        .filter_map(|text| read(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_c_library() {
        for (text, expect) in [
            ("linux/arm64", "linux-arm64-gnu"),
            ("linux-amd64", "linux-amd64-gnu"),
            ("linux-amd64-musl", "linux-amd64-musl"),
            ("darwin/arm64", "macos-arm64"),
            ("macos-amd64", "macos-amd64"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), expect, "{text}");
        }
        for text in ["", "linux", "linux/x86_64", "any", "plan9/amd64"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(usual().count(), 4);
    }
}
