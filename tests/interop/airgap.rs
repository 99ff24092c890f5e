//! Mirrors in registries of others, with the registry outside stopped; and docs/airgap.md.

use digest::Digest;
use test_registry::Tree;

use super::{
    desk::Desk,
    layout::OWN,
    maker::{Maker, saying},
    page::Page,
    peers,
};
use crate::support::Sandbox;

/// What the page says of platforms is what this one is.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn every_step_prints_what_the_page_says() {
    if !peers::are_here(&["tar"]) {
        return;
    }
    let page = Page::open("airgap.md");
    for desk in Desk::all() {
        page.follow(&desk);
    }
}

/// A tap outside: a package for two platforms, one of them this one, and an archive of the web.
fn outside() -> Sandbox {
    let sandbox = Sandbox::new();
    let host = sandbox.registry().host().to_owned();
    let maker = Maker::new(&sandbox, format!("{host}/acme"));
    maker.version("1.0.0", &[("amd64", &saying("one")), ("arm64", &saying("one"))]);
    maker.publish("1.0.0", "--platform linux-amd64 --platform linux-arm64");
    let archive = Tree::new().file("bin/web", "#!/bin/sh\necho web\n", 0o755).tar_gzip();
    sandbox.registry().file("/dl/web.tar.gz", archive.clone());
    sandbox.write(
        "tap/web.toml",
        format!(
            "schema = 1\nname = \"web\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n[source]\n\
             http = \"http://{host}/dl/web.tar.gz\"\n\n[version.\"1.0.0\"]\nany = \"{}\"\n",
            Digest::sha256(&archive)
        ),
    );
    maker.publish_tap();
    sandbox.run(&format!("tap add {}", maker.tap())).ok();
    sandbox
}

#[test]
fn a_registry_inside_needs_nothing_outside() {
    for desk in Desk::all() {
        let outside = outside();
        let whole = format!("oci://{}/whole/acme", desk.host());
        let one = format!("oci://{}/one/acme", desk.host());
        outside.run(&format!("mirror acme {whole}")).ok();
        let again = outside.run(&format!("mirror acme {whole} --all --json")).ok().json();
        assert_eq!((&again["sent_bytes"], &again["present"]), (&0.into(), &2.into()), "{again}");
        outside.run(&format!("mirror acme {one} --platform linux-{OWN}")).ok();
        drop(outside);
        let only = format!("--platform linux-{OWN}");
        for (place, only) in [(&whole, ""), (&one, &*only)] {
            let user = Sandbox::new();
            user.run(&format!("tap add {place}")).ok();
            user.run("install tool web").ok();
            for (program, expect) in [("bin/tool", "one\n"), ("bin/web", "web\n")] {
                assert_eq!(user.says(program), expect, "{place}");
            }
            // A mirror is mirrored like any tap.
            let next = format!("{place}-again");
            user.run(&format!("mirror acme {next} {only}")).ok();
            user.run("tap remove acme").ok();
            user.run(&format!("tap add {next}")).ok();
            assert_eq!(user.run("tap info acme --json").ok().json()["serial"], 1);
        }
    }
}
