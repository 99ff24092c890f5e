//! A Helm chart, which lies under `share/<name>` once it is installed.

use super::{desk::Desk, peers, tree};

#[test]
fn lies_below_share() {
    if !peers::are_here(&["helm"]) {
        return;
    }
    for desk in Desk::all() {
        desk.sandbox.write(
            "demo/Chart.yaml",
            "apiVersion: v2\nname: demo\nversion: 0.1.0+build.7\ndescription: A chart of a test\n",
        );
        desk.sandbox.write("demo/values.yaml", "replicas: 2\n");
        desk.sandbox.write(
            "demo/templates/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n\
             data: {replicas: \"{{ .Values.replicas }}\"}\n",
        );
        desk.sh("helm package demo; helm push demo-*.tgz oci://$REGISTRY/charts --plain-http");
        // Helm writes `+` as `_` in a tag.
        let spec = format!("oci://{}/charts/demo:0.1.0_build.7", desk.host());
        let keg = desk.install(&spec, "demo");
        // Helm writes Chart.yaml anew when it packs: the archive is the origin.
        desk.sh("mkdir packed; tar -xzf demo-*.tgz -C packed");
        assert_eq!(tree::moved(&keg, "share/", ""), desk.tree("packed"));
        assert_eq!(keg.len(), 3, "nothing lies elsewhere: {keg:?}");
        let below = |tree, path: &str| tree::moved(&tree, path, "");
        for path in ["values.yaml", "templates/"] {
            assert_eq!(
                below(keg.clone(), &format!("share/demo/{path}")),
                below(desk.tree("demo"), path)
            );
        }
    }
}
