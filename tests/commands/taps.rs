//! Taps in a registry: `tap add oci://…`, `update`, `tap info`, and what is refused.

use std::fmt::Write as _;

use catalog::edition::Package;
use formula::Key;
use insta::assert_snapshot;

use crate::support::{
    Sandbox,
    edition::{MANIFEST, layout, pack, pack_with, publish, push},
};

/// A formula of the folder `acme`, whose versions are packages in the sandbox's registry.
fn formula(sandbox: &Sandbox, name: &str, versions: &[&str], extra: &str) {
    let host = sandbox.registry().host();
    let mut text = format!(
        "schema = 1\nname = \"{name}\"\nsummary = \"The {name} of Acme\"\nlicense = \"MIT\"\n\
         {extra}\n[source]\noci = \"{host}/{name}\"\n"
    );
    for version in versions {
        let script = format!("#!/bin/sh\necho {name} {version}\n");
        let package = sandbox.registry().package(name, version);
        let published = package.file(&format!("bin/{name}"), script, 0o755).push();
        write!(text, "\n[version.\"{version}\"]\nany = \"{}\"\n", published.manifests[0]).unwrap();
    }
    sandbox.write(&format!("acme/{name}.toml"), text);
}

/// A tap with one formula, published once and added.
fn followed() -> Sandbox {
    let sandbox = Sandbox::new();
    formula(&sandbox, "widget", &["1.0.0"], "aliases = [\"wg\"]\nreplaces = [\"gadget\"]");
    publish(&sandbox, "acme", 1, "2026-05-01");
    sandbox.run(&add(&sandbox)).ok();
    sandbox
}

fn add(sandbox: &Sandbox) -> String {
    format!("tap add oci://{}/tap", sandbox.registry().host())
}

