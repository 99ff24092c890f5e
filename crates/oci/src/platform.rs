//! Platforms in OCI words, and which of them run on a host (image-spec, image-index.md).
//!
//! Hosts are not looked at here: what a machine is comes from the caller as a platform too.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{excerpt::excerpt, manifest::null_as_default};

/// What some content runs on; or, as what is wanted, what a host is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(default)]
pub struct Platform {
    /// The operating system, in Go's words: `linux`, `darwin`, `windows`.
    pub os: String,
    /// The processor, in Go's words: `amd64`, `arm64`, `386`.
    pub architecture: String,
    /// The processor's variant: `v7` of `arm`, `v3` of `amd64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The version of the operating system.
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// What the content demands of the system; as what is wanted, what the host offers.
    ///
    /// `libc.gnu` and `libc.musl` say which C library; content without one runs with any.
    #[serde(
        rename = "os.features",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
}

/// How well content fits a host: greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fit {
    features: usize,
    variant: (u32, u32),
    same_version: bool,
}

impl Platform {
    /// A platform without variant, version and features.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self { os: os.to_owned(), architecture: architecture.to_owned(), ..Self::default() }
    }

    /// A platform by all the words that packages have for it.
    pub fn of_words(
        os: &str,
        architecture: &str,
        variant: Option<&str>,
        os_feature: Option<&str>,
    ) -> Self {
        Self {
            variant: variant.map(str::to_owned),
            os_features: os_feature.map(str::to_owned).into_iter().collect(),
            ..Self::new(os, architecture)
        }
    }

    /// The same platform with one more feature, such as `libc.musl`.
    pub fn with_feature(mut self, feature: &str) -> Self {
        self.os_features.push(feature.to_owned());
        self
    }

    /// The same platform with a variant of its processor.
    pub fn with_variant(mut self, variant: &str) -> Self {
        self.variant = Some(variant.to_owned());
        self
    }

    /// Whether this is BuildKit's mark for entries that hold attestations, not programs.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// How well content for this platform runs on `host`; `None` if it does not.
    pub(crate) fn fit(&self, host: &Self) -> Option<Fit> {
        let (architecture, variant) = self.processor();
        let (host_architecture, host_variant) = host.processor();
        let same = normal_os(&self.os) == normal_os(&host.os) && architecture == host_architecture;
        let has = |feature: &String| host.os_features.contains(feature);
        if !same || !self.os_features.iter().all(has) {
            return None;
        }
        let variant = variant_fit(&architecture, variant.as_deref(), host_variant.as_deref())?;
        let windows = normal_os(&self.os) == "windows";
        let same_version = match (&self.os_version, &host.os_version) {
            (Some(content), Some(host)) if windows && build(content) != build(host) => return None,
            (Some(content), Some(host)) => content == host,
            _ => false,
        };
        Some(Fit { features: self.os_features.len(), variant, same_version })
    }

    /// Architecture and variant with the other names that are in use folded.
    fn processor(&self) -> (String, Option<String>) {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        let variant = variant.map(str::to_ascii_lowercase);
        let architecture = self.architecture.to_ascii_lowercase();
        let (name, implied) = match architecture.as_str() {
            "x86_64" | "x86-64" => ("amd64", None),
            "aarch64" => ("arm64", None),
            "i386" | "i686" => ("386", None),
            "armhf" => ("arm", Some("v7")),
            "armel" => ("arm", Some("v6")),
            other => (other, None),
        };
        (name.to_owned(), variant.or_else(|| implied.map(str::to_owned)))
    }
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform: it has the form os/architecture[/variant][:os_version]")]
pub struct Malformed {
    /// The text, shortened and without control characters.
    pub text: String,
}

impl FromStr for Platform {
    type Err = Malformed;

    /// Reads `os/architecture[/variant][:os_version]`, as other clients take it.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed { text: excerpt(text) };
        let (parts, os_version) = match text.split_once(':') {
            Some((parts, version)) => (parts, Some(version.to_owned())),
            None => (text, None),
        };
        let parts: Vec<&str> = parts.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) || os_version.as_deref() == Some("") {
            return Err(malformed());
        }
        let platform = match parts[..] {
            [os, architecture] => Self::new(os, architecture),
            [os, architecture, variant] => Self::new(os, architecture).with_variant(variant),
            _ => return Err(malformed()),
        };
        Ok(Self { os_version, ..platform })
    }
}

impl fmt::Display for Platform {
    /// `os/architecture[/variant]`, then version and features in brackets; fit for a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", excerpt(&self.os), excerpt(&self.architecture))?;
        if let Some(variant) = &self.variant {
            write!(f, "/{}", excerpt(variant))?;
        }
        let version = self.os_version.iter();
        let details: Vec<_> = version.chain(&self.os_features).map(|text| excerpt(text)).collect();
        if details.is_empty() { Ok(()) } else { write!(f, " ({})", details.join(", ")) }
    }
}

