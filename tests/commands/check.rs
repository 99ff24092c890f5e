//! `check`: a mistake of each code with its file, line, mark and help.

use crate::support::Sandbox;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const SOURCE: &str = "[source]\nhttp = 'https://example.org/x'\n";

/// A code, the line of the mistake, and the formula after its first four lines, with a version.
///
/// `SOURCE` stands for a plain source.
const BROKEN: &[(&str, usize, &str)] = &[
    ("F001", 5, "zzz = 1\nSOURCE"),
    ("F002", 7, "SOURCEasset = 'x.tar.gz'\n"),
    ("F003", 8, "SOURCE[[when]]\nplatform = 'darwin'\nkeg-only = 'why'\n"),
    ("F004", 7, "SOURCE[version.'1.1.1w']\nany = 'DIGEST'\n"),
    ("F005", 8, "SOURCE[version.'1.0.0']\nany = 'md5:d41d8cd98f00b204e9800998ecf8427e'\n"),
    ("F006", 7, "SOURCE[version.'1.0.0']\nindex = 'DIGEST'\n"),
    ("F007", 6, "[source]\nhttp = 'https://example.org/{verison}'\n"),
    ("F008", 6, "[source]\nhttp = 'https://example.org/{word}'\n[vars.word]\nmacos = 'mac'\n"),
    ("F009", 8, "SOURCE[expose]\nbin = ['../../bin/sh']\n"),
    ("F010", 5, "aliases = ['B']\nSOURCE"),
    ("F011", 8, "SOURCE[[when]]\nlicense = 'Apache 2'\nplatform = 'linux'\n"),
    ("F012", 8, "SOURCE[depends]\njq = '1.*'\n"),
    ("F013", 9, "SOURCE[[when]]\nplatform = 'linux'\nversioning = 'loose'\n"),
    ("F014", 6, "[source]\nhttp = 'http://example.org/x'\n"),
    ("F015", 7, "SOURCE[[setup]]\nmkdir = '{var}/x'\nchmod = '{var}/x'\n"),
    ("F016", 5, "depends = { openssk = '3' }\nSOURCE"),
    ("F017", 5, "depends = { x = '*' }\nSOURCE"),
];

#[test]
fn each_code_is_shown_with_file_line_mark_and_help() {
    for (code, line, body) in BROKEN {
        let sandbox = Sandbox::new();
        let version = if body.contains("[version.") {
            ""
        } else {
            "[version.'1.0.0']\nlinux-amd64 = 'DIGEST'\n"
        };
        let text = format!(
            "schema = 1\nname = \"x\"\nsummary = \"An example\"\nlicense = \"MIT\"\n{body}{version}"
        );
        let text = text.replace("SOURCE", SOURCE).replace("DIGEST", DIGEST);
        sandbox.write("tap/x.toml", text);
        // What only a whole tap can tell is asked of the folder.
        let path = if *code < "F016" { "tap/x.toml" } else { "tap" };
        let output = sandbox.run(&format!("check {path}"));
        assert_eq!(output.code, 1, "{code}: {output}");
        let place = format!("tap/x.toml:{line}:");
        let is_meant =
            |block: &&str| block.starts_with(&format!("error[{code}]: ")) && block.contains(&place);
        let block = output.stdout.split("\n\n").find(is_meant);
        let block = block.unwrap_or_else(|| panic!("{code}: {output}"));
        assert!(block.contains('^') && block.contains("= help: "), "{code}: {block}");
        assert!(output.stderr.starts_with("error: "), "{code}: {output}");
    }
}
