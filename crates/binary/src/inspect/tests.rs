use proptest::prelude::*;

use super::*;
use crate::{
    audit::{Platform, Rules, System, audit},
    samples::{ElfSample, LINKER_SIGNED, MachOSample, Signed, elf, fat, macho},
    signature,
};

fn texts(mentions: &[Mention]) -> Vec<&str> {
    mentions.iter().map(|mention| mention.text.as_str()).collect()
}

/// Every mention stands where it says.
fn check_places<'a>(bytes: &[u8], mentions: impl IntoIterator<Item = &'a Mention>) {
    for mention in mentions {
        let at = usize::try_from(mention.offset).unwrap();
        assert!(bytes[at..].starts_with(mention.text.as_bytes()), "{mention:?}");
    }
}

#[test]
fn an_elf_file_says_what_it_needs() {
    let bytes = elf(&ElfSample {
        soname: "libfoo.so.1",
        needed: &["libz.so.1", "libc.so.6"],
        rpath: "/opt/lib",
        runpath: "$ORIGIN/../lib:/usr/local/lib:",
        versions: &["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE"],
        sections: &[".text", ".debug_info"],
        ..ElfSample::default()
    });
    let File::Elf(elf) = inspect(&bytes).unwrap() else { panic!() };
    assert!(elf.is_64 && elf.has_debug);
    assert_eq!((elf.machine, elf.role), (Machine::Amd64, elf::Role::Loaded));
    assert_eq!(elf.interpreter.as_ref().unwrap().text, "/lib64/ld-linux-x86-64.so.2");
    assert_eq!(elf.soname.as_ref().unwrap().text, "libfoo.so.1");
    assert_eq!(texts(&elf.needed), ["libz.so.1", "libc.so.6"]);
    assert_eq!(texts(&elf.rpath), ["/opt/lib"]);
    assert_eq!(texts(&elf.runpath), ["$ORIGIN/../lib", "/usr/local/lib", ""]);
    assert_eq!(elf.glibc.as_deref(), Some("2.34"));
    let all = elf.interpreter.iter().chain(&elf.soname).chain(&elf.needed);
    check_places(&bytes, all.chain(&elf.rpath).chain(&elf.runpath));
}

#[test]
fn a_mach_o_file_says_what_it_loads() {
    let sample = |cpu, name| {
        macho(&MachOSample {
            cpu,
            install_name: name,
            loads: &["/usr/lib/libSystem.B.dylib", "@rpath/libz.1.dylib"],
            rpaths: &["@loader_path/../lib"],
            ..MachOSample::default()
        })
    };
    let parts = [sample(0x0100_0007, "/opt/lib/libfoo.dylib"), sample(0x0100_000c, "@rpath/foo")];
    let bytes = fat(&parts);
    let File::MachO(found) = inspect(&bytes).unwrap() else { panic!() };
    let names: Vec<_> = found.iter().map(|part| part.install_name.clone().unwrap().text).collect();
    assert_eq!(names, ["/opt/lib/libfoo.dylib", "@rpath/foo"]);
    assert_eq!((found[0].machine, found[1].machine), (Machine::Amd64, Machine::Arm64));
    for part in &found {
        assert_eq!(texts(&part.loads), ["/usr/lib/libSystem.B.dylib", "@rpath/libz.1.dylib"]);
        assert_eq!(texts(&part.rpaths), ["@loader_path/../lib"]);
        assert_eq!(part.minimum_os.as_deref(), Some("11.0"));
        assert!(part.signature.is_some() && !part.is_object);
        check_places(&bytes, part.install_name.iter().chain(&part.loads).chain(&part.rpaths));
    }
    assert!(matches!(inspect(&parts[0]).unwrap(), File::MachO(parts) if parts.len() == 1));
}

