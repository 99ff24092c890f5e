//! Packages of no tap: by a formula file, or straight from a reference.

use std::process::Command;

use insta::assert_snapshot;
use regex::Regex;
use test_registry::Published;

use crate::support::{self, Sandbox};

/// Puts `tool` into the registry under a tag; its program says `word`.
fn push(sandbox: &Sandbox, tag: &str, word: &str) -> Published {
    let script = format!("#!/bin/sh\necho {word}\n");
    sandbox.registry().package("tool", tag).file("bin/tool", script, 0o755).push()
}

#[test]
fn a_reference_is_what_comes_whatever_was_there() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    push(&sandbox, "1.0.0", "one");
    push(&sandbox, "2.0.0", "two");
    sandbox.run(&format!("install oci://{host}/tool:2.0.0")).ok();
    assert_snapshot!(sandbox.run(&format!("install oci://{host}/tool:1.0.0")), @r"
    exit 0
    --- stderr
    Downgraded tool 2.0.0 -> 1.0.0 from direct
    ");
    assert_eq!(sandbox.says("bin/tool"), "one\n");
    assert_snapshot!(sandbox.run(&format!("install oci://{host}/tool:1.0.0")), @r"
    exit 0
    --- stderr
    tool 1.0.0 is installed already, as asked for with `=1.0.0`
    ");
    assert_eq!(sandbox.run("list --json").json()["packages"][0]["requested"], "*");

    let moved = push(&sandbox, "1.0.0", "another one");
    assert_snapshot!(sandbox.run(&format!("install oci://{host}/tool:1.0.0")), @r"
    exit 0
    --- stderr
    Reinstalled tool 1.0.0 from direct
    ");
    assert_eq!(sandbox.says("bin/tool"), "another one\n");
    sandbox.run("undo").ok();
    assert_eq!(sandbox.says("bin/tool"), "one\n");
    sandbox.run(&format!("install oci://{host}/tool:1.0.0@{}", moved.index)).ok();
    assert_eq!(sandbox.says("bin/tool"), "another one\n");
}

#[test]
fn an_upgrade_asks_for_the_tag_again_and_never_for_a_digest() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    let first = push(&sandbox, "stable", "one");
    sandbox.run(&format!("install oci://{host}/tool:stable")).ok();
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    tool stable is the newest
    ");
    push(&sandbox, "stable", "two");
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    Reinstalled tool stable from direct
    ");
    assert_eq!(sandbox.says("bin/tool"), "two\n");
    push(&sandbox, "stable", "three");
    assert_snapshot!(sandbox.run("upgrade"), @r"
    exit 0
    --- stderr
    Reinstall  tool  stable  121 B  you asked for it
    1 package to change, 121 B to download
    Reinstalled tool stable from direct
    ");
    assert_eq!(sandbox.says("bin/tool"), "three\n");

    sandbox.run("pin tool").ok();
    push(&sandbox, "stable", "four");
    sandbox.run("upgrade").ok();
    assert_eq!(sandbox.says("bin/tool"), "three\n");
    assert_snapshot!(sandbox.run(&format!("install oci://{host}/tool:stable")), @r"
    exit 1
    --- stderr
    error: `tool` is pinned at stable

    hint: unpin `tool` first
    ");
    sandbox.run("unpin tool").ok();

    sandbox.run(&format!("install oci://{host}/tool@{}", first.index)).ok();
    sandbox.registry().forget_requests();
    sandbox.run("upgrade").ok();
    assert_eq!(sandbox.says("bin/tool"), "one\n");
    assert_eq!(sandbox.registry().requests().len(), 0);
}

#[test]
fn a_formula_file_is_read_again() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    let write = |versions: &[(&str, &Published)]| {
        let mut text = format!(
            "schema = 1\nname = \"tool\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n\
             [source]\noci = \"{host}/tool\"\n"
        );
        for (version, published) in versions {
            text += &format!("\n[version.\"{version}\"]\nany = \"{}\"\n", published.manifests[0]);
        }
        sandbox.write("tool.toml", text);
    };
    let (one, two) = (push(&sandbox, "1.0.0", "one"), push(&sandbox, "2.0.0", "two"));
    write(&[("1.0.0", &one)]);
    sandbox.run("install ./tool.toml").ok();
    assert_snapshot!(sandbox.run("install ./tool.toml"), @r"
    exit 0
    --- stderr
    tool 1.0.0 is installed already
    ");
    write(&[("1.0.0", &two)]);
    assert_snapshot!(sandbox.run("install ./tool.toml"), @r"
    exit 0
    --- stderr
    Reinstalled tool 1.0.0 from direct
    ");
    assert_eq!(sandbox.says("bin/tool"), "two\n");
    write(&[("2.0.0", &two), ("1.0.0", &two)]);
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    Upgraded tool 1.0.0 -> 2.0.0 from direct
    ");
    fs_err::remove_file(sandbox.home().join("desk/tool.toml")).unwrap();
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    tool 2.0.0 is the newest
    ");
    assert_snapshot!(sandbox.run("upgrade"), @r"
    exit 0
    --- stderr
    nothing to change
    ");
    assert_eq!(sandbox.says("bin/tool"), "two\n");
}

#[test]
fn a_layout_is_found_from_every_folder() {
    let sandbox = Sandbox::new();
    let layout = support::workspace().join("formulas/hello");
    let copy = sandbox.home().join("desk/greeting");
    assert!(Command::new("cp").arg("-r").arg(layout).arg(&copy).status().unwrap().success());
    sandbox.run("install oci:greeting").ok();
    let mut upgrade = sandbox.command("upgrade");
    assert_snapshot!(sandbox.finish(upgrade.current_dir(sandbox.home())), @r"
    exit 0
    --- stderr
    nothing to change
    ");
    fs_err::remove_dir_all(copy).unwrap();
    assert_snapshot!(sandbox.run("upgrade"), @"
    exit 0
    --- stderr
    warning: hello stays: cannot find the bytes of `oci:[HOME]/desk/greeting`: cannot get oci:[HOME]/desk/greeting: cannot use an image layout: `[HOME]/desk/greeting` is no image layout: it has no file `oci-layout`
    nothing to change
    ");
}

#[test]
fn a_layout_in_an_archive_is_installed_as_one_in_a_folder() {
    let sandbox = Sandbox::new();
    let layout = support::workspace().join("formulas/hello");
    let archive = sandbox.home().join("hello.tar");
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(layout).arg("-cf").arg(&archive).arg(".");
    assert!(tar.status().unwrap().success());
    let mut install = sandbox.command("install oci-archive:hello.tar");
    sandbox.finish(install.current_dir(sandbox.home())).ok();
    assert_snapshot!(sandbox.run("upgrade"), @"
    exit 0
    --- stderr
    nothing to change
    ");
}

#[test]
fn info_tells_what_the_receipt_remembers() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    push(&sandbox, "1.0.0", "one");
    sandbox.run(&format!("install oci://{host}/tool:1.0.0")).ok();
    let page = sandbox.run("info tool").to_string();
    let page = Regex::new(r"From \S+").unwrap().replace(&page, "From [PLATFORM]");
    assert_snapshot!(page, @r"
    exit 0
    --- stdout
    Name  direct/tool
    Version  1.0.0
    Installed  1.0.0 in [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]
    From [PLATFORM]  oci://[HOST]/tool:1.0.0
    ");
    let info = sandbox.run("info direct/tool --json").ok().json();
    assert_eq!(info["fetch"][0]["reference"], format!("oci://{host}/tool:1.0.0"));
    assert_eq!(info["installed"][0]["version"], "1.0.0");
    assert_eq!(sandbox.run("info test/tool").code, 3);
}

#[test]
fn a_package_says_nothing_of_itself_that_a_formula_could_not() {
    let sandbox = Sandbox::new();
    let outside = sandbox.home().join("planted");
    for (said, why) in [
        (
            r#""expose":{"etc":{"../../../../planted":"bin/tool"},"completions":{},"wrap":false}"#,
            "not a path inside the package",
        ),
        (
            r#""expose":{"bin":{"../../../planted":"bin/tool"},"completions":{},"wrap":false}"#,
            "cannot name a link",
        ),
        (r#""env":{"LD_PRELOAD":"{keg}/bin/tool"}"#, "a package may not set `LD_PRELOAD`"),
        (r#""env":{"A=1; touch planted; B":"1"}"#, "cannot name an environment variable"),
        (
            r#""setup":[{"verb":"write","path":"{keg}/x","text":"","mode":null,"keep":false}]"#,
            "not below `{etc}` or `{var}`",
        ),
    ] {
        let said = format!(r#"{{"schema":1,"name":"tool","version":"1.0.0",{said}}}"#);
        let package = sandbox.registry().package("tool", "1.0.0");
        let package = package.annotation("dev.pkg.package", &said);
        let published = package.file("bin/tool", "#!/bin/sh\necho hi\n", 0o755).push();
        let output = sandbox.run(&format!("install oci://{}", published.reference));
        assert_eq!(output.code, 1, "{output}");
        assert!(output.stderr.contains(why), "{output}");
        assert!(!outside.exists(), "{said}");
        assert!(!sandbox.prefix("").exists(), "{said}");
    }
}

#[test]
fn outdated_asks_for_the_tag_as_an_upgrade_does() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    push(&sandbox, "stable", "one");
    sandbox.run(&format!("install oci://{host}/tool:stable")).ok();
    assert_snapshot!(sandbox.run("outdated"), @r"
    exit 0
    --- stderr
    nothing is outdated
    ");
    push(&sandbox, "stable", "two");
    assert_snapshot!(sandbox.run("outdated"), @r"
    exit 0
    --- stdout
    Package  Installed  Upgrade  Newest
    tool     stable     stable   stable  where it came from, there is something else now
    ");
    let outdated = sandbox.run("outdated --json").ok().json();
    assert_eq!(outdated["packages"][0]["upgrade"], "stable");
    sandbox.registry().forget_requests();
    let offline = sandbox.run("--offline outdated").ok();
    assert!(offline.stderr.contains("tool stays: "), "{offline}");
    sandbox.run("--offline doctor").ok();
    assert_eq!(sandbox.registry().requests().len(), 0);
}

#[test]
fn questions_about_a_formula_say_that_there_is_none() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    push(&sandbox, "1.0.0", "one");
    sandbox.run(&format!("install oci://{host}/tool:1.0.0")).ok();
    assert_snapshot!(sandbox.run("versions tool"), @r"
    exit 3
    --- stderr
    error: `tool` is of no tap; it was installed from `oci://[HOST]/tool:1.0.0`

    hint: `pkg info tool` shows what is known of it
    ");
    for command in ["cat tool", "home direct/tool"] {
        let refused = sandbox.run(command);
        assert!(refused.stderr.contains("`tool` is of no tap"), "{refused}");
    }
    assert!(sandbox.run("cat test/tool").stderr.contains("there is no"));
}

#[test]
fn two_packages_of_one_name_do_not_come_together() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    for repository in ["one/tool", "two/tool"] {
        let package = sandbox.registry().package(repository, "1.0.0");
        package.file("bin/tool", format!("#!/bin/sh\necho {repository}\n"), 0o755).push();
    }
    let (one, two) =
        (format!("oci://{host}/one/tool:1.0.0"), format!("oci://{host}/two/tool:1.0.0"));
    assert_snapshot!(sandbox.run(&format!("install {one} {two}")), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/two/tool:1.0.0` is a `tool`, and so is another one that was named

    hint: one of them can be installed at a time
    ");
    sandbox.run(&format!("install {one} {one}")).ok();
    assert_eq!(sandbox.says("bin/tool"), "one/tool\n");
    sandbox.run(&format!("install {two}")).ok();
    assert_eq!(sandbox.says("bin/tool"), "two/tool\n");
}

#[test]
fn a_tag_without_a_version_moves_wherever_it_leads() {
    let sandbox = Sandbox::new();
    let push = |number: u32| {
        let script = format!("#!/bin/sh\necho {number}\n");
        let package = sandbox.registry().package("tool", "latest");
        package.file("bin/tool", script, 0o755).push().reference
    };
    let reference = push(0);
    let (place, _) = reference.rsplit_once(':').unwrap();
    sandbox.run(&format!("install oci://{place}")).ok();
    for number in 1..6 {
        push(number);
        sandbox.run(if number % 2 == 0 { "upgrade" } else { "upgrade tool" }).ok();
        assert_eq!(sandbox.run("run tool").ok().stdout, format!("{number}\n"));
        assert_eq!(sandbox.run("list --json").json()["packages"][0]["requested"], "*");
    }
}

#[test]
fn what_speaks_against_a_formula_file_is_said() {
    let sandbox = Sandbox::new();
    let digest = "sha256:".to_owned() + &"1".repeat(64);
    let formula = |rules: &str, key: &str| {
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\n\
             [source]\nhttp = \"http://127.0.0.1:1/x.tar.gz\"\n{rules}\n\
             [version.\"1.0.0\"]\n{key} = \"{digest}\"\n"
        )
    };
    sandbox.write("tool.toml", formula("", "windows-arm64"));
    let output = sandbox.run("install ./tool.toml");
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stderr.contains("there are: windows-arm64"), "{output}");
    sandbox.write("tool.toml", formula("\n[requires]\nglibc = \">=99\"\n", "any"));
    assert_snapshot!(sandbox.run("install ./tool.toml"), @"
    exit 3
    --- stderr
    error: `tool` cannot be installed: tool 1.0.0 cannot be used here (it needs glibc >=99; this machine has [VERSION])
    ");
}

#[test]
fn what_such_a_package_needs_is_to_be_named_with_it() {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host();
    let annotation = r#"{"schema":1,"name":"app","version":"1.0.0","depends":{"lib":{"constraint":"1"},"gui":{"constraint":"*"}}}"#;
    let app = sandbox.registry().package("app", "1.0.0").file("bin/app", "#!/bin/sh\n", 0o755);
    drop(app.annotation("dev.pkg.package", annotation).push());
    for name in ["lib", "gui"] {
        let needed = sandbox.registry().package(name, "1.0.0");
        drop(needed.file(&format!("share/{name}"), "", 0o644).push());
    }
    let install = |more: &str| sandbox.run(&format!("install oci://{host}/app:1.0.0 {more}"));
    assert_snapshot!(install(""), @"
    exit 3
    --- stderr
    error: `app` is of no tap, and needs what was not named with it: gui, lib 1

    hint: name `gui` in the same command, by a reference or a file, or add a tap that has it and name it as `TAP/gui`
    hint: name `lib` in the same command, by a reference or a file, or add a tap that has it and name it as `TAP/lib`
    ");
    drop(sandbox.formula("lib").version("1.0.0"));
    assert_snapshot!(install(&format!("oci://{host}/gui:1.0.0")), @"
    exit 3
    --- stderr
    error: `app` is of no tap, and needs what was not named with it: lib 1

    hint: tap `test` has it: name `test/lib` in the same command
    ");
    assert_snapshot!(install(&format!("oci://{host}/gui:1.0.0 test/lib")), @r#"
    exit 0
    --- stderr
    Installed gui 1.0.0 from direct
    Installed lib 1.0.0 from test
    Installed app 1.0.0 from direct
    `gui` has neither commands nor libraries; `pkg prefix gui` is its folder
    Linked lib, app in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
}
