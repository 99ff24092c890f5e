//! An image that podman holds and pushes.

use super::{
    desk::Desk,
    image,
    layout::{Layout, OWN},
    peers,
};
use crate::support::say;

/// Podman in a home of its own; `vfs` needs nothing of the kernel.
pub(super) const PODMAN: &str = "podman --root $HOME/podman/root --runroot $HOME/podman/run \
     --storage-driver vfs --cgroup-manager cgroupfs --events-backend none";

/// The same by skopeo's folders, for a machine on which podman may not do what it needs.
const SKOPEO: &str = "skopeo --insecure-policy copy -q oci:layout:1.0.0 dir:held
    skopeo --insecure-policy copy -q --dest-tls-verify=false \
        dir:held docker://$REGISTRY/tool:1.0.0";

/// How podman compresses layers; the last one is zstd whose frames can be read by themselves.
const FORMATS: [(&str, &str); 3] =
    [("gzip", "tar+gzip"), ("zstd", "tar+zstd"), ("zstd:chunked", "tar+zstd")];

/// Whether podman is here and does what it needs; says so where it does not.
pub(super) fn works(desk: &Desk) -> bool {
    if !peers::is_here("podman") {
        return false;
    }
    let works = desk.shell(&format!("{PODMAN} info")).output().unwrap().status.success();
    if !works {
        say("podman does not work here");
    }
    works
}

#[test]
fn pushes_an_image() {
    if !peers::are_here(&["podman", "curl"]) {
        return;
    }
    for desk in Desk::all() {
        let works = works(&desk);
        if !works && !peers::is_here("skopeo") {
            return;
        }
        if !works {
            say("skopeo pushes in its place");
        }
        for (format, media_type) in FORMATS {
            // Other layers each time, else podman takes those that the registry has.
            let (layers, seen) = image::layers(format);
            desk.sh("rm -rf layout held");
            let layout = Layout::new(desk.folder().join("layout"));
            layout.tag(layout.image(OWN, &layers), "1.0.0");
            let push = format!(
                "{PODMAN} tag $({PODMAN} pull -q oci:layout:1.0.0) $REGISTRY/tool:1.0.0
                {PODMAN} push -q --tls-verify=false --format oci \
                    --compression-format {format} $REGISTRY/tool:1.0.0"
            );
            desk.sh(if works { &push } else { SKOPEO });
            let manifest = desk.manifest("tool", "1.0.0");
            assert!(!works || manifest.contains(media_type), "{format}: {manifest}");
            image::check(&desk, &seen);
        }
    }
}