#[test]
fn other_files_are_told_by_their_first_bytes() {
    let script = |text: &str| match inspect(text.as_bytes()).unwrap() {
        File::Script(Script { interpreter, argument, line_bytes }) => {
            (interpreter.offset, interpreter.text, argument, line_bytes)
        }
        other => panic!("{other:?}"),
    };
    let perl = "/usr/bin/perl".to_owned();
    assert_eq!(script("#!/usr/bin/perl\nx"), (2, perl.clone(), None, 15));
    assert_eq!(script("#! \t/usr/bin/perl"), (4, perl.clone(), None, 17));
    assert_eq!(script("#!/usr/bin/perl  -w \n"), (2, perl, Some("-w".to_owned()), 20));
    for (bytes, expect) in [
        (&b"!<arch>\nrest"[..], File::Archive(Archive { is_thin: false })),
        (b"!<thin>\n", File::Archive(Archive { is_thin: true })),
        (b"#!\n", File::Text),
        (b"", File::Text),
        (b"\xca\xfe\xba\xbe\0\0\0\x41class", File::Other),
        (b"\x89PNG\r\n\x1a\n\0", File::Other),
    ] {
        assert_eq!(inspect(bytes).unwrap(), expect, "{bytes:?}");
    }
}

#[test]
fn what_only_begins_like_a_program_is_an_error() {
    let whole = elf(&ElfSample::default());
    for bytes in [&b"\x7fELF"[..], &whole[..100], &whole[..whole.len() - 1]] {
        assert!(matches!(inspect(bytes), Err(Error::Elf(_))), "{} bytes", bytes.len());
    }
    let part = macho(&MachOSample::default());
    let whole = fat(&[part.clone(), part]);
    for bytes in [&b"\xca\xfe\xba\xbe\0\0\0\x02"[..], &whole[..whole.len() - 1], &whole[4096..4200]]
    {
        assert!(matches!(inspect(bytes), Err(Error::MachO(_))), "{} bytes", bytes.len());
    }
    let mut overlapping = whole;
    overlapping.copy_within(8..28, 28);
    let error = std::error::Error::source(&inspect(&overlapping).unwrap_err()).unwrap().to_string();
    assert!(error.contains("overlap"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_real_program_is_read() {
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let File::Elf(elf) = inspect(&bytes).unwrap() else { panic!() };
    assert_ne!(elf.machine, Machine::Other(0));
    let all = elf.interpreter.iter().chain(&elf.needed);
    check_places(&bytes, all);
}

fn seeds() -> Vec<Vec<u8>> {
    let library = macho(&MachOSample { rpaths: &["/opt/lib"], ..MachOSample::default() });
    let data = crate::PLACEHOLDER.repeat(3);
    let signed = macho(&MachOSample { data: data.as_bytes(), ..MachOSample::default() });
    let plain = macho(&MachOSample { signature: Signed::Nobody, ..MachOSample::default() });
    assert!(LINKER_SIGNED != Signed::Nobody);
    vec![
        elf(&ElfSample {
            runpath: "/opt/lib:$ORIGIN",
            sections: &[".debug"],
            ..Default::default()
        }),
        library.clone(),
        signed,
        fat(&[library, plain]),
    ]
}

/// Bytes that begin like a program and were cut, changed or both.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let changes = prop::collection::vec(change, 0..12);
    let cut = prop::option::of(any::<prop::sample::Index>());
    (prop::sample::select(seeds()), changes, cut).prop_map(|(mut bytes, changes, cut)| {
        for (at, value) in changes {
            // Headers and load commands are where a change matters.
            let end = bytes.len().min(1024);
            bytes[at.index(end)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn hostile_programs_are_read_or_refused(bytes in hostile()) {
        let rules = Rules {
            platform: Some(Platform { system: System::LinuxGnu, machine: Machine::Amd64 }),
            keg: "foo/1.0",
            forbidden: &["/opt".to_owned()],
        };
        let inspected = inspect(&bytes).is_ok();
        let signed = signature::check(&bytes).is_ok();
        let findings = audit("x", 0o755, &bytes, &rules).len();
        prop_assert!(findings < 20, "{inspected} {signed}");
    }
}
