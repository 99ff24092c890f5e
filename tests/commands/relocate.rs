//! Packages that were built for the placeholder, installed under roots of other lengths.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use insta::assert_snapshot;
use serde_json::{Value, json};
use test_registry::Package;

use crate::support::{Sandbox, tree::Tree};

/// The path that packages are built for, as the design has it.
fn placeholder() -> String {
    format!("{:_<128}", "/tmp/pkg-placeholder-")
}

/// Files by path, with their bytes and modes.
type Files = Vec<(&'static str, Vec<u8>, u32)>;

/// What a build leaves: a program with its library where there is a compiler, and other files.
fn files(sandbox: &Sandbox) -> Files {
    let root = placeholder();
    let object = format!("\x7fELF\0{root}/current/lib\0{root}/etc\0").into_bytes();
    let member = format!("{:<58}`\n", "tool.o/");
    let words = format!("words of {root}/cellar/tool/1.0.0-@@@@@@@@@@@@/share and {root}/var\n");
    let mut files = vec![
        ("bin/greet", format!("#!/bin/sh\ncat {root}/current/share/tool/words\n").into(), 0o755),
        ("etc/tool.conf", format!("home = {root}/var/tool\n").into(), 0o644),
        ("lib/libold.a", format!("!<arch>\n{member}\0{root}/current\0").into_bytes(), 0o644),
        ("lib/object", object, 0o644),
        ("share/tool/plain", b"nothing to see here".to_vec(), 0o644),
        ("share/tool/words", words.into_bytes(), 0o644),
    ];
    files.extend(compiled(sandbox).unwrap_or_default());
    files
}

/// A program that finds its library and its data by paths that were compiled in.
fn compiled(sandbox: &Sandbox) -> Option<Files> {
    let root = placeholder();
    sandbox
        .write("words.c", "const char *path(void) { return ROOT \"/current/share/tool/words\"; }");
    sandbox.write(
        "tool.c",
        "#include <stdio.h>\nconst char *path(void);\nint main(void) {\n  char line[1000];\n  \
         FILE *file = fopen(path(), \"r\");\n  if (!file) { perror(path()); return 1; }\n  \
         fputs(fgets(line, sizeof line, file), stdout);\n  return 0;\n}\n",
    );
    let cc = |words: &str| {
        let mut command = sandbox.foreign("cc");
        command.args(shlex::split(words).unwrap());
        command.output().is_ok_and(|output| output.status.success())
    };
    let built = cc(&format!("-shared -fPIC -DROOT='\"{root}\"' -o libwords.so words.c"))
        && cc(&format!("-o tool tool.c -L. -lwords -Wl,-rpath,{root}/current/lib"));
    let read = |name: &str| fs_err::read(sandbox.home().join("desk").join(name)).unwrap();
    built.then(|| {
        vec![("bin/tool", read("tool"), 0o755), ("lib/libwords.so", read("libwords.so"), 0o755)]
    })
}

/// Where the placeholder stands in each file, as a packer lists it.
fn relocations(files: &Files) -> Vec<Value> {
    let root = placeholder();
    let mut list: Vec<Value> = files
        .iter()
        .filter_map(|(path, bytes, _)| {
            let windows = bytes.windows(128).enumerate();
            let places = windows.filter(|(_, window)| *window == root.as_bytes());
            let offsets: Vec<usize> = places.map(|(place, _)| place).collect();
            let kind = match std::str::from_utf8(bytes) {
                _ if bytes.starts_with(b"\x7fELF") => "elf",
                Ok(text) if !text.contains('\0') => "text",
                _ => "binary",
            };
            let one = json!({"path": path, "kind": kind, "offsets": offsets});
            (!offsets.is_empty()).then_some(one)
        })
        .collect();
    list.sort_by_key(|one| one["path"].to_string());
    list
}

fn package<'a>(sandbox: &'a Sandbox, files: &Files, relocations: &Value) -> Package<'a> {
    let annotation = json!({
        "schema": 1, "name": "tool", "version": "1.0.0", "relocations": relocations,
        "expose": {"etc": ["etc/tool.conf"], "share": ["share/tool"], "completions": {}, "wrap": false},
    });
    let mut package = sandbox.registry().package("tool", "1.0.0").symlink("bin/hello", "greet");
    for (path, bytes, mode) in files {
        package = package.file(path, bytes.clone(), *mode);
    }
    package.annotation("dev.pkg.package", &annotation.to_string())
}

fn keg(root: &Path) -> PathBuf {
    fs_err::canonicalize(root.join("current/opt/tool")).unwrap()
}