#[test]
fn a_tap_is_added_searched_and_installed_from() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "widget", &["1.0.0"], "aliases = [\"wg\"]\nreplaces = [\"gadget\"]");
    publish(&sandbox, "acme", 1, "2026-05-01");
    assert_snapshot!(sandbox.run(&add(&sandbox)), @r"
    exit 0
    --- stderr
    Added tap acme (1 formula), edition 1 of [TIME]
    ");
    assert_snapshot!(sandbox.run("tap"), @r"
    exit 0
    --- stdout
    Tap   Formulas  Location                   Edition
    core        46  built in
    acme         1  oci://[HOST]/tap  1 of [TIME]
    ");
    assert_snapshot!(sandbox.run("tap info acme"), @r"
    exit 0
    --- stdout
    Name       acme
    Location   oci://[HOST]/tap
    Formulas   1
    Serial     1
    Published  [TIME]
    Digest     sha256:[DIGEST]
    Checked    [TIME]
    ");
    assert_snapshot!(sandbox.run("tap info acme --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "name": "acme",
      "location": "oci://[HOST]/tap",
      "formulas": 1,
      "builtin": false,
      "serial": 1,
      "published_at": "[TIME]",
      "digest": "sha256:[DIGEST]",
      "as_of": null,
      "checked_at": "[TIME]",
      "mirror_of": null,
      "skipped": []
    }
    "#);
    sandbox.registry().forget_requests();
    assert_snapshot!(sandbox.run("search acme"), @r"
    exit 0
    --- stdout
    acme/widget  The widget of Acme
    ");
    assert_eq!(sandbox.run("search WG").stdout, sandbox.run("search acme").stdout);
    for name in ["widget", "wg", "gadget", "acme/widget", "acme/gadget"] {
        assert_eq!(sandbox.run(&format!("info {name} --json")).ok().json()["name"], "widget");
    }
    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/widget.toml")).unwrap();
    assert_eq!(sandbox.run("cat widget").ok().stdout, text);
    assert!(sandbox.registry().requests().is_empty(), "what is here needs no registry");
    sandbox.run("install wg").ok();
    assert_eq!(sandbox.says("bin/widget"), "widget 1.0.0\n");
    assert!(sandbox.registry().requests_to("GET /v2/tap/*").is_empty(), "nor does installing");
    assert_snapshot!(sandbox.run(&add(&sandbox)), @r"
    exit 0
    --- stderr
    Unchanged tap acme: it is from there already
    ");
    sandbox.write("other/acme.toml", &text);
    assert_snapshot!(sandbox.run("tap add other --name acme"), @r"
    exit 1
    --- stderr
    error: a tap `acme` is there already, from oci://[HOST]/tap

    hint: `--name` gives it another name
    ");
    fs_err::write(sandbox.root().join("taps/acme/tap.json"), "{}").unwrap();
    assert_eq!(sandbox.run("info acme/widget").code, 1);
    sandbox.run("tap remove acme").ok();
    assert!(!sandbox.root().join("taps/acme").exists());
}

#[test]
fn an_update_asks_once_and_says_what_is_new() {
    let sandbox = followed();
    sandbox.run("install widget").ok();
    sandbox.registry().forget_requests();
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    Checked tap acme: edition 1 of [TIME], as before
    ");
    let requests = sandbox.registry().requests();
    let shown: Vec<_> = requests.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    assert_eq!(shown, ["HEAD /v2/tap/manifests/latest"]);

    formula(&sandbox, "widget", &["1.1.0", "1.0.0"], "");
    formula(&sandbox, "gizmo", &["2.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    assert_snapshot!(sandbox.run("install gizmo"), @r"
    exit 3
    --- stderr
    error: there is no formula `gizmo`

    hint: `pkg update` asks the taps in registries for what is new
    ");
    assert_snapshot!(sandbox.run("update acme"), @r"
    exit 0
    --- stdout
    Package  Installed  Upgrade  Newest
    widget   1.0.0      1.1.0    1.1.0
    --- stderr
    Updated tap acme to edition 2 of [TIME]; formulas: 1 new, 1 changed
    ");
    assert_snapshot!(sandbox.run("update --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "taps": [
        {
          "name": "acme",
          "location": "oci://[HOST]/tap",
          "changed": false,
          "serial": 2,
          "published_at": "[TIME]",
          "digest": "sha256:[DIGEST]",
          "as_of": null,
          "formulas": 2,
          "added_formulas": [],
          "changed_formulas": [],
          "removed_formulas": [],
          "skipped": []
        }
      ],
      "outdated": [],
      "notices": []
    }
    "#);
    assert_eq!(sandbox.run("outdated --json").ok().json()["packages"][0]["newest"], "1.1.0");
    sandbox.run("upgrade").ok();

    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/widget.toml")).unwrap();
    let yanked = text.replacen("any =", "yanked = \"it bites\"\nany =", 1);
    sandbox.write("acme/widget.toml", yanked);
    fs_err::remove_file(sandbox.home().join("desk/acme/gizmo.toml")).unwrap();
    publish(&sandbox, "acme", 3, "2026-05-03");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    Updated tap acme to edition 3 of [TIME]; formulas: 1 changed, 1 gone
    warning: widget 1.1.0 was yanked: it bites
    ");
    assert_eq!(sandbox.run("info gizmo").code, 3);
    assert_eq!(fs_err::read_dir(sandbox.root().join("taps/acme")).unwrap().count(), 2);
}

#[test]
fn an_update_brings_only_what_is_not_here() {
    let sandbox = Sandbox::new();
    // Enough text for several layers: names that no two layers share.
    for number in 0..24 {
        let caveats = format!("caveats = \"\"\"\n{}\"\"\"", "a line of words\n".repeat(6000));
        formula(&sandbox, &format!("tool{number}"), &["1.0.0"], &caveats);
    }
    publish(&sandbox, "acme", 1, "2026-05-01");
    sandbox.run(&add(&sandbox)).ok();
    formula(&sandbox, "tool7", &["1.0.1", "1.0.0"], "");
    let packed = pack(&sandbox, "acme", 2, "2026-05-02");
    assert!(packed.blobs.len() > 8, "{}", packed.blobs.len());
    push(&sandbox, &packed);
    sandbox.registry().forget_requests();
    sandbox.run("update").ok();
    assert_eq!(sandbox.registry().requests_to("GET /v2/tap/blobs/*").len(), 2);
    assert_eq!(sandbox.run("versions tool7 --json").json()["versions"][0]["version"], "1.0.1");
    for name in ["tool0", "tool23"] {
        let text = format!("acme/{name}.toml");
        let text = fs_err::read_to_string(sandbox.home().join("desk").join(text)).unwrap();
        assert_eq!(sandbox.run(&format!("cat {name}")).ok().stdout.trim_end(), text.trim_end());
    }
}

#[test]
fn a_tap_stays_as_of_a_day_a_serial_or_a_digest() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "widget", &["1.0.0"], "");
    let first = publish(&sandbox, "acme", 1, "2026-05-01");
    formula(&sandbox, "widget", &["1.1.0", "1.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-08");
    formula(&sandbox, "widget", &["1.2.0", "1.1.0", "1.0.0"], "");
    publish(&sandbox, "acme", 3, "2026-05-15");
    let newest = || sandbox.run("versions widget --json").json()["versions"][0]["version"].clone();

    assert_snapshot!(sandbox.run(&format!("{} --as-of 2026-05-10", add(&sandbox))), @r"
    exit 0
    --- stderr
    Added tap acme (1 formula), edition 2 of [TIME]
    ");
    assert_eq!(newest(), "1.1.0");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    Checked tap acme: edition 2 of [TIME], as before
    ");
    assert_eq!(sandbox.run("tap info acme --json").json()["as_of"], "2026-05-10");
    for (as_of, expect) in [
        ("2026-05-01", "1.0.0"),
        ("2026-05-08T11:59:59Z", "1.0.0"),
        ("2026-05-08T12:00:00Z", "1.1.0"),
        ("3", "1.2.0"),
        (first.as_str(), "1.0.0"),
        ("latest", "1.2.0"),
        ("2", "1.1.0"),
    ] {
        sandbox.run(&format!("update acme --as-of {as_of}")).ok();
        assert_eq!(newest(), expect, "{as_of}");
        sandbox.run("install widget@1.0.0 --dry-run").ok();
    }
    sandbox.registry().forget_requests();
    sandbox.run("update").ok();
    assert!(sandbox.registry().requests().is_empty(), "a serial never means another edition");
    assert_snapshot!(sandbox.run("update acme --as-of 2026-04-30"), @r"
    exit 3
    --- stderr
    error: oci://[HOST]/tap has no edition as of 2026-04-30; the oldest is serial 1 of [TIME]
    ");
    assert_snapshot!(sandbox.run("update acme --as-of 9"), @r"
    exit 3
    --- stderr
    error: oci://[HOST]/tap has no edition as of 9; the oldest is serial 1 of [TIME]
    ");
    assert_snapshot!(sandbox.run("update acme --as-of yesterday"), @r"
    exit 2
    --- stderr
    error: `yesterday` is no date such as 2026-05-01, no time in UTC, no serial and no digest
    ");
    assert_eq!(newest(), "1.1.0");
}

#[test]
fn a_tap_never_goes_back() {
    let sandbox = followed();
    let second = pack(&sandbox, "acme", 2, "2026-05-02");
    push(&sandbox, &second);
    sandbox.run("update").ok();
    publish(&sandbox, "acme", 1, "2026-05-01");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 6
    --- stderr
    error: oci://[HOST]/tap is refused: it has serial 1 now, and had 2 before; a tap never goes back

    hint: if its owner says that this is meant: `pkg tap remove`, then `pkg tap add`
    ");
    formula(&sandbox, "widget", &["1.0.0", "0.9.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 6
    --- stderr
    error: oci://[HOST]/tap is refused: serial 2 was sha256:[DIGEST] before, and is sha256:[DIGEST] now

    hint: if its owner says that this is meant: `pkg tap remove`, then `pkg tap add`
    ");
    push(&sandbox, &second);
    sandbox.run("update").ok();
}

#[test]
fn what_breaks_a_rule_is_refused_and_the_old_state_stays() {
    let sandbox = followed();
    sandbox.config("[patience]\nretries = 0\n");
    let good = pack(&sandbox, "acme", 2, "2026-05-02");
    let manifest: serde_json::Value = serde_json::from_slice(&good.manifest).unwrap();
    let index = zstd::decode_all(&good.blobs[1].bytes[..]).unwrap();
    let index = String::from_utf8(index).unwrap();
    let refused = |what: &str, manifest: &serde_json::Value, expect: &str| {
        push(&sandbox, &good);
        let bytes = manifest.to_string();
        sandbox.registry().push_manifest("tap", Some("latest"), MANIFEST, bytes);
        let output = sandbox.run("update");
        assert!(output.code != 0 && output.stderr.contains(expect), "{what}: {output}");
        assert_eq!(sandbox.run("tap info acme --json").ok().json()["serial"], 1, "{what}");
        sandbox.run("info widget").ok();
        let left = fs_err::read_dir(sandbox.root().join("taps/acme")).unwrap().count();
        assert_eq!(left, 2, "{what}: nothing of it is left");
    };
    let with_index = |from: &str, to: &str| {
        assert!(index.contains(from), "{from}");
        let bytes = zstd::encode_all(index.replacen(from, to, 1).as_bytes(), 3).unwrap();
        let mut manifest = manifest.clone();
        manifest["layers"][0]["size"] = bytes.len().into();
        let digest = sandbox.registry().push_blob("tap", bytes);
        manifest["layers"][0]["digest"] = digest.to_string().into();
        manifest
    };
    let with = |pointer: &str, value: serde_json::Value| {
        let mut manifest = manifest.clone();
        *manifest.pointer_mut(pointer).unwrap() = value;
        manifest
    };
    let other = "application/vnd.acme.other";
    refused("another artifact", &with("/artifactType", other.into()), "it is no tap");
    refused("no index", &with("/layers/0/mediaType", other.into()), "no index of a tap");
    refused("a size", &with("/layers/1/size", (1_u64 << 40).into()), "larger");
    refused("no serial", &with("/annotations/dev.pkg.tap.serial", "02".into()), "annotation");
    refused("another tap", &with("/annotations/dev.pkg.tap.name", "core".into()), "`core`");
    refused("another name inside", &with_index("\"tap\":\"acme\"", "\"tap\":\"core\""), "tap core");
    refused("another serial inside", &with_index("\"serial\":2", "\"serial\":3"), "serial 3");
    refused("a later schema", &with_index("{\"schema\":1", "{\"schema\":2"), "update pkg");
    refused("a bad name", &with_index("\"name\":\"widget\"", "\"name\":\"../x\""), "not a name");
    refused(
        "another name",
        &with_index("\"name\":\"widget\"", "\"name\":\"gadgets\""),
        "`gadgets.toml`",
    );
    let other_text = with_index("\"source\":\"sha256:", "\"source\":\"sha512:00");
    refused("no digest", &other_text, "not a digest");
    refused("a lie", &with_index("The widget of", "The best of"), "what the formula does not");
    let line = index.lines().nth(1).unwrap();
    refused("a name twice", &with_index(line, &format!("{line},\n{line}")), "twice");
    refused("no formula", &with_index(line, ""), "`widget.toml`");
    refused("no JSON", &with_index("]}", "]"), "index cannot be read");
    let layer = with("/layers/1/digest", manifest["layers"][0]["digest"].clone());
    let layer = serde_json::from_str(&layer.to_string().replace(
        &format!("\"size\":{}", manifest["layers"][1]["size"]),
        &format!("\"size\":{}", manifest["layers"][0]["size"]),
    ));
    refused("no archive", &layer.unwrap(), "no archive of formulas");
    sandbox.registry().on("GET /v2/tap/blobs/*").truncating(9);
    refused("cut off", &manifest, "");
    sandbox.registry().behave();
    refused("a wrong digest", &with("/layers/0/size", 7.into()), "");
    push(&sandbox, &good);
    sandbox.run("update").ok();
}

#[test]
fn a_formula_for_a_later_pkg_is_left_out() {
    let sandbox = followed();
    let good = pack(&sandbox, "acme", 2, "2026-05-02");
    let index = String::from_utf8(zstd::decode_all(&good.blobs[1].bytes[..]).unwrap()).unwrap();
    let line = index.lines().nth(1).unwrap();
    let later = line.replacen("\"schema\":1", "\"schema\":2,\"new\":[]", 1);
    let bytes = zstd::encode_all(index.replace(line, &later).as_bytes(), 3).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&good.manifest).unwrap();
    manifest["layers"][0]["size"] = bytes.len().into();
    manifest["layers"][0]["digest"] = sandbox.registry().push_blob("tap", bytes).to_string().into();
    push(&sandbox, &good);
    let bytes = manifest.to_string();
    sandbox.registry().push_manifest("tap", Some("latest"), MANIFEST, bytes);
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    Updated tap acme to edition 2 of [TIME]; formulas: 1 gone
    warning: `acme/widget` is left out: its schema 2 needs a newer pkg
    ");
    assert_snapshot!(sandbox.run("info widget"), @r"
    exit 1
    --- stderr
    error: cannot look into tap `acme`
      caused by: `acme/widget` cannot be read by this pkg: its schema 2 needs a newer pkg

    hint: a newer pkg may read it
    ");
    assert_eq!(sandbox.run("search widget").code, 3);
}

#[test]
fn a_registry_that_refuses_is_no_reason_to_look_elsewhere() {
    let sandbox = followed();
    formula(&sandbox, "hello", &["9.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    sandbox.registry().on("/v2/tap/*").status(403);
    assert_snapshot!(sandbox.run("update"), @r"
    exit 5
    --- stderr
    error: cannot get the tap from oci://[HOST]/tap
      caused by: [HOST]/tap:latest needs a login, or does not exist
      caused by: HEAD http://[HOST]/v2/tap/manifests/latest answered 403 Forbidden

    hint: `pkg login [HOST]` logs in; a login of Docker or podman for it is used as well
    ");
    assert_eq!(sandbox.run("info widget").ok().code, 0);
    sandbox.registry().behave();
    sandbox.run("update").ok();
    assert_snapshot!(sandbox.run("info hello"), @r"
    exit 2
    --- stderr
    error: `hello` is in more than one tap: say which, `core/hello` or `acme/hello`
    ");
}

#[test]
fn a_file_of_the_author_cannot_be_installed_from_a_registry() {
    let sandbox = Sandbox::new();
    let digest = format!("sha256:{}", "0".repeat(64));
    for (name, source) in [("local", "file = \"tool.tar\""), ("layout", "oci = \"oci:layout\"")] {
        let text = format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"x\"\nlicense = \"MIT\"\n[source]\n{source}\n\
             [version.\"1.0.0\"]\nany = \"{digest}\"\n"
        );
        sandbox.write(&format!("acme/{name}.toml"), text);
    }
    let patch = format!("patches = [{{ file = \"fix.patch\", digest = \"{digest}\" }}]\n");
    for (name, source, patches) in [
        ("made", "file = \"/etc/hostname\"", ""),
        ("cloned", "git = \"elsewhere\"", ""),
        ("patched", "http = \"https://acme.example/x.tar.gz\"", &*patch),
    ] {
        let mut pin = format!("source = \"{digest}\"");
        if name == "cloned" {
            write!(pin, "\ncommit = \"{}\"", "0".repeat(40)).unwrap();
        }
        let text = format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"x\"\nlicense = \"MIT\"\n[source]\n{source}\n\
             [build]\nsteps = [\"true\"]\n{patches}[version.\"1.0.0\"]\n{pin}\n"
        );
        sandbox.write(&format!("acme/{name}.toml"), text);
    }
    publish(&sandbox, "acme", 1, "2026-05-01");
    sandbox.run(&add(&sandbox)).ok();
    assert_snapshot!(sandbox.run("install local"), @r"
    exit 3
    --- stderr
    error: `local` cannot be installed: local 1.0.0 cannot be used here (lies in a file that only the tap's author has; it has to be published as a package)
    ");
    let layout = sandbox.run("install layout");
    assert!(layout.stderr.contains("has to be published"), "{layout}");
    for name in ["made", "cloned", "patched"] {
        let refused = sandbox.run(&format!("install --build {name}"));
        assert!(refused.stderr.contains("has to be published"), "{name}: {refused}");
    }
}

#[test]
fn what_has_no_file_here_is_not_published() {
    let sandbox = followed();
    sandbox.registry().forget_requests();
    for name in ["acme/widget", "widget", "core/hello"] {
        let refused = sandbox.run(&format!("publish {name}"));
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains("its tap is not a folder"), "{refused}");
    }
    assert_eq!(sandbox.registry().requests().len(), 0, "nothing was asked for");
    for command in ["yank acme/widget@1.0.0 --why x", "bump acme/widget"] {
        let refused = sandbox.run(command);
        assert!([2, 3].contains(&refused.code), "{refused}");
    }
}

#[test]
fn what_was_published_is_installed_whatever_the_source() {
    let sandbox = Sandbox::new();
    let (host, digest) = (sandbox.registry().host(), format!("sha256:{}", "0".repeat(64)));
    let package = sandbox.registry().package("local", "1.0.0").repository("acme/local");
    let package = package.file("bin/local", "#!/bin/sh\necho local\n", 0o755).push();
    sandbox.write("acme/tap.toml", format!("name = \"acme\"\nregistry = \"{host}/acme\"\n"));
    let text = format!(
        "schema = 1\nname = \"local\"\nsummary = \"x\"\nlicense = \"MIT\"\n[source]\n\
         file = \"local.tar\"\n[version.\"1.0.0\"]\nany = \"{digest}\"\npackage = \"{}\"\n",
        package.index
    );
    sandbox.write("acme/local.toml", text);
    let manifest = package.manifests[0].clone();
    let facts = Package { manifest, size: 1234, unpacked_size: Some(5678), entries: Some(2) };
    let published = ("local".parse().unwrap(), "1.0.0".to_owned(), 0);
    let packages = [(published, [(Key::Any, facts)].into())].into();
    push(&sandbox, &pack_with(&sandbox, "acme", 1, "2026-05-01", &packages));
    sandbox.run(&add(&sandbox)).ok();
    assert_snapshot!(sandbox.run("info local"), @r"
    exit 0
    --- stdout
    Name         acme/local
    Summary      x
    Version      1.0.0
    License      MIT
    Package      oci://[HOST]/acme/local:1.0.0@sha256:[DIGEST]
    From any     file:local.tar
    Package any  1.2 kB, 5.7 kB unpacked
    ");
    assert_eq!(sandbox.run("info local --json").json()["published"][0]["entries"], 2);
    sandbox.run("install local").ok();
    assert!(sandbox.prefix("bin/local").exists());
    sandbox.run("doctor").ok();
}

#[test]
fn a_name_like_one_of_the_built_in_tap_is_said_at_the_first_install() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "helo", &["1.0.0"], "");
    formula(&sandbox, "hellno", &["1.0.0"], "");
    formula(&sandbox, "widget", &["1.0.0"], "");
    publish(&sandbox, "acme", 1, "2026-05-01");
    sandbox.run(&add(&sandbox)).ok();
    assert_snapshot!(sandbox.run("install helo hellno widget"), @r#"
    exit 0
    --- stderr
    warning: `acme/hellno` is easily mistaken for `core/hello`, which is another package
    warning: `acme/helo` is easily mistaken for `core/hello`, which is another package
    Installed hellno 1.0.0 from acme
    Installed helo 1.0.0 from acme
    Installed widget 1.0.0 from acme
    Linked hellno, helo, widget in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert!(!sandbox.run("reinstall helo").ok().stderr.contains("mistaken"));
}

#[test]
fn a_tap_that_is_gone_stops_only_what_needs_it() {
    let sandbox = Sandbox::new();
    sandbox.formula("widget").version("1.0.0");
    sandbox.run("install widget hello").ok();
    fs_err::rename(sandbox.home().join("test"), sandbox.home().join("moved")).unwrap();
    assert_snapshot!(sandbox.run("search hello"), @r"
    exit 0
    --- stdout
    hello  Smallest package there is, to try pkg without a network
    --- stderr
    warning: not searched: cannot look into tap `test`: the folder `[HOME]/test` is not there
    ");
    assert_snapshot!(sandbox.run("tap"), @r"
    exit 0
    --- stdout
    Tap  Formulas  Location  Edition
    core  46  built in
    test  unreadable  [HOME]/test
    ");
    assert_snapshot!(sandbox.run("upgrade"), @r"
    exit 0
    --- stderr
    warning: cannot look into tap `test`: the folder `[HOME]/test` is not there; what is installed from it stays
    nothing to change
    ");
    assert_snapshot!(sandbox.run("install test/widget"), @r"
    exit 1
    --- stderr
    error: cannot look into tap `test`
      caused by: the folder `[HOME]/test` is not there

    hint: `pkg tap remove test` forgets it, `pkg tap add` adds it anew
    ");
    assert_snapshot!(sandbox.run("install jaq"), @r"
    exit 1
    --- stderr
    error: cannot tell which formula `jaq` is: tap `test` cannot be read
      caused by: the folder `[HOME]/test` is not there

    hint: `TAP/jaq` says which tap it is of
    hint: `pkg tap remove test` forgets that tap
    ");
    assert_eq!(sandbox.run("install core/hello --dry-run").code, 0);
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    no tap is in a registry, so there is nothing to update
    ");
    assert_snapshot!(sandbox.run("tap remove test"), @r"
    exit 0
    --- stderr
    Removed tap test
    ");
    sandbox.run("info jaq").ok();
}

#[test]
fn what_is_damaged_is_brought_again() {
    let sandbox = followed();
    for entry in fs_err::read_dir(sandbox.root().join("taps/acme")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "snapshot") {
            fs_err::remove_file(path).unwrap();
        }
    }
    assert_snapshot!(sandbox.run("info acme/widget"), @r"
    exit 1
    --- stderr
    error: cannot look into tap `acme`
      caused by: what was here of it is gone; `pkg update` brings it again

    hint: `pkg tap remove acme` forgets it, `pkg tap add` adds it anew
    ");
    sandbox.run("update").ok();
    sandbox.run("info acme/widget").ok();
}

#[test]
fn private_addresses_are_for_taps_of_the_same_host() {
    let sandbox = followed();
    let tap_file = |host: &str| {
        let text = format!("name = \"acme\"\nregistry = \"{host}/acme\"\n");
        sandbox.write("acme/tap.toml", text);
    };
    tap_file("10.0.0.5:5000");
    publish(&sandbox, "acme", 2, "2026-05-02");
    let output = sandbox.run("update");
    assert!(output.code == 6 && output.stderr.contains("private address"), "{output}");
    tap_file(sandbox.registry().host());
    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/widget.toml")).unwrap();
    let private = text.replace(sandbox.registry().host(), "10.0.0.5:5000");
    sandbox.write("acme/widget.toml", private);
    publish(&sandbox, "acme", 3, "2026-05-03");
    sandbox.run("update").ok();
    let output = sandbox.run("install widget");
    assert!(output.code != 0 && output.stderr.contains("private address"), "{output}");
}

#[test]
fn whoever_reads_an_edition_goes_on_with_it() {
    let sandbox = followed();
    let taps = catalog::Taps::open(&sandbox.root().join("taps")).unwrap();
    formula(&sandbox, "widget", &["1.1.0", "1.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    sandbox.run("update").ok();
    let versions =
        |taps: &catalog::Taps| taps.find(Some("acme"), "widget").unwrap().formula.releases().len();
    assert_eq!(versions(&taps), 1);
    assert_eq!(versions(&catalog::Taps::open(&sandbox.root().join("taps")).unwrap()), 2);
}

#[test]
fn updates_at_the_same_time_wait_for_each_other() {
    let sandbox = followed();
    formula(&sandbox, "widget", &["1.1.0", "1.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    let started: Vec<_> = (0..6).map(|_| sandbox.start("update --quiet")).collect();
    for child in started {
        sandbox.end(child).ok();
    }
    assert_eq!(sandbox.run("tap info acme --json").json()["serial"], 2);
    assert_eq!(fs_err::read_dir(sandbox.root().join("taps/acme")).unwrap().count(), 2);
}

#[test]
fn a_layout_on_this_machine_is_followed_as_well() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "widget", &["1.0.0"], "");
    layout(&sandbox, "layout", &pack(&sandbox, "acme", 1, "2026-05-01"));
    sandbox.run("tap add oci:layout").ok();
    sandbox.run("install acme/widget").ok();
    formula(&sandbox, "widget", &["1.1.0", "1.0.0"], "");
    layout(&sandbox, "layout", &pack(&sandbox, "acme", 2, "2026-05-02"));
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stdout
    Package  Installed  Upgrade  Newest
    widget   1.0.0      1.1.0    1.1.0
    --- stderr
    Updated tap acme to edition 2 of [TIME]; formulas: 1 changed
    ");
    sandbox.run("update acme --as-of 2026-05-02").ok();
}

#[test]
fn the_words_of_brew_lead_here() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("tap acme/tap"), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'acme/tap'

      tip: a similar subcommand exists: 'add'

    Usage: pkg tap [OPTIONS] [COMMAND]

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("untap acme"), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'untap'

      tip: a similar subcommand exists: 'tap remove'

    Usage: pkg [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    no tap is in a registry, so there is nothing to update
    ");
    assert_snapshot!(sandbox.run("update core"), @r"
    exit 2
    --- stderr
    error: tap `core` is not in a registry: it is always as it is
    ");
}
