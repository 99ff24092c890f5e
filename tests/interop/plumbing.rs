//! `pkg oci` in the words of oras: the same bytes in the registry, and the same answers.

use super::{desk::Desk, peers, tree};

const CREATED: &str = "-a org.opencontainers.image.created=2026-01-02T03:04:05Z";

/// What both are asked to write, in their order; `R` is the registry.
const WRITES: &[&str] = &[
    "push R/a:1 hi.txt",
    "push R/a:2,3 hi.txt:text/plain made/secret -a x<y=a&b",
    "push R/a:4",
    "push R/a:5 --artifact-type application/vnd.acme.foo",
    "push R/a:6 hi.txt --config config.json:application/vnd.acme.config",
    "push R/a:7 hi.txt --config config.json:a/b --artifact-type a/c",
    "push R/a:8 hi.txt --artifact-platform linux/arm/v7",
    "push R/a:9 hi.txt --image-spec v1.0 --artifact-type a/b",
    "push R/a:10 ../desk/hi.txt --disable-path-validation",
    "attach R/a:1 hi.txt:text/x --artifact-type doc/example",
    "attach R/a:1 --artifact-type doc/other",
    "manifest push R/a:pushed,again manifest.json",
    "blob push R/b hi.txt",
];

/// What both are asked to tell.
const READS: &[&str] = &[
    "repo tags R/a",
    "repo tags R/a --format json",
    "resolve R/a:1",
    "resolve -l R/a:1",
    "manifest fetch R/a:1",
    "manifest fetch --pretty R/a:2",
    "manifest fetch --descriptor R/a:3",
    "manifest fetch --format json R/a:2",
    "manifest fetch-config R/a:8",
    "manifest fetch-config --pretty --descriptor R/a:8",
    "blob fetch --output - R/a@B",
    "discover R/a:1",
    "discover R/a:1 --format json",
    "discover R/a:1 --artifact-type doc/other",
    "pull R/a:2 -o out --format json",
];

/// What one of them prints for a verb.
fn printed(desk: &Desk, program: &str, words: &str) -> String {
    let blob = tree::digest(&desk.folder().join("hi.txt"));
    let words = words.replace("@B", &format!("@{blob}"));
    let words: Vec<_> =
        words.split(' ').map(|word| word.replacen("R/", &format!("{}/", desk.host()), 1)).collect();
    let words = shlex::try_join(words.iter().map(String::as_str)).unwrap();
    desk.sh(&format!("{program} {words} --plain-http"))
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines
}

fn digest_line(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("Digest: "))
}

/// The files that both push.
fn files(desk: &Desk) {
    desk.sandbox.write("hi.txt", "hi\n");
    desk.sandbox.write("config.json", "{\"a\":1}\n");
    desk.sandbox.write("made/secret", "s3cret\n");
    desk.sandbox.write("made/größe", "ä\n");
    desk.sandbox.write(&format!("made/{}/{}/f", "x".repeat(90), "y".repeat(120)), "long\n");
    desk.sh("printf '#!/bin/sh\\n' > made/run; chmod 755 made/run; chmod 600 made/secret
        mkdir made/empty; ln -s run made/link; touch -d 1969-12-31T00:00:00Z made/run");
}

#[test]
fn a_script_for_oras_changes_one_word() {
    if !peers::are_here(&["oras"]) {
        return;
    }
    for desk in Desk::all() {
        files(&desk);
        desk.sh(&format!(
            "oras push --plain-http $REGISTRY/a:0 hi.txt {CREATED} \
            --export-manifest manifest.json"
        ));
        for words in WRITES {
            let created = if words.contains("push R/a:") && !words.starts_with("manifest")
                || words.starts_with("attach")
            {
                format!(" {CREATED}")
            } else {
                String::new()
            };
            let words = format!("{words}{created}");
            let [theirs, ours] = ["oras", "pkg oci"].map(|it| printed(&desk, it, &words));
            assert!(digest_line(&ours).is_some(), "{words}: {ours}");
            assert_eq!(digest_line(&theirs), digest_line(&ours), "{words}");
        }
        for words in READS {
            let [theirs, ours] = ["oras", "pkg oci"].map(|it| printed(&desk, it, words));
            if words.starts_with("repo tags") {
                // One registry tells its tags in no order; `pkg` sorts them.
                assert_eq!(sorted(&theirs), sorted(&ours), "{words}");
                continue;
            }
            assert_eq!(theirs, ours, "{words}");
        }
        desk.sh("for copy in 'oras cp' 'pkg oci cp'; do
            $copy --from-plain-http --to-plain-http $REGISTRY/a:1 $REGISTRY/copy:1,2
            $copy -r --from-plain-http --to-oci-layout $REGISTRY/a:1 layout:1
            $copy --from-oci-layout --to-plain-http layout:1 $REGISTRY/copy:3
        done
        for tag in 'oras tag' 'pkg oci tag'; do $tag --plain-http $REGISTRY/copy:1 4 5; done");
        for tag in ["1", "2", "3", "4", "5"] {
            assert_eq!(desk.digest("copy", tag), desk.digest("a", "1"), "{tag}");
        }
    }
}

#[test]
fn folders_are_the_same_archive_and_come_back_whole() {
    if !peers::are_here(&["oras", "jq"]) {
        return;
    }
    for desk in Desk::all() {
        files(&desk);
        desk.sh(&format!(
            "oras push --plain-http $REGISTRY/f:oras made {CREATED} --export-manifest oras.json
            pkg oci push $REGISTRY/f:pkg made {CREATED} --export-manifest pkg.json
            for one in oras pkg; do
                jq 'del(.layers[].digest, .layers[].size)' $one.json > $one.txt
            done
            cmp oras.txt pkg.txt
            oras pull --plain-http $REGISTRY/f:pkg -o by-oras
            pkg oci pull $REGISTRY/f:oras -o by-pkg"
        ));
        let origin = desk.tree("made");
        for folder in ["by-oras/made", "by-pkg/made"] {
            assert_eq!(desk.tree(folder), origin, "{folder}");
        }
        let modes = |folder: &str| tree::modes(&desk.folder().join(folder));
        assert_eq!(modes("by-pkg/made"), modes("made"));
    }
}