/// No file of a keg holds the placeholder or an open id; returns the number of files.
fn check_written(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += check_written(&path);
            continue;
        }
        let bytes = fs_err::read(&path).unwrap();
        for word in [&b"pkg-placeholder"[..], b"@@@@"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word), "{}", path.display());
        }
        count += 1;
    }
    count
}

fn said(program: PathBuf) -> String {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A root of 97 bytes, which is nearly the longest.
fn long_root(sandbox: &Sandbox) -> PathBuf {
    let home = sandbox.home().to_str().unwrap();
    PathBuf::from(format!("{home}/{}", "r".repeat(96 - home.len())))
}

#[test]
fn a_built_package_works_under_roots_of_any_length() {
    let sandbox = Sandbox::new();
    let files = files(&sandbox);
    let list = relocations(&files);
    package(&sandbox, &files, &json!(list)).push();
    let reference = format!("oci://{}/tool:1.0.0", sandbox.registry().host());
    let mut leaves = Vec::new();
    for root in [sandbox.home().join("r"), long_root(&sandbox)] {
        let run = |words: &str| sandbox.run(&format!("--root {} {words}", root.display()));
        run(&format!("install {reference}")).ok();
        let keg = keg(&root);
        let id = keg.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(check_written(&keg), files.len() + 1);
        let root = root.display();
        let line = format!("words of {root}/cellar/tool/{id}/share and {root}/var\n");
        assert_eq!(said(keg.join("bin/greet")), line);
        if files.iter().any(|(path, ..)| *path == "bin/tool") {
            assert_eq!(said(keg.join("bin/tool")), line, "it finds its library and its data");
        }
        for (path, bytes, _) in files.iter().filter(|(path, ..)| path.starts_with("lib/")) {
            assert_eq!(fs_err::read(keg.join(path)).unwrap().len(), bytes.len(), "{path}");
        }
        let setting = fs_err::read_to_string(format!("{root}/etc/tool.conf")).unwrap();
        assert_eq!(setting, format!("home = {root}/var/tool\n"));
        run("doctor").ok();
        leaves.push(id);
    }
    assert_ne!(leaves[0], leaves[1], "another root is another keg");
}

#[test]
fn a_long_list_stands_in_the_layer() {
    let sandbox = Sandbox::new();
    let mut files = files(&sandbox);
    let list = json!(relocations(&files)).to_string().into_bytes();
    files.push((".pkg/relocations.json", list, 0o644));
    package(&sandbox, &files, &json!(".pkg/relocations.json")).push();
    let host = sandbox.registry().host();
    sandbox.run(&format!("install oci://{host}/tool:1.0.0")).ok();
    assert_eq!(check_written(&keg(&sandbox.root())), files.len() + 1);
}

#[test]
fn a_relocated_file_is_watched_and_brought_back() {
    let sandbox = Sandbox::new();
    let files = files(&sandbox);
    package(&sandbox, &files, &json!(relocations(&files))).push();
    let host = sandbox.registry().host();
    sandbox.run(&format!("install oci://{host}/tool:1.0.0")).ok();
    let whole = Tree::of(&keg(&sandbox.root()));
    let doctor = |words: &str| {
        let path = sandbox.prefix("bin").into_os_string();
        sandbox.finish(sandbox.command(&format!("doctor {words}")).env("PATH", path))
    };
    let spoil = |path: &str| {
        let path = keg(&sandbox.root()).join(path);
        let mut bytes = fs_err::read(&path).unwrap();
        bytes[12] ^= 1;
        fs_err::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        fs_err::write(&path, bytes).unwrap();
        fs_err::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    };
    spoil("lib/object");
    assert_snapshot!(doctor(""), @"
    exit 6
    --- stdout
    tool 1.0.0  [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/lib/object  holds other bytes
    --- stderr
    error: 1 problem found

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    assert_snapshot!(doctor("--repair"), @"
    exit 0
    --- stderr
    Repaired tool 1.0.0 [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/lib/object
    Checked 1 package, all is well
    ");
    assert!(Tree::of(&keg(&sandbox.root())) == whole);

    spoil("share/tool/words");
    for folder in ["store/files", "store/plans"] {
        fs_err::remove_dir_all(sandbox.root().join(folder)).unwrap();
        fs_err::create_dir(sandbox.root().join(folder)).unwrap();
    }
    doctor("--repair").ok();
    assert!(Tree::of(&keg(&sandbox.root())) == whole, "it was fetched and written again");
    doctor("").ok();

    sandbox.run("uninstall tool").ok();
    sandbox.run("undo").ok();
    assert!(Tree::of(&keg(&sandbox.root())) == whole);
    sandbox.run("cleanup").ok();
    doctor("").ok();
    let receipt = keg(&sandbox.root()).file_name().unwrap().to_str().unwrap().to_owned();
    fs_err::remove_dir_all(sandbox.root().join("store/files")).unwrap();
    fs_err::create_dir(sandbox.root().join("store/files")).unwrap();
    sandbox.run("reinstall tool").ok();
    assert_eq!(keg(&sandbox.root()).file_name().unwrap().to_str().unwrap(), receipt);
    assert!(Tree::of(&keg(&sandbox.root())) == whole, "the store lost what its plan names");
}

#[test]
fn relocations_that_are_not_so_refuse_the_package() {
    let sandbox = Sandbox::new();
    let root = placeholder();
    let text = format!("{root}/etc and {root}/var");
    let files: Files = vec![
        ("share/text", text.clone().into_bytes(), 0o644),
        ("bin/greet", b"hi".to_vec(), 0o755),
    ];
    let one = |path: &str, kind: &str, offsets: &[i64]| json!({"path": path, "kind": kind, "offsets": offsets});
    let good = one("share/text", "text", &[0, 137]);
    let host = sandbox.registry().host().to_owned();
    sandbox.run("list").ok();
    for (relocations, says) in [
        (json!([one("../x", "text", &[0])]), "`../x` is not a path inside the package"),
        (json!([one("/etc/passwd", "text", &[0])]), "is not a path inside the package"),
        (json!([one("nowhere", "text", &[0]), good]), "`nowhere`, which is not a file"),
        (json!([one("bin/hello", "text", &[0]), good]), "`bin/hello`, which is not a file"),
        (json!([one("bin", "text", &[0]), good]), "`bin`, which is not a file"),
        (json!([one("share/text", "text", &[0, 136])]), "does not stand at byte 136"),
        (json!([one("share/text", "text", &[0, 137, 99_999])]), "does not stand at byte 99999"),
        (json!([one("share/text", "text", &[137])]), "also stands at byte 0"),
        (json!([one("share/text", "elf", &[0, 137])]), "it is a text, not an ELF file"),
        (json!([one("bin/greet", "text", &[0]), good]), "does not stand at byte 0"),
        (json!([good, one("bin/greet", "text", &[0])]), "`bin/greet` is not in order"),
        (json!([good, good]), "`share/text` is not in order"),
        (json!([one("share/text", "text", &[137, 0])]), "are not in order"),
        (json!([one("share/text", "text", &[])]), "lists no offset"),
        (json!([one("share/text", "text", &[-1])]), "not a list of relocations"),
        (json!(".pkg/relocations.json"), "which it does not hold"),
        (json!("share/text"), "can only stand in `.pkg/relocations.json`"),
    ] {
        let hostile = package(&sandbox, &files, &relocations);
        refused(&sandbox, hostile, &host, says);
    }
    let mut more = files.clone();
    more.push(("share/more", format!("x{root}").into_bytes(), 0o644));
    let left = package(&sandbox, &more, &json!([good]));
    refused(
        &sandbox,
        left,
        &host,
        "`share/more` would keep the path that it was built for, at byte 1",
    );
    for (list, says) in [
        ("{}", "cannot be understood"),
        (r#"[{"path":"../x","kind":"text","offsets":[0]}]"#, "not a path"),
    ] {
        let mut more = files.clone();
        more.push((".pkg/relocations.json", list.into(), 0o644));
        refused(&sandbox, package(&sandbox, &more, &json!(".pkg/relocations.json")), &host, says);
    }
}

/// The package is refused with the rule, and nothing of it is kept.
fn refused(sandbox: &Sandbox, package: Package<'_>, host: &str, says: &str) {
    package.push();
    let kept = |sandbox: &Sandbox| {
        let root = sandbox.root();
        let shelves = ["cellar", "receipts", "generations", "staging", "store/files"];
        let there =
            shelves.map(|shelf| fs_err::read_dir(root.join(shelf)).map_or(0, Iterator::count));
        there.iter().sum::<usize>()
    };
    let output = sandbox.run(&format!("install oci://{host}/tool:1.0.0"));
    assert_eq!(output.code, 1, "{says}: {output}");
    assert!(output.stderr.contains(says), "{says}: {output}");
    assert_eq!(kept(sandbox), 0, "{says}: {output}");
}
