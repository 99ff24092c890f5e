//! Projects: `init`, `add`, `remove`, `lock`, `sync`, and what is run inside them.

use std::{fmt::Write as _, path::Path};

use insta::assert_snapshot;

use crate::support::{Output, Sandbox, edition::publish};

/// The platforms of most packages here, in OCI words and in those of formulas.
const PLATFORMS: &[(&str, &str)] = &[
    ("linux/amd64", "linux-amd64"),
    ("linux/arm64", "linux-arm64"),
    ("darwin/amd64", "macos-amd64"),
    ("darwin/arm64", "macos-arm64"),
];

/// A formula of the folder `acme`; each version is a package per platform in the registry.
pub(super) fn formula(sandbox: &Sandbox, name: &str, versions: &[&str], extra: &str) {
    of_platforms(sandbox, name, versions, extra, PLATFORMS);
}

fn of_platforms(
    sandbox: &Sandbox,
    name: &str,
    versions: &[&str],
    extra: &str,
    platforms: &[(&str, &str)],
) {
    let host = sandbox.registry().host();
    let mut text = format!(
        "schema = 1\nname = \"{name}\"\nsummary = \"The {name} of Acme\"\nlicense = \"MIT\"\n\
         {extra}\n[source]\noci = \"{host}/{name}\"\n"
    );
    for version in versions {
        let script = format!("#!/bin/sh\necho {name} {version} \"$@\"\n");
        let mut package = sandbox.registry().package(name, version);
        package = package.file(&format!("bin/{name}"), script, 0o755);
        for (words, _) in platforms {
            package = package.platform(words);
        }
        let published = package.push();
        write!(text, "\n[version.\"{version}\"]\n").unwrap();
        for ((_, key), digest) in platforms.iter().zip(&published.manifests) {
            writeln!(text, "{key} = \"{digest}\"").unwrap();
        }
    }
    sandbox.write(&format!("acme/{name}.toml"), text);
}

/// A project in `desk/work` whose tap has `tool`, `lib` and `app`, which needs `lib`.
pub(super) fn project() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    formula(&sandbox, "tool", &["1.0.0", "1.1.0"], "");
    formula(&sandbox, "lib", &["1.0.0", "2.0.0"], "");
    formula(&sandbox, "app", &["3.0.0"], "[depends]\nlib = \">=1\"\n");
    publish(&sandbox, "acme", 1, "2026-05-01");
    let host = sandbox.registry().host().to_owned();
    sandbox.write("work/pkg.toml", format!("[taps]\nacme = \"oci://{host}/tap\"\n\n[packages]\n"));
    sandbox
}

/// The program in the project's folder.
pub(super) fn run(sandbox: &Sandbox, words: &str) -> Output {
    run_in(sandbox, "work", sandbox.home(), words)
}

/// The program in a folder of the desk, with another home.
pub(super) fn run_in(sandbox: &Sandbox, folder: &str, home: &Path, words: &str) -> Output {
    fs_err::create_dir_all(home).unwrap();
    let mut command = sandbox.command(words);
    command.current_dir(sandbox.home().join("desk").join(folder)).env("HOME", home);
    sandbox.finish(&mut command)
}

pub(super) fn read(sandbox: &Sandbox, path: &str) -> String {
    let text = fs_err::read_to_string(sandbox.home().join("desk").join(path)).unwrap();
    text.replace(sandbox.registry().host(), "[HOST]")
}

