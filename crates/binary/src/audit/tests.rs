use std::io::Write as _;

use super::*;
use crate::{
    placeholder::{self, PLACEHOLDER as P},
    samples::{ElfSample, MachOSample, Signed, elf, elf32, fat, macho},
};

const LINUX: Platform = Platform { system: System::LinuxGnu, machine: Machine::Amd64 };
const MAC: Platform = Platform { system: System::Macos, machine: Machine::Arm64 };

fn audited(platform: Platform, mode: u32, bytes: &[u8]) -> Vec<Finding> {
    let forbidden = ["/build/me/".to_owned(), format!("{P}/build"), String::new()];
    let rules = Rules { platform: Some(platform), keg: "foo/1.0", forbidden: &forbidden };
    audit("bin/foo", mode, bytes, &rules)
}

fn rules(findings: &[Finding]) -> Vec<Rule> {
    findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn paths_of_the_build_are_told_with_their_place() {
    let keg = placeholder::keg("foo", "1.0");
    for (text, expect) in [
        (format!("{P}/current/bin:{P}/etc/x:{P}/var\n{keg}/lib {keg}"), None),
        (P.to_owned(), None),
        (format!("{P}/"), None),
        (format!("{P}/%s.conf"), None),
        (format!("ab{P}/build/src/x.c:1"), Some((Rule::Place, "`<root>/build/src/x.c`"))),
        (format!("ab{P}/currents"), Some((Rule::Place, "`<root>/currents`"))),
        (format!("ab{P}/generations/3/bin"), Some((Rule::Place, "<root>/generations/3/bin"))),
        (format!("ab{P}/cellar/bar/1.0-0123456789ab/lib"), Some((Rule::Place, "bar/1.0"))),
        (format!("ab{keg}x/lib"), Some((Rule::Place, "foo/1.0-@@@@@@@@@@@@x/lib"))),
        (format!("ab{P}.orig/x"), Some((Rule::Glued, "`<root>.orig/x`"))),
        (format!("ab{}", &P[5..]), Some((Rule::Partial, "`pkg-placeholder-_____"))),
        (format!("ab{}", &P[5..100]), Some((Rule::Partial, "`pkg-placeholder-_____"))),
        ("ab/build/me/x.c'".to_owned(), Some((Rule::BuildPath, "`/build/me/x.c`"))),
        ("ab/build/me\0".to_owned(), Some((Rule::BuildPath, "`/build/me`"))),
        ("ab/build/meme/x.c".to_owned(), None),
    ] {
        let findings = audited(LINUX, 0o644, text.as_bytes());
        let found = findings.first();
        assert_eq!(found.map(|found| found.rule), expect.map(|(rule, _)| rule), "{text}");
        if let (Some(found), Some((_, shown))) = (found, expect) {
            assert_eq!(found.offset, Some(2));
            assert!(found.to_string().contains(shown), "{found}");
            assert!(!found.fix().is_empty());
        }
    }
    let many = "/build/me/x ".repeat(1000);
    let findings = audited(LINUX, 0o644, many.as_bytes());
    let told = "`bin/foo` at byte 0: `/build/me/x` is a path of the build, and 999 more";
    assert_eq!(findings.iter().map(Finding::to_string).collect::<Vec<_>>(), [told]);
}

#[test]
fn programs_of_linux_look_for_libraries_in_the_package() {
    let own = format!("{P}/current/lib:{P}/current/opt/zlib/lib:$ORIGIN/../lib:$ORIGIN");
    let ours = format!("{P}/current/lib/ld.so");
    let clean = ElfSample { runpath: &own, rpath: "${ORIGIN}", ..Default::default() };
    assert_eq!(audited(LINUX, 0o755, &elf(&clean)), []);
    let loader = ElfSample { interpreter: &ours, ..Default::default() };
    assert_eq!(audited(LINUX, 0o755, &elf(&loader)), []);
    let beside = ElfSample { needed: &["$ORIGIN/../lib/libpython.so"], ..Default::default() };
    assert_eq!(audited(LINUX, 0o755, &elf(&beside)), []);
    for (sample, platform, expect) in [
        (ElfSample { runpath: "/usr/local/lib", ..Default::default() }, LINUX, Rule::SearchPath),
        (ElfSample { rpath: "$ORIGIN:", ..Default::default() }, LINUX, Rule::SearchPath),
        (ElfSample { rpath: "lib", ..Default::default() }, LINUX, Rule::SearchPath),
        (ElfSample { runpath: "$ORIGINAL", ..Default::default() }, LINUX, Rule::SearchPath),
        (ElfSample { needed: &["/opt/lib/z.so"], ..Default::default() }, LINUX, Rule::Load),
        (ElfSample { soname: "/opt/lib/foo.so", ..Default::default() }, LINUX, Rule::InstallName),
        (
            ElfSample { interpreter: "/nix/store/x/ld.so", ..Default::default() },
            LINUX,
            Rule::Interpreter,
        ),
        (ElfSample::default(), Platform { system: System::LinuxMusl, ..LINUX }, Rule::Interpreter),
        (ElfSample::default(), Platform { system: System::Linux, ..LINUX }, Rule::Interpreter),
        (ElfSample { machine: 183, ..Default::default() }, LINUX, Rule::Machine),
    ] {
        assert_eq!(rules(&audited(platform, 0o755, &elf(&sample))), [expect]);
    }
    assert_eq!(rules(&audited(MAC, 0o755, &elf(&ElfSample::default()))), [Rule::Machine]);
}

#[test]
fn programs_of_32_bits_are_told_where_the_processor_runs_them() {
    let (i386, arm) = ((3, "/lib/ld-linux.so.2"), (40, "/lib/ld-linux-armhf.so.3"));
    let big = Platform { machine: Machine::Arm64, ..LINUX };
    for (platform, (machine, loader), expect) in [
        (LINUX, i386, &[Rule::Multilib][..]),
        (LINUX, (3, "/lib/ld.so"), &[Rule::Multilib, Rule::Interpreter]),
        (LINUX, arm, &[Rule::Machine, Rule::Interpreter]),
        (big, arm, &[Rule::Multilib]),
        (big, i386, &[Rule::Machine, Rule::Interpreter]),
        (MAC, i386, &[Rule::Machine]),
    ] {
        let found = rules(&audited(platform, 0o755, &elf32(machine, loader)));
        assert_eq!(found, expect, "{machine} {loader}");
    }
    assert!(Rule::Multilib.is_advice(), "compilers bring such files");
}

#[test]
fn programs_of_macos_name_what_they_load_below_the_root() {
    let name = format!("{P}/current/lib/libfoo.dylib");
    let clean =
        MachOSample { install_name: &name, rpaths: &["@loader_path"], ..Default::default() };
    assert_eq!(audited(MAC, 0o755, &macho(&clean)), []);
    let foreign = MachOSample { cpu: 0x0100_0007, ..Default::default() };
    let both = fat(&[macho(&clean), macho(&foreign)]);
    assert_eq!(audited(MAC, 0o755, &both), [], "one of the parts is for the machine");
    for (sample, expect) in [
        (
            MachOSample { install_name: "/opt/libfoo.dylib", ..Default::default() },
            Rule::InstallName,
        ),
        (MachOSample { loads: &["/opt/homebrew/lib/z.dylib"], ..Default::default() }, Rule::Load),
        (MachOSample { rpaths: &["/opt/homebrew/lib"], ..Default::default() }, Rule::SearchPath),
        (foreign, Rule::Machine),
        (
            MachOSample { install_name: &name, signature: Signed::Somebody, ..Default::default() },
            Rule::Signature,
        ),
    ] {
        assert_eq!(rules(&audited(MAC, 0o755, &macho(&sample))), [expect]);
    }
}

#[test]
fn scripts_start_with_what_every_machine_has() {
    let long = "x".repeat(160);
    for (text, expect) in [
        ("#!/bin/sh -e\n".to_owned(), None),
        ("#! /usr/bin/env python3\n".to_owned(), None),
        (format!("#!{P}/current/opt/python/bin/python3 -I\n"), None),
        ("#!/usr/bin/perl -w\n".to_owned(), Some(Rule::Shebang)),
        ("#!perl\n".to_owned(), Some(Rule::Shebang)),
        // With the longest root the line has 28 bytes less than in the build.
        (format!("#!{P}/{}\n", &long[..152]), Some(Rule::Place)),
        (format!("#!{P}/current/{}\n", &long[..145]), Some(Rule::ShebangLength)),
        (format!("#!{P}/current/{}\n", &long[..144]), None),
    ] {
        assert_eq!(
            rules(&audited(LINUX, 0o755, text.as_bytes())).first().copied(),
            expect,
            "{text}"
        );
    }
    assert_eq!(audited(LINUX, 0o644, b"#!/usr/bin/perl\n"), [], "nobody runs it");
}

#[test]
fn what_is_compressed_cannot_be_relocated() {
    let text = format!("see {P}/etc/foo.conf or /build/me/x");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    bzip2.write_all(text.as_bytes()).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(text.as_bytes()).unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let mut cut = gzip.clone();
    cut.truncate(cut.len() - 4);
    for bytes in [gzip, cut, bzip2.finish().unwrap(), xz.finish().unwrap(), zstd] {
        let findings = audited(LINUX, 0o644, &bytes);
        let compressed = findings.iter().find(|finding| finding.rule == Rule::Compressed);
        assert_eq!(compressed.map(|finding| finding.times), Some(2), "{findings:?}");
    }
    let mut jar = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    jar.start_file("META-INF/x", options).unwrap();
    jar.write_all(text.as_bytes()).unwrap();
    let jar = jar.finish().unwrap().into_inner();
    let told = audited(LINUX, 0o644, &jar)[0].to_string();
    assert!(told.contains("in its member `META-INF/x` is compressed"), "{told}");
}

#[test]
fn modes_and_archives_are_looked_at() {
    assert_eq!(rules(&audited(LINUX, 0o4755, b"x")), [Rule::Privilege]);
    assert_eq!(rules(&audited(LINUX, 0o102_646, b"x")), [Rule::Privilege, Rule::Writable]);
    assert_eq!(audited(LINUX, 0o100_755, b"x"), []);
    assert_eq!(rules(&audited(LINUX, 0o644, b"!<thin>\n")), [Rule::Thin]);
    let object = elf(&ElfSample { machine: 183, ..Default::default() });
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in [("a.txt/", &b"odd"[..]), ("b.o/", &object)] {
        let size = bytes.len();
        archive
            .extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644).bytes());
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    let findings = audited(LINUX, 0o644, &archive);
    assert_eq!((rules(&findings), findings[0].offset), (vec![Rule::Machine], Some(132)));
    let arm = Platform { machine: Machine::Arm64, ..LINUX };
    assert_eq!(audited(arm, 0o644, &archive), []);
    assert_eq!(rules(&audited(LINUX, 0o755, b"\x7fELF....")), [Rule::Unreadable]);
}
