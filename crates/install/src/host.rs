//! What this machine is: platform, libraries, kernel and processor, each looked up when asked for.
//!
//! Nothing is executed to find out; a version that cannot be told is said to be unknown.

use std::{fs::File, io::Read as _, path::Path, sync::OnceLock};

use formula::{Arch, Constraint, Libc, Os, Platform, Requires, Scheme, Version};

/// The machine that packages are installed on.
#[derive(Debug)]
pub struct Host {
    platform: Platform,
    /// Whether it is this machine, of which more is known than its platform.
    is_here: bool,
    glibc: OnceLock<Option<String>>,
}

/// Folders that hold `libc.so.6`, by distribution.
const GLIBC_FOLDERS: &[&str] = &[
    "/lib64",
    "/usr/lib64",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/lib/arm-linux-gnueabihf",
    "/lib/riscv64-linux-gnu",
    "/lib/powerpc64le-linux-gnu",
    "/lib/s390x-linux-gnu",
    "/lib/i386-linux-gnu",
    "/lib",
    "/usr/lib",
];

impl Host {
    /// This machine; `None` where pkg knows no word for its system or processor.
    pub fn detect() -> Option<Self> {
        let os = match std::env::consts::OS {
            "linux" => Os::Linux,
            "macos" => Os::Macos,
            "windows" => Os::Windows,
            "freebsd" => Os::Freebsd,
            _ => return None,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => Arch::Amd64,
            "aarch64" => Arch::Arm64,
            "x86" => Arch::I386,
            "arm" => Arch::Armv7,
            "riscv64" => Arch::Riscv64,
            "powerpc64" => Arch::Ppc64le,
            "s390x" => Arch::S390x,
            _ => return None,
        };
        let libc = (os == Os::Linux).then(libc);
        let platform = Platform { os, arch, libc };
        Some(Self { platform, is_here: true, glibc: OnceLock::new() })
    }

    /// Some machine of that platform, of which nothing else is known.
    pub fn of(platform: Platform) -> Self {
        Self { platform, is_here: false, glibc: OnceLock::new() }
    }

    /// The machine's platform; on Linux with its C library.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Why this machine does not meet `requires`; `None` where it does, or where nobody can tell.
    pub fn obstacle(&self, requires: &Requires) -> Option<String> {
        if !self.is_here {
            return None;
        }
        let glibc = || self.glibc.get_or_init(glibc_version).clone();
        unmet("glibc", requires.glibc.as_ref(), glibc)
            .or_else(|| unmet("macOS", requires.macos.as_ref(), macos_version))
            .or_else(|| unmet("a Linux kernel", requires.linux.as_ref(), linux_version))
            .or_else(|| requires.cpu.as_deref().and_then(slow_cpu))
    }
}

fn unmet(
    what: &str,
    constraint: Option<&Constraint>,
    version: impl FnOnce() -> Option<String>,
) -> Option<String> {
    let constraint = constraint?;
    let Some(text) = version() else {
        return Some(format!("it needs {what} {constraint}, which this machine does not have"));
    };
    let met = Version::parse(&text, Scheme::Loose).is_ok_and(|v| constraint.matches_plain(&v));
    (!met).then(|| format!("it needs {what} {constraint}; this machine has {text}"))
}

/// musl where only its loader is there: a glibc machine may have musl's beside its own.
fn libc() -> Libc {
    let has_glibc = GLIBC_FOLDERS.iter().any(|folder| Path::new(folder).join("libc.so.6").exists());
    let has_musl = || {
        std::fs::read_dir("/lib").is_ok_and(|entries| {
            entries.flatten().any(|e| e.file_name().to_string_lossy().starts_with("ld-musl-"))
        })
    };
    if !has_glibc && has_musl() { Libc::Musl } else { Libc::Gnu }
}

/// The version in the banner that every glibc carries ("… stable release version 2.36.").
fn glibc_version() -> Option<String> {
    const BANNER: &[u8] = b"release version ";
    let file = GLIBC_FOLDERS
        .iter()
        .find_map(|folder| File::open(Path::new(folder).join("libc.so.6")).ok())?;
    let mut bytes = Vec::new();
    file.take(64 << 20).read_to_end(&mut bytes).ok()?;
    let at = bytes.windows(BANNER.len()).position(|window| window == BANNER)? + BANNER.len();
    let version: String = bytes[at..]
        .iter()
        .map(|byte| char::from(*byte))
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let version = version.trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}

fn macos_version() -> Option<String> {
    let plist = std::fs::read_to_string("/System/Library/CoreServices/SystemVersion.plist").ok()?;
    let (_, rest) = plist.split_once("<key>ProductVersion</key>")?;
    let (_, rest) = rest.split_once("<string>")?;
    rest.split_once("</string>").map(|(version, _)| version.trim().to_owned())
}

fn linux_version() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let end = release.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(release.len());
    Some(release[..end].trim_end_matches('.').to_owned())
}

fn slow_cpu(level: &str) -> Option<String> {
    let needed = level.strip_prefix("x86-64-v")?.parse::<u8>().ok()?;
    let has = cpu_level();
    (has < needed).then(|| format!("it needs a processor of level {level}; this is x86-64-v{has}"))
}

/// The x86-64 micro-architecture level of this processor, 0 where it is of another kind.
#[cfg(target_arch = "x86_64")]
fn cpu_level() -> u8 {
    use std::arch::is_x86_feature_detected as has;
    let v2 = has!("sse4.2") && has!("ssse3") && has!("popcnt") && has!("cmpxchg16b");
    let v3 = v2 && has!("avx2") && has!("bmi1") && has!("bmi2") && has!("fma") && has!("movbe");
    let v4 = v3 && has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512vl");
    1 + u8::from(v2) + u8::from(v3) + u8::from(v4)
}

/// The x86-64 micro-architecture level of this processor, 0 where it is of another kind.
#[cfg(not(target_arch = "x86_64"))]
fn cpu_level() -> u8 {
    0
}
