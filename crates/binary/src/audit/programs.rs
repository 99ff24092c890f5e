//! What programs, libraries and scripts refer to outside of the package.

use super::{
    Platform, Rules, System,
    finding::{Report, Rule},
};
use crate::{
    inspect::{Archive, Elf, MachO, Machine, Mention, Script, archive as members, elf::Role},
    placeholder::{PLACEHOLDER, ROOT_BYTES_MAX},
    signature,
};

/// Bytes of a script's first line that Linux reads (`BINPRM_BUF_SIZE`, less one).
const SHEBANG_BYTES_MAX: usize = 255;
/// Interpreters that every machine has.
const COMMON_INTERPRETERS: &[&str] = &["/bin/sh", "/usr/bin/env", "/bin/bash"];
/// Folders of libraries that are part of macOS.
const SYSTEM_FOLDERS: &[&str] = &["/usr/lib/", "/System/Library/"];
/// What a path of macOS may begin with instead of a folder.
const RELATIVE_WORDS: &[&str] = &["@rpath/", "@loader_path/", "@executable_path/"];

pub(super) fn elf(elf: &Elf, rules: &Rules<'_>, report: &mut Report<'_>) {
    let tell = |report: &mut Report<'_>, rule, what: &Mention| {
        report.add(rule, Some(what.offset), &shown(&what.text));
    };
    for folder in elf.rpath.iter().chain(&elf.runpath) {
        if !is_beside(&folder.text) && !is_ours(&folder.text) {
            tell(report, Rule::SearchPath, folder);
        }
    }
    for needed in elf.needed.iter().filter(|needed| needed.text.contains('/')) {
        if !is_beside(&needed.text) && !is_ours(&needed.text) {
            tell(report, Rule::Load, needed);
        }
    }
    if let Some(soname) = elf.soname.as_ref().filter(|name| name.text.contains('/'))
        && !is_ours(&soname.text)
    {
        tell(report, Rule::InstallName, soname);
    }
    let Some(platform) = rules.platform else {
        if elf.role == Role::Loaded {
            report.add(Rule::Machine, None, &format!("a program for {}", elf.machine));
        }
        return;
    };
    if elf.role == Role::Loaded {
        machine(elf.machine, &["linux"], platform, report);
    }
    if let Some(loader) = &elf.interpreter {
        let own = match narrow(platform) == Some(elf.machine) {
            true => Platform { machine: elf.machine, ..platform },
            false => platform,
        };
        let is_known = is_ours(&loader.text)
            || loaders(own).is_none_or(|loaders| loaders.contains(&loader.text.as_str()));
        if !is_known {
            tell(report, Rule::Interpreter, loader);
        }
    }
}

pub(super) fn macho(parts: &[MachO], bytes: &[u8], rules: &Rules<'_>, report: &mut Report<'_>) {
    for part in parts {
        if let Some(name) = &part.install_name
            && !is_relative(&name.text)
            && !is_ours(&name.text)
        {
            report.add(Rule::InstallName, Some(name.offset), &shown(&name.text));
        }
        for load in &part.loads {
            let is_system = SYSTEM_FOLDERS.iter().any(|folder| load.text.starts_with(folder));
            let is_known = is_system || is_relative(&load.text) || is_ours(&load.text);
            if load.text.contains('/') && !is_known {
                report.add(Rule::Load, Some(load.offset), &shown(&load.text));
            }
        }
        for rpath in &part.rpaths {
            let is_own = ["@loader_path", "@executable_path"]
                .iter()
                .any(|word| is_at_or_below(&rpath.text, word));
            if !is_own && !is_ours(&rpath.text) {
                report.add(Rule::SearchPath, Some(rpath.offset), &shown(&rpath.text));
            }
        }
    }
    if let Some(platform) = rules.platform
        && parts.iter().all(|part| !part.is_object)
    {
        let mine = parts.iter().find(|part| part.machine == platform.machine);
        if let Some(part) = mine.or(parts.first()) {
            machine(part.machine, &["macos"], platform, report);
        }
    }
    if let Err(error) = signature::check(bytes) {
        report.add(Rule::Signature, None, &error.to_string());
    }
}

pub(super) fn archive(archive: Archive, bytes: &[u8], rules: &Rules<'_>, report: &mut Report<'_>) {
    if archive.is_thin {
        return report.add(Rule::Thin, None, "");
    }
    let Some(platform) = rules.platform else { return };
    for (at, member) in members::members(bytes) {
        let machine = crate::inspect::elf::machine_of(member);
        if let Some(machine) = machine.filter(|machine| *machine != platform.machine) {
            let is_narrow = narrow(platform) == Some(machine);
            let rule = if is_narrow { Rule::Multilib } else { Rule::Machine };
            report.add(rule, Some(at), &format!("for {machine}"));
        }
    }
}

