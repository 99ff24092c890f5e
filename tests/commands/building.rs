//! Packages built from source code: `install --build` and `pack`, and builds that go wrong.

use std::path::{Path, PathBuf};

use digest::Digest;
use insta::assert_snapshot;
use test_registry::Tree;

use crate::support::{Sandbox, skipped};

/// Adds a formula of source code to the tap `test`: its files, and its tables in TOML.
fn formula(sandbox: &Sandbox, name: &str, files: &[(&str, &str)], tables: &str) {
    let is_first = !sandbox.home().join("test").exists();
    let source = |tree: Tree, (path, text): &(&str, &str)| tree.file(path, text.to_string(), 0o644);
    let archive = files.iter().fold(Tree::new(), source).tar_gzip();
    sandbox.write(&format!("../test/files/{name}.tar.gz"), &archive);
    sandbox.write(
        &format!("../test/{name}.toml"),
        format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"The {name} of a test\"\nlicense = \"MIT\"\n\n\
             [source]\nfile = \"files/{name}.tar.gz\"\n\n{tables}\n\n\
             [version.\"1.0.0\"]\nsource = \"{}\"\n",
            Digest::sha256(&archive)
        ),
    );
    if is_first {
        sandbox.run("tap add ../test").ok();
    }
}

fn steps(steps: &[&str]) -> String {
    format!("[build]\nsteps = {steps:?}")
}

/// Every file below a folder.
fn files(folder: PathBuf) -> Vec<PathBuf> {
    let (mut waiting, mut files) = (vec![folder], Vec::new());
    while let Some(folder) = waiting.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => waiting.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}

/// No byte of the paths that a build knows is left in what is installed.
#[track_caller]
fn check_moved(sandbox: &Sandbox) {
    let work = sandbox.home().join(".cache/pkg/work").display().to_string();
    for file in files(sandbox.root().join("cellar")) {
        let bytes = fs_err::read(&file).unwrap();
        for trace in ["/tmp/pkg-placeholder-", work.as_str()] {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "`{trace}` is left in {}", file.display());
        }
    }
}

/// Of `tool` there is at most its source code, which is one file; nothing is linked.
#[track_caller]
fn check_nothing_kept(sandbox: &Sandbox) {
    let kegs = sandbox.root().join("cellar/tool");
    let kept = if kegs.exists() { files(kegs) } else { Vec::new() };
    assert!(kept.iter().all(|file| file.ends_with("x")), "{kept:?}");
    assert!(sandbox.prefix("bin/tool").symlink_metadata().is_err());
    let json = sandbox.run("list --json").ok().json();
    assert!(!json.to_string().contains("\"tool\""), "{json}");
}

/// No folder of a build is left.
#[track_caller]
fn check_swept(sandbox: &Sandbox) {
    let left = fs_err::read_dir(sandbox.home().join(".cache/pkg/work")).unwrap();
    let folders = left.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_dir());
    let folders: Vec<_> = folders.map(|entry| entry.file_name()).collect();
    assert_eq!(folders, Vec::<std::ffi::OsString>::new());
}

