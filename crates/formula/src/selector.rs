//! Selectors: which platforms a rule or a variable's value is for.

use std::{fmt, str::FromStr};

use crate::platform::{Arch, Libc, Os, Platform};

/// One selector: `*`, `linux`, `*-arm64`, `linux-*-musl`, `!windows`.
///
/// It matches a platform whose first parts it names; `*` stands for any one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    negated: bool,
    os: Option<Os>,
    arch: Option<Arch>,
    libc: Option<Libc>,
    /// How many parts are written; the display keeps a trailing `*`.
    parts: u8,
}

/// A text that is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` selects no platform: {rule}")]
pub struct Malformed {
    /// The text, shortened to 80 characters and without control characters.
    pub text: String,
    /// The rule that the text breaks.
    pub rule: &'static str,
    /// The word that may have been meant for the part that is unknown.
    pub instead: Option<String>,
}

impl Selector {
    /// Whether `platform` is selected; for a negated selector, whether it is not named.
    pub fn matches(&self, platform: &Platform) -> bool {
        let named = self.os.is_none_or(|os| os == platform.os)
            && self.arch.is_none_or(|arch| arch == platform.arch)
            && self.libc.is_none_or(|libc| Some(libc) == platform.libc);
        named != self.negated
    }

    /// Whether `platform` is in a list of selectors: named by one of them and excluded by none.
    ///
    /// A list of exclusions only starts from every platform.
    pub fn list_matches(list: &[Self], platform: &Platform) -> bool {
        let mut naming = list.iter().filter(|s| !s.negated).peekable();
        let excluded = list.iter().any(|s| s.negated && !s.matches(platform));
        !excluded && (naming.peek().is_none() || naming.any(|s| s.matches(platform)))
    }

    /// How many parts are fixed; of two selectors that match, the one with more wins.
    pub fn specificity(&self) -> u8 {
        u8::from(self.os.is_some()) + u8::from(self.arch.is_some()) + u8::from(self.libc.is_some())
    }

    /// Whether it starts with `!`.
    pub fn is_negated(&self) -> bool {
        self.negated
    }
}

impl FromStr for Selector {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (negated, rest) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut selector = Self { negated, os: None, arch: None, libc: None, parts: 0 };
        for part in rest.split('-') {
            selector.take(part).map_err(|rule| Malformed {
                text: crate::name::printable(text),
                rule,
                instead: instead(text, part, selector.parts),
            })?;
            selector.parts += 1;
        }
        Ok(selector)
    }
}

impl Selector {
    fn take(&mut self, part: &str) -> Result<(), &'static str> {
        match self.parts {
            0 if part == "*" => {}
            0 => {
                let os = Os::from_word(part);
                self.os = Some(os.ok_or("systems are linux, macos, windows, freebsd and `*`")?);
            }
            1 if part == "*" => {}
            1 => {
                let arch = Arch::from_word(part).ok_or(
                    "architectures are amd64, arm64, 386, armv7, riscv64, ppc64le, s390x and `*`",
                )?;
                self.arch = Some(arch);
            }
            2 if !matches!(self.os, None | Some(Os::Linux)) => {
                return Err("only Linux has a C library to choose");
            }
            2 if part == "*" => {}
            2 => self.libc = Some(Libc::from_word(part).ok_or("C libraries are gnu and musl")?),
            _ => return Err("it has more than three parts"),
        }
        Ok(())
    }
}

