//! The ids of kegs are the same for ever: another id would be another keg of everything that is
//! installed, for no change that anybody made.

use catalog::Shape;
use digest::Digest;
use formula::{Annotation, Defaults, Extent, Formula, Relocations};

use super::*;

/// What each kind of source may say beside its place, and what a version of it pins.
const SOURCES: [(&str, &str, &str); 10] = [
    ("nothing but a file", "file = 'x'", "any = '@'"),
    (
        "a file",
        "file = 'x.tar'\nstrip = 1\nformat = 'tar'\nexternal-links = ['/usr/share/x']",
        "linux-amd64 = '@'",
    ),
    (
        "http",
        "http = 'https://example.org/x'\nmirrors = ['https://example.com/x']\nstrip = 2\n\
         format = 'tar.xz'\nexternal-links = ['/a', '/b']",
        "linux-amd64 = '@'",
    ),
    (
        "github",
        "github = 'a/b'\nasset = 'x'\ntag = 'v{version}'\nstrip = 0\nformat = 'zip'\n\
         mirrors = ['https://example.com/x']\nexternal-links = ['/a']",
        "linux-amd64 = '@'",
    ),
    (
        "oci, an index",
        "oci = 'example.org/a'\ntag = 'v{version}'\nstrip = 1\nformat = 'tar.gz'\n\
         external-links = ['/a']",
        "index = '@'",
    ),
    ("oci, a manifest", "oci = 'example.org/a'\nformat = 'raw'", "linux-amd64 = '@'"),
    (
        "image",
        "image = 'example.org/a'\ntag = 'x'\nstrip = 1\npaths = ['usr/bin/x', 'usr/lib/x/{version}']\n\
         external-links = ['/a']",
        "index = '@'",
    ),
    (
        "git",
        "git = 'https://example.org/a.git'\ntag = 'v{version}'\nstrip = 1\n\
         external-links = ['/a']",
        "source = '@'\ncommit = '0123456789012345678901234567890123456789'",
    ),
    ("bottle", "bottle = 'x'", "linux-amd64 = '@'"),
    ("a build", "file = 'x'\nstrip = 1\n\n[build]\nsteps = ['make']", "source = '@'"),
];

/// Everything else that an id is made of, and what it is not made of.
const REST: &str = r#"
[depends]
base  = { version = "1", slot = "1" }
other = "*"

[expose]
bin         = { tool = "bin/tool-{version}", also = "bin/tool-{version}" }
man         = ["share/man/man1/tool.1"]
completions = { bash = { tool = "c.bash" }, zsh = ["c/_tool"], fish = "c/tool.fish" }
lib         = ["lib/*.so"]
include     = "include"
share       = ["share/tool", "share/doc"]
etc         = { "tool.conf" = "etc/sample.conf" }
wrap        = true

[env]
TOOL_HOME = "{keg}/share"
TOOL_BASE = "{dep:base}"

[[setup]]
mkdir      = "{var}/tool"
mode       = "0750"
if-missing = "{etc}/tool.conf"

[[setup]]
copy = "etc/sample.conf"
to   = "{etc}/tool.conf"
keep = true

[[setup]]
write     = "{etc}/tool.d/x"
text      = "home = {keg}\n"
mode      = "0644"
if-exists = "{prefix}/bin/tool"

[[setup]]
symlink = "{etc}/tool.d/y"
to      = "{keg}/etc/y"

[[setup]]
replace = "{etc}/tool.conf"
with    = { "@HOME@" = "{keg}", "@DATA@" = "{var}" }

[[setup]]
chmod = "{etc}/tool.conf"
mode  = "0600"

[[setup]]
cache = "fontconfig"
"#;

fn digest() -> Digest {
    Digest::sha256(b"the bytes")
}

fn resolved(source: &str, pins: &str, rest: &str) -> Resolved {
    let pins = pins.replace('@', digest().as_str());
    let text = format!(
        "schema = 1\nname = 'tool'\nsummary = 'An example'\nlicense = 'MIT'\n\n[source]\n{source}\n\
         {rest}\n[version.'1.2.3']\nrevision = 4\n{pins}\n"
    );
    let formula = Formula::parse(&text, "tool.toml", &Defaults::none());
    let formula = formula.unwrap_or_else(|report| panic!("{}", report.render(false)));
    let platform = "linux-amd64-gnu".parse().unwrap();
    formula.resolve(&formula.releases()[0].version, &platform).unwrap()
}

/// What identifies a package: a heading, the folder, and the JSON.
fn told(name: &str, package: &Resolved, artifact: &Artifact) -> String {
    let base = Keg {
        name: "base".to_owned(),
        slot: Some("1".to_owned()),
        tap: "core".to_owned(),
        version: "1.5.0".to_owned(),
        revision: 0,
        leaf: "1.5.0-0123456789ab".to_owned(),
        keg_only: None,
        linked: true,
    };
    let kegs = [base];
    let leaf = leaf(package, artifact, "/srv/pkg", &kegs);
    let json = String::from_utf8(canonical(package, artifact, "/srv/pkg", &kegs)).unwrap();
    format!("{name}\n{leaf}\n{json}\n\n")
}

fn artifact(annotation: Option<Annotation>) -> Artifact {
    Artifact { digest: digest(), layers: Vec::new(), shape: Shape::Joined, annotation }
}

#[test]
fn the_id_of_a_keg_is_fixed() {
    let mut all = String::new();
    for (name, source, pins) in SOURCES {
        let rest = if name.starts_with("nothing") { "" } else { REST };
        all += &told(name, &resolved(source, pins, rest), &artifact(None));
    }
    let package = resolved(SOURCES[0].1, SOURCES[0].2, "");
    let relocations = Relocations::File(Relocations::PATH.to_owned());
    let extent = Extent { unpacked_size: 1, entries: 1 };
    let said = Annotation::about(&package, extent, relocations);
    all += &told("files that are written for the root", &package, &artifact(Some(said)));
    assert_eq!(all, include_str!("fixed.txt"), "see above: mend the code, not the file");
}
