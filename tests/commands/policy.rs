//! What may be used at all, and the system's file, which no user can loosen.

use insta::assert_snapshot;
use test_registry::{TestRegistry, Tree};

use crate::support::{Output, Sandbox, edition, skipped};

fn package(registry: &TestRegistry, name: &str) -> String {
    let script = format!("#!/bin/sh\necho {name}\n");
    let published =
        registry.package(name, "1.0.0").file(&format!("bin/{name}"), script, 0o755).push();
    published.manifests[0].to_string()
}

/// A tap in the registry with the formula `widget`.
fn publish(sandbox: &Sandbox) {
    let host = sandbox.registry().host();
    let digest = package(sandbox.registry(), "widget");
    sandbox.write(
        "acme/widget.toml",
        format!(
            "schema = 1\nname = \"widget\"\nsummary = \"A widget\"\nlicense = \"MIT\"\n\n\
             [source]\noci = \"{host}/widget\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
        ),
    );
    edition::publish(sandbox, "acme", 1, "2026-05-01");
}

fn add(sandbox: &Sandbox) -> String {
    format!("tap add oci://{}/tap", sandbox.registry().host())
}

/// Refused with these words, as what is not allowed.
#[track_caller]
fn forbidden(output: &Output, says: &str) {
    assert_eq!(output.code, 5, "{output}");
    assert!(output.stderr.contains(says), "{says}: {output}");
}

