use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{Code, Defaults, Formula};

const FILE: &str = r#"# The tool of tools.

schema  = 1
name    = "tool"
summary = "An example"
license = "MIT"

[source]
http = "https://example.org/{version}-{os}.tar.gz"  # not the mirror

# Newest first.

# This one is fine.
[version."2.0.0"]
date        = 2026-05-01
linux-amd64 = "sha256:2222222222222222222222222222222222222222222222222222222222222222" # was 3
macos-arm64 = "sha256:3333333333333333333333333333333333333333333333333333333333333333"

[version."1.0.0"]
any = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
"#;

fn digest(digit: char) -> Digest {
    format!("sha256:{}", String::from(digit).repeat(64)).parse().unwrap()
}

/// The text with every digest as the digit that it repeats.
fn short(text: &str) -> String {
    let digits = regex::Regex::new("(sha256:.)[0-9a-f]{63}").unwrap();
    digits.replace_all(text, "$1").into_owned()
}

fn edited(text: &str, edit: impl FnOnce(&mut Edit) -> Result<(), Error>) -> String {
    let mut document = Edit::new(text, "tool.toml").unwrap();
    edit(&mut document).unwrap();
    let text = document.to_string();
    Formula::parse(&text, "tool.toml", &Defaults::none())
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
    text
}

fn add(text: &str, version: &str, keys: &str) -> String {
    let digests = keys.split_whitespace().map(|key| (key.parse().unwrap(), digest('a')));
    let facts = Facts {
        date: Some("2026-06-01".to_owned()),
        digests: digests.collect(),
        ..Facts::default()
    };
    edited(text, |edit| edit.set_version(version, Scheme::Semver, &facts))
}

#[test]
fn nothing_edited_is_nothing_changed() {
    assert_eq!(Edit::new(FILE, "tool.toml").unwrap().to_string(), FILE);
}