pub(super) fn script(script: &Script, report: &mut Report<'_>) {
    let interpreter = &script.interpreter;
    let is_common = COMMON_INTERPRETERS.contains(&interpreter.text.as_str());
    if !is_common && !is_ours(&interpreter.text) {
        report.add(Rule::Shebang, Some(interpreter.offset), &shown(&interpreter.text));
    }
    // The placeholder makes the line longer than any root will.
    let spare = PLACEHOLDER.len() - ROOT_BYTES_MAX;
    let line = [&interpreter.text].into_iter().chain(&script.argument);
    let spare: usize = line.map(|text| text.matches(PLACEHOLDER).count() * spare).sum();
    let longest = script.line_bytes.saturating_sub(spare);
    if longest > SHEBANG_BYTES_MAX {
        report.add(Rule::ShebangLength, Some(0), &longest.to_string());
    }
}

/// Tells a program that the platform cannot run.
fn machine(machine: Machine, system: &[&str], platform: Platform, report: &mut Report<'_>) {
    let fits = match platform.system {
        System::LinuxGnu | System::LinuxMusl | System::Linux => system == ["linux"],
        System::Macos => system == ["macos"],
        System::Other => return,
    };
    if fits && narrow(platform) == Some(machine) {
        report.add(Rule::Multilib, None, &format!("for {machine}"));
    } else if !fits || machine != platform.machine {
        report.add(Rule::Machine, None, &format!("for {machine} on {}", system.join(" ")));
    }
}

/// The 32-bit processor that a machine of the platform can be as well: what compilers bring for it
/// is as it should be, and a program needs a system with libraries of that kind.
fn narrow(platform: Platform) -> Option<Machine> {
    match (platform.system, platform.machine) {
        (System::LinuxGnu | System::LinuxMusl | System::Linux, Machine::Amd64) => {
            Some(Machine::I386)
        }
        (System::LinuxGnu | System::LinuxMusl | System::Linux, Machine::Arm64) => {
            Some(Machine::Arm)
        }
        _ => None,
    }
}

/// The loaders that a platform has, where they are known.
fn loaders(platform: Platform) -> Option<&'static [&'static str]> {
    use Machine as M;
    Some(match (platform.system, platform.machine) {
        (System::LinuxGnu, M::Amd64) => &["/lib64/ld-linux-x86-64.so.2"],
        (System::LinuxGnu, M::Arm64) => &["/lib/ld-linux-aarch64.so.1"],
        (System::LinuxGnu, M::I386) => &["/lib/ld-linux.so.2"],
        (System::LinuxGnu, M::Arm) => &["/lib/ld-linux-armhf.so.3"],
        (System::LinuxGnu, M::Riscv64) => &["/lib/ld-linux-riscv64-lp64d.so.1"],
        (System::LinuxGnu, M::Ppc64le) => &["/lib64/ld64.so.2"],
        (System::LinuxGnu, M::S390x) => &["/lib/ld64.so.1"],
        (System::LinuxMusl, M::Amd64) => &["/lib/ld-musl-x86_64.so.1"],
        (System::LinuxMusl, M::Arm64) => &["/lib/ld-musl-aarch64.so.1"],
        (System::LinuxMusl, M::I386) => &["/lib/ld-musl-i386.so.1"],
        (System::LinuxMusl, M::Arm) => &["/lib/ld-musl-armhf.so.1"],
        (System::LinuxMusl, M::Riscv64) => &["/lib/ld-musl-riscv64.so.1"],
        (System::LinuxMusl, M::Ppc64le) => &["/lib/ld-musl-powerpc64le.so.1"],
        (System::LinuxMusl, M::S390x) => &["/lib/ld-musl-s390x.so.1"],
        // Programs for every C library are static.
        (System::Linux, _) => &[],
        _ => return None,
    })
}

/// Whether a path starts at the folder of the file that holds it.
fn is_beside(path: &str) -> bool {
    ["$ORIGIN", "${ORIGIN}"].iter().any(|word| is_at_or_below(path, word))
}

fn is_ours(path: &str) -> bool {
    is_at_or_below(path, PLACEHOLDER)
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_relative(path: &str) -> bool {
    RELATIVE_WORDS.iter().any(|word| path.starts_with(word))
}

fn shown(path: &str) -> String {
    path.replace(PLACEHOLDER, "<root>")
}