fn normal_os(os: &str) -> String {
    match os.to_ascii_lowercase().as_str() {
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    }
}

/// How new the content's variant is; `None` if the host's processor lacks it.
fn variant_fit(arch: &str, content: Option<&str>, host: Option<&str>) -> Option<(u32, u32)> {
    let baseline = match arch {
        "amd64" => "v1",
        "arm" => "v7",
        "arm64" => "v8",
        _ => "",
    };
    let (content, host) = (content.unwrap_or(baseline), host.unwrap_or(baseline));
    match (level(content), level(host)) {
        (Some(content), Some(host)) if !baseline.is_empty() => (content <= host).then_some(content),
        _ if content == host => Some((1, 0)),
        _ => content.is_empty().then_some((0, 0)),
    }
}

/// `v8.2` as (8, 2).
fn level(variant: &str) -> Option<(u32, u32)> {
    let text = variant.strip_prefix('v').unwrap_or(variant);
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The part of a Windows version that host and container must share.
fn build(version: &str) -> Vec<&str> {
    version.split('.').take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        let mut parts = text.split('/');
        let mut next = || parts.next().unwrap_or_default();
        let found = Platform::new(next(), next());
        match next() {
            "" => found,
            variant => found.with_variant(variant),
        }
    }

    #[test]
    fn c10_variants_run_on_hosts_that_are_at_least_as_new() {
        let check = |content: &str, host: &str, expected: bool| {
            let fit = platform(content).fit(&platform(host));
            assert_eq!(fit.is_some(), expected, "{content} on {host}");
        };
        check("linux/amd64", "linux/amd64", true);
        check("linux/amd64", "linux/amd64/v3", true);
        check("linux/amd64/v2", "linux/amd64/v3", true);
        check("linux/amd64/v4", "linux/amd64/v3", false);
        check("linux/amd64/v2", "linux/amd64", false);
        check("linux/x86_64", "linux/amd64", true);
        check("linux/arm/v6", "linux/arm/v7", true);
        check("linux/arm/v7", "linux/arm/v6", false);
        check("linux/arm", "linux/arm/v7", true);
        check("linux/arm", "linux/arm/v6", false);
        check("linux/armhf", "linux/arm/v7", true);
        check("linux/arm64/v8", "linux/arm64", true);
        check("linux/arm64", "linux/arm64/v8", true);
        check("linux/arm64/v9", "linux/arm64/v8", false);
        check("linux/arm64/v8.2", "linux/arm64/v9", true);
        check("linux/arm/v7", "linux/arm64", false);
        check("linux/riscv64", "linux/riscv64/rva22u64", true);
        check("linux/riscv64/rva22u64", "linux/riscv64", false);
        check("linux/riscv64/rva22u64", "linux/riscv64/rva22u64", true);
        check("darwin/arm64", "macos/aarch64", true);
        check("darwin/arm64", "linux/arm64", false);
        check("unknown/unknown", "linux/amd64", false);
        check("/", "linux/amd64", false);
    }

    #[test]
    fn c10_windows_versions_must_share_their_build() {
        let windows = |version: &str| Platform {
            os_version: Some(version.to_owned()),
            ..Platform::new("windows", "amd64")
        };
        let host = windows("10.0.17763.1234");
        assert!(windows("10.0.17763.1").fit(&host).is_some());
        assert!(windows("10.0.17763.1234").fit(&host) > windows("10.0.17763.1").fit(&host));
        assert!(windows("10.0.14393.1234").fit(&host).is_none());
        assert!(Platform::new("windows", "amd64").fit(&host).is_some());
    }

    #[test]
    fn c10_an_unknown_feature_that_content_demands_is_a_refusal() {
        let host = Platform::new("linux", "amd64").with_feature("libc.gnu");
        let plain = Platform::new("linux", "amd64");
        let gnu = plain.clone().with_feature("libc.gnu");
        assert!(gnu.fit(&host) > plain.fit(&host));
        assert!(plain.fit(&host).is_some());
        assert_eq!(plain.clone().with_feature("libc.musl").fit(&host), None);
        assert_eq!(gnu.clone().with_feature("win32k").fit(&host), None);
        assert_eq!(gnu.fit(&plain), None);
    }

    #[test]
    fn platforms_are_read_as_other_clients_take_them() {
        let read = |text: &str| text.parse::<Platform>();
        assert_eq!(read("linux/arm/v7"), Ok(platform("linux/arm/v7")));
        let windows = read("windows/amd64:10.0.1").unwrap();
        assert_eq!(windows.os_version.as_deref(), Some("10.0.1"));
        for bad in ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/arm64:", "linux//v7"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_platform_shows_all_that_tells_it_from_others() {
        let found = platform("linux/arm/v7").with_feature("libc.musl");
        assert_eq!(found.to_string(), "linux/arm/v7 (libc.musl)");
        assert_eq!(Platform::new("a\u{1b}[2J", "b").to_string(), "a[2J/b");
    }
}
