//! Without a network: `mirror`, `export`, `import`, and what is said of what is missing.

use std::process::Stdio;

use digest::Digest;
use insta::assert_snapshot;
use test_registry::{TestRegistry, Tree};

use super::publishing::{OTHER, OWN, tap};
use crate::support::{Sandbox, skipped};

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
pub(super) fn team() -> Sandbox {
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

fn written(registry: &TestRegistry) -> usize {
    registry.requests().iter().filter(|it| !["GET", "HEAD"].contains(&&*it.method)).count()
}

#[test]
fn a_mirror_that_took_long_leaves_a_newer_edition_alone() {
    let (team, inside) = (team(), TestRegistry::start());
    let words = format!("mirror acme oci://{}/mirrors/acme", inside.host());
    team.registry().on("GET /dl/*").once().holding();
    let mut slow = team.command(&words);
    let slow = slow.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    team.registry().wait_for("GET /dl/*", 1);
    grabbed(&team, "2.0.0");
    publish(&team);
    team.run(&words).ok();
    let newest = inside.tag("mirrors/acme", "latest");
    team.registry().release();
    team.end(slow).ok();
    assert_eq!(inside.tag("mirrors/acme", "latest"), newest);
    assert_eq!(team.registry().tag("acme/tap", "latest"), newest);
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
    for (program, expect) in [
        ("bin/tool", "one of linux-"),
        ("bin/grabbed", "grabbed 1.0.0\n"),
        ("bin/pinned", "pinned\n"),
    ] {
        assert!(laptop.says(program).starts_with(expect), "{program}");
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
    assert_eq!(laptop.says("bin/grabbed"), "grabbed 1.1.0\n");
    // The edition before is still there, with all that it names.
    laptop.run("uninstall grabbed").ok();
    laptop.run("cleanup --all").ok();
    laptop.run("update acme --as-of 1").ok();
    laptop.run("install grabbed").ok();
    assert_eq!(laptop.says("bin/grabbed"), "grabbed 1.0.0\n");
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
    team.run(&format!("mirror acme {to} --platform {OTHER}")).ok();
    let count = inside.manifests("mirrors/acme/tool").len();
    laptop.run(&format!("tap add {to}")).ok();
    team.run(&format!("mirror acme {to} --platform {OTHER} --platform {OWN}")).ok();
    assert!(inside.manifests("mirrors/acme/tool").len() > count);
    drop(team);
    laptop.run("update").ok();
    laptop.run("install pinned").ok();
    assert!(laptop.says("bin/tool").starts_with("one of linux-"));
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

/// What `pkg` on a machine without any network says.
fn offline(sandbox: &Sandbox, words: &str) -> crate::support::Output {
    sandbox.run(&format!("--offline {words}"))
}

/// Exports from the team and hands the archive over as `closure.tar`.
fn hand_over(team: &Sandbox, laptop: &Sandbox, words: &str) {
    team.run(&format!("export {words} -o closure.tar")).ok();
    let archive = fs_err::read(team.home().join("desk/closure.tar")).unwrap();
    laptop.write("closure.tar", archive);
}

#[test]
fn an_export_is_installed_where_no_network_is() {
    let (team, laptop) = (team(), Sandbox::new());
    assert_snapshot!(team.run("export pinned -o all.tar --platform linux-amd64"), @r"
    exit 0
    --- stderr
    acme/grabbed 1.0.0 for linux-amd64-gnu
    acme/pinned 1.0.0 for linux-amd64-gnu
    acme/tool 1.2.3 for linux-amd64-gnu
    Exported 3 packages into all.tar (31.2 kB)
    ");
    hand_over(&team, &laptop, "pinned");
    let first = fs_err::read(team.home().join("desk/closure.tar")).unwrap();
    team.run("export pinned -o again.tar").ok();
    let again = fs_err::read(team.home().join("desk/again.tar")).unwrap();
    assert!(first == again, "the same packages give the same bytes");
    let digest = team.run("tap info acme --json").ok().json()["digest"].clone();
    drop(team);

    assert_snapshot!(offline(&laptop, "import closure.tar"), @r"
    exit 0
    --- stderr
    Added tap acme, edition 1 of [TIME]
    Imported grabbed 1.0.0
    Imported pinned 1.0.0
    Imported tool 1.2.3
    hint: `pkg --offline install pinned` installs it
    ");
    assert_eq!(laptop.run("tap info acme --json").ok().json()["digest"], digest);
    fs_err::remove_file(laptop.home().join("desk/closure.tar")).unwrap();
    assert_snapshot!(offline(&laptop, "install pinned"), @r#"
    exit 0
    --- stderr
    Installed grabbed 1.0.0 from acme
    Installed tool 1.2.3 from acme
    Installed pinned 1.0.0 from acme
    Linked grabbed, tool, pinned in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    for (program, expect) in [
        ("bin/tool", "one of linux-"),
        ("bin/grabbed", "grabbed 1.0.0\n"),
        ("bin/pinned", "pinned\n"),
    ] {
        assert!(laptop.says(program).starts_with(expect), "{program}");
    }
    laptop.run("doctor").ok();
}

#[test]
fn an_import_says_what_it_does_not_take() {
    let (team, laptop) = (team(), Sandbox::new());
    hand_over(&team, &laptop, "grabbed");
    laptop.run("import closure.tar").ok();
    grabbed(&team, "1.1.0");
    publish(&team);
    team.run("update").ok();
    let older = laptop.home().join("desk/older.tar");
    fs_err::rename(laptop.home().join("desk/closure.tar"), &older).unwrap();
    hand_over(&team, &laptop, "grabbed");
    assert_snapshot!(laptop.run("import closure.tar"), @r"
    exit 0
    --- stderr
    Updated tap acme to edition 2 of [TIME]
    Imported grabbed 1.1.0
    hint: `pkg --offline install grabbed` installs it
    ");
    assert_snapshot!(laptop.run("import closure.tar"), @r"
    exit 0
    --- stderr
    Imported grabbed 1.1.0
    hint: `pkg --offline install grabbed` installs it
    ");
    // The edition that is here is newer, and it has the older version no more.
    assert_snapshot!(laptop.run("import older.tar"), @r"
    exit 1
    --- stderr
    tap acme stays at edition 2, which is newer
    warning: not imported: grabbed 1.0.0: tap `acme` does not have `grabbed` 1.0.0 any more
    error: what is named above was not imported
    ");
    laptop.run("tap remove acme").ok();
    laptop.write("acme/x.toml", "");
    laptop.run("tap add acme").ok();
    assert_snapshot!(laptop.run("import closure.tar"), @r"
    exit 1
    --- stderr
    error: tap `acme` is from [HOME]/desk/acme here, and the archive has the one of oci://[HOST]/acme/tap

    hint: `pkg tap remove acme` forgets the one that is here
    ");
    assert_snapshot!(laptop.run("import acme/x.toml"), @r"
    exit 3
    --- stderr
    error: there is no archive `[HOME]/desk/acme/x.toml`
    ");
    assert_snapshot!(laptop.run("import none.tar"), @r"
    exit 3
    --- stderr
    error: there is no archive `[HOME]/desk/none.tar`
    ");
}

#[test]
fn what_cannot_be_exported_is_named() {
    let team = team();
    team.registry().on("GET /dl/*").status(404);
    assert_snapshot!(team.run("export pinned -o closure.tar"), @r"
    exit 3
    --- stderr
    error: cannot export grabbed 1.0.0 any
      caused by: cannot get http://[HOST]/dl/grabbed-1.0.0.tar.gz
      caused by: cannot take sha256:[DIGEST] from http://[HOST]/dl/grabbed-1.0.0.tar.gz
      caused by: http://[HOST]/dl/grabbed-1.0.0.tar.gz does not exist
      caused by: GET http://[HOST]/dl/grabbed-1.0.0.tar.gz answered 404 Not Found
    ");
    assert_snapshot!(team.run("export ./acme/tool.toml -o closure.tar"), @r"
    exit 2
    --- stderr
    error: `tool` is of no tap, so it cannot be exported

    hint: `pkg tap publish FOLDER oci://HOST/REPOSITORY` makes a folder a tap
    ");
    drop(team.formula("foldered").version("1.0.0"));
    assert_snapshot!(team.run("export foldered -o closure.tar"), @r"
    exit 2
    --- stderr
    error: `foldered` is of tap `test`, a folder, so it cannot be exported

    hint: `pkg tap publish FOLDER oci://HOST/REPOSITORY` makes a folder a tap
    ");
    assert_snapshot!(team.run("export tool -o closure.tar --platform windows-amd64"), @r"
    exit 3
    --- stderr
    error: cannot tell what is needed on windows-amd64
      caused by: `tool` cannot be installed: tool 1.2.3 cannot be used here (`tool` 1.2.3 has no build for windows-amd64; there are: linux-amd64, linux-arm64)
    ");
    let desk = fs_err::read_dir(team.home().join("desk")).unwrap();
    let left = desk.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| !name.contains("closure") && !name.contains("export")));
}

#[test]
fn a_damaged_archive_is_refused() {
    let (team, laptop) = (team(), Sandbox::new());
    hand_over(&team, &laptop, "pinned");
    drop(team);
    let whole = fs_err::read(laptop.home().join("desk/closure.tar")).unwrap();
    let mut refused = 0;
    // One byte of each block of an entry's content, and a cut.
    for at in (600..whole.len()).step_by(1024) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        laptop.write("damaged.tar", damaged);
        let output = laptop.run("import damaged.tar");
        refused += usize::from(output.code != 0);
        // What is whole is taken all the same, so the error may come last.
        assert!(output.code == 0 || output.stderr.contains("error: "), "{at}: {output}");
    }
    assert!(refused > whole.len() / 1024 / 4, "{refused}");
    laptop.write("damaged.tar", &whole[..whole.len() / 2]);
    assert_ne!(laptop.run("import damaged.tar").code, 0);
    // Cut between two entries it is an archive, only of less.
    laptop.write("damaged.tar", &whole[..512]);
    let cut = laptop.run("import damaged.tar").stderr;
    assert!(cut.contains("was not made by `pkg export`, or lacks its end"), "{cut}");
    laptop.run("import closure.tar").ok();
    offline(&laptop, "install pinned").ok();
    laptop.run("doctor").ok();
}

#[test]
fn a_damaged_package_is_left_and_the_others_come() {
    let (team, laptop) = (team(), Sandbox::new());
    hand_over(&team, &laptop, "pinned");
    drop(team);
    let whole = fs_err::read(laptop.home().join("desk/closure.tar")).unwrap();
    let word = b"schemaVersion";
    let manifests = whole.windows(word.len()).enumerate().filter(|(_, found)| found == word);
    let mut told = 0;
    for (at, _) in manifests {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        laptop.write("damaged.tar", damaged);
        // Neither the root nor the cache has anything of a run before.
        fs_err::remove_dir_all(laptop.home().join(".cache")).ok();
        let output = laptop.run(&format!("--root at-{at} import damaged.tar"));
        if output.stderr.contains("warning: not imported: tool 1.2.3: ") {
            let end = "error: what is named above was not imported\n\n\
                       hint: copy the archive here anew\n";
            assert!(output.code == 6 && output.stderr.ends_with(end), "{at}: {output}");
            assert!(output.stderr.contains("Imported grabbed 1.0.0"), "{at}: {output}");
            told += 1;
        }
    }
    assert!(told > 0);
}

#[test]
fn an_export_for_two_platforms_serves_both() {
    let (team, laptop) = (team(), Sandbox::new());
    hand_over(&team, &laptop, &format!("tool --platform {OTHER}"));
    assert_snapshot!(laptop.run("import closure.tar").to_string().replace(OTHER, "[OTHER]"), @r"
    exit 0
    --- stderr
    Added tap acme, edition 1 of [TIME]
    tool is there for [OTHER]-gnu only
    ");
    let both = "pinned --platform linux-amd64 --platform linux-arm64";
    hand_over(&team, &laptop, both);
    drop(team);
    laptop.run("import closure.tar").ok();
    offline(&laptop, "install pinned").ok();
}

#[test]
fn what_is_missing_is_named_all_of_it_and_what_brings_it() {
    let team = team();
    assert_snapshot!(offline(&team, "install pinned"), @r"
    exit 4
    --- stderr
    error: the network is off, and `grabbed`, `pinned`, `tool` are not here

    hint: while there is a network, `pkg fetch grabbed pinned tool` brings what is missing
    hint: `pkg import` brings what `pkg export` wrote elsewhere
    ");
    team.run("fetch tool").ok();
    assert_snapshot!(offline(&team, "install pinned"), @r"
    exit 4
    --- stderr
    error: the network is off, and `grabbed`, `pinned` are not here

    hint: while there is a network, `pkg fetch grabbed pinned` brings what is missing
    hint: `pkg import` brings what `pkg export` wrote elsewhere
    ");
    assert_snapshot!(offline(&team, "run grabbed"), @r"
    exit 4
    --- stderr
    error: the network is off, and `grabbed` is not here

    hint: while there is a network, `pkg fetch grabbed` brings what is missing
    hint: `pkg import` brings what `pkg export` wrote elsewhere
    ");
    assert_snapshot!(offline(&team, "update"), @r"
    exit 4
    --- stderr
    error: cannot get the tap from oci://[HOST]/acme/tap
      caused by: [HOST] is not asked while offline

    hint: without `--offline` it would be asked
    hint: `pkg import` brings the taps of an archive
    ");
    team.run("fetch grabbed pinned").ok();
    offline(&team, "install pinned").ok();
    assert_eq!(team.says("bin/pinned"), "pinned\n");
}

/// Runs the program where there is no route to anywhere, not even to this machine; `None` where
/// the kernel allows no such thing, which is said.
fn cut_off(sandbox: &Sandbox, words: &str) -> Option<crate::support::Output> {
    let mut probe = sandbox.foreign("unshare");
    if !probe.args(["-rn", "true"]).output().is_ok_and(|probe| probe.status.success()) {
        skipped("no namespace may be made here");
        return None;
    }
    let mut command = sandbox.foreign("unshare");
    command.arg("-rn").arg(env!("CARGO_BIN_EXE_pkg")).args(shlex::split(words).unwrap());
    Some(sandbox.finish(&mut command))
}

#[test]
fn a_machine_without_a_route_installs_what_was_carried_there() {
    let (team, laptop) = (team(), Sandbox::new());
    laptop.config("[patience]\nretries = 0\n");
    hand_over(&team, &laptop, "pinned");
    let Some(imported) = cut_off(&laptop, "import closure.tar") else { return };
    imported.ok();
    assert_snapshot!(cut_off(&laptop, "install pinned").unwrap(), @r#"
    exit 0
    --- stderr
    Installed grabbed 1.0.0 from acme
    Installed tool 1.2.3 from acme
    Installed pinned 1.0.0 from acme
    Linked grabbed, tool, pinned in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert!(laptop.says("bin/tool").starts_with("one of linux-"));
    cut_off(&laptop, "doctor").unwrap().ok();
    // A whole tap, carried in a folder.
    team.run("mirror acme oci:stick").ok();
    let stick = laptop.home().join("desk/stick");
    let copied = team.foreign("cp").args(["-r", "stick"]).arg(&stick).status().unwrap();
    assert!(copied.success());
    let other = Sandbox::new();
    let add = format!("tap add oci:{}", stick.display());
    cut_off(&other, &add).unwrap().ok();
    cut_off(&other, "install pinned").unwrap().ok();
    assert_eq!(other.says("bin/grabbed"), "grabbed 1.0.0\n");
}
