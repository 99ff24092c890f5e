//! An index of two platforms, by each client that can make one: this machine gets its own.

use insta::{allow_duplicates, assert_snapshot};
use test_registry::Tree;

use super::{
    desk::Desk,
    layout::{Layout, OWN},
    peers,
};

/// A client, and the script by which it makes `multi:1.0.0`; layouts and archives lie on the desk.
const MAKERS: &[(&str, &str)] = &[
    (
        "skopeo",
        "skopeo --insecure-policy copy -q --all --dest-tls-verify=false \
             oci:layout:1.0.0 docker://$REGISTRY/multi:1.0.0",
    ),
    (
        "skopeo",
        "skopeo --insecure-policy copy -q --all --format v2s2 --dest-tls-verify=false \
             oci:layout:1.0.0 docker://$REGISTRY/multi:1.0.0",
    ),
    (
        "crane",
        "for arch in amd64 arm64; do
            crane append --insecure -f $arch.tar -t $REGISTRY/multi:raw
            crane mutate --insecure --set-platform linux/$arch -t $REGISTRY/multi:$arch \
                $REGISTRY/multi:raw
        done
        crane index append --insecure -m $REGISTRY/multi:amd64 -m $REGISTRY/multi:arm64 \
            -t $REGISTRY/multi:1.0.0",
    ),
    (
        "oras",
        "for arch in amd64 arm64; do
            oras push --plain-http --artifact-platform linux/$arch $REGISTRY/multi:$arch \
                $arch.tar:application/vnd.oci.image.layer.v1.tar
        done
        oras manifest index create --plain-http $REGISTRY/multi:1.0.0 amd64 arm64",
    ),
];

fn content(architecture: &str) -> Tree {
    let program = format!("#!/bin/sh\necho runs on {architecture}\n");
    Tree::new().file("bin/multi", program, 0o755).file(
        "share/multi/about",
        architecture.repeat(5000),
        0o644,
    )
}

#[test]
fn of_two_platforms() {
    if !peers::are_here(&["curl"]) {
        return;
    }
    let makers: Vec<_> = MAKERS.iter().filter(|(client, _)| peers::is_here(client)).collect();
    for desk in Desk::all() {
        let layout = Layout::new(desk.folder().join("layout"));
        let architectures = ["amd64", "arm64"];
        let images = architectures.map(|name| layout.image(name, &[content(name)]));
        layout.tag(layout.index(&images), "1.0.0");
        for name in architectures {
            desk.sandbox.write(&format!("{name}.tar"), content(name).tar());
        }
        desk.sh(&format!("mkdir own; tar -xf {OWN}.tar -C own"));
        for (client, script) in &makers {
            desk.sh(script);
            check(&desk, client);
        }
    }
}

fn check(desk: &Desk, client: &str) {
    let host = desk.host();
    let (index, source) = (desk.digest("multi", "1.0.0"), format!("oci = \"{host}/multi\""));
    desk.formula("multi", &source, &format!("index = \"{index}\""));
    let own = desk.tree("own");
    let at = format!("{client} and {}", desk.registry.kind);
    assert_eq!(desk.install("./multi.toml", "multi"), own, "{at}");
    desk.sandbox.run("uninstall multi").ok();
    assert_eq!(desk.install(&format!("oci://{host}/multi:1.0.0"), "multi"), own, "{at}");
    desk.sandbox.run("uninstall multi").ok();
    assert_eq!(desk.install(&format!("oci://{host}/multi@{index}"), "multi"), own, "{at}");
    desk.sandbox.run("uninstall multi").ok();
    desk.formula("multi", &source, &format!("any = \"{index}\""));
    allow_duplicates! {
    assert_snapshot!(desk.sandbox.run("install ./multi.toml"), @r"
    exit 1
    --- stderr
    error: cannot find the bytes of `multi`
      caused by: sha256:[DIGEST] is an index: in the formula write it under `index`
    ");
    }
}
