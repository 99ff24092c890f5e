//! Other platforms' files of a release of which one is known: asked for, where a list is missing.

use std::collections::BTreeSet;

use formula::{Arch, Libc, Os, Platform, template::platform_words};

use super::asset::Asset;
use crate::{parallel::in_parallel, upstream::Upstream};

/// Most addresses that are asked for.
const ASKED_MAX: usize = 160;

/// Names that files of other platforms may have, given one that exists.
pub(crate) fn guesses(known: &Asset) -> Vec<String> {
    let Some(range) = &known.target else { return Vec::new() };
    let Some(arch) = known.arch else { return Vec::new() };
    // A name that says no system is one for Linux, and so are those beside it.
    let os = known.os.unwrap_or(Os::Linux);
    let stem = known.stem();
    let (before, target, after) = (&stem[..range.start], &stem[range.clone()], &stem[range.end..]);
    let libc = known.libc.filter(|_| os == Os::Linux);
    let templates = templates(target, &Platform { os, arch, libc }, known.os.is_some());
    let mut names = BTreeSet::new();
    for platform in platforms().filter(|platform| known.os.is_some() || platform.os == os) {
        for template in &templates {
            let text = expanded(template, &platform);
            for end in ends(known.end, platform.os) {
                let dot = if end.is_empty() { "" } else { "." };
                names.insert(format!("{before}{text}{after}{dot}{end}"));
            }
        }
    }
    names.remove(&known.name);
    names.into_iter().take(ASKED_MAX).collect()
}

/// Those of some files beside `url` that exist.
pub(crate) fn existing(upstream: &Upstream<'_>, url: &str, names: &[String]) -> Vec<String> {
    let Some((folder, _)) = url.rsplit_once('/') else { return Vec::new() };
    let jobs = upstream.home.jobs();
    let there = in_parallel(jobs, names, |name| {
        // A guess that cannot be asked for is no file.
        upstream.exists(&format!("{folder}/{name}")).unwrap_or(false)
    });
    names.iter().zip(there).filter(|(_, there)| *there).map(|(name, _)| name.clone()).collect()
}

/// The platforms that releases mostly have.
fn platforms() -> impl Iterator<Item = Platform> {
    let arches = [Arch::Amd64, Arch::Arm64, Arch::Riscv64, Arch::Ppc64le, Arch::S390x];
    let linux = arches.into_iter().flat_map(|arch| {
        [None, Some(Libc::Gnu)].map(|libc| Platform { os: Os::Linux, arch, libc })
    });
    let other = [Os::Macos, Os::Windows].into_iter();
    let other = other.flat_map(|os| [Arch::Amd64, Arch::Arm64].map(|arch| Platform::new(os, arch)));
    linux.chain(other)
}

/// The templates that a platform's text may have been made of, with every word as a token.
fn templates(target: &str, platform: &Platform, says_system: bool) -> Vec<String> {
    let words: Vec<(&str, String)> = platform_words(platform).collect();
    let mut found: Vec<String> = words
        .iter()
        .filter(|(token, word)| token.starts_with("triple") && word == target)
        .map(|(token, _)| format!("{{{token}}}"))
        .collect();
    if !found.is_empty() {
        found.truncate(1);
        return found;
    }
    let of = |kind: &str| -> Vec<(String, String)> {
        let tokens = words.iter().filter(|(token, _)| token.split(':').next() == Some(kind));
        let fitting = tokens.filter(|(_, word)| target.contains(word.as_str()));
        fitting.map(|(token, word)| (format!("{{{token}}}"), word.clone())).collect()
    };
    let systems = if says_system { of("os") } else { vec![(String::new(), String::new())] };
    for (os_token, os) in systems {
        for (arch_token, arch) in of("arch") {
            // The longer word first: `x86_64-linux` holds `x86` too.
            let replaced = target.replace(&arch, &arch_token);
            let replaced = if os.is_empty() { replaced } else { replaced.replace(&os, &os_token) };
            let has_both = replaced.contains(&os_token) && replaced.contains(&arch_token);
            if has_both && !found.contains(&replaced) {
                found.push(replaced);
            }
        }
    }
    found
}

fn expanded(template: &str, platform: &Platform) -> String {
    platform_words(platform).fold(template.to_owned(), |text, (token, word)| {
        text.replace(&format!("{{{token}}}"), &word)
    })
}

/// The ends that a file may have on a system.
fn ends(known: &'static str, os: Os) -> Vec<&'static str> {
    match (known, os) {
        ("", Os::Windows) => vec!["exe"],
        ("exe", Os::Windows) => vec!["exe"],
        ("exe", _) => vec![""],
        ("zip", Os::Windows) => vec!["zip"],
        ("zip", _) => vec!["zip", "tar.gz"],
        (end, Os::Windows) => vec![end, "zip"],
        (end, _) => vec![end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_leads_to_the_others() {
        let check = |known: &str, expect: &[&str]| {
            let guesses = guesses(&Asset::read(known).unwrap());
            for name in expect {
                assert!(
                    guesses.iter().any(|guess| guess == name),
                    "{known}: {name} in {guesses:?}"
                );
            }
            assert!(!guesses.contains(&known.to_owned()) && guesses.len() < ASKED_MAX, "{known}");
        };
        check(
            "t-1.0-x86_64-unknown-linux-musl.tar.gz",
            &[
                "t-1.0-aarch64-apple-darwin.tar.gz",
                "t-1.0-x86_64-pc-windows-msvc.zip",
                "t-1.0-aarch64-unknown-linux-gnu.tar.gz",
            ],
        );
        check(
            "t_1.0_linux_amd64.tar.gz",
            &["t_1.0_darwin_arm64.tar.gz", "t_1.0_macos_arm64.tar.gz", "t_1.0_windows_amd64.zip"],
        );
        check("t_Linux_x86_64", &["t_Darwin_arm64", "t_Windows_x86_64.exe"]);
        let wheel =
            |arch| format!("t-0.6.9-py3-none-manylinux_2_17_{arch}.manylinux2014_{arch}.whl");
        check(&wheel("x86_64"), &[&wheel("aarch64")]);
        check("t_1.0_amd64.tar.gz", &["t_1.0_arm64.tar.gz"]);
        check("t-linux-x64.zip", &["t-macos-arm64.zip", "t-windows-x64.zip"]);
        assert!(guesses(&Asset::read("t-1.0.tar.gz").unwrap()).is_empty());
    }
}
