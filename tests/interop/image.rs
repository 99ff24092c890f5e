//! Files out of a container image whose second layer whites out what the first one brought.

use test_registry::Tree;

use super::{
    desk::Desk,
    layout::{Layout, OWN},
    peers,
};

/// Lower and upper layer, and what is seen through them below `opt/tool`; other words, other bytes.
pub(super) fn layers(word: &str) -> ([Tree; 2], Tree) {
    let big = word.repeat(100_000);
    let base = Tree::new()
        .file("etc/passwd", "root:x:0:0::/root:/bin/sh\n", 0o644)
        .file("opt/tool/bin/tool", "#!/bin/sh\necho old\n", 0o755)
        .file("opt/tool/old.txt", "old\n", 0o644)
        .file("opt/tool/cache/stale", "stale\n", 0o644)
        .file("opt/tool/share/big", big.clone(), 0o644)
        .symlink("opt/tool/bin/alias", "tool");
    let top = Tree::new()
        .file("opt/tool/.wh.old.txt", "", 0o644)
        .file("opt/tool/cache/.wh..wh..opq", "", 0o644)
        .file("opt/tool/cache/fresh", word.to_owned(), 0o644)
        .file("opt/tool/bin/tool", "#!/bin/sh\necho new\n", 0o755);
    let seen = Tree::new()
        .file("bin/tool", "#!/bin/sh\necho new\n", 0o755)
        .file("cache/fresh", word.to_owned(), 0o644)
        .file("share/big", big, 0o644)
        .symlink("bin/alias", "tool");
    ([base, top], seen)
}

#[test]
fn crane_appends_a_layer() {
    if !peers::are_here(&["crane", "curl"]) {
        return;
    }
    let ([base, top], seen) = layers("big");
    for desk in Desk::all() {
        desk.sandbox.write("base.tar", base.tar());
        desk.sandbox.write("top.tar.gz", top.tar_gzip());
        desk.sh("crane append --insecure -f base.tar -t $REGISTRY/tool:base
            crane append --insecure -b $REGISTRY/tool:base -f top.tar.gz -t $REGISTRY/tool:1.0.0");
        check(&desk, &seen);
    }
}

#[test]
fn skopeo_copies_a_layout() {
    if !peers::are_here(&["skopeo", "curl"]) {
        return;
    }
    let (layers, seen) = layers("big");
    for desk in Desk::all() {
        let layout = Layout::new(desk.folder().join("layout"));
        layout.tag(layout.image(OWN, &layers), "1.0.0");
        for format in ["oci", "v2s2"] {
            desk.sh(&format!(
                "skopeo --insecure-policy copy -q --dest-tls-verify=false --format {format} \
                     oci:layout:1.0.0 docker://$REGISTRY/tool:1.0.0"
            ));
            check(&desk, &seen);
        }
    }
}

/// Takes `opt/tool` of `tool:1.0.0`, and compares it with what is seen in the image.
pub(super) fn check(desk: &Desk, seen: &Tree) {
    let host = desk.host();
    let digest = desk.digest("tool", "1.0.0");
    let source = format!("image = \"{host}/tool\"\npaths = [\"opt/tool\"]\nstrip = 2");
    desk.formula("tool", &source, &format!("any = \"{digest}\""));
    let keg = desk.install("./tool.toml", "tool");
    desk.sandbox.write("seen.tar", seen.tar());
    desk.sh("rm -rf seen; mkdir seen; tar -xf seen.tar -C seen");
    assert_eq!(keg, desk.tree("seen"), "with {}", desk.registry.kind);
    assert_eq!(desk.sandbox.says("bin/tool"), "new\n");
    desk.sandbox.run("uninstall tool").ok();
}