#[test]
fn a_project_from_nothing() {
    let sandbox = project();
    fs_err::create_dir(sandbox.home().join("desk/new")).unwrap();
    assert_snapshot!(run_in(&sandbox, "new", sandbox.home(), "init"), @r"
    exit 0
    --- stderr
    Made pkg.toml
    hint: `pkg add NAME` adds a package; commit pkg.toml and pkg.lock
    ");
    assert_snapshot!(run_in(&sandbox, "new", sandbox.home(), "init"), @r"
    exit 1
    --- stderr
    error: there is a `[HOME]/desk/new/pkg.toml` already

    hint: `pkg add NAME` adds to it
    ");
    assert_snapshot!(run_in(&sandbox, "new", sandbox.home(), "add tool"), @r"
    exit 3
    --- stderr
    error: cannot lock for linux-amd64-gnu
      caused by: there is no formula `tool`

    hint: a project knows its own taps only: those under `[taps]` in pkg.toml
    ");
    assert_snapshot!(run(&sandbox, "add app tool@1.0"), @r"
    exit 0
    --- stderr
    Added app to pkg.toml
    Added tool@1.0 to pkg.toml
    Installed app 3.0.0 from acme
    Installed lib 2.0.0 from acme
    Installed tool 1.0.0 from acme
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(read(&sandbox, "work/pkg.toml"), @r#"
    [taps]
    acme = "oci://[HOST]/tap"

    [packages]
    app = "*"
    tool = "1.0"
    "#);
    assert_snapshot!(run(&sandbox, "run tool a b"), @r"
    exit 0
    --- stdout
    tool 1.0.0 a b
    ");
    assert_snapshot!(run(&sandbox, "shell app -x"), @r"
    exit 0
    --- stdout
    app 3.0.0 -x
    ");
    assert_snapshot!(run(&sandbox, "sync"), @r"
    exit 0
    --- stderr
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&sandbox, "list"), @r"
    exit 0
    --- stderr
    nothing is installed
    ");
    assert_snapshot!(run(&sandbox, "remove app"), @r"
    exit 0
    --- stderr
    Removed app from pkg.toml
    Removed app 3.0.0 from acme
    Removed lib 2.0.0 from acme
    Synced 1 package for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&sandbox, "remove app"), @r"
    exit 3
    --- stderr
    error: `app` is not in pkg.toml

    hint: `pkg uninstall app` removes what you installed for yourself
    ");
    assert_snapshot!(run(&sandbox, "lock --update"), @r"
    exit 0
    --- stderr
    Nothing new: pkg.lock, 1 package for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
    assert_snapshot!(sandbox.run("add tool"), @r"
    exit 3
    --- stderr
    error: there is no pkg.toml in this folder, nor in one above it

    hint: `pkg init` makes one; `pkg install` installs for you alone
    ");
}

#[test]
fn a_lock_is_text_that_people_can_read() {
    let sandbox = project();
    run(&sandbox, "add app tool@1.0").ok();
    run(&sandbox, "add --group dev lib").ok();
    let digests = regex::Regex::new("sha256:[0-9a-f]{64}").unwrap();
    let lock = read(&sandbox, "work/pkg.lock");
    assert_snapshot!(digests.replace_all(&lock, "sha256:[DIGEST]"), @r#"
    # generated by pkg; commit it, and let `pkg lock` change it
    {"schema":1}

    {"platform":"linux-amd64-gnu"}
    {"platform":"linux-arm64-gnu"}
    {"platform":"macos-amd64"}
    {"platform":"macos-arm64"}

    {"tap":"acme","at":"oci://[HOST]/tap"}

    {"request":"app","group":"default","version":"*"}
    {"request":"lib","group":"dev","version":"*"}
    {"request":"tool","group":"default","version":"1.0"}

    {"package":"app","version":"3.0.0","platforms":["linux-amd64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/app:3.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"key":"linux-amd64","scheme":"semver","license":"MIT","summary":"The app of Acme","depends":{"lib":{"constraint":">=1"}}}
    {"package":"app","version":"3.0.0","platforms":["linux-arm64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/app:3.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"key":"linux-arm64","scheme":"semver","license":"MIT","summary":"The app of Acme","depends":{"lib":{"constraint":">=1"}}}
    {"package":"app","version":"3.0.0","platforms":["macos-amd64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/app:3.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"scheme":"semver","license":"MIT","summary":"The app of Acme","depends":{"lib":{"constraint":">=1"}}}
    {"package":"app","version":"3.0.0","platforms":["macos-arm64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/app:3.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"scheme":"semver","license":"MIT","summary":"The app of Acme","depends":{"lib":{"constraint":">=1"}}}

    {"package":"lib","version":"2.0.0","platforms":["linux-amd64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/lib:2.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"key":"linux-amd64","scheme":"semver","license":"MIT","summary":"The lib of Acme"}
    {"package":"lib","version":"2.0.0","platforms":["linux-arm64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/lib:2.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"key":"linux-arm64","scheme":"semver","license":"MIT","summary":"The lib of Acme"}
    {"package":"lib","version":"2.0.0","platforms":["macos-amd64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/lib:2.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"scheme":"semver","license":"MIT","summary":"The lib of Acme"}
    {"package":"lib","version":"2.0.0","platforms":["macos-arm64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/lib:2.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":129,"scheme":"semver","license":"MIT","summary":"The lib of Acme"}

    {"package":"tool","version":"1.0.0","platforms":["linux-amd64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/tool:1.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":133,"key":"linux-amd64","scheme":"semver","license":"MIT","summary":"The tool of Acme"}
    {"package":"tool","version":"1.0.0","platforms":["linux-arm64-gnu"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/tool:1.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":133,"key":"linux-arm64","scheme":"semver","license":"MIT","summary":"The tool of Acme"}
    {"package":"tool","version":"1.0.0","platforms":["macos-amd64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/tool:1.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":133,"scheme":"semver","license":"MIT","summary":"The tool of Acme"}
    {"package":"tool","version":"1.0.0","platforms":["macos-arm64"],"requested":true,"tap":"acme","edition":{"serial":1,"digest":"sha256:[DIGEST]"},"source":{"strategy":"oci","reference":"[HOST]/tool:1.0.0","pin":{"manifest":"sha256:[DIGEST]"}},"size":133,"scheme":"semver","license":"MIT","summary":"The tool of Acme"}
    "#);
}

#[test]
fn what_is_locked_stays_until_it_is_named() {
    let sandbox = project();
    run(&sandbox, "add app tool@1").ok();
    let before = read(&sandbox, "work/pkg.lock");
    formula(&sandbox, "tool", &["1.0.0", "1.1.0", "1.2.0", "2.0.0"], "");
    formula(&sandbox, "lib", &["1.0.0", "2.0.0", "2.1.0"], "");
    formula(&sandbox, "more", &["1.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    assert_snapshot!(run(&sandbox, "lock"), @r"
    exit 0
    --- stderr
    Nothing new: pkg.lock, 3 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
    assert_eq!(read(&sandbox, "work/pkg.lock"), before);
    assert_snapshot!(run(&sandbox, "add more"), @r"
    exit 0
    --- stderr
    Added more to pkg.toml
    Installed more 1.0.0 from acme
    Synced 4 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    let stays: Vec<String> = before.lines().map(ToOwned::to_owned).collect();
    let after = read(&sandbox, "work/pkg.lock");
    assert!(stays.iter().all(|line| after.lines().any(|other| other == line)), "{after}");
    assert_snapshot!(run(&sandbox, "lock --update tool"), @r"
    exit 0
    --- stderr
    warning: tool 2.0.0 is newer than 1.2.0, but it was asked for as `1`
    Locked tool 1.1.0 -> 1.2.0
    Wrote pkg.lock, 4 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
    assert_snapshot!(run(&sandbox, "lock --update nothing"), @r"
    exit 3
    --- stderr
    error: `nothing` is not in pkg.lock
    ");
    assert_snapshot!(run(&sandbox, "lock --update --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "platforms": [
        "linux-amd64-gnu",
        "linux-arm64-gnu",
        "macos-amd64",
        "macos-arm64"
      ],
      "changes": [
        {
          "name": "lib",
          "before": [
            "2.0.0"
          ],
          "after": [
            "2.1.0"
          ]
        }
      ],
      "notes": []
    }
    --- stderr
    Locked lib 2.0.0 -> 2.1.0
    Wrote pkg.lock, 4 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    "#);
    assert_snapshot!(run(&sandbox, "sync"), @r"
    exit 0
    --- stderr
    Upgraded lib 2.0.0 -> 2.1.0 from acme
    Upgraded tool 1.1.0 -> 1.2.0 from acme
    Synced 4 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
}

#[test]
fn elsewhere_the_same_digests_come() {
    let sandbox = project();
    run(&sandbox, "add app tool").ok();
    // The tap moves on, and what was locked is in it no more.
    formula(&sandbox, "tool", &["9.0.0"], "");
    publish(&sandbox, "acme", 2, "2026-05-02");
    let home = sandbox.home().join("elsewhere");
    let mine = run(&sandbox, "sync --locked --json").ok().json();
    sandbox.registry().forget_requests();
    let theirs = run_in(&sandbox, "work", &home, "sync --locked --json").ok().json();
    let digests = |answer: &serde_json::Value| -> Vec<String> {
        let packages = answer["packages"].as_array().unwrap();
        packages.iter().map(|one| format!("{} {}", one["name"], one["digest"])).collect()
    };
    assert_eq!(digests(&theirs), digests(&mine));
    let asked = sandbox.registry().requests();
    assert!(asked.iter().all(|it| !it.path.contains("/tap/")), "{asked:?}");
    let is_by_tag = |it: &test_registry::Request| {
        it.path.contains("/manifests/") && !it.path.contains("/manifests/sha256:")
    };
    assert!(!asked.iter().any(is_by_tag), "{asked:?}");
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --locked --platform linux/arm64"), @r"
    exit 0
    --- stdout
    Package  Version  Digest  Folder
    app  3.0.0  sha256:[DIGEST]  [HOME]/elsewhere/.local/share/pkg/projects/[ID].linux-arm64-gnu/cellar/app/3.0.0-[ID]
    lib  2.0.0  sha256:[DIGEST]  [HOME]/elsewhere/.local/share/pkg/projects/[ID].linux-arm64-gnu/cellar/lib/2.0.0-[ID]
    tool  1.1.0  sha256:[DIGEST]  [HOME]/elsewhere/.local/share/pkg/projects/[ID].linux-arm64-gnu/cellar/tool/1.1.0-[ID]
    --- stderr
    Installed app 3.0.0 from acme
    Installed lib 2.0.0 from acme
    Installed tool 1.1.0 from acme
    Synced 3 packages for linux-arm64-gnu in [HOME]/elsewhere/.local/share/pkg/projects/[ID].linux-arm64-gnu/current
    ");
    let other = run_in(&sandbox, "work", &home, "sync --locked --platform linux/arm64 --json");
    let lock = read(&sandbox, "work/pkg.lock");
    for digest in digests(&other.ok().json()) {
        let digest = digest.split('"').nth(3).unwrap().to_owned();
        let line = lock.lines().find(|line| line.contains(&digest));
        assert!(line.unwrap().contains("linux-arm64"), "{digest}");
    }
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --platform plan9/amd64"), @r"
    exit 2
    --- stderr
    error: `plan9/amd64` is not a platform
      caused by: `plan9-amd64` is not a platform: it starts with none of linux, macos, windows, freebsd
    ");
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --platform linux/riscv64"), @r"
    exit 3
    --- stderr
    error: pkg.lock has nothing for linux-riscv64-gnu; it is for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64

    hint: add it to `platforms` in pkg.toml, then `pkg lock`
    ");
    assert_snapshot!(run_in(&sandbox, "work", &home, "--offline sync --locked"), @r"
    exit 0
    --- stderr
    Synced 3 packages for linux-amd64-gnu in [HOME]/elsewhere/.local/share/pkg/projects/[ID]/current
    ");
}

#[test]
fn groups_are_had_apart() {
    let sandbox = project();
    run(&sandbox, "add tool").ok();
    run(&sandbox, "add --group dev app").ok();
    assert_snapshot!(run(&sandbox, "sync --group default"), @r"
    exit 0
    --- stderr
    Removed app 3.0.0 from acme
    Removed lib 2.0.0 from acme
    Synced 1 package for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&sandbox, "sync --group dev"), @r"
    exit 0
    --- stderr
    Installed app 3.0.0 from acme
    Installed lib 2.0.0 from acme
    Removed tool 1.1.0 from acme
    Synced 2 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&sandbox, "sync --group ci"), @r"
    exit 3
    --- stderr
    error: there is no group `ci`; the groups are `default`, `dev`
    ");
    assert_snapshot!(run(&sandbox, "add app"), @r"
    exit 0
    --- stderr
    Added app to pkg.toml
    Installed tool 1.1.0 from acme
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(read(&sandbox, "work/pkg.toml"), @r#"
    [taps]
    acme = "oci://[HOST]/tap"

    [packages]
    app = "*"
    tool = "*"

    [group.dev]
    "#);
}

#[test]
fn a_lock_that_is_not_up_to_date_is_refused_with_what_differs() {
    let sandbox = project();
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: there is no pkg.lock beside pkg.toml

    hint: `pkg lock` makes it; commit it
    ");
    run(&sandbox, "add tool app").ok();
    let text = read(&sandbox, "work/pkg.toml").replace("[HOST]", sandbox.registry().host());
    let changed =
        text.replace("tool = \"*\"", "tool = \"1.0\"\nlib = \"2\"").replace("app = \"*\"\n", "");
    sandbox.write("work/pkg.toml", format!("platforms = [\"linux/amd64\"]\n{changed}"));
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: pkg.lock is not up to date: `lib` is in pkg.toml and not in pkg.lock; `tool` is asked for as `1.0`, and locked as `*`; `app` is in pkg.lock and not in pkg.toml; and 3 more

    hint: `pkg lock` brings it up to date; commit it
    ");
    assert_snapshot!(run(&sandbox, "sync --frozen"), @r"
    exit 0
    --- stderr
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&sandbox, "sync --frozen --locked"), @r"
    exit 2
    --- stderr
    error: the argument '--frozen' cannot be used with '--locked'

    Usage: pkg sync --frozen

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&sandbox, "sync"), @r"
    exit 0
    --- stderr
    Locked app no more
    Locked tool 1.1.0 -> 1.0.0
    Downgraded tool 1.1.0 -> 1.0.0 from acme
    Removed app 3.0.0 from acme
    Synced 2 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    sandbox.write("work/pkg.toml", "[packages]\ntool = 3\n");
    assert_snapshot!(run(&sandbox, "sync"), @r#"
    exit 1
    --- stderr
    error: this is the number 3, not a version, or a table such as { version = "1", tap = "x" }
     --> [HOME]/desk/work/pkg.toml:2:8
      |
    2 | tool = 3
      |        ^ must be a version, or a table such as { version = "1", tap = "x" }
    "#);
}

#[test]
fn packages_of_no_tap_are_locked_with_paths_that_every_clone_has() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("work/pkg.toml", "[packages]\n");
    let laid = sandbox.write("work/staged/bin/laid", "#!/bin/sh\necho laid out\n");
    fs_err::set_permissions(laid, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    run(&sandbox, "pack staged --name laid --version 1.0 -o layout").ok();
    let own = sandbox.write("work/own/own.sh", "#!/bin/sh\necho of our own\n");
    let digest = digest::Digest::sha256(&fs_err::read(own).unwrap());
    let formula = format!(
        "schema = 1\nname = \"own\"\nsummary = \"Ours\"\nlicense = \"MIT\"\n\n[source]\n\
         file = \"own.sh\"\nformat = \"raw\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
    );
    sandbox.write("work/own/own.toml", formula);
    assert_snapshot!(run_in(&sandbox, "work/own", sandbox.home(), "add ./own.toml oci:../layout:1.0"), @r"
    exit 0
    --- stderr
    Added ./own.toml to pkg.toml
    Added oci:../layout:1.0 to pkg.toml
    Installed laid 1.0 from direct
    Installed own 1.0.0 from direct
    Synced 2 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(read(&sandbox, "work/pkg.toml"), @r#"
    [packages]
    laid = { from = "oci:layout:1.0" }
    own = { from = "./own/own.toml" }
    "#);
    assert!(!read(&sandbox, "work/pkg.lock").contains(sandbox.home().to_str().unwrap()));
    let [work, clone] = ["desk/work", "desk/clone"].map(|path| sandbox.home().join(path));
    fs_err::rename(work, clone).unwrap();
    let home = sandbox.home().join("elsewhere");
    assert_snapshot!(run_in(&sandbox, "clone", &home, "sync --locked"), @r"
    exit 0
    --- stderr
    Installed laid 1.0 from direct
    Installed own 1.0.0 from direct
    Synced 2 packages for linux-amd64-gnu in [HOME]/elsewhere/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run_in(&sandbox, "clone", &home, "run own"), @r"
    exit 0
    --- stdout
    of our own
    ");
    assert_snapshot!(run_in(&sandbox, "clone/own", &home, "run laid"), @r"
    exit 0
    --- stdout
    laid out
    ");
}
