//! An image that podman holds and pushes.

use super::{
    desk::Desk,
    image,
    layout::{Layout, OWN},
    peers,
};

/// Podman in a home of its own; `vfs` needs nothing of the kernel.
const PODMAN: &str = "podman --root $HOME/podman/root --runroot $HOME/podman/run \
     --storage-driver vfs --cgroup-manager cgroupfs --events-backend none";

/// The same by skopeo's folders, for a machine on which podman may not do what it needs.
const SKOPEO: &str = "skopeo --insecure-policy copy -q oci:layout:1.0.0 dir:held
    skopeo --insecure-policy copy -q --dest-tls-verify=false \
        dir:held docker://$REGISTRY/tool:1.0.0";

#[test]
fn pushes_an_image() {
    if !peers::are_here(&["podman", "curl"]) {
        return;
    }
    let (layers, seen) = image::layers();
    for desk in Desk::all() {
        let layout = Layout::new(desk.folder().join("layout"));
        layout.tag(layout.image(OWN, &layers), "1.0.0");
        let works = desk.shell(&format!("{PODMAN} info")).output().unwrap().status.success();
        if works {
            desk.sh(&format!(
                "{PODMAN} pull -q oci:layout:1.0.0
                {PODMAN} tag $({PODMAN} images -q) $REGISTRY/tool:1.0.0
                {PODMAN} push -q --tls-verify=false $REGISTRY/tool:1.0.0"
            ));
        } else if peers::is_here("skopeo") {
            peers::say("podman does not work here; skopeo pushes in its place");
            desk.sh(SKOPEO);
        } else {
            return;
        }
        image::check(&desk, &seen);
    }
}
