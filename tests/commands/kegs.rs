//! What a keg is made of, and what of a package is the user's from then on.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    process::{Command, Stdio},
};

use insta::assert_snapshot;
use test_registry::Package;

use crate::support::Sandbox;

#[test]
fn compiled_python_keeps_the_times_that_it_remembers() {
    const BUILT: u32 = 1_700_000_000;
    let sandbox = Sandbox::new();
    for (name, compiled) in [("plain", "lib/a.txt"), ("python", "lib/__pycache__/a.pyc")] {
        drop(sandbox.formula(name).package("1.0.0", |package| {
            let package = package.file(compiled, "compiled", 0o644).modified(BUILT.into());
            package.file("lib/a.py", "source", 0o644)
        }));
    }
    sandbox.run("install plain python --overwrite").ok();
    let time = |name: &str| {
        let file = sandbox.prefix("opt").join(name).join("lib/a.py");
        fs_err::metadata(file).unwrap().mtime()
    };
    assert_eq!((time("plain"), time("python")), (315_619_200, BUILT.into()));
    sandbox.run("doctor").ok();
}

#[test]
fn what_a_package_declares_must_be_so() {
    let sandbox = Sandbox::new();
    let declared = |bytes: u64, entries: u64| {
        let said = format!(
            r#"{{"schema":1,"name":"tool","version":"1.0.0","unpacked_size":{bytes},"entries":{entries}}}"#
        );
        let registry = sandbox.registry();
        let package = registry.package("tool", "1.0.0").annotation("dev.pkg.package", &said);
        package.file("bin/tool", "#!/bin/sh\necho 1\n", 0o755).push().reference
    };
    let reference = declared(17, 2);
    assert_eq!(sandbox.run(&format!("install oci://{reference}")).code, 0);
    sandbox.run("uninstall tool").ok();
    sandbox.run("cleanup --all").ok();
    for (bytes, entries) in [(16, 2), (17, 1), (18, 2), (17, 3)] {
        let reference = declared(bytes, entries);
        let output = sandbox.run(&format!("install oci://{reference}"));
        assert_eq!(output.code, 1, "{output}");
        assert!(output.stderr.contains("were declared"), "{output}");
        assert!(!sandbox.root().join("cellar/tool").exists(), "nothing is kept: {output}");
    }
    let reference = declared(1 << 60, 2);
    let output = sandbox.run(&format!("install oci://{reference}"));
    assert!(output.stderr.contains("1152921504606846976 bytes are needed"), "{output}");
}

#[test]
fn an_edited_file_of_etc_survives_upgrade_and_undo() {
    let sandbox = Sandbox::new();
    fn fill<'a>(package: Package<'a>, text: &'static str) -> Package<'a> {
        let package = package.file("bin/tool", "#!/bin/sh\ncat \"$0\"\n", 0o755);
        package.file("etc/tool.conf", text, 0o644).file("etc/other.conf", text, 0o644)
    }
    let tool = sandbox.formula("tool").package("1.0.0", |package| fill(package, "one\n"));
    sandbox.run("install tool").ok();
    let etc = |name: &str| sandbox.root().join("etc").join(name);
    let read = |name: &str| fs_err::read_to_string(etc(name)).unwrap();
    fs_err::write(etc("tool.conf"), "mine\n").unwrap();
    drop(tool.package("2.0.0", |package| fill(package, "two\n")));
    assert_snapshot!(sandbox.run("upgrade tool"), @"
    exit 0
    --- stderr
    Upgraded tool 1.0.0 -> 2.0.0 from test
    `etc/tool.conf` was changed by you and stays; the package's own is `[HOME]/.local/share/pkg/etc/tool.conf.new`
    ");
    assert_eq!((read("tool.conf"), read("other.conf")), ("mine\n".into(), "two\n".into()));
    assert_eq!(read("tool.conf.new"), "two\n");
    assert_snapshot!(sandbox.run("undo"), @"
    exit 0
    --- stderr
    Downgraded tool 2.0.0 -> 1.0.0 from test
    ");
    assert_eq!(read("tool.conf"), "mine\n");
    sandbox.run("uninstall tool").ok();
    assert_eq!(read("tool.conf"), "mine\n");
}

#[test]
fn a_program_that_runs_during_an_upgrade_keeps_running() {
    let sandbox = Sandbox::new();
    fn fill<'a>(package: Package<'a>, version: &str) -> Package<'a> {
        let script = "#!/bin/sh\necho ready\nread line\n. \"$(dirname \"$0\")/../share/rest\"\n";
        let package = package.file("bin/tool", format!("{script}# {version}\n"), 0o755);
        package.file("share/rest", format!("echo {version}\n"), 0o644)
    }
    let tool = sandbox.formula("tool").package("1.0.0", |package| fill(package, "1.0.0"));
    sandbox.run("install tool").ok();
    let keg = sandbox.prefix("opt/tool/bin/tool");
    let start = |program: &mut Command| {
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        (child, output)
    };
    let mut running = vec![
        start(&mut Command::new(fs_err::canonicalize(keg).unwrap())),
        start(&mut sandbox.command("run tool")),
    ];
    drop(tool.package("2.0.0", |package| fill(package, "2.0.0")));
    sandbox.run("upgrade tool").ok();
    assert_snapshot!(sandbox.run("cleanup --all"), @"
    exit 0
    --- stderr
    tool/1.0.0-[ID] stays, a program runs from it
    Freed 0 B (1 generation)
    ");
    for (child, output) in &mut running {
        child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "1.0.0\n");
        assert!(child.wait().unwrap().success());
    }
    assert_snapshot!(sandbox.run("cleanup --all"), @"
    exit 0
    --- stderr
    Freed 404 B (1 package, 2 files)
    ");
}

#[test]
fn one_blob_under_two_names_is_two_packages() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/sh\necho the same\n";
    let file = sandbox.write("tool.sh", script);
    let digest = digest::Digest::sha256(script.as_bytes());
    for name in ["one", "two"] {
        let formula = format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"A file\"\nlicense = \"MIT\"\n\n\
             [source]\nfile = \"{}\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n",
            file.display()
        );
        sandbox.write(&format!("{name}.toml"), formula);
        sandbox.run(&format!("install ./{name}.toml")).ok();
    }
    for program in ["bin/one", "bin/two"] {
        assert_eq!(sandbox.says(program), "the same\n");
    }
    sandbox.run("doctor").ok();
    sandbox.run("uninstall two").ok();
    sandbox.run("cleanup --all").ok();
    sandbox.run("doctor").ok();
}
