//! Without a network: `mirror`, `export`, `import`, and what is said of what is missing.

use digest::Digest;
use insta::assert_snapshot;
use test_registry::{TestRegistry, Tree};

use super::publishing::tap;
use crate::support::Sandbox;

/// A formula of the tap `acme` whose archive lies on a web server.
fn grabbed(sandbox: &Sandbox, version: &str) {
    let host = sandbox.registry().host();
    let script = format!("#!/bin/sh\necho grabbed {version}\n");
    let archive = Tree::new().file("bin/grabbed", script, 0o755).tar_gzip();
    sandbox.registry().file(&format!("/dl/grabbed-{version}.tar.gz"), archive.clone());
    let digest = Digest::sha256(&archive);
    sandbox.write(
        "acme/grabbed.toml",
        format!(
            "schema = 1\nname = \"grabbed\"\nsummary = \"From the web\"\nlicense = \"MIT\"\n\n\
             [source]\nhttp = \"http://{host}/dl/grabbed-{{version}}.tar.gz\"\n\n\
             [version.\"{version}\"]\nany = \"{digest}\"\n"
        ),
    );
}

/// A formula of the tap `acme` that needs the two others, and is pinned in another repository.
fn pinned(sandbox: &Sandbox) {
    let host = sandbox.registry().host();
    let package = sandbox.registry().package("elsewhere/pinned", "1.0.0");
    let package = package.file("bin/pinned", "#!/bin/sh\necho pinned\n", 0o755).push();
    sandbox.write(
        "acme/pinned.toml",
        format!(
            "schema = 1\nname = \"pinned\"\nsummary = \"Pinned\"\nlicense = \"MIT\"\n\n\
             [source]\noci = \"{host}/elsewhere/pinned\"\n\n[depends]\ntool = \"*\"\n\
             grabbed = \"*\"\n\n[version.\"1.0.0\"]\nany = \"{}\"\n",
            package.manifests[0]
        ),
    );
}

/// A team whose tap `acme` is in its registry: a package for two platforms, an archive of the web,
/// and a manifest of another repository.
fn team() -> Sandbox {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.write("acme/sbom.json", "{}\n");
    sandbox
        .run(
            "publish acme/tool.toml --platform linux-amd64 --platform linux-arm64 \
             --attach acme/sbom.json:application/spdx+json",
        )
        .ok();
    grabbed(&sandbox, "1.0.0");
    pinned(&sandbox);
    publish(&sandbox);
    let host = sandbox.registry().host();
    sandbox.run(&format!("tap add oci://{host}/acme/tap")).ok();
    sandbox
}

fn publish(sandbox: &Sandbox) {
    let host = sandbox.registry().host();
    sandbox.run(&format!("tap publish acme oci://{host}/acme/tap")).ok();
}

#[track_caller]
fn says(sandbox: &Sandbox, program: &str) -> String {
    sandbox.finish(&mut sandbox.foreign(sandbox.prefix(&format!("bin/{program}")))).ok().stdout
}

fn written(registry: &TestRegistry) -> usize {
    registry.requests().iter().filter(|it| !["GET", "HEAD"].contains(&&*it.method)).count()
}

