//! The words that templates have without any variable.

use crate::{
    platform::{Arch, Libc, Os, Platform},
    version::Version,
};

/// `{os}`, `{arch}`, `{triple}`, `{exe}` and their forms; `None` for any other token.
pub(super) fn of_platform(token: &str, platform: &Platform) -> Option<String> {
    let word = match token {
        "os" => platform.os.as_str(),
        "os:go" => platform.goos(),
        "os:uname" => os_uname(platform.os),
        "arch" => platform.arch.as_str(),
        "arch:gnu" => arch_gnu(platform.arch),
        "arch:node" => arch_node(platform.arch),
        "arch:uname" => arch_uname(platform),
        "triple" => return Some(triple(platform, platform.libc.unwrap_or(Libc::Musl))),
        "triple:musl" => return Some(triple(platform, Libc::Musl)),
        "triple:gnu" => return Some(triple(platform, Libc::Gnu)),
        "exe" if platform.os == Os::Windows => ".exe",
        "exe" => "",
        _ => return None,
    };
    Some(word.to_owned())
}

/// Every token that [`of_platform`] knows.
pub(super) const OF_PLATFORM: [&str; 11] = [
    "os",
    "os:go",
    "os:uname",
    "arch",
    "arch:gnu",
    "arch:node",
    "arch:uname",
    "triple",
    "triple:musl",
    "triple:gnu",
    "exe",
];

/// What every token that a platform decides stands for on it: `os:go` and `darwin`, and so on.
pub fn platform_words(platform: &Platform) -> impl Iterator<Item = (&'static str, String)> {
    OF_PLATFORM.iter().filter_map(|token| Some((*token, of_platform(token, platform)?)))
}

/// `{version}` and its forms; `None` for any other token.
///
/// Parts are what stands between `.`, `-`, `+` and `~`.
pub(super) fn of_version(token: &str, version: &Version) -> Option<Result<String, TooShort>> {
    let text = version.as_str();
    let form = token.strip_prefix("version")?;
    let ends = || text.match_indices(['.', '-', '+', '~']).map(|(place, _)| place);
    let part = |index: usize| {
        let mut parts = text.split(['.', '-', '+', '~']);
        parts.nth(index).map(str::to_owned).ok_or(TooShort { parts: ends().count() + 1 })
    };
    let first = |count: usize| {
        let parts = ends().count() + 1;
        match ends().nth(count - 1) {
            Some(end) => Ok(text[..end].to_owned()),
            None if parts == count => Ok(text.to_owned()),
            None => Err(TooShort { parts }),
        }
    };
    Some(match form {
        "" => Ok(text.to_owned()),
        ".major" => part(0),
        ".minor" => part(1),
        ".patch" => part(2),
        ".1" => first(1),
        ".2" => first(2),
        ".3" => first(3),
        ":_" => Ok(text.replace('.', "_")),
        ":-" => Ok(text.replace('.', "-")),
        _ => return None,
    })
}

/// Every token that [`of_version`] knows.
pub(super) const OF_VERSION: [&str; 9] = [
    "version",
    "version.major",
    "version.minor",
    "version.patch",
    "version.1",
    "version.2",
    "version.3",
    "version:_",
    "version:-",
];

/// A version has fewer parts than a token asks for.
pub(super) struct TooShort {
    pub(super) parts: usize,
}

/// What `uname -s` prints, or people call the system in names of files.
fn os_uname(os: Os) -> &'static str {
    match os {
        Os::Linux => "Linux",
        Os::Macos => "Darwin",
        Os::Windows => "Windows",
        Os::Freebsd => "FreeBSD",
    }
}

fn arch_gnu(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "x86_64",
        Arch::Arm64 => "aarch64",
        Arch::I386 => "i686",
        Arch::Armv7 => "armv7",
        Arch::Riscv64 => "riscv64",
        Arch::Ppc64le => "powerpc64le",
        Arch::S390x => "s390x",
    }
}

/// What `process.arch` is in Node.js.
fn arch_node(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "x64",
        Arch::Arm64 => "arm64",
        Arch::I386 => "ia32",
        Arch::Armv7 => "arm",
        Arch::Riscv64 => "riscv64",
        Arch::Ppc64le => "ppc64",
        Arch::S390x => "s390x",
    }
}

/// What `uname -m` prints.
fn arch_uname(platform: &Platform) -> &'static str {
    match (platform.os, platform.arch) {
        (Os::Macos, Arch::Arm64) => "arm64",
        (Os::Freebsd, arch) => arch.as_str(),
        (_, Arch::Armv7) => "armv7l",
        (_, Arch::Ppc64le) => "ppc64le",
        (_, arch) => arch_gnu(arch),
    }
}

/// Rust's target triple.
fn triple(platform: &Platform, libc: Libc) -> String {
    let arch = match platform.arch {
        Arch::Riscv64 => "riscv64gc",
        arch => arch_gnu(arch),
    };
    match (platform.os, libc) {
        (Os::Linux, libc) => {
            let abi = if platform.arch == Arch::Armv7 { "eabihf" } else { "" };
            format!("{arch}-unknown-linux-{}{abi}", libc.as_str())
        }
        (Os::Macos, _) => format!("{arch}-apple-darwin"),
        (Os::Windows, _) => format!("{arch}-pc-windows-msvc"),
        (Os::Freebsd, _) => format!("{arch}-unknown-freebsd"),
    }
}