#[test]
fn what_an_interrupted_build_left_is_swept_by_the_next_one() {
    let sandbox = Sandbox::new();
    let left = sandbox.write("../.cache/pkg/work/bLeft/cellar/tool/file", "");
    formula(&sandbox, "tool", &[("x", "")], &steps(&["mkdir {out}/share", "touch {out}/share/x"]));
    sandbox.run("pack ../test/tool.toml").ok();
    assert!(!left.exists());
    check_swept(&sandbox);
    sandbox.write("../.cache/pkg/work/bLeft/file", "1234");
    assert_snapshot!(sandbox.run("cleanup --dry-run"), @"
    exit 0
    --- stderr
    Would free 4 B (1 package, 1 unfinished build)
    ");
    assert_snapshot!(sandbox.run("cleanup"), @"
    exit 0
    --- stderr
    Freed 4 B (1 package, 1 unfinished build)
    ");
    check_swept(&sandbox);
}

#[test]
fn a_package_and_what_it_needs_are_built_and_installed() {
    let sandbox = Sandbox::new();
    let words = [
        "mkdir -p {out}{prefix}/share/words",
        "sh -c 'echo words of {prefix} > {out}{prefix}/share/words/words'",
    ];
    formula(&sandbox, "words", &[("words", "")], &steps(&words));
    let tool = [
        "mkdir -p {out}/bin",
        "sh -c 'sed s,@WORDS@,{dep:words}, tool.in > {out}/bin/tool'",
        "chmod 755 {out}/bin/tool",
        "test -f {dep:words}/share/words/words",
    ];
    let script = "#!/bin/sh\ncat @WORDS@/share/words/words\n";
    let tables = format!("[depends]\nwords = \"*\"\n\n{}", steps(&tool));
    formula(&sandbox, "tool", &[("tool.in", script)], &tables);
    let refused = sandbox.run("install tool");
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("; `--build` builds it here"), "{refused}");
    assert_snapshot!(sandbox.run("install --build tool"), @r#"
    exit 0
    --- stderr
    Installed words 1.0.0 from test
    Installed tool 1.0.0 from test
    `words` has neither commands nor libraries; `pkg prefix words` is its folder
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    let words = format!("words of {}\n", sandbox.root().join("current").display());
    assert_eq!(sandbox.says("bin/tool"), words);
    check_moved(&sandbox);
    check_swept(&sandbox);
    sandbox.run("doctor").ok();

    sandbox.run("uninstall tool words").ok();
    sandbox.run("tap remove test").ok();
    sandbox.run("install --build ../test/tool.toml ../test/words.toml").ok();
    assert_eq!(sandbox.says("bin/tool"), words, "what a file needs is beside it");
}

/// A path without the slashes that fill it up to the length of the placeholder.
fn plain(path: &str) -> String {
    let mut last = ' ';
    path.chars().filter(|&c| std::mem::replace(&mut last, c) != '/' || c != '/').collect()
}

#[test]
fn a_library_and_a_program_in_c_find_each_other_under_any_root() {
    let sandbox = Sandbox::new();
    if sandbox.foreign("cc").arg("--version").output().is_err() {
        skipped("cc is not here");
        return;
    }
    let header = "const char *greeting(void);\nvoid copy(char *to);\n";
    // A compiler may take the text of a copy to pieces, in which no path is found.
    let library = "#include <string.h>\n\
                   const char *greeting(void) { return \"hello from \" PREFIX; }\n\
                   void copy(char *to) { strcpy(to, PREFIX \"/share\"); }\n";
    let library_steps = [
        "sh -c 'cc $CFLAGS -fPIC -DPREFIX=\"\\\"{prefix}\\\"\" -shared -Wl,-soname,libgreet.so.1 -o libgreet.so.1 greet.c'",
        "mkdir -p {out}{prefix}/lib {out}{prefix}/include",
        "cp libgreet.so.1 {out}{prefix}/lib/",
        "ln -s libgreet.so.1 {out}{prefix}/lib/libgreet.so",
        "cp greet.h {out}{prefix}/include/",
    ];
    formula(
        &sandbox,
        "greet",
        &[("greet.c", library), ("greet.h", header)],
        &steps(&library_steps),
    );
    let program = "#include <greet.h>\n#include <stdio.h>\n\
                   int main(void) {\n  char text[999];\n  copy(text);\n  puts(greeting());\n  \
                   puts(text);\n  return 0;\n}\n";
    let program_steps = [
        "mkdir -p {out}{prefix}/bin",
        "sh -c 'cc $CFLAGS salute.c $LDFLAGS -lgreet -o {out}{prefix}/bin/salute'",
    ];
    let tables = format!("[depends]\ngreet = \"*\"\n\n{}", steps(&program_steps));
    formula(&sandbox, "salute", &[("salute.c", program)], &tables);
    sandbox.run("install --build salute").ok();
    let expected = |root: &Path| {
        let prefix = root.join("current").display().to_string();
        format!("hello from {prefix}\n{prefix}/share\n")
    };
    assert_eq!(plain(&sandbox.says("bin/salute")), expected(&sandbox.root()));
    check_moved(&sandbox);

    sandbox.run("pack ../test/greet.toml -o out").ok();
    sandbox.run("pack ../test/salute.toml -o out2").ok();
    let other = sandbox.home().join("another/one/of/another/length");
    let install = "install oci:out:1.0.0 oci:out2:1.0.0 --root ../another/one/of/another/length";
    sandbox.run(install).ok();
    let said = sandbox.finish(&mut sandbox.foreign(other.join("current/bin/salute"))).ok();
    assert_eq!(plain(&said.stdout), expected(&other));
}

#[test]
fn a_step_that_writes_elsewhere_is_told_where_to() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "tool", &[("x", "")], &steps(&["mkdir -p {keg}/bin"]));
    let said = sandbox.run("pack ../test/tool.toml");
    if said.code == 0 || said.stderr.contains("not shut in") {
        skipped("the kernel has no sandbox");
        return;
    }
    assert_snapshot!(said, @"
    exit 1
    --- stderr
    error: cannot build `tool`
      caused by: step 1 of 1, `mkdir -p {keg}/bin`, ended with 1; its last lines:
            $ mkdir -p …/cellar/tool/1.0.0-@@@@@@@@@@@@/bin
            mkdir: cannot create directory ‘…/cellar’: Read-only file system
          all of them are in `[HOME]/.cache/pkg/work/tool-1.0.0.log`

    hint: steps put what they make below `{out}`, as in `make install DESTDIR={out}`
    hint: `--keep` leaves the build's folder for a look
    ");
}

#[test]
fn a_step_that_fails_says_which_and_where_the_rest_is() {
    let sandbox = Sandbox::new();
    let failing = ["true", "sh -c 'seq 1 40; echo the reason >&2; exit 7'"];
    formula(&sandbox, "tool", &[("x", "")], &steps(&failing));
    assert_snapshot!(sandbox.run("install --build tool"), @r"
    exit 1
    --- stderr
    error: cannot build `tool`
      caused by: step 2 of 2, `sh -c 'seq 1 40; echo the reason >&2; exit 7'`, ended with 7; its last lines:
            22
            23
            24
            25
            26
            27
            28
            29
            30
            31
            32
            33
            34
            35
            36
            37
            38
            39
            40
            the reason
          all of them are in `[HOME]/.cache/pkg/work/tool-1.0.0.log`

    hint: `--keep` leaves the build's folder for a look
    ");
    check_swept(&sandbox);
    let log = sandbox.home().join(".cache/pkg/work/tool-1.0.0.log");
    let log = fs_err::read_to_string(log).unwrap();
    assert!(log.contains("\n1\n2\n3\n") && log.contains("the reason"), "{log}");
    check_nothing_kept(&sandbox);
    let kept = sandbox.run("install --build --keep tool").stderr;
    let kept = kept.lines().find_map(|line| line.strip_prefix("Kept the build in ")).unwrap();
    assert!(Path::new(kept).join("build/src/x").exists(), "{kept}");
    assert_eq!(sandbox.run("pack ../test/tool.toml").code, 1);
    assert!(!sandbox.home().join("desk/tool.oci").exists());
}

#[test]
fn a_build_for_another_platform_is_refused_before_its_first_step() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "tool", &[("x", "")], &steps(&["false"]));
    for command in ["pack ../test/tool.toml", "pack test/tool"] {
        let refused = sandbox.run(&format!("{command} --platform windows-amd64"));
        assert_eq!(refused.code, 2, "{refused}");
        let expected = "cannot build `tool` for windows-amd64 on linux-";
        assert!(refused.stderr.contains(expected), "{refused}");
    }
    assert!(!sandbox.home().join("desk/tool.oci").exists());
}

