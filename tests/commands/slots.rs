//! Two lines of versions beside each other, and what needs one of them.

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn two_slots_stand_beside_each_other_and_one_is_linked() {
    let sandbox = Sandbox::new();
    let ssl = sandbox.formula("ssl").key("slot = \"{version.major}\"");
    drop(ssl.version("1.1.0").version("3.0.0").version("3.1.0"));
    assert_snapshot!(sandbox.run("install ssl@1 ssl@3.0"), @r#"
    exit 0
    --- stderr
    Installed ssl@1 1.1.0 from test
    Installed ssl@3 3.0.0 from test
    ssl@3 is not linked, ssl@1 is; `pkg use ssl@3` changes that
    Linked ssl in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    ssl@1  1.1.0  from test
    ssl@3  3.0.0  asked for as 3.0, not linked, from test
    ");
    assert_eq!(sandbox.says("bin/ssl"), "ssl 1.1.0\n");
    for (path, expect) in [("opt/ssl", "1.1.0"), ("opt/ssl@1", "1.1.0"), ("opt/ssl@3", "3.0.0")] {
        assert_eq!(sandbox.says(&format!("{path}/bin/ssl")), format!("ssl {expect}\n"));
    }
    assert_snapshot!(sandbox.run("use ssl@3"), @"
    exit 0
    --- stderr
    Using ssl@3
    ");
    assert_eq!(sandbox.says("bin/ssl"), "ssl 3.0.0\n");
    assert_snapshot!(sandbox.run("upgrade"), @"
    exit 0
    --- stderr
    ssl@3 3.1.0 is newer than 3.0.0, but it was asked for as `3.0`
    ");
    assert_snapshot!(sandbox.run("upgrade ssl@3"), @"
    exit 0
    --- stderr
    ssl@3 3.1.0 is newer than 3.0.0, but it was asked for as `3.0`
    ");
    assert_snapshot!(sandbox.run("upgrade ssl@3.1"), @"
    exit 0
    --- stderr
    Upgraded ssl@3 3.0.0 -> 3.1.0 from test
    ");
    assert_eq!(sandbox.says("bin/ssl"), "ssl 3.1.0\n");
    assert_eq!(sandbox.run("run ssl@1").ok().stdout, "ssl 1.1.0\n");
    assert_snapshot!(sandbox.run("uninstall ssl@3"), @"
    exit 0
    --- stderr
    Removed ssl@3 3.1.0 from test
    ssl@1 is not linked; `pkg use ssl@1` links it
    hint: `pkg cleanup --all` frees 470 B, and then `pkg undo` cannot bring anything back
    ");
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    ssl@1  1.1.0  not linked, from test
    ");
    sandbox.run("undo").ok();
    assert_eq!(sandbox.says("bin/ssl"), "ssl 3.1.0\n");
}

#[test]
fn a_need_leads_to_the_slot_that_meets_it() {
    let sandbox = Sandbox::new();
    let ssl = sandbox.formula("ssl").key("slot = \"{version.major}\"");
    drop(ssl.version("1.1.0").version("3.0.0"));
    let app = |name: &str, constraint: &str| {
        let app = sandbox.formula(name).depends(&format!("ssl = \"{constraint}\""));
        let app = app.table("[env]\nSSL = \"{dep:ssl}\"").table("[expose]\nwrap = true");
        let script = "#!/bin/sh\n\"$SSL/bin/ssl\"\n";
        let path = format!("bin/{name}");
        drop(app.package("1.0.0", |package| package.file(&path, script, 0o755)));
    };
    app("old", "1");
    app("new", "3");
    sandbox.run("install old new").ok();
    assert_eq!(sandbox.says("bin/old"), "ssl 1.1.0\n");
    assert_eq!(sandbox.says("bin/new"), "ssl 3.0.0\n");
    assert_snapshot!(sandbox.run("env"), @"
    exit 0
    --- stdout
    export SSL='[HOME]/.local/share/pkg/current/opt/ssl@3'
    --- stderr
    warning: `new` and `old` both set `SSL`; that of `new` is told
    ");
    assert_eq!(sandbox.run("run old").ok().stdout, "ssl 1.1.0\n");
    sandbox.run("doctor").ok();
}

#[test]
fn a_name_without_a_slot_is_the_linked_one() {
    let sandbox = Sandbox::new();
    let ssl = sandbox.formula("ssl").key("slot = \"{version.major}\"");
    drop(ssl.version("1.1.0").version("3.0.0"));
    sandbox.run("install ssl@1 ssl@3").ok();
    sandbox.run("use ssl@3").ok();
    sandbox.run("pin ssl").ok();
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    ssl@1  1.1.0  not linked, from test
    ssl@3  3.0.0  pinned, from test
    ");
    sandbox.run("unpin ssl").ok();
    sandbox.run("unlink ssl").ok();
    assert_snapshot!(sandbox.run("link ssl"), @"
    exit 3
    --- stderr
    error: `ssl` is installed in several slots; name one of `ssl@1` and `ssl@3`
    ");
    sandbox.run("uninstall ssl@3").ok();
    assert_eq!(sandbox.run("run ssl").ok().stdout, "ssl 1.1.0\n");
}

#[test]
fn a_slot_is_installed_again_without_its_tap() {
    let sandbox = Sandbox::new();
    let ssl = sandbox.formula("ssl").key("slot = \"{version.major}\"");
    drop(ssl.version("1.1.0").version("3.0.0"));
    sandbox.run("install ssl@1 ssl@3").ok();
    sandbox.run("tap remove test").ok();
    let before = sandbox.run("list --json").json();
    let receipts = fs_err::read_dir(sandbox.root().join("receipts/ssl")).unwrap();
    let mut receipts = receipts.map(|entry| entry.unwrap().path());
    let receipt = receipts.find(|path| path.display().to_string().contains("/3.0.0-")).unwrap();
    let written = |path: &std::path::Path| fs_err::metadata(path).unwrap().modified().unwrap();
    let earlier = written(&receipt);
    sandbox.run("reinstall ssl@3").ok();
    assert!(written(&receipt) > earlier);
    assert_eq!(sandbox.run("list --json").json(), before);
    assert_eq!(sandbox.says("opt/ssl@3/bin/ssl"), "ssl 3.0.0\n");
}

#[test]
fn an_undo_of_a_pin_says_what_it_did() {
    let sandbox = Sandbox::new();
    sandbox.run("install hello").ok();
    sandbox.run("pin hello").ok();
    assert_snapshot!(sandbox.run("undo"), @"
    exit 0
    --- stderr
    the same packages, with the pins and links of then
    ");
    assert_eq!(sandbox.run("list --json").json()["packages"][0]["pinned"], false);
}