/// `text` with its unknown `part` replaced by the word that other tools' word means here.
fn instead(text: &str, part: &str, place: u8) -> Option<String> {
    let lower = part.to_ascii_lowercase();
    let known = match (place, lower.as_str()) {
        (0, "darwin" | "osx" | "mac" | "apple") => Some("macos"),
        (0, "win" | "win32" | "win64") => Some("windows"),
        (0, "x86_64" | "amd64" | "x64") => Some("*-amd64"),
        (0, "aarch64" | "arm64") => Some("*-arm64"),
        (0, "musl") => Some("linux-*-musl"),
        (0, "gnu" | "glibc") => Some("linux-*-gnu"),
        (1, "x86_64" | "x64" | "x86-64") => Some("amd64"),
        (1, "aarch64" | "armv8") => Some("arm64"),
        (1, "i386" | "i686" | "x86") => Some("386"),
        (1, "arm" | "armhf" | "armv7l") => Some("armv7"),
        (1, "powerpc64le" | "ppc64el") => Some("ppc64le"),
        (1, "riscv64gc") => Some("riscv64"),
        (1, "musl" | "gnu") => return Some(text.replacen(part, &format!("*-{lower}"), 1)),
        (2, "glibc") => Some("gnu"),
        _ => None,
    };
    let words: Vec<&str> = match place {
        0 => Os::ALL.iter().map(|os| os.as_str()).collect(),
        1 => Arch::ALL.iter().map(|arch| arch.as_str()).collect(),
        _ => Libc::ALL.iter().map(|libc| libc.as_str()).collect(),
    };
    let word = known.or_else(|| crate::report::nearest(&lower, words.into_iter()))?;
    Some(text.replacen(part, word, 1))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.os.map_or("*", Os::as_str),
            self.arch.map_or("*", Arch::as_str),
            self.libc.map_or("*", Libc::as_str),
        ];
        let sign = if self.negated { "!" } else { "" };
        write!(f, "{sign}{}", parts[..self.parts.into()].join("-"))
    }
}

serde_as_text!(Selector);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_selector_names_first_parts() {
        let check = |list: &str, platform: &str, want: bool| {
            let list: Vec<Selector> = list.split_whitespace().map(|s| s.parse().unwrap()).collect();
            let platform: Platform = platform.parse().unwrap();
            assert_eq!(Selector::list_matches(&list, &platform), want, "{list:?} {platform}");
        };
        check("*", "linux-amd64", true);
        check("linux", "linux-amd64-musl", true);
        check("linux-amd64", "linux-amd64-musl", true);
        check("linux-*-musl", "linux-amd64-musl", true);
        check("linux-*-musl", "linux-amd64", false);
        check("*-arm64", "macos-arm64", true);
        check("*-*-gnu", "macos-arm64", false);
        check("!windows", "linux-amd64", true);
        check("!windows", "windows-amd64", false);
        check("linux !linux-arm64", "linux-amd64", true);
        check("linux !linux-arm64", "linux-arm64", false);
        check("linux !linux-arm64", "macos-arm64", false);
        check("linux macos-arm64", "macos-arm64", true);
    }

    #[test]
    fn a_wrong_word_is_put_right() {
        let check = |text: &str, want: Option<&str>| {
            let error = text.parse::<Selector>().unwrap_err();
            assert_eq!(error.instead.as_deref(), want, "{error}");
        };
        check("linux-x86_64", Some("linux-amd64"));
        check("darwin-aarch64", Some("macos-aarch64"));
        check("!darwin", Some("!macos"));
        check("linx", Some("linux"));
        check("musl", Some("linux-*-musl"));
        check("linux-musl", Some("linux-*-musl"));
        check("macos-arm64-gnu", None);
        check("linux-amd64-gnu-x", None);
        check("", None);
    }

    #[test]
    fn specificity_counts_fixed_parts() {
        for (text, want) in [("*", 0), ("linux", 1), ("*-arm64", 1), ("linux-*-musl", 2)] {
            assert_eq!(text.parse::<Selector>().unwrap().specificity(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_goes_both_ways(
            text in r"!?(\*|linux|macos)(-(\*|amd64|386)(-(\*|gnu|musl))?)?",
        ) {
            if let Ok(selector) = text.parse::<Selector>() {
                prop_assert_eq!(selector.to_string(), text);
            }
        }
    }
}
