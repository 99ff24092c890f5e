//! A project whose tap is outside, where only a mirror of the tap can be reached.

use insta::assert_snapshot;

use super::{
    airgap::team,
    project::{read, run},
};
use crate::support::Sandbox;

/// A project that was locked outside, and a laptop inside, where nobody answers for the outside.
struct Inside {
    laptop: Sandbox,
    /// The host of the registry outside.
    outside: String,
}

/// The project asks for `packages`; the tap is mirrored at `mirrors/acme` inside.
fn inside(packages: &str) -> Inside {
    let (team, laptop) = (team(), Sandbox::new());
    let outside = team.registry().host().to_owned();
    let project = format!(
        "platforms = [\"linux/amd64\", \"linux/arm64\"]\n\n\
         [taps]\nacme = \"oci://{outside}/acme/tap\"\n\n[packages]\n{packages}"
    );
    team.write("work/pkg.toml", &project);
    run(&team, "lock").ok();
    let lock = fs_err::read(team.home().join("desk/work/pkg.lock")).unwrap();
    team.run(&format!("mirror acme oci://{}/mirrors/acme", laptop.registry().host())).ok();
    laptop.write("work/pkg.toml", project);
    laptop.write("work/pkg.lock", lock);
    Inside { laptop, outside }
}

impl Inside {
    /// The configuration of the laptop; nobody waits for a registry that is gone.
    fn config(&self, text: &str) {
        self.laptop.config(&format!("{text}\n[patience]\nretries = 0\n"));
    }

    /// That the tap is mirrored.
    fn mirrored(&self) {
        let (outside, host) = (&self.outside, self.laptop.registry().host());
        self.config(&format!(
            "[mirror]\n\"oci://{outside}/acme/tap\" = \"oci://{host}/mirrors/acme\"\n"
        ));
    }
}

#[test]
fn a_project_is_synced_from_the_mirror_of_its_tap() {
    let inside = inside("pinned = \"*\"\n");
    inside.mirrored();
    assert_snapshot!(run(&inside.laptop, "sync --locked"), @r"
    exit 0
    --- stderr
    Installed grabbed 1.0.0 from acme
    Installed pinned 1.0.0 from acme
    Installed tool 1.2.3 from acme
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    assert_snapshot!(run(&inside.laptop, "run pinned"), @r"
    exit 0
    --- stdout
    pinned
    ");
    // What is chosen anew comes from there as well, and the lock stays one for both sides.
    let lock = read(&inside.laptop, "work/pkg.lock");
    assert_snapshot!(run(&inside.laptop, "lock --update"), @r"
    exit 0
    --- stderr
    Nothing new: pkg.lock, 3 packages for linux-amd64-gnu, linux-arm64-gnu
    ");
    assert_eq!(read(&inside.laptop, "work/pkg.lock"), lock);
}

#[test]
fn a_tap_that_is_mirrored_is_added_by_its_own_address() {
    let inside = inside("tool = \"*\"\n");
    inside.mirrored();
    let Inside { laptop, outside } = &inside;
    assert_snapshot!(laptop.run(&format!("tap add oci://{outside}/acme/tap")), @r"
    exit 0
    --- stderr
    Added tap acme (3 formulas), edition 1 of [TIME]
    ");
    let again = laptop.run(&format!("tap add oci://{outside}/acme/tap")).ok();
    assert_eq!(again.stderr, "Unchanged tap acme: it is from there already\n");
    laptop.run("install pinned").ok();
    assert_eq!(laptop.says("bin/pinned"), "pinned\n");
}

#[test]
fn without_a_mirror_the_line_that_names_one_is_told() {
    let inside = inside("pinned = \"*\"\n");
    inside.config("");
    assert_snapshot!(run(&inside.laptop, "sync --locked"), @r#"
    exit 4
    --- stderr
    error: cannot find the bytes of `pinned`
      caused by: cannot get the manifest sha256:[DIGEST] from oci://[HOST]/elsewhere/pinned:1.0.0
      caused by: cannot get an answer from http://[HOST]/v2/elsewhere/pinned/manifests/sha256:[DIGEST]: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port
    hint: if the tap has a mirror: `"oci://[HOST]/acme/tap" = "oci://HOST/REPOSITORY"` below `[mirror]` of config.toml names it
    "#);
    assert_snapshot!(run(&inside.laptop, "lock --update"), @r#"
    exit 4
    --- stderr
    error: cannot bring tap `acme` up to date
      caused by: cannot get the tap from oci://[HOST]/acme/tap
      caused by: cannot get an answer from http://[HOST]/v2/acme/tap/manifests/latest: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port
    hint: if the tap has a mirror: `"oci://[HOST]/acme/tap" = "oci://HOST/REPOSITORY"` below `[mirror]` of config.toml names it
    "#);
    // What is outside of registries is out of reach only when it is fetched.
    let inside = self::inside("grabbed = \"*\"\n");
    inside.config("");
    assert_snapshot!(run(&inside.laptop, "sync --locked"), @r#"
    exit 4
    --- stderr
    error: cannot take sha256:[DIGEST] of `grabbed` from http://[HOST]/dl/grabbed-1.0.0.tar.gz
      caused by: cannot take the archive's bytes
      caused by: cannot get an answer from http://[HOST]/dl/grabbed-1.0.0.tar.gz: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port
    hint: if the tap has a mirror: `"oci://[HOST]/acme/tap" = "oci://HOST/REPOSITORY"` below `[mirror]` of config.toml names it
    "#);
}

#[test]
fn a_mirror_of_the_registry_has_what_lies_in_it_alike() {
    let inside = inside("tool = \"*\"\n");
    let host = inside.laptop.registry().host();
    inside.config(&format!(
        "[registry.\"{}\"]\nmirrors = [\"{host}/mirrors\"]\nfallback = true\n",
        inside.outside
    ));
    run(&inside.laptop, "sync --locked").ok();
    let said = run(&inside.laptop, "run tool").ok();
    assert!(said.stdout.starts_with("one of linux-"), "{said}");
}
