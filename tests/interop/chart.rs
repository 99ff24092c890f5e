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

/// A chart that is packed and signed by nobody, and what its description says.
fn packed(desk: &Desk) {
    desk.sandbox.write(
        "demo/Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 0.1.0+build.7\nappVersion: \"7\"\ntype: application\n\
         description: A chart & <more>\nkeywords: [a, b]\nhome: https://demo.example/\n\
         sources: [https://src.example/demo]\nmaintainers:\n  - {name: Someone, email: s@example.org}\n\
         annotations: {k: v}\nkubeVersion: \">=1.20.0-0\"\n",
    );
    desk.sandbox.write(
        "demo/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\ndata: {replicas: \"2\"}\n",
    );
    desk.sh("helm package demo; echo signed > demo-0.1.0+build.7.tgz.prov");
}

#[test]
fn is_pushed_as_helm_pushes_it() {
    if !peers::are_here(&["helm"]) {
        return;
    }
    for desk in Desk::all() {
        packed(&desk);
        desk.sh("helm push demo-0.1.0+build.7.tgz oci://$REGISTRY/helm --plain-http
            pkg oci push $REGISTRY/pkg/demo demo-0.1.0+build.7.tgz");
        let tag = "0.1.0_build.7";
        assert_eq!(desk.manifest("pkg/demo", tag), desk.manifest("helm/demo", tag));
        let words = "oci://$REGISTRY/pkg/demo --version 0.1.0+build.7 --plain-http";
        desk.sh(&format!(
            "mkdir pulled; cd pulled; helm pull {words} --prov
            cmp demo-0.1.0+build.7.tgz ../demo-0.1.0+build.7.tgz
            cmp demo-0.1.0+build.7.tgz.prov ../demo-0.1.0+build.7.tgz.prov"
        ));
        for verb in ["template", "install --dry-run=client"] {
            let rendered = desk.sh(&format!("helm {verb} release {words}"));
            assert!(rendered.contains("kind: ConfigMap"), "{verb}: {rendered}");
        }
        desk.sh("pkg oci manifest config $REGISTRY/helm/demo:0.1.0_build.7 > config.json
            pkg oci push $REGISTRY/by-hand/demo:0.1.0_build.7 \
                --config config.json:application/vnd.cncf.helm.config.v1+json \
                demo-0.1.0+build.7.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip
            pkg promote oci://$REGISTRY/helm/demo:0.1.0_build.7 oci://$REGISTRY/promoted/demo
            pkg oci copy $REGISTRY/helm/demo:0.1.0_build.7 $REGISTRY/copied/demo:0.1.0_build.7");
        for repository in ["by-hand", "promoted", "copied"] {
            let words = words.replace("/pkg/", &format!("/{repository}/"));
            let rendered = desk.sh(&format!("helm template release {words}"));
            assert!(rendered.contains("kind: ConfigMap"), "{repository}: {rendered}");
        }
    }
}

#[test]
fn keeps_its_provenance_and_is_needed_by_a_formula() {
    if !peers::are_here(&["helm"]) {
        return;
    }
    for desk in Desk::all() {
        packed(&desk);
        desk.sh("helm push demo-0.1.0+build.7.tgz oci://$REGISTRY/charts --plain-http
            echo site > site.txt; pkg oci push $REGISTRY/site:1.0.0 site.txt");
        let host = desk.host();
        let formula = |name: &str, place: &str, version: &str, tag: &str, rest: &str| {
            let digest = desk.digest(place, tag);
            let text = format!(
                "schema = 1\nname = \"{name}\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n\
                 [source]\noci = \"{host}/{place}\"\ntag = \"{tag}\"\n\n{rest}\
                 [version.\"{version}\"]\nany = \"{digest}\"\n"
            );
            desk.sandbox.write(&format!("tap/{name}.toml"), text);
        };
        formula("demo", "charts/demo", "0.1.0+build.7", "0.1.0_build.7", "");
        formula("site", "site", "1.0.0", "1.0.0", "[depends]\ndemo = \">=0.1\"\n\n");
        desk.sandbox.run("tap add tap").ok();
        desk.sandbox.run("install site").ok();
        let keg = desk.keg("demo");
        let origin = tree::digest(&desk.folder().join("demo-0.1.0+build.7.tgz.prov"));
        assert_eq!(keg["share/demo.prov"], origin);
        let rendered = desk.sh("helm template release \"$(pkg prefix demo)/share/demo\"");
        assert!(rendered.contains("kind: ConfigMap"), "{rendered}");
        let inspected = desk.sh("pkg inspect oci://$REGISTRY/charts/demo:0.1.0_build.7");
        assert!(inspected.contains("Helm chart demo 0.1.0+build.7"), "{inspected}");
    }
}