#[test]
fn a_registry_that_is_not_listed_is_not_asked() {
    let (sandbox, other) = (Sandbox::new(), TestRegistry::start());
    publish(&sandbox);
    package(&other, "widget");
    let host = sandbox.registry().host();
    sandbox.config(&format!("[policy]\nregistries = [\"{host}\"]\n"));
    sandbox.run(&add(&sandbox)).ok();
    sandbox.run("install widget").ok();
    assert_snapshot!(sandbox.run(&format!("install oci://{}/widget:1.0.0", other.host())), @r"
    exit 5
    --- stderr
    error: cannot find the bytes of `oci://[HOST]/widget:1.0.0`
      caused by: cannot get oci://[HOST]/widget:1.0.0
      caused by: [HOST] is not on the list of what may be used: config.toml:2
    ");
    for words in ["tap add oci://OTHER/tap", "inspect oci://OTHER/widget:1.0.0"] {
        let words = words.replace("OTHER", other.host());
        forbidden(&sandbox.run(&words), other.host());
    }
    // A mirror is a registry as well, and so is what stands for one.
    let mirrored = format!("mirrors = [\"{}\"]", other.host());
    let replaced = format!("[mirror]\n\"http://{host}/\" = \"http://{}/\"", other.host());
    for more in [format!("[registry.\"{host}\"]\n{mirrored}\n"), replaced] {
        sandbox.config(&format!("[policy]\nregistries = [\"{host}\"]\n{more}\n"));
        let asked = sandbox.run(&format!("inspect oci://{host}/widget:1.0.0"));
        assert!(other.requests().is_empty(), "{more}: {asked}");
    }
    // Where a registry that is listed keeps its bytes is its own business.
    sandbox.config(&format!("[policy]\nregistries = [\"{host}\"]\n"));
    package(sandbox.registry(), "gadget");
    package(&other, "gadget");
    sandbox.registry().on("GET /v2/gadget/blobs/*").redirecting_to(&other);
    sandbox.run(&format!("install oci://{host}/gadget:1.0.0")).ok();
    assert!(!other.requests().is_empty());
}

#[test]
fn a_tap_that_is_not_listed_is_not_used() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    let host = sandbox.registry().host();
    sandbox.config(&format!("[policy]\ntaps = [\"oci://{host}/stable/*\"]\n"));
    assert_snapshot!(sandbox.run(&add(&sandbox)), @r"
    exit 5
    --- stderr
    error: oci://[HOST]/tap is not on the list of taps that may be used: config.toml:2
    ");
    forbidden(&sandbox.run("tap add acme"), "is not on the list of taps that may be used");
    assert_snapshot!(sandbox.run(&format!("install oci://{host}/widget:1.0.0")), @r"
    exit 5
    --- stderr
    error: `direct`, which is what is of no tap, is not on the list of taps that may be used: config.toml:2
    ");
    forbidden(&sandbox.run("install acme/widget.toml"), "`direct`");
    // The built-in tap is there by its name.
    assert_eq!(sandbox.run("info hello").code, 3);
    sandbox.config(&format!("[policy]\ntaps = [\"core\", \"oci://{host}/*\", \"direct\"]\n"));
    sandbox.run("info hello").ok();
    sandbox.run(&add(&sandbox)).ok();
    sandbox.run("install widget").ok();
    // One that was there before is not guessed around: its names are nobody else's.
    sandbox.config("[policy]\ntaps = [\"core\"]\n");
    assert_snapshot!(sandbox.run("install widget"), @r"
    exit 1
    --- stderr
    error: cannot tell which formula `widget` is: tap `acme` cannot be read
      caused by: oci://[HOST]/tap is not on the list of taps that may be used: config.toml:2

    hint: `TAP/widget` says which tap it is of
    hint: `pkg tap remove acme` forgets that tap
    ");
    forbidden(&sandbox.run("update acme"), "is not on the list of taps");
    sandbox.registry().forget_requests();
    sandbox.run("update").ok();
    assert!(sandbox.registry().requests().is_empty());
    sandbox.run("list").ok();
    sandbox.run("tap remove acme").ok();
    sandbox.run("install hello --offline").ok();
}

#[test]
fn a_tap_may_be_there_by_configuration() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    let host = sandbox.registry().host();
    sandbox.write("own/tap.toml", "name = \"own\"\n");
    sandbox.write(
        "own/gadget.toml",
        "schema = 1\nname = \"gadget\"\nsummary = \"A gadget\"\nlicense = \"MIT\"\n\n\
         [source]\nfile = \"gadget.tar\"\n",
    );
    sandbox.config(&format!("[tap]\nacme = \"oci://{host}/tap\"\nown = \"../../desk/own\"\n"));
    // A name could be one of a tap that is not here yet.
    assert_snapshot!(sandbox.run("install hello --offline"), @r"
    exit 1
    --- stderr
    error: cannot tell which formula `hello` is: tap `acme` cannot be read
      caused by: it is there by config.toml:2 and was not fetched yet; `pkg update` brings it
    ");
    assert_snapshot!(sandbox.run("update"), @r"
    exit 0
    --- stderr
    Updated tap acme to edition 1 of [TIME]; the same formulas
    ");
    sandbox.run("install widget").ok();
    assert_snapshot!(sandbox.run("tap list"), @r"
    exit 0
    --- stdout
    Tap  Formulas  Location  Edition
    core  46  built in
    acme  1  oci://[HOST]/tap, by config.toml:2  1 of [TIME]
    own  1  [HOME]/.config/pkg/../../desk/own, by config.toml:3
    ");
    assert_snapshot!(sandbox.run("tap remove acme"), @r"
    exit 2
    --- stderr
    error: tap `acme` is there by config.toml:2, and stays as long as that says so
    ");
    let list = sandbox.run("tap list --json").ok().json();
    assert_eq!(list["taps"][1]["declared_by"], "config.toml:2");
    assert_eq!(sandbox.run("tap add own").code, 1);
    // What is not declared any more stays as one that was added, until it is removed.
    sandbox.config("");
    assert!(sandbox.run("tap list").ok().stdout.contains("acme"));
    sandbox.config("[tap]\nacme = \"oci://registry.test/tap\"\n");
    assert_snapshot!(sandbox.run("install widget"), @r"
    exit 1
    --- stderr
    error: cannot tell which formula `widget` is: tap `acme` cannot be read
      caused by: by config.toml:2 it is oci://registry.test/tap, and it was added from elsewhere before

    hint: `TAP/widget` says which tap it is of
    hint: `pkg tap remove acme` forgets that tap
    ");
    sandbox.run("tap remove acme").ok();
    let malformed = "[tap]\ncore = \"oci://registry.test/tap\"\n";
    sandbox.config(malformed);
    assert_eq!(sandbox.run("list").code, 2);
}

#[test]
fn an_address_that_is_not_listed_is_not_fetched_from() {
    let sandbox = Sandbox::new();
    let url = sandbox.registry().url("");
    sandbox.config(&format!("[policy]\nsources = [\"{url}/good/\"]\n"));
    for (folder, code) in [("good", 0), ("goods", 5)] {
        let script = format!("#!/bin/sh\necho {folder}\n");
        let archive = Tree::new().file("bin/tool", script, 0o755).tar_gzip();
        let digest = digest::Digest::sha256(&archive);
        sandbox.registry().file(&format!("/{folder}/tool.tar.gz"), archive);
        sandbox.write(
            "tool.toml",
            format!(
                "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\n\
                 [source]\nhttp = \"{url}/{folder}/tool.tar.gz\"\n\n\
                 [version.\"1.0.0\"]\nany = \"{digest}\"\n"
            ),
        );
        let output = sandbox.run("install ./tool.toml");
        assert_eq!(output.code, code, "{output}");
        sandbox.run("uninstall tool --yes");
    }
    assert!(sandbox.registry().requests_to("*/goods/*").is_empty());
}

/// Runs the program with a system's file; `None` where the kernel gives users no mounts.
fn with_system(sandbox: &Sandbox, system: &str, words: &str) -> Option<Output> {
    sandbox.write("system.toml", system);
    let script = format!(
        "mount -t tmpfs tmpfs /etc && mkdir /etc/pkg && cp system.toml /etc/pkg/config.toml || exit 99\n\
         exec \"$pkg\" {words}"
    );
    let mut command = sandbox.foreign("unshare");
    command.args(["-Urm", "/bin/sh", "-c", &script]).env("pkg", env!("CARGO_BIN_EXE_pkg"));
    let output = sandbox.finish(&mut command);
    let is_possible = output.code != 99 && !output.stderr.starts_with("unshare: ");
    is_possible.then_some(output)
}

#[test]
fn what_the_system_fixes_no_user_changes() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    let host = sandbox.registry().host();
    let system = format!(
        "jobs = 3\nproxy = \"http://company:s3cret@proxy.test:3128\"\n\
         [policy]\nregistries = [\"{host}\", \"*.corp.test\"]\ntaps = [\"oci://{host}/*\"]\n\
         [registry.\"own.corp.test\"]\nplain-http = false\n"
    );
    sandbox.config(
        "jobs = 5\n[policy]\nregistries = [\"*\"]\n\
         [registry.\"own.corp.test\"]\nplain-http = true\nca = \"own.pem\"\n",
    );
    let Some(config) = with_system(&sandbox, &system, "config") else {
        return skipped("no mounts for users");
    };
    assert_snapshot!(config, @r#"
    exit 0
    --- stdout
    Setting  Value  From
    root  [HOME]/.local/share/pkg  default
    jobs  5  config.toml:1
    offline  false  default
    yes  false  default
    cache  [HOME]/.cache/pkg  default
    proxy  http://***@proxy.test:3128  /etc/pkg/config.toml:2
    patience.stall-seconds  30  default
    patience.retries  5  default
    patience.lock-seconds  600  default
    registry."own.corp.test".plain-http  false  /etc/pkg/config.toml:7
    registry."own.corp.test".ca  ["[HOME]/.config/pkg/own.pem"]  config.toml:6
    policy.registries  ["[HOST]","*.corp.test"]  /etc/pkg/config.toml:4
    policy.taps  ["oci://[HOST]/*"]  /etc/pkg/config.toml:5
    policy.registries  ["*"]  config.toml:3
    --- stderr
    warning: `registry."own.corp.test".plain-http` at config.toml:5 is not heard: /etc/pkg/config.toml:7 says it for everybody
    config.toml is [HOME]/.config/pkg/config.toml
    "#);
    let run = |words: &str| with_system(&sandbox, &system, words).unwrap();
    assert_eq!(run("hook bash --export").ok().stderr, "");
    run(&add(&sandbox)).ok();
    run("install widget").ok();
    forbidden(&run("install oci://127.0.0.1:1/x:1"), "/etc/pkg/config.toml:5");
    forbidden(&run("inspect oci://127.0.0.1:1/x:1"), "config.toml:4");
    let malformed = with_system(&sandbox, "jobz = 1\n", "list").unwrap();
    assert_snapshot!(malformed, @r"
    exit 2
    --- stderr
    error: unknown key `jobz`
     --> /etc/pkg/config.toml:1:1
      |
    1 | jobz = 1
      | ^^^^ nobody reads this
      |
      = help: did you mean `jobs`?
    ");
}

#[test]
fn a_system_without_a_network_stays_so() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.config("offline = false\n");
    let Some(output) = with_system(&sandbox, "offline = true\n", &add(&sandbox)) else {
        return skipped("no mounts for users");
    };
    assert_eq!(output.code, 4, "{output}");
    assert!(output.stderr.contains("`offline` at config.toml:1 is not heard"), "{output}");
    assert!(sandbox.registry().requests().is_empty());
}
