//! What `pkg publish` put into a registry, read by clients of others: equal files, equal modes.

use std::fmt;

use test_registry::Tree;

use super::{desk::Desk, layout::OWN, maker::Maker, peers, podman, tree};
use crate::support::{noise, skipped};

/// The programs that a way of reading needs, and its script.
///
/// It leaves the files of `$PACKAGE` for `$ARCH` in the empty folder `seen`; `$UNPACK` unpacks its
/// layers.
type Reader = (&'static [&'static str], &'static str);

const READERS: [Reader; 4] = [
    (
        &["oras", "tar", "zstd"],
        "oras pull --plain-http --platform linux/$ARCH -o pulled $PACKAGE
        $UNPACK pulled/tool-*-linux-$ARCH.tar.*",
    ),
    (
        &["crane", "tar"],
        "crane export --insecure --platform linux/$ARCH $PACKAGE - | tar -xp -C seen",
    ),
    (
        // Umoci 0.4 reads no zstd: skopeo compresses anew for it what is not gzip.
        &["skopeo", "umoci"],
        "skopeo --insecure-policy copy -q --src-tls-verify=false --override-arch $ARCH \
            docker://$PACKAGE oci:copy:tool
        skopeo --insecure-policy copy -q --dest-compress --dest-compress-format gzip \
            oci:copy:tool oci:gzip:tool
        umoci unpack --rootless --image gzip:tool bundle
        mv bundle/rootfs/* seen",
    ),
    (
        &["regctl", "tar", "zstd"],
        "host=\"--host reg=$REGISTRY,tls=disabled\"
        layer=$(regctl manifest get $host --platform linux/$ARCH $PACKAGE \
            --format '{{(index .Layers 0).Digest}}')
        regctl blob get $host ${PACKAGE%:*} $layer >layer
        $UNPACK layer",
    ),
];

/// A container of the image is only made, not started.
const PODMAN: &str = "$PODMAN pull -q --tls-verify=false --platform linux/$ARCH $PACKAGE
    container=$($PODMAN create $PACKAGE /bin/tool)
    $PODMAN export $container | tar -xp -C seen
    $PODMAN rm $container";

/// A version, how it is published, and how its layers are unpacked into `seen`.
const FORMATS: [(&str, &str, &str); 2] =
    [("1.0.0", "", "tar --zstd -xp -C seen -f"), ("2.0.0", "--gzip", "tar --gzip -xp -C seen -f")];

const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// Files of several kinds.
fn content(architecture: &str) -> Tree {
    Tree::new()
        .file("bin/tool", format!("#!/bin/sh\necho runs on {architecture}\n"), 0o755)
        .symlink("bin/also", "tool")
        .file("share/tool/empty", "", 0o644)
        .file("share/tool/deep/er/notes.txt", architecture.repeat(1000), 0o644)
        .file("share/tool/big", noise(7, 3 << 20), 0o644)
        .symlink("share/tool/program", "../../bin/tool")
}

/// One reading of one package on one desk.
struct Case<'a> {
    desk: &'a Desk,
    version: &'a str,
    architecture: &'a str,
    script: &'a str,
    unpack: &'a str,
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { desk, version, architecture, script, .. } = self;
        write!(f, "{version} for {architecture} on {} by {script}", desk.registry.kind)
    }
}

impl Case<'_> {
    fn check(&self) {
        let Self { desk, version, architecture, script, unpack } = self;
        let package = format!("{}/acme/tool:{version}", desk.host());
        desk.sh(&format!(
            "export ARCH={architecture} PACKAGE={package} UNPACK='{unpack}' PODMAN='{}'
            rm -rf seen copy gzip bundle pulled; mkdir seen
            {script}",
            podman::PODMAN
        ));
        let expected = format!("packed-{version}-{architecture}");
        assert_eq!(desk.tree("seen"), desk.tree(&expected), "{self}");
        let modes = |folder: &str| tree::modes(&desk.folder().join(folder));
        assert_eq!(modes("seen"), modes(&expected), "{self}");
        if *architecture == OWN {
            assert_eq!(
                desk.sh("seen/bin/tool; seen/bin/also"),
                format!("runs on {OWN}\n").repeat(2)
            );
        }
    }
}

/// A desk whose registry has the package in each format.
fn published(desk: &Desk) {
    let maker = Maker::new(&desk.sandbox, format!("{}/acme", desk.host()));
    let folders = ARCHITECTURES.map(|name| (name, content(name)));
    let folders = folders.each_ref().map(|(name, tree)| (*name, tree));
    for (version, more, _) in FORMATS {
        maker.version(version, &folders);
        let answer = maker.publish(version, more);
        assert_eq!(answer["platforms"].as_array().unwrap().len(), 2);
        assert!(answer["sent_bytes"].as_u64().unwrap() > 6 << 20, "{answer}");
        for name in ARCHITECTURES {
            desk.sh(&format!(
                "mkdir packed-{version}-{name}
                tar -xp -C packed-{version}-{name} -f tap/tool-{version}-{name}.tar"
            ));
        }
    }
}

#[test]
fn clients_of_others_find_equal_files() {
    if !peers::are_here(&["tar"]) {
        return;
    }
    let readers = READERS.iter().filter(|(programs, _)| peers::are_here(programs));
    let readers: Vec<_> = readers.map(|(_, script)| *script).collect();
    for desk in Desk::all() {
        published(&desk);
        let podman = podman::works(&desk).then_some(PODMAN);
        for script in readers.iter().copied().chain(podman) {
            for (version, _, unpack) in FORMATS {
                for architecture in ARCHITECTURES {
                    Case { desk: &desk, version, architecture, script, unpack }.check();
                }
            }
        }
        if peers::is_here("skopeo") {
            inspect(&desk);
        }
    }
}

fn inspect(desk: &Desk) {
    for architecture in ARCHITECTURES {
        let said = desk.sh(&format!(
            "skopeo inspect --tls-verify=false --override-arch {architecture} \
                docker://$REGISTRY/acme/tool:1.0.0"
        ));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["Architecture"], architecture);
        assert_eq!(said["Digest"], desk.digest("acme/tool", "1.0.0").as_str());
        assert_eq!(said["Layers"].as_array().unwrap().len(), 1);
    }
}

/// Podman with a storage that takes parts of layers, which only overlay can.
const CHUNKED: &str = r#"
cat >storage.conf <<END
[storage]
driver = "overlay"
graphroot = "$HOME/chunked/root"
runroot = "$HOME/chunked/run"
[storage.options]
pull_options = {enable_partial_images = "true"}
END
export CONTAINERS_STORAGE_CONF=$PWD/storage.conf
podman="podman --cgroup-manager cgroupfs --events-backend none"
$podman info >info || { echo no overlay; exit; }
"#;

/// The layer's table of contents is named by the annotations' former names as well: podman 4.3
/// knows no others, and the table itself is the same.
const PARTS: &str = r#"
tag=$(curl -f http://$REGISTRY/v2/acme/tool/tags/list | jq -r '.tags[]' | grep "^1.0.0.linux-$ARCH")
curl -f -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    http://$REGISTRY/v2/acme/tool/manifests/$tag \
    | sed 's/io\.github\.containers\.zstd-chunked/io.containers.zstd-chunked/g' >manifest
curl -f -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
    --data-binary @manifest http://$REGISTRY/v2/acme/tool/manifests/parts
$podman --log-level debug pull --tls-verify=false $REGISTRY/acme/tool:parts >log 2>&1
grep -o 'Retrieved partial blob' log
mount=$($podman image mount $REGISTRY/acme/tool:parts)
mkdir seen
cp -a $mount/. seen
$podman image umount -a >/dev/null
"#;

#[test]
fn podman_takes_the_parts_of_a_layer() {
    if !peers::are_here(&["podman", "curl", "jq", "tar"]) {
        return;
    }
    for desk in Desk::all() {
        // One that is not the system's user cannot mount: it is said, as podman says it.
        let can = desk.shell(&format!("{CHUNKED} [ $(id -u) = 0 ]")).output().unwrap();
        if !can.status.success() || !can.stdout.is_empty() {
            skipped("podman has no overlay here");
            return;
        }
        published(&desk);
        assert_eq!(
            desk.sh(&format!("{CHUNKED} ARCH={OWN}\n{PARTS}")),
            "Retrieved partial blob\n",
            "{}",
            desk.registry.kind
        );
        assert_eq!(desk.tree("seen"), desk.tree(&format!("packed-1.0.0-{OWN}")));
    }
}
