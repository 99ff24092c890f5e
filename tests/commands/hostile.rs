//! Archives that try to write elsewhere, and what their user reads; all rules are tested in `store`.

use test_registry::Layer;

use crate::support::{Sandbox, tree::Tree};

/// One header of a tar archive with its contents.
fn entry(flag: u8, name: &str, target: &str, body: &str) -> Vec<u8> {
    let mut block = [0_u8; 512];
    let mut put =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000755\0");
    put(124, &format!("{:011o}\0", body.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(157, target);
    put(257, "ustar\x0000");
    block[156] = flag;
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = block.to_vec();
    bytes.extend_from_slice(body.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str) -> Vec<u8> {
    entry(b'0', name, "", "#!/bin/sh\n")
}

fn link(name: &str, target: &str) -> Vec<u8> {
    entry(b'2', name, target, "")
}

/// Entries, and what the error says.
fn archives() -> Vec<(Vec<Vec<u8>>, &'static str)> {
    vec![
        (vec![file("bin/evil"), file("../../../../escape")], "parent-name"),
        (vec![file("/tmp/pkg-test-escape")], "absolute-name"),
        (vec![file("bin/evil"), file("bin/evil")], "equal-names"),
        (vec![file("bin/evil"), link("doc", "../../../../escape")], "leaves the keg"),
        (vec![link("d", "../../../.."), file("d/escape")], "`d/escape`"),
        (vec![file("bin/evil"), link("passwd", "/etc/passwd")], "`/etc/passwd`"),
        (vec![entry(b'1', "bin/evil", "/etc/passwd", "")], "hard-link"),
        (vec![entry(b'3', "dev/null", "", "")], "device"),
        (vec![file("bin/e\x1b[2Jvil")], "control-character"),
    ]
}

#[test]
fn a_hostile_archive_is_refused_with_its_reason_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    sandbox.run("install tool").ok();
    for (number, (entries, says)) in archives().into_iter().enumerate() {
        let mut tar = entries.concat();
        tar.resize(tar.len() + 1024, 0);
        let layer = Layer::new("application/vnd.oci.image.layer.v1.tar", tar);
        let digest = sandbox.registry().push_image("evil", &format!("1.0.{number}"), &[layer]);
        let host = sandbox.registry().host();
        sandbox.write(
            "../test/evil.toml",
            format!(
                "schema = 1\nname = \"evil\"\nsummary = \"A trap\"\nlicense = \"MIT\"\n\
                 [source]\noci = \"{host}/evil\"\n[version.\"1.0.{number}\"]\nany = \"{digest}\"\n"
            ),
        );
        let before = Tree::of(sandbox.home()).without(&[".cache", ".local/share/pkg/lock"]);
        let output = sandbox.run("install evil");
        assert_eq!(output.code, 1, "{says}: {output}");
        assert!(
            output.stderr.starts_with("error: ") && output.stderr.contains("`evil`"),
            "{output}"
        );
        assert!(
            output.stderr.contains(says) && !output.stderr.contains('\x1b'),
            "{says}: {output}"
        );
        let after = Tree::of(sandbox.home()).without(&[".cache", ".local/share/pkg/lock"]);
        let changes = before.changes_to(&after);
        assert!(changes.is_empty(), "{says}: {changes:?}");
    }
    assert!(!std::path::Path::new("/tmp/pkg-test-escape").exists());
}
