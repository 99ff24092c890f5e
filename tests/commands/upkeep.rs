//! Looking after what is there: `doctor` and `cleanup`.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use insta::assert_snapshot;

use crate::support::Sandbox;

/// Writes into a file of a keg as no program of ours does.
fn spoil(path: &Path, text: &str) {
    fs_err::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, Permissions::from_mode(0o555)).unwrap();
}

#[test]
fn damage_is_named_and_brought_back() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("library").version("1.0.0"));
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool library").ok();
    let doctor = |words: &str| {
        let path = sandbox.prefix("bin").into_os_string();
        sandbox.finish(sandbox.command(&format!("doctor {words}")).env("PATH", path))
    };
    assert_snapshot!(doctor(""), @"
    exit 0
    --- stderr
    Checked 2 packages, all is well
    ");
    let file = fs_err::canonicalize(sandbox.prefix("bin/tool")).unwrap();
    let good = fs_err::read(&file).unwrap();
    spoil(&file, "#!/bin/sh\necho fool 1.0.0\n");
    assert_snapshot!(doctor("--quick"), @"
    exit 0
    --- stderr
    Checked 2 packages, all is well
    ");
    assert_snapshot!(doctor(""), @"
    exit 6
    --- stdout
    tool 1.0.0  [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool  holds other bytes
                [HOME]/.local/share/pkg/store/files/11/[HEX].x  does not hold what its name says
    --- stderr
    error: 2 problems found

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    assert_snapshot!(doctor("--json"), @r#"
    exit 6
    --- stdout
    {
      "schema": 1,
      "problems": [
        {
          "package": "tool 1.0.0",
          "path": "[HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool",
          "problem": "holds other bytes"
        },
        {
          "package": "",
          "path": "[HOME]/.local/share/pkg/store/files/11/[HEX].x",
          "problem": "does not hold what its name says"
        }
      ],
      "repaired": [],
      "notices": []
    }
    --- stderr
    error: 2 problems found

    hint: `pkg doctor --repair` brings back what is damaged
    "#);
    assert_snapshot!(doctor("--repair"), @"
    exit 0
    --- stderr
    Repaired tool 1.0.0 [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool
    Repaired [HOME]/.local/share/pkg/store/files/11/[HEX].x
    Checked 2 packages, all is well
    ");
    assert_eq!(fs_err::read(&file).unwrap(), good);
    assert_snapshot!(doctor(""), @"
    exit 0
    --- stderr
    Checked 2 packages, all is well
    ");
}

#[test]
fn what_is_missing_is_fetched_again() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool").ok();
    let keg = fs_err::canonicalize(sandbox.prefix("opt/tool")).unwrap();
    fs_err::set_permissions(keg.join("bin"), Permissions::from_mode(0o755)).unwrap();
    fs_err::remove_file(keg.join("bin/tool")).unwrap();
    fs_err::remove_dir_all(sandbox.root().join("store/files")).unwrap();
    fs_err::create_dir(sandbox.root().join("store/files")).unwrap();
    fs_err::remove_dir_all(sandbox.root().join("store/plans")).unwrap();
    fs_err::create_dir(sandbox.root().join("store/plans")).unwrap();
    fs_err::remove_file(sandbox.prefix("bin/tool")).unwrap();
    std::os::unix::fs::symlink("nowhere", sandbox.prefix("bin/stray")).unwrap();
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 6
    --- stdout
    tool 1.0.0  [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]  cannot be checked: it is no longer known what sha256:[DIGEST] holds
                [HOME]/.local/share/pkg/current/bin/stray  does not belong there
                [HOME]/.local/share/pkg/current/bin/tool  is missing
    --- stderr
    warning: `[HOME]/.local/share/pkg/current/bin` is not on PATH; `pkg shellenv` prints the line
    error: 3 problems found

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    assert_snapshot!(sandbox.run("--offline doctor --repair"), @"
    exit 4
    --- stderr
    error: cannot fetch `tool/1.0.0-[ID]` again
      caused by: cannot take sha256:[DIGEST] of `tool` from oci://[HOST]/tool:1.0.0
      caused by: cannot take the archive's bytes
      caused by: [HOST] is not asked while offline

    hint: without `--offline` it would be asked
    ");
    sandbox.run("doctor --repair").ok();
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 0
    --- stderr
    warning: `[HOME]/.local/share/pkg/current/bin` is not on PATH; `pkg shellenv` prints the line
    Checked 1 package, all is well
    ");
    assert!(sandbox.prefix("opt/tool/bin/tool").is_file());
}

#[test]
fn a_program_that_was_no_archive_is_fetched_again() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/sh\necho tool\n";
    drop(sandbox.write("tool.sh", script));
    let digest = digest::Digest::sha256(script.as_bytes());
    let formula = sandbox.write(
        "tool.toml",
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\
             [source]\nfile = \"tool.sh\"\nformat = \"raw\"\n\
             [version.\"1.0.0\"]\nany = \"{digest}\"\n"
        ),
    );
    sandbox.run(&format!("install {}", formula.display())).ok();
    let file = fs_err::canonicalize(sandbox.prefix("bin/tool")).unwrap();
    spoil(&file, "#!/bin/sh\necho fool\n");
    sandbox.run("doctor --repair").ok();
    assert_eq!(sandbox.says("bin/tool"), "tool\n");
    sandbox.run("doctor").ok();
}

#[test]
fn what_nothing_needs_is_kept_for_a_while_and_then_deleted() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").version("1.0.0");
    sandbox.run("install tool").ok();
    drop(tool.version("2.0.0"));
    sandbox.run("upgrade tool").ok();
    assert_snapshot!(sandbox.run("cleanup"), @"
    exit 0
    --- stderr
    nothing to clean up
    ");
    sandbox.run("undo").ok();
    sandbox.run("redo").ok();
    assert_snapshot!(sandbox.run("cleanup --all --dry-run"), @"
    exit 0
    --- stderr
    Would free 237 B (3 generations, 1 package, 1 file)
    ");
    sandbox.run("undo").ok();
    sandbox.run("redo").ok();
    assert_snapshot!(sandbox.run("cleanup --all --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "dry_run": false,
      "bytes": 237,
      "generations": [
        1,
        2,
        3,
        4,
        5
      ],
      "packages": [
        "tool/1.0.0-[ID]"
      ],
      "in_use": [],
      "files": 1,
      "plans": 1,
      "partials": 0,
      "downloads": 0,
      "projects": [],
      "builds": 0
    }
    --- stderr
    Freed 237 B (5 generations, 1 package, 1 file)
    "#);
    assert_snapshot!(sandbox.run("undo"), @"
    exit 3
    --- stderr
    error: there is nothing to undo: what came before was cleaned up
    ");
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 0
    --- stderr
    warning: `[HOME]/.local/share/pkg/current/bin` is not on PATH; `pkg shellenv` prints the line
    Checked 1 package, all is well
    ");
    assert_snapshot!(sandbox.run("uninstall tool"), @"
    exit 0
    --- stderr
    Removed tool 2.0.0 from test
    hint: `pkg cleanup --all` frees 237 B, and then `pkg undo` cannot bring anything back
    ");
    sandbox.run("undo").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 2.0.0\n");
    assert_eq!(sandbox.run("list --json").json()["packages"][0]["version"], "2.0.0");
}

#[test]
fn a_root_that_does_not_exist_is_well_and_clean() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 0
    --- stderr
    Checked 0 packages, all is well
    ");
    assert_snapshot!(sandbox.run("cleanup"), @"
    exit 0
    --- stderr
    nothing to clean up
    ");
    assert!(!sandbox.root().exists());
}

/// Removes a folder as a user does who means well.
fn remove(folder: &Path) {
    let script = r#"chmod -R u+w "$0" && rm -r "$0""#;
    let removed = Command::new("/bin/sh").args(["-c", script]).arg(folder).status().unwrap();
    assert!(removed.success());
}

/// The only thing in a folder.
fn only(folder: &Path) -> PathBuf {
    let mut entries = fs_err::read_dir(folder).unwrap();
    let only = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    only
}

#[test]
fn a_lost_receipt_is_written_anew() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("other").version("1.0.0"));
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install other").ok();
    sandbox.run("install tool").ok();
    let receipt = only(&sandbox.root().join("receipts/tool"));
    let whole = fs_err::read(&receipt).unwrap();
    for left in [Some(&whole[..40]), None] {
        match left {
            Some(bytes) => fs_err::write(&receipt, bytes).unwrap(),
            None => fs_err::remove_file(&receipt).unwrap(),
        }
        for command in ["uninstall other", "reinstall tool", "why tool", "run tool", "cleanup"] {
            let refused = sandbox.run(command);
            assert_eq!(refused.code, 1, "{command}: {refused}");
            assert!(refused.stderr.contains("hint: `pkg doctor --repair`"), "{refused}");
        }
        assert_eq!(sandbox.run("doctor").code, 1);
        sandbox.run("doctor --repair").ok();
        sandbox.run("doctor").ok();
        assert_eq!(sandbox.run("run tool").ok().stdout, "tool 1.0.0\n");
    }
    fs_err::remove_file(&receipt).unwrap();
    sandbox.run("undo").ok();
    assert_eq!(sandbox.run("list --json").json()["packages"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_mended_keeps_nothing_else_from_it() {
    let sandbox = Sandbox::new();
    let direct = sandbox.registry().package("direct", "1.0.0");
    let direct = direct.file("bin/direct", "#!/bin/sh\necho 1\n", 0o755).push().reference;
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool").ok();
    sandbox.run(&format!("install oci://{direct}")).ok();
    remove(&sandbox.root().join("receipts/direct"));
    let file = fs_err::canonicalize(sandbox.prefix("bin/tool")).unwrap();
    spoil(&file, "#!/bin/sh\necho fool 1.0.0\n");
    assert_snapshot!(sandbox.run("doctor --repair"), @"
    exit 1
    --- stderr
    error: only the receipt of `direct/1.0.0-[ID]`, which is lost, knew where it came from

    hint: `pkg rollback` leads to a generation of `pkg history` without it
    ");
    assert!(fs_err::read_to_string(&file).unwrap().contains("tool 1.0.0"));
    sandbox.run("rollback 1").ok();
    sandbox.run("cleanup --all").ok();
    sandbox.run("doctor").ok();
}

#[test]
fn a_lost_keg_stays_known_until_it_comes_back() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool").ok();
    remove(&sandbox.root().join("cellar/tool"));
    assert_snapshot!(sandbox.run("run tool"), @"
    exit 1
    --- stderr
    error: `tool/1.0.0-[ID]` is not installed any more

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    assert_snapshot!(sandbox.run("cleanup --all"), @"
    exit 0
    --- stderr
    nothing to clean up
    ");
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 6
    --- stdout
    tool 1.0.0  [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]  is missing
    --- stderr
    warning: `[HOME]/.local/share/pkg/current/bin` is not on PATH; `pkg shellenv` prints the line
    error: 1 problem found

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    sandbox.run("--offline doctor --repair").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 1.0.0\n");
}

#[test]
fn lost_links_are_made_anew() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool").ok();
    remove(&sandbox.root().join("generations/1"));
    assert_eq!(sandbox.run("doctor").code, 6);
    sandbox.run("doctor --repair").ok();
    assert!(sandbox.prefix("bin/tool").is_file());
}

#[test]
fn a_damaged_record_leaves_a_way_back() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0").version("2.0.0"));
    sandbox.run("install tool@1").ok();
    sandbox.run("upgrade tool@2").ok();
    fs_err::write(sandbox.root().join("generations/2.json"), "{").unwrap();
    assert_snapshot!(sandbox.run("list"), @"
    exit 1
    --- stderr
    error: the record `[HOME]/.local/share/pkg/generations/2.json` is damaged; `pkg rollback` to another generation
      caused by: EOF while parsing an object at line 1 column 1
    ");
    let history = sandbox.run("history").ok();
    assert!(history.stdout.contains("install tool@1"), "{history}");
    sandbox.run("rollback 1").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 1.0.0\n");
    assert_eq!(sandbox.run("redo").code, 1);
    sandbox.run("cleanup").ok();
    assert!(!sandbox.root().join("generations/2.json").exists());
    sandbox.run("doctor").ok();
    assert_snapshot!(sandbox.run("rollback 2"), @"
    exit 3
    --- stderr
    error: there is no generation 2; there are: 1, 3
    ");
}

#[test]
fn a_keg_that_nothing_knows_is_no_damage() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("run tool").ok();
    remove(&sandbox.root().join("receipts/tool"));
    sandbox.run("doctor").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 1.0.0\n");
    remove(&sandbox.root().join("receipts/tool"));
    sandbox.run("cleanup").ok();
    assert!(!sandbox.root().join("cellar/tool").exists());
    assert_snapshot!(sandbox.run("rollback 1"), @"
    exit 3
    --- stderr
    error: there is no generation 1; nothing was changed yet
    ");
}

#[test]
fn a_prefix_that_was_lost_leads_back_to_the_newest_generation() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("one").version("1.0.0"));
    drop(sandbox.formula("two").version("1.0.0"));
    sandbox.run("install one").ok();
    sandbox.run("install two").ok();
    fs_err::remove_file(sandbox.root().join("current")).unwrap();
    assert_snapshot!(sandbox.run("doctor"), @"
    exit 6
    --- stdout
      [HOME]/.local/share/pkg/current  leads to no generation; the newest is 2
    --- stderr
    error: 1 problem found

    hint: `pkg doctor --repair` brings back what is damaged
    ");
    sandbox.run("install hello").ok();
    assert_eq!(sandbox.run("history --json").json()["generations"].as_array().unwrap().len(), 3);
    fs_err::remove_file(sandbox.root().join("current")).unwrap();
    sandbox.run("doctor --repair").ok();
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    hello  1.0.0
    ");
    sandbox.run("rollback 2").ok();
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    one  1.0.0  from test
    two  1.0.0  from test
    ");
}