#[test]
fn building_that_takes_itself_is_told_as_a_ring() {
    let sandbox = Sandbox::new();
    for (name, needed) in [("egg", "hen"), ("hen", "egg")] {
        let tables = format!("[build]\nsteps = [\"true\"]\ndepends = {{ {needed} = \"*\" }}");
        formula(&sandbox, name, &[("x", "")], &tables);
    }
    assert_snapshot!(sandbox.run("install --build hen"), @r"
    exit 3
    --- stderr
    error: building takes itself: hen -> egg -> hen

    hint: publish one of them, so that it need not be built
    ");
    assert_snapshot!(sandbox.run("pack ../test/egg.toml"), @r"
    exit 3
    --- stderr
    error: building takes itself: egg -> hen -> egg

    hint: publish one of them, so that it need not be built
    ");
}

/// Steps of one build, and what the error says of them.
type Case = (&'static [&'static str], &'static str);

const FORBIDDEN: &[Case] = &[
    (&["sh -c 'echo x > /usr/pkg-test-escape'"], "Read-only file system"),
    (&["sh -c 'echo x > /etc/pkg-test-escape'"], "Read-only file system"),
    (&["sh -c 'echo x > {prefix}/escape'"], "cannot create"),
    (&["sh -c 'ls $OUTSIDE'"], "No such file"),
    (&["sh -c 'echo x > $OUTSIDE/escape'"], "ended with"),
    (&["bash -c 'exec 3<>/dev/tcp/127.0.0.1/PORT'"], "ended with"),
    (
        &["mkdir {out}/bin", "cp /bin/true {out}/bin/tool", "chmod 4755 {out}/bin/tool"],
        "(rule setuid)",
    ),
    (
        &["mkdir -p {out}/usr/share", "mkdir -p {out}{var}", "touch {out}{var}/state"],
        "neither below",
    ),
    (&["mkdir {out}/bin", "ln -s /etc/passwd {out}/bin/tool"], "`/etc/passwd`"),
    (&["mkfifo {out}/pipe"], "`pipe`"),
    (&["true"], "put nothing into"),
    (&["mkdir {out}/share", "sh -c 'echo {src} > {out}/share/path'"], "share/path"),
];

#[test]
fn a_build_that_reaches_out_is_refused_and_nothing_is_kept() {
    let sandbox = Sandbox::new();
    formula(
        &sandbox,
        "probe",
        &[("x", "")],
        &steps(&["mkdir {out}/share", "touch {out}/share/probe"]),
    );
    let probe = sandbox.run("install --build probe").ok();
    let is_confined = !probe.stderr.contains("is not shut in");
    if !is_confined {
        skipped("no namespaces here");
        return;
    }
    let port = sandbox.registry().host().rsplit(':').next().unwrap().to_owned();
    let outside = sandbox.home().join("desk").display().to_string();
    let mut failed = Vec::new();
    for (forbidden, says) in FORBIDDEN {
        let put = |step: &&str| step.replace("PORT", &port).replace("$OUTSIDE", &outside);
        let forbidden: Vec<String> = forbidden.iter().map(put).collect();
        let words: Vec<&str> = forbidden.iter().map(String::as_str).collect();
        formula(&sandbox, "tool", &[("x", "")], &steps(&words));
        let output = sandbox.run("install --build tool");
        if output.code != 1 || !output.stderr.contains(says) {
            failed.push(format!("{words:?}: not `{says}`: {output}"));
        }
        check_nothing_kept(&sandbox);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(!sandbox.home().join("desk/escape").exists());
    assert_eq!(sandbox.registry().requests().len(), 0, "no network");
}