#[test]
fn a_new_version_comes_first_and_comments_stay() {
    let text = add(FILE, "2.1.0", "macos-arm64 linux-riscv64-gnu");
    let below = &text[text.find("# Newest").unwrap()..];
    assert_snapshot!(short(below), @r#"
    # Newest first.

    [version."2.1.0"]
    date              = 2026-06-01
    macos-arm64       = "sha256:a"
    linux-riscv64-gnu = "sha256:a"

    # This one is fine.
    [version."2.0.0"]
    date        = 2026-05-01
    linux-amd64 = "sha256:2" # was 3
    macos-arm64 = "sha256:3"

    [version."1.0.0"]
    any = "sha256:1"
    "#);
    assert!(text.starts_with(&FILE[..FILE.find("# Newest").unwrap()]));
}

#[test]
fn a_version_comes_where_the_order_of_the_file_wants_it() {
    let order = |text: &str| {
        let heads = text.lines().filter_map(|line| line.strip_prefix("[version.\""));
        heads.map(|head| head.trim_end_matches("\"]").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let after = |text: &str, version: &str| order(&add(text, version, "any"));
    assert_eq!(after(FILE, "1.5.0"), "2.0.0 1.5.0 1.0.0");
    assert_eq!(after(FILE, "0.5.0"), "2.0.0 1.0.0 0.5.0");
    let (head, versions) = FILE.split_at(FILE.find("# Newest").unwrap());
    let last = versions.find("[version.\"1").unwrap();
    let rising = format!("{head}{}\n{}", &versions[last..], &versions[..last]);
    assert_eq!(order(&rising), "1.0.0 2.0.0");
    assert_eq!(after(&rising, "3.0.0"), "1.0.0 2.0.0 3.0.0");
    assert_eq!(after(&rising, "1.5.0"), "1.0.0 1.5.0 2.0.0");
    let only = &FILE[..FILE.find("[version.\"1").unwrap()];
    assert_eq!(after(only, "3.0.0"), "3.0.0 2.0.0");
    let with_end = format!("{FILE}\n[update]\nnone = true\n");
    assert!(add(&with_end, "0.1.0", "any").ends_with("\n[update]\nnone = true\n"));
    let none = edited(FILE, |edit| {
        edit.remove_version("2.0.0")?;
        edit.remove_version("1.0.0")?;
        edit.set_version(
            "3.0.0",
            Scheme::Semver,
            &Facts { source: Some(digest('b')), ..Facts::default() },
        )
    });
    assert_eq!(order(&none), "3.0.0");
}

#[test]
fn facts_come_change_and_go() {
    let yanked = edited(FILE, |edit| {
        edit.set_package("2.0.0", &digest('e'))?;
        edit.set_yanked("2.0.0", Some("eats \"files\""))?;
        edit.set_revision("2.0.0", 2)?;
        edit.set_package("2.0.0", &digest('f'))
    });
    assert_snapshot!(short(&yanked[yanked.find("# This").unwrap()..]), @r#"
    # This one is fine.
    [version."2.0.0"]
    revision    = 2
    date        = 2026-05-01
    linux-amd64 = "sha256:2" # was 3
    macos-arm64 = "sha256:3"
    package     = "sha256:f"
    yanked      = 'eats "files"'

    [version."1.0.0"]
    any = "sha256:1"
    "#);
    let back = edited(&yanked, |edit| {
        edit.set_yanked("2.0.0", None)?;
        edit.set_revision("2.0.0", 0)?;
        edit.set_version(
            "1.0.0",
            Scheme::Semver,
            &Facts { digests: vec![(Key::Any, digest('c'))], ..Facts::default() },
        )
    });
    assert!(!back.contains("yanked") && !back.contains("revision"));
    assert!(short(&back).ends_with("[version.\"1.0.0\"]\nany = \"sha256:c\"\n"));
}

#[test]
fn what_cannot_be_edited_is_said() {
    let error = |text: &str, version: &str| {
        let edit =
            Edit::new(text, "tool.toml").and_then(|mut edit| edit.set_yanked(version, Some("why")));
        edit.unwrap_err().to_string()
    };
    assert_snapshot!(error(FILE, "9"), @"the formula has no version `9`");
    assert_snapshot!(error("version.\"1\".any = 'x'", "1"), @r#"version `1` is no table of its own: write it as `[version."1"]`"#);
    assert_snapshot!(error("version = { \"1\" = {} }", "1"), @r#"version `1` is no table of its own: write it as `[version."1"]`"#);
    assert_snapshot!(error("a = ", "1"), @"the formula cannot be read");
}

/// Everything that can be out of form.
const CROOKED: &str = r#"

license="MIT"   # SPDX
  schema = 1

# what it is
name = "tool"


summary = "x"
[version."1.0.0"]
yanked = "no"
linux-amd64 = "sha256:1"
date = 2026-05-01
# about the source
  [source]   # where
tag = "v{version}"
github = "a/b"
asset = "c"

[[when]]
expose = { man = ["a.1"], bin = ["a"] }
version = "<1"
[[when]]
[when.source]
tag = "x"
[[when]]
platform = "macos"
keg-only = "why"
[expose.completions]
bash = "c.bash"
[expose]
man = ["a.1"]
bin = [
  "a",   # the tool
  "b",
]
[test]
run = "a"
# the end
"#;

#[test]
fn the_canonical_form() {
    let formatted = canonical(CROOKED, "tool.toml").unwrap();
    assert_snapshot!(formatted, @r#"
    schema = 1

    # what it is
    name = "tool"

    summary = "x"

    license = "MIT"   # SPDX

    # about the source
    [source]   # where
    github = "a/b"
    tag    = "v{version}"
    asset  = "c"

    [expose]
    bin = [
      "a",   # the tool
      "b",
    ]
    man = ["a.1"]

    [expose.completions]
    bash = "c.bash"

    [[when]]
    version = "<1"
    expose  = { man = ["a.1"], bin = ["a"] }

    [[when]]

    [when.source]
    tag = "x"

    [[when]]
    platform = "macos"
    keg-only = "why"

    [test]
    run = "a"

    [version."1.0.0"]
    date        = 2026-05-01
    linux-amd64 = "sha256:1"
    yanked      = "no"
    # the end
    "#);
    assert_eq!(canonical(&formatted, "tool.toml").unwrap(), formatted);
}

#[test]
fn the_tap_and_the_fixtures_are_canonical() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../formulas");
    let mut checked = 0;
    for entry in std::fs::read_dir(here).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(canonical(&text, "tool.toml").unwrap(), text, "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 40);
}

/// Pieces of a formula that may stand in any order, each with keys in any order.
const VALUES: [&str; 8] = [
    "schema = 1",
    "name = 'tool'",
    "summary   =   'An example'",
    "license='MIT' # SPDX",
    "aliases = ['t',\n  # why\n  'u']",
    "keg-only = '''\nlong\n'''",
    "conflicts.other = 'same command'",
    "channels = { lts = '1' }",
];

const TABLES: [&[&str]; 9] = [
    &["[source]", "tag = 'v{version}'", "http = 'https://example.org/x'", "strip = 1"],
    &["  [requires]", "macos = '12'", "glibc = '2.17'"],
    &["[expose]  # what", "man = ['x.1']", "bin = ['x']", "wrap = true"],
    &["[vars]", "a = 'b'"],
    &["[vars.c]", "'*' = 'd'", "linux = 'e'"],
    &["[[setup]]", "mkdir = '{etc}/x'"],
    &["[test]", "expect = 'x'", "run = 'x'", "stdin = 'y'"],
    &["[version.\"1.0.0\"]", "any = 'sha256:00'", "date = 2026-05-01", "revision = 1"],
    &["[version.'1.1.0']", "yanked = 'why'", "linux-amd64 = \"x\""],
];

/// Comments and empty lines between two lines.
const GAPS: [&str; 5] = ["", "", "\n", "# c\n", "\n\n  # d\n\n\n# e\n"];

fn texts() -> impl Strategy<Value = String> {
    let mut order: Vec<usize> = (0..TABLES.len()).collect();
    order.sort_unstable();
    let values = Just(VALUES.to_vec()).prop_shuffle();
    let tables = Just(order).prop_shuffle();
    (
        values,
        tables,
        prop::collection::vec(0..GAPS.len(), 64),
        prop::collection::vec(0..6_usize, 64),
    )
        .prop_map(|(values, tables, gaps, turns)| {
            let mut gaps = gaps.into_iter().cycle();
            let mut turns = turns.into_iter().cycle();
            let mut text = String::new();
            let mut push = |line: &str| {
                text.push_str(GAPS[gaps.next().unwrap_or(0)]);
                text.push_str(line);
                text.push('\n');
            };
            values.into_iter().for_each(&mut push);
            for table in tables {
                push(TABLES[table][0]);
                let lines = &TABLES[table][1..];
                let turn = turns.next().unwrap_or(0) % lines.len();
                lines[turn..].iter().chain(&lines[..turn]).for_each(|line| push(line));
            }
            text
        })
}

fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('#')).map(|(_, c)| c.trim()).collect();
    found.sort_unstable();
    found
}

proptest! {
    #[test]
    fn the_canonical_form_means_the_same_and_is_final(text in texts()) {
        let formatted = canonical(&text, "tool.toml").unwrap();
        let (before, after) = (read(&text, "tool.toml").unwrap().1, read(&formatted, "tool.toml").unwrap().1);
        prop_assert!(tree::same(&tree::Value::Table(before), &tree::Value::Table(after)));
        prop_assert_eq!(comments(&text), comments(&formatted));
        prop_assert_eq!(&canonical(&formatted, "tool.toml").unwrap(), &formatted);
        prop_assert!(!formatted.contains("\n\n\n") && !formatted.starts_with('\n'));
        prop_assert!(formatted.lines().all(|line| line == line.trim_end()));
        let sources = Sources::new("tool.toml", &formatted);
        let mut sink = Sink::new(&sources);
        let table = tree::parse(0, &mut sink).unwrap();
        crate::check::check_order(&table, &mut sink);
        prop_assert!(!sink.codes().any(|code| code == Code::Order), "{}", sink.into_report());
    }

    #[test]
    fn no_text_panics(text in r#"([a-c."'\[\]{}=,# \r]|\n|version|""")*"#) {
        if let Ok(formatted) = canonical(&text, "tool.toml") {
            prop_assert_eq!(&canonical(&formatted, "tool.toml").unwrap(), &formatted);
        }
        if let Ok(mut edit) = Edit::new(&text, "tool.toml") {
            drop(edit.set_yanked("a", Some("b")));
            drop(edit.set_version("b", Scheme::Loose, &Facts::default()));
        }
    }
}