#[test]
fn a_mirror_needs_nothing_outside() {
    let (team, laptop) = (team(), Sandbox::new());
    let inside = laptop.registry();
    let to = format!("oci://{}/mirrors/acme", inside.host());
    assert_snapshot!(team.run(&format!("mirror acme {to}")), @r"
    exit 0
    --- stderr
    Mirrored tap acme as edition 1 of [TIME] to oci://[HOST]/mirrors/acme
    3 of 3 formulas looked at: 2 artifacts and 1 archive new, 0 there before; 3.4 kB sent
    ");
    let digest = team.run("tap info acme --json").ok().json()["digest"].clone();
    // Again: two questions at the source, and nothing is written.
    team.registry().forget_requests();
    inside.forget_requests();
    assert_snapshot!(team.run(&format!("mirror acme {to}")), @r"
    exit 0
    --- stderr
    Unchanged tap acme at oci://[HOST]/mirrors/acme since edition 1 of [TIME]
    ");
    assert_eq!((team.registry().requests().len(), written(inside)), (1, 0));
    // Everything looked at again sends nothing either.
    assert_snapshot!(team.run(&format!("mirror acme {to} --all")), @r"
    exit 0
    --- stderr
    Mirrored tap acme as edition 1 of [TIME] to oci://[HOST]/mirrors/acme
    3 of 3 formulas looked at: 0 artifacts and 0 archives new, 3 there before; 0 B sent
    ");
    assert_eq!(written(inside), 0);
    drop(team);

    laptop.run(&format!("tap add {to}")).ok();
    let info = laptop.run("tap info acme --json").ok().json();
    assert_eq!(info["digest"], digest, "the edition is the same artifact");
    assert_snapshot!(laptop.run("tap info acme"), @r"
    exit 0
    --- stdout
    Name       acme
    Location   oci://[HOST]/mirrors/acme
    Formulas   3
    Serial     1
    Published  [TIME]
    Digest     sha256:[DIGEST]
    Checked    [TIME]
    Mirror of  oci://[HOST]/acme/tap
    ");
    laptop.run("install pinned").ok();
    for (program, expect) in
        [("tool", "one of linux-"), ("grabbed", "grabbed 1.0.0\n"), ("pinned", "pinned\n")]
    {
        assert!(says(&laptop, program).starts_with(expect), "{program}");
    }
    assert_eq!(laptop.run("doctor").ok().code, 0);
    let sbom = inside.manifests("mirrors/acme/tool").into_iter().any(|digest| {
        let bytes = inside.manifest("mirrors/acme/tool", &digest).unwrap();
        String::from_utf8_lossy(&bytes).contains("application/spdx+json")
    });
    assert!(sbom, "what is said about a package comes along");
    // The tags are those that whoever reads a registry by hand expects.
    let tool = format!("{to}/tool:1.2.3").replacen("oci://", "", 1);
    laptop.run(&format!("inspect oci://{tool}")).ok();
}

#[test]
fn a_mirror_takes_only_what_is_new() {
    let (team, laptop) = (team(), Sandbox::new());
    let inside = laptop.registry();
    let to = format!("oci://{}/mirrors/acme", inside.host());
    team.run(&format!("mirror acme {to}")).ok();
    laptop.run(&format!("tap add {to}")).ok();
    laptop.run("install grabbed").ok();
    grabbed(&team, "1.1.0");
    publish(&team);
    team.registry().forget_requests();
    assert_snapshot!(team.run(&format!("mirror acme {to}")), @r"
    exit 0
    --- stderr
    Mirrored tap acme as edition 2 of [TIME] to oci://[HOST]/mirrors/acme
    1 of 3 formulas looked at: 0 artifacts and 1 archive new, 0 there before; 134 B sent
    ");
    assert!(team.registry().requests_to("GET /v2/acme/tool/*").is_empty());
    drop(team);
    laptop.run("update").ok();
    laptop.run("upgrade").ok();
    assert_eq!(says(&laptop, "grabbed"), "grabbed 1.1.0\n");
    // The edition before is still there, with all that it names.
    laptop.run("uninstall grabbed").ok();
    laptop.run("cleanup --all").ok();
    laptop.run("update acme --as-of 1").ok();
    laptop.run("install grabbed").ok();
    assert_eq!(says(&laptop, "grabbed"), "grabbed 1.0.0\n");
}

#[test]
fn what_cannot_be_had_is_named_and_the_mirror_stays() {
    let (team, laptop) = (team(), Sandbox::new());
    let to = format!("oci://{}/mirrors/acme", laptop.registry().host());
    team.registry().on("GET /dl/*").status(404);
    assert_snapshot!(team.run(&format!("mirror acme {to}")), @r"
    exit 1
    --- stderr
    warning: not mirrored: grabbed 1.0.0 any from http://[HOST]/dl/grabbed-1.0.0.tar.gz: GET http://[HOST]/dl/grabbed-1.0.0.tar.gz answered 404 Not Found
    3 of 3 formulas looked at: 2 artifacts and 0 archives new, 0 there before; 3.3 kB sent
    error: what is named above is not in the mirror, which stays at its last edition

    hint: `--skip-outside` leaves out what lies outside of registries
    ");
    assert_eq!(laptop.run(&format!("tap add {to}")).code, 3, "nobody follows half a mirror");
    assert_snapshot!(team.run(&format!("mirror acme {to} --skip-outside")), @r"
    exit 0
    --- stderr
    not mirrored: grabbed 1.0.0 any from http://[HOST]/dl/grabbed-1.0.0.tar.gz
    Mirrored tap acme as edition 1 of [TIME] to oci://[HOST]/mirrors/acme
    3 of 3 formulas looked at: 0 artifacts and 0 archives new, 2 there before; 0 B sent
    ");
    laptop.run(&format!("tap add {to}")).ok();
    laptop.run("install tool").ok();
    // It is not all that is wanted: without the flag it is looked at again.
    team.registry().behave();
    let again = team.run(&format!("mirror acme {to} --json")).ok().json();
    assert_eq!((&again["archives"], &again["artifacts"]), (&1.into(), &0.into()), "{again}");
    drop(team);
    laptop.run("install pinned").ok();
}

#[test]
fn a_mirror_of_one_platform_has_no_other() {
    let (team, laptop) = (team(), Sandbox::new());
    let inside = laptop.registry();
    let to = format!("oci://{}/mirrors/acme", inside.host());
    let other = if cfg!(target_arch = "x86_64") { "linux-arm64" } else { "linux-amd64" };
    let this = if cfg!(target_arch = "x86_64") { "linux-amd64" } else { "linux-arm64" };
    team.run(&format!("mirror acme {to} --platform {other}")).ok();
    let count = inside.manifests("mirrors/acme/tool").len();
    laptop.run(&format!("tap add {to}")).ok();
    team.run(&format!("mirror acme {to} --platform {other} --platform {this}")).ok();
    assert!(inside.manifests("mirrors/acme/tool").len() > count);
    drop(team);
    laptop.run("update").ok();
    laptop.run("install pinned").ok();
    assert!(says(&laptop, "tool").starts_with("one of linux-"));
}

#[test]
fn a_mirror_never_goes_back_nor_over_something_else() {
    let (team, laptop) = (team(), Sandbox::new());
    let host = laptop.registry().host();
    let to = format!("oci://{host}/mirrors/acme");
    grabbed(&team, "1.1.0");
    publish(&team);
    team.run(&format!("mirror acme {to}")).ok();
    let first = team.run(&format!("mirror acme {to} --as-of 1")).ok();
    assert!(first.stderr.contains("edition 1"), "{first}");
    assert!(laptop.registry().tag("mirrors/acme", "latest").is_some());
    laptop.run(&format!("tap add {to}")).ok();
    assert_eq!(laptop.run("tap info acme --json").json()["serial"], 2);
    // Another tap, and another artifact, where the mirror should be.
    laptop.write(
        "other/only.toml",
        "schema = 1\nname = \"only\"\nsummary = \"Alone\"\nlicense = \"MIT\"\n\n[source]\n\
         http = \"https://only.example/only\"\n\n[version.\"1.0.0\"]\n\
         any = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n",
    );
    laptop.run(&format!("tap publish other oci://{host}/mirrors/other")).ok();
    assert_snapshot!(team.run(&format!("mirror acme oci://{host}/mirrors/other")), @r"
    exit 1
    --- stderr
    error: oci://[HOST]/mirrors/other holds the tap `other`, not the tap `acme`

    hint: give the mirror a place of its own
    ");
    assert_snapshot!(team.run(&format!("mirror acme {to}:1")), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/mirrors/acme:1` names more than a repository: leave the tag or digest out
    ");
    assert_snapshot!(team.run(&format!("mirror core {to}")), @r"
    exit 2
    --- stderr
    error: tap `core` is in no registry, so it cannot be mirrored

    hint: `[mirror]` of config.toml says from where its archives come
    ");
}
