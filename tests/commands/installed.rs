//! Commands that look at what is there: `info`, `versions`, `files`, `owns`, `which`, `history`.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

#[test]
fn info_describes_a_version_and_where_its_bytes_are() {
    let sandbox = Sandbox::new();
    sandbox.formula("library").version("1.0.0");
    let tool = sandbox.formula("tool").key("aliases = [\"tl\"]\nhomepage = \"https://t.example/\"");
    let tool =
        tool.depends("library = \"1\"").table("[[when]]\nversion = \"<2\"\nlicense = \"ISC\"");
    drop(tool.version("1.0.0").version("2.0.0-rc.1").version("2.0.0"));
    assert_snapshot!(sandbox.run("info tool"), @r#"
    exit 0
    --- stdout
    Name      test/tool
    Summary   The tool of a test
    Version   2.0.0
    License   MIT
    Homepage  https://t.example/
    Aliases   tl
    Needs     library 1
    From any  [HOST]/tool:2.0.0
    "#);
    assert_snapshot!(sandbox.run("info tool@1"), @r#"
    exit 0
    --- stdout
    Name      test/tool
    Summary   The tool of a test
    Version   1.0.0
    License   ISC
    Homepage  https://t.example/
    Aliases   tl
    Needs     library 1
    From any  [HOST]/tool:1.0.0
    "#);
    assert_snapshot!(sandbox.run("info tool@7"), @r#"
    exit 3
    --- stderr
    error: `tool@7` names no version; there are: 2.0.0, 2.0.0-rc.1, 1.0.0
    "#);
    assert_snapshot!(sandbox.run("info tool@=x"), @r#"
    exit 3
    --- stderr
    error: `tool@=x` names no version; there are: 2.0.0, 2.0.0-rc.1, 1.0.0
    "#);
    sandbox.run("install tool@1").ok();
    let json = sandbox.run("info test/tool@1 --json").ok().json();
    assert_eq!((&json["version"], &json["license"]), (&json!("1.0.0"), &json!("ISC")));
    let host = sandbox.registry().host();
    assert_eq!(json["fetch"][0]["reference"], format!("{host}/tool:1.0.0"));
    assert!(json["fetch"][0]["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(json["installed"][0]["requested"], "1");
}

#[test]
fn info_shows_a_version_that_is_not_installed_by_itself() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0").also("yanked = \"broken\""));
    drop(sandbox.formula("early").version("1.0.0-rc.1"));
    assert_eq!(sandbox.run("info tool --json").ok().json()["yanked"], "broken");
    assert_eq!(sandbox.run("info tool@1 --json").ok().json()["yanked"], "broken");
    assert_eq!(sandbox.run("info early --json").ok().json()["version"], "1.0.0-rc.1");
}

#[test]
fn info_knows_each_platform() {
    let sandbox = Sandbox::new();
    let json = sandbox.run("info jaq@3.1.1 --json").ok().json();
    let fetch = json["fetch"].as_array().unwrap();
    assert!(fetch.len() > 3);
    for one in fetch {
        let url = one["url"].as_str().unwrap();
        assert!(url.starts_with("https://github.com/01mf02/jaq/releases/download/"), "{url}");
        assert!(one["digest"].as_str().unwrap().starts_with("sha256:"));
    }
    let platforms: Vec<_> = fetch.iter().map(|one| one["platform"].as_str().unwrap()).collect();
    assert!(
        platforms.contains(&"linux-amd64") && platforms.contains(&"macos-arm64"),
        "{platforms:?}"
    );
}

#[test]
fn versions_are_listed_newest_first() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").version("1.0.0").also("date = 2026-05-01");
    drop(tool.version("1.1.0-rc.1").version("1.2.0").also("yanked = \"broken\""));
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("versions tool"), @r#"
    exit 0
    --- stdout
    Version     Date        Slot  Platforms
    1.2.0                         any        yanked: broken
    1.1.0-rc.1                    any        pre-release
    1.0.0       2026-05-01        any        installed
    "#);
    assert_snapshot!(sandbox.run("versions tool --json").json()["versions"][0], @r#"
    {"date":null,"installed":false,"platforms":["any"],"prerelease":false,"revision":0,"slot":null,"version":"1.2.0","yanked":"broken"}
    "#);
}

#[test]
fn files_are_listed_and_know_their_package() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool");
    drop(tool.package("1.0.0", |package| {
        package
            .file("bin/tool", "#!/bin/sh\n", 0o755)
            .file("share/tool/data", "1", 0o644)
            .symlink("bin/alias", "tool")
    }));
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("files tool"), @r#"
    exit 0
    --- stdout
    [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/alias
    [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool
    [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/share/tool/data
    "#);
    assert_eq!(sandbox.run("files tool --json").json()["files"].as_array().unwrap().len(), 3);
    assert_snapshot!(sandbox.run("files tol"), @r#"
    exit 3
    --- stderr
    error: `tol` is not installed

    hint: did you mean `tool`?
    "#);
    assert_snapshot!(sandbox.run("which alias"), @r#"
    exit 0
    --- stdout
    tool 1.0.0: [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool
    "#);
    assert_snapshot!(sandbox.run("which ../bin/alias"), @r#"
    exit 3
    --- stderr
    error: no installed package has a command `../bin/alias`
    "#);
    assert_snapshot!(sandbox.run("which sh"), @r#"
    exit 3
    --- stderr
    error: no installed package has a command `sh`
    "#);
    let linked = sandbox.prefix("bin/tool");
    assert_snapshot!(sandbox.run(&format!("owns {}", linked.display())), @r#"
    exit 0
    --- stdout
    tool 1.0.0: [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool
    "#);
    assert_eq!(sandbox.run("which tool --json").json()["package"]["name"], "tool");
    assert_snapshot!(sandbox.run("owns /bin/sh"), @r#"
    exit 3
    --- stderr
    error: `/bin/sh` belongs to no installed package
    "#);
    assert_snapshot!(sandbox.run("prefix"), @r#"
    exit 0
    --- stdout
    [HOME]/.local/share/pkg/current
    "#);
    assert_snapshot!(sandbox.run("prefix tool"), @r#"
    exit 0
    --- stdout
    [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]
    "#);
}

#[test]
fn history_tells_what_was_changed() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0").version("2.0.0"));
    for command in ["install tool@1", "install hello", "upgrade tool@2", "undo", "uninstall hello"]
    {
        sandbox.run(command).ok();
    }
    assert_snapshot!(sandbox.run("history"), @r#"
    exit 0
    --- stdout
          Time                  Command              Changes
    *  5  [TIME]  pkg uninstall hello  -hello 1.0.0
       4  [TIME]  pkg undo             tool 2.0.0 -> 1.0.0
       3  [TIME]  pkg upgrade tool@2   tool 1.0.0 -> 2.0.0
       2  [TIME]  pkg install hello    +hello 1.0.0
       1  [TIME]  pkg install tool@1   +tool 1.0.0
    "#);
    let json = sandbox.run("log --json").json();
    let newest = &json["generations"][0];
    assert_eq!((&newest["number"], &newest["current"]), (&json!(5), &json!(true)));
    assert_eq!(newest["changes"], json!([{"name": "hello", "from": "1.0.0", "to": null}]));
}

#[test]
fn another_name_of_a_package_means_it_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.formula("library").key("aliases = [\"lb\"]").version("1.0.0");
    let tool = sandbox.formula("tool").key("aliases = [\"tl\"]\nreplaces = [\"old-tool\"]");
    let tool = tool.key("homepage = \"https://t.example/\"").depends("library = \"1\"");
    drop(tool.table("[env]\nCOLOUR = \"blue\"").version("1.0.0"));
    sandbox.run("install tl").ok();
    for (words, other) in [
        ("files tool", "files tl"),
        ("files tool", "files old-tool"),
        ("deps tool --json", "deps tl --json"),
        ("why library --json", "why lb --json"),
        ("uses library --json", "uses lb --json"),
        ("env tool --json", "env tl --json"),
        ("prefix tool", "prefix tl"),
        ("home tool", "home tl"),
        ("cat tool", "cat tl"),
        ("run tool", "run tl"),
        ("info tool", "info tl"),
        ("versions tool", "versions tl"),
    ] {
        assert_eq!(sandbox.run(words).ok().stdout, sandbox.run(other).ok().stdout, "{other}");
    }
    let state = |field: &str| {
        let list = sandbox.run("list --json").ok().json();
        list["packages"].as_array().unwrap().iter().find(|p| p["name"] == "tool").unwrap()[field]
            .clone()
    };
    for (words, field, expect) in [
        ("pin tl", "pinned", json!(true)),
        ("unpin tl", "pinned", json!(false)),
        ("unlink tl", "linked", json!(false)),
        ("link old-tool", "linked", json!(true)),
        ("mark --dependency tl", "requested", json!(null)),
        ("mark --requested tl", "requested", json!("*")),
    ] {
        sandbox.run(words).ok();
        assert_eq!(state(field), expect, "{words}");
    }
}

#[test]
fn latest_means_the_newest_version_unless_it_is_called_so() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0").version("2.0.0").version("3.0.0-rc.1"));
    sandbox.run("install tool@1").ok();
    assert_eq!(sandbox.run("run tool@latest").ok().stdout, "tool 2.0.0\n");
    assert!(sandbox.run("info tool@latest").ok().stdout.contains("Version    2.0.0"));
    sandbox.run("install tool@latest").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 2.0.0\n");
    let list = sandbox.run("list --json").ok().json();
    assert_eq!(list["packages"][0]["requested"], "*");
    let other = sandbox.formula("other").key("channels = { latest = \"1\" }");
    drop(other.version("1.0.0").version("2.0.0"));
    assert_eq!(sandbox.run("run other@latest").ok().stdout, "other 1.0.0\n");
}

#[test]
fn a_service_is_told_of_and_not_started() {
    let sandbox = Sandbox::new();
    drop(
        sandbox.formula("tool").table("[service]\nrun = \"{keg}/bin/tool serve\"").version("1.0.0"),
    );
    let installed = sandbox.run("install tool").ok();
    let note = "tool can run as a service, and pkg starts none: `pkg info tool` has its command";
    assert!(installed.stderr.lines().any(|line| line == note), "{installed}");
    let page = sandbox.run("info tool").ok();
    assert!(page.stdout.contains("{keg}/bin/tool serve (pkg does not start it)"), "{page}");
}
