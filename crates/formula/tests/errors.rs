//! One broken formula for each code: the line, the mark, and the line to write instead.

use pkg_formula::{Code, Defaults, Formula, Outline, TapFile, TapKind, check_tap};

const TOP: &str = r#"schema = 1
name = "x"
summary = "An example"
license = "MIT"
"#;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What is said of a formula with this body, lints apart, unless `lints` asks for them alone.
fn report(text: &str, lints: bool) -> String {
    let text = text.replace("DIGEST", DIGEST);
    let report = match Formula::parse(&text, "x.toml", &Defaults::none()) {
        Ok(formula) => formula.check(),
        Err(report) => report,
    };
    assert_eq!(report.has_errors(), !lints, "{}", report.render(false));
    report.render(false)
}

/// The first problem of a formula whose top is in order.
fn below(body: &str) -> String {
    first(&report(&format!("{TOP}{body}"), false))
}

fn first(report: &str) -> String {
    let errors = report.split("\n\n").find(|block| block.starts_with("error"));
    errors.unwrap_or_default().to_owned()
}

/// The lint of this code.
fn lint(code: Code, text: &str) -> String {
    let report = report(text, true);
    let mark = format!("warning[{}]", code.as_str());
    let found = report.split("\n\n").find(|block| block.starts_with(&mark));
    found.unwrap_or_else(|| panic!("no {mark} in\n{report}")).to_owned()
}

#[test]
fn every_code_has_its_test() {
    let tests = include_str!("errors.rs");
    for code in Code::ALL {
        let name = format!("fn {}_", code.as_str().to_lowercase());
        assert!(tests.contains(&name), "{name}");
    }
}

#[test]
fn f001_unknown_key() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
mirors = []
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F001]: unknown key `mirors`
     --> x.toml:8:1
      |
    8 | mirors = []
      | ^^^^^^ unknown key
      |
      = help: did you mean `mirrors`?
    ");
    insta::assert_snapshot!(below("zzz = 1
[source]
http = 'https://example.org/x'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F001]: unknown key `zzz`
     --> x.toml:5:1
      |
    5 | zzz = 1
      | ^^^ unknown key
      |
      = help: docs/formula.md lists the keys of a formula
    ");
}

#[test]
fn f002_strategy() {
    insta::assert_snapshot!(below("
[source]
github = 'a/x'
asset = 'x.tar.gz'
[[when]]
version = '<2'
source = { http = 'https://example.org/x' }
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F002]: `http` beside `github`
      --> x.toml:11:19
       |
    11 | source = { http = 'https://example.org/x' }
       |                   ^^^^^^^^^^^^^^^^^^^^^^^ a second strategy
       |
       = help: keep one; in a `[[when]]` write `github = false` beside `http`
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
asset = 'x.tar.gz'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F002]: `http` has no `asset`
     --> x.toml:8:9
      |
    8 | asset = 'x.tar.gz'
      |         ^^^^^^^^^^ belongs to github
      |
      = help: leave `asset` out
    ");
    insta::assert_snapshot!(below("
[source]
tag = 'v{version}'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F002]: `[source]` does not say where the bytes are
     --> x.toml:6:1
      |
    6 | [source]
      | ^^^^^^^^ no strategy
      |
      = help: add one of oci, github, http, git, file, bottle and image
    ");
}

#[test]
fn f003_selector() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[[when]]
platform = 'darwin'
keg-only = 'why'
[version.'1.0.0']
linux-x86_64 = 'DIGEST'
"), @r"
    error[F003]: `darwin` selects no platform: systems are linux, macos, windows, freebsd and `*`
     --> x.toml:9:12
      |
    9 | platform = 'darwin'
      |            ^^^^^^^^ unknown platform
      |
      = help: write `macos`
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{word}'
[vars.word]
'*-amd64' = 'a'
linux = 'b'
[version.'1.0.0']
linux-amd64 = 'DIGEST'
"), @r#"
    error[F003]: `*-amd64` and `linux` both fit linux-amd64
      --> x.toml:10:1
       |
    10 | linux = 'b'
       | ^^^^^ as specific as the other
       |
       = help: add `linux-amd64 = "…"`
    "#);
}

#[test]
fn f004_version() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[version.'1.1.1w']
any = 'DIGEST'
"), @r#"
    error[F004]: version `1.1.1w` is not SemVer
     --> x.toml:8:10
      |
    8 | [version.'1.1.1w']
      |          ^^^^^^^^ cannot be ordered as SemVer
      |
      = help: add `versioning = "loose"` to order versions the way distributions do
    "#);
    insta::assert_snapshot!(below("
versioning = 'loose'
[source]
http = 'https://example.org/x'
[version.'1.0-RC1']
any = 'DIGEST'
[version.'1.0-rc1']
any = 'DIGEST'
"), @r"
    error[F004]: `1.0-RC1` and `1.0-rc1` differ in case only
     --> x.toml:9:10
      |
    9 | [version.'1.0-RC1']
      |          ^^^^^^^^^ the same version to many file systems
      |
      = help: keep one of them
    ");
}

#[test]
fn f005_digest() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[version.'1.0.0']
any = 'E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
"), @r#"
    error[F005]: a digest names its algorithm
     --> x.toml:9:7
      |
    9 | any = 'E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ malformed digest
      |
      = help: write `"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
    "#);
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[version.'1.0.0']
any = 'md5:d41d8cd98f00b204e9800998ecf8427e'
"), @r"
    error[F005]: digests of `md5` cannot be verified
     --> x.toml:9:7
      |
    9 | any = 'md5:d41d8cd98f00b204e9800998ecf8427e'
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ malformed digest
      |
      = help: write a `sha256:` or `sha512:` digest
    ");
    insta::assert_snapshot!(below("
[source]
git = 'https://example.org/x'
[version.'1.0.0']
source = 'DIGEST'
commit = 'v1.0.0'
"), @"
    error[F005]: `v1.0.0` is no full name of a commit
      --> x.toml:10:10
       |
    10 | commit = 'v1.0.0'
       |          ^^^^^^^^ malformed commit
       |
       = help: write all 40 hexadecimal digits, as `git rev-parse` prints them; tags move
    ");
}

#[test]
fn f006_unpinned() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[version.'1.0.0']
index = 'DIGEST'
"), @r#"
    error[F006]: version `1.0.0` pins an index, and the source serves files
     --> x.toml:8:10
      |
    8 | [version.'1.0.0']
      |          ^^^^^^^ does not fit `http`
      |
      = help: write the digest of each file: `linux-amd64 = "sha256:…"`, or `any`
    "#);
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[version.'1.0.0']
date = 2026-05-01
"), @r#"
    error[F006]: version `1.0.0` has no digest
     --> x.toml:8:10
      |
    8 | [version.'1.0.0']
      |          ^^^^^^^ does not say what its bytes are
      |
      = help: add `linux-amd64 = "sha256:…"`, or what the source has: `index`, `source`
    "#);
    insta::assert_snapshot!(below("
[source]
oci = 'ghcr.io/a/x'
[version.'1.0.0']
index = 'DIGEST'
linux-amd64 = 'DIGEST'
"), @r"
    error[F006]: version `1.0.0` pins an index and platforms
      --> x.toml:10:1
       |
    10 | linux-amd64 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
       | ^^^^^^^^^^^ says again what the index says
       |
       = help: keep `index` alone, or the platforms alone
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[build]
steps = ['make']
[version.'1.0.0']
linux-amd64 = 'DIGEST'
"), @r#"
    error[F006]: version `1.0.0` has no digest of its source code
      --> x.toml:10:10
       |
    10 | [version.'1.0.0']
       |          ^^^^^^^ does not fit `http`
       |
       = help: add `source = "sha256:…"`, the digest of the archive
    "#);
}

#[test]
fn f007_token() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{verison}'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F007]: unknown token `{verison}`
     --> x.toml:7:29
      |
    7 | http = 'https://example.org/{verison}'
      |                             ^^^^^^^^^ unknown
      |
      = help: did you mean `{version}`?
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{prefix}'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F007]: `{prefix}` is known when the package is installed: it can stand in `[setup]`, `[env]`, `[service]`, `[test]` and `[build]`
     --> x.toml:7:29
      |
    7 | http = 'https://example.org/{prefix}'
      |                             ^^^^^^^^ cannot stand here
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{a}'
[vars]
a = '{b}'
b = '{a}'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F007]: a cycle: `a` uses `b` uses `a`
      --> x.toml:10:6
       |
    10 | b = '{a}'
       |      ^^^ uses itself in the end
       |
       = help: write the text out in one of them
    ");
}

#[test]
fn f007_braces_and_dependencies() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{version'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F007]: a brace that belongs to no token
     --> x.toml:7:29
      |
    7 | http = 'https://example.org/{version'
      |                             ^ not a token
      |
      = help: write every literal brace twice: `{{` and `}}`
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[test]
run = 'x --root {dep:jq}'
[version.'1.0.0']
any = 'DIGEST'
"), @r#"
    error[F007]: `{dep:jq}` names no dependency
     --> x.toml:9:17
      |
    9 | run = 'x --root {dep:jq}'
      |                 ^^^^^^^^ cannot stand here
      |
      = help: add `jq = "*"` to `[depends]`
    "#);
}

#[test]
fn f008_no_value() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/{word}'
[vars.word]
macos = 'mac'
[version.'1.0.0']
linux-amd64 = 'DIGEST'
"), @r#"
    error[F008]: `{word}` has no value for linux-amd64
     --> x.toml:7:29
      |
    7 | http = 'https://example.org/{word}'
      |                             ^^^^^^ no value for linux-amd64
      |
      = help: add `linux = "…"` or `"*" = "…"` to `[vars.word]`
    "#);
}

#[test]
fn f009_path() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[expose]
bin = ['../../bin/sh']
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F009]: `../../bin/sh` is not a path inside the package
     --> x.toml:9:8
      |
    9 | bin = ['../../bin/sh']
      |        ^^^^^^^^^^^^^^ holds `.` or `..`
      |
      = help: write it relative to its folder, with `/`, without `.` and `..`
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[expose]
bin = { 'sub/ls' = 'bin/x' }
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F009]: `sub/ls` cannot name a link
     --> x.toml:9:9
      |
    9 | bin = { 'sub/ls' = 'bin/x' }
      |         ^^^^^^^^ holds a slash
      |
      = help: write the name that is typed, without any folder
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[[setup]]
mkdir = '{prefix}/share'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F009]: only `{etc}` and `{var}` may be changed
     --> x.toml:9:9
      |
    9 | mkdir = '{prefix}/share'
      |         ^^^^^^^^^^^^^^^^ is elsewhere
      |
      = help: begin the path with `{etc}/` or `{var}/`
    ");
}

#[test]
fn f010_name() {
    let text = format!(
        "{TOP}[source]\nhttp = 'https://example.org/x'\n[version.'1.0.0']\nany = 'DIGEST'\n"
    );
    insta::assert_snapshot!(report(&text.replace("\"x\"", "\"y\""), false), @r#"
    error[F010]: `y` stands in the file `x.toml`
     --> x.toml:2:8
      |
    2 | name = "y"
      |        ^^^ not the file's name
      |
      = help: rename the file to `y.toml`, or write its name
    "#);
    insta::assert_snapshot!(first(&report(&text.replace("\"x\"", "\"X\""), false)), @r#"
    error[F010]: `X` is not a name: it holds upper-case letters
     --> x.toml:2:8
      |
    2 | name = "X"
      |        ^^^ malformed name
      |
      = help: names are lower-case letters, digits and `+`, joined by single `.`, `_` or `-`
    "#);
}

#[test]
fn f011_license() {
    let text = format!(
        "{TOP}[source]\nhttp = 'https://example.org/x'\n[version.'1.0.0']\nany = 'DIGEST'\n"
    );
    insta::assert_snapshot!(report(&text.replace("\"MIT\"", "\"Apache 2\""), false), @r#"
    error[F011]: `Apache 2` is not an SPDX expression
     --> x.toml:4:11
      |
    4 | license = "Apache 2"
      |           ^^^^^^^^^^ unknown term
      |
      = help: write `"Apache-2.0"`
    "#);
}

#[test]
fn f012_constraint() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[depends]
jq = '1.*'
[version.'1.0.0']
any = 'DIGEST'
"), @r#"
    error[F012]: `1.*` is not a constraint: `*` stands alone; a bare version takes everything below it: `1.2` takes 1.2.3
     --> x.toml:9:6
      |
    9 | jq = '1.*'
      |      ^^^^^ malformed constraint
      |
      = help: examples: `"1.2"` (1.2 and 1.2.x), `">=1.2, <3"`, `"=1.2.3"`, `"*"`
    "#);
    insta::assert_snapshot!(below("
versioning = 'loose'
[channels]
lts = '^1'
[source]
http = 'https://example.org/x'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F012]: `^` needs SemVer versions, and these are `loose`
     --> x.toml:8:7
      |
    8 | lts = '^1'
      |       ^^^^ not of this scheme
      |
      = help: write bounds, such as `>=1.2, <2`
    ");
}

#[test]
fn f013_forbidden() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[[when]]
platform = 'linux'
versioning = 'loose'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F013]: `[[when]]` cannot set `versioning`
      --> x.toml:10:1
       |
    10 | versioning = 'loose'
       | ^^^^^^^^^^ is the same for every platform and version
       |
       = help: write `versioning` at the top of the formula
    ");
}

#[test]
fn f014_insecure() {
    insta::assert_snapshot!(below("
[source]
http = 'http://example.org/x'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F014]: `http://example.org/x` has no TLS
     --> x.toml:7:8
      |
    7 | http = 'http://example.org/x'
      |        ^^^^^^^^^^^^^^^^^^^^^^ refused
      |
      = help: write `https://…`: without TLS anyone on the way can see and change it
    ");
    let text = format!(
        "{TOP}
[source]
http = 'https://10.0.0.5/x'
[version.'1.0.0']
any = '{DIGEST}'
"
    );
    let tap = Defaults::none().with_kind(TapKind::Registry { host: "ghcr.io".to_owned() });
    let report = Formula::parse(&text, "x.toml", &tap).unwrap().check();
    insta::assert_snapshot!(first(&report.render(false)), @r"
    error[F014]: `https://10.0.0.5/x` leads to a private address
     --> x.toml:7:8
      |
    7 | http = 'https://10.0.0.5/x'
      |        ^^^^^^^^^^^^^^^^^^^^ refused
      |
      = help: private addresses are for taps of a folder, or of the same host
    ");
    let git = |url: &str| {
        let version =
            format!("[version.'1.0.0']\nsource = '{DIGEST}'\ncommit = '{}'\n", "a".repeat(40));
        format!("{TOP}[source]\ngit = '{url}'\n{version}")
    };
    let report = Formula::parse(&git("ext::sh -c x"), "x.toml", &tap).unwrap().check();
    insta::assert_snapshot!(first(&report.render(false)), @"
    error[F014]: `ext::sh -c x` is no address that git sources have
     --> x.toml:6:7
      |
    6 | git = 'ext::sh -c x'
      |       ^^^^^^^^^^^^^^ refused
      |
      = help: write `https://…`, `file:///…`, or a path without `:` and leading `-`
    ");
}

#[test]
fn f015_step() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[[setup]]
mkdir = '{var}/x'
chmod = '{var}/x'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F015]: a step has exactly one verb
     --> x.toml:8:1
      |
    8 | [[setup]]
      | ^^^^^^^^^ several verbs
      |
      = help: write one of mkdir, copy, write, symlink, replace, chmod and cache, and a `[[setup]]` for each further step
    ");
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[[setup]]
copy = 'share/x.conf'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F015]: `copy` needs `to`
     --> x.toml:8:1
      |
    8 | [[setup]]
      | ^^^^^^^^^ incomplete
      |
      = help: add `to = …`
    ");
}

fn tap(formulas: &[(&str, &str)]) -> String {
    let parse = |(name, body): &(&str, &str)| {
        let text = TOP.replace("\"x\"", &format!("\"{name}\""));
        let text = format!(
            "{text}{body}
[source]
http = 'https://example.org/x'
[version.'1.0.0']
any = '{DIGEST}'
"
        );
        let parsed = Formula::parse(&text, &format!("{name}.toml"), &Defaults::none());
        parsed.expect("a formula").outline()
    };
    let formulas: Vec<Outline> = formulas.iter().map(parse).collect();
    let reports = check_tap(&formulas);
    let shown: Vec<String> = reports.iter().map(|report| report.render(false)).collect();
    shown.join("\n\n")
}

#[test]
fn f016_unresolved() {
    insta::assert_snapshot!(tap(&[
        ("curl", "depends = { openssk = '3', 'acme/zlib' = '*' }"),
        ("openssl", "deprecated = { why = 'old', use = 'libressl@4' }"),
    ]), @r"
    error[F016]: the tap has no `openssk`
     --> curl.toml:5:13
      |
    5 | depends = { openssk = '3', 'acme/zlib' = '*' }
      |             ^^^^^^^ names nothing
      |
      = help: did you mean `openssl`?

    error[F016]: the tap has no `libressl`
     --> openssl.toml:5:35
      |
    5 | deprecated = { why = 'old', use = 'libressl@4' }
      |                                   ^^^^^^^^^^^^ names nothing
      |
      = help: add a formula of that name, or write `tap/name` for one of another tap
    ");
    assert_eq!(tap(&[("curl", "depends = { ssl = '3' }"), ("openssl", "aliases = ['ssl']")]), "");
}

#[test]
fn f010_names_of_a_tap() {
    insta::assert_snapshot!(tap(&[("a", "aliases = ['b']"), ("b", "")]), @r"
    error[F010]: `b` is a name of formula `b` already
     --> a.toml:5:12
      |
    5 | aliases = ['b']
      |            ^^^ leads to b.toml
      |
      = help: leave it out of one of the two
    ");
}

#[test]
fn f017_cycle() {
    insta::assert_snapshot!(tap(&[
        ("a", "depends = { b = '*' }"),
        ("b", "depends = { c = '*' }"),
        ("c", "depends = { a = '*' }"),
        ("d", "depends = { a = '*', e = { optional = true } }"),
        ("e", "depends = { d = '*' }"),
    ]), @r"
    error[F017]: a cycle: `a` needs `b` needs `c` needs `a`
     --> c.toml:5:13
      |
    5 | depends = { a = '*' }
      |             ^ leads back to `a`
      |
      = help: make one of the dependencies `optional = true`, or leave it out
    ");
}

#[test]
fn f018_syntax() {
    insta::assert_snapshot!(below("
[source]
http = https://example.org/x
"), @r"
    error[F018]: not TOML: string values must be quoted, expected literal string
     --> x.toml:7:8
      |
    7 | http = https://example.org/x
      |        ^^^^^^^^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(below(&format!("deep = {}{}", "[".repeat(40), "]".repeat(40))), @r"
    error[F018]: tables and lists nest deeper than 32 levels
     --> x.toml:5:40
      |
    5 | deep = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
      |                                        ^
    ");
}

#[test]
fn f019_missing() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[build]
depends = { make = '*' }
[version.'1.0.0']
source = 'DIGEST'
"), @r#"
    error[F019]: `steps` is missing
     --> x.toml:8:1
      |
    8 | [build]
      | ^^^^^^^ lacks `steps`
      |
      = help: add `steps = ["make install …"]`
    "#);
    insta::assert_snapshot!(report("name = 'x'", false), @r"
    error[F019]: `schema` is missing
     --> x.toml:1:1
      |
    1 | name = 'x'
      | ^ lacks `schema`
      |
      = help: add `schema = 1`
    ");
    insta::assert_snapshot!(report("schema = 1\nname = 'x'\nlicense = 'MIT'\n", false), @r#"
    error[F019]: `summary` is missing
     --> x.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ lacks `summary`
      |
      = help: add `summary = "…"`

    error[F019]: `source` is missing
     --> x.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ lacks `source`
      |
      = help: add `[source]`

    error[F019]: `version` is missing
     --> x.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ lacks `version`
      |
      = help: add `[version."1.0.0"]`
    "#);
    insta::assert_snapshot!(below("
[source]
github = 'a/x'
[version.'1.0.0']
any = 'DIGEST'
"), @r#"
    error[F019]: `asset` is missing
     --> x.toml:7:10
      |
    7 | github = 'a/x'
      |          ^^^^^ lacks `asset`
      |
      = help: add `asset = "…"`
    "#);
}

#[test]
fn f020_value() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
mirrors = 'https://example.com/x'
[version.'1.0.0']
any = 'DIGEST'
revision = '1'
"), @r"
    error[F020]: expected a list, found a text
     --> x.toml:8:11
      |
    8 | mirrors = 'https://example.com/x'
      |           ^^^^^^^^^^^^^^^^^^^^^^^ this is a text
      |
      = help: write it in brackets: `[…]`
    ");
    insta::assert_snapshot!(below(r"
[source]
http = 'https://example.org/x'
[test]
run = 'x'
match = 'x ('
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F020]: not a regular expression
      --> x.toml:10:9
       |
    10 | match = 'x ('
       |         ^^^^^ unclosed group
    ");
}

#[test]
fn f020_globs() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[expose]
man = ['man/[a-.1']
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F020]: not a pattern of paths
     --> x.toml:9:8
      |
    9 | man = ['man/[a-.1']
      |        ^^^^^^^^^^^ invalid range; 'a' > '.'
      |
      = help: `*`, `?`, `[…]` and `{{…,…}}` have a meaning; write `[[]` for a bracket
    ");
}

#[test]
fn f021_hidden() {
    insta::assert_snapshot!(below("caveats = \"\\u001b]0;title\\u0007\"\n"), @r#"
    error[F021]: the hidden character U+001B
     --> x.toml:5:11
      |
    5 | caveats = "\u001b]0;title\u0007"
      |           ^^^^^^^^^^^^^^^^^^^^^^ can disguise what stands here
      |
      = help: leave it out; line breaks and tabs are the only control characters allowed
    "#);
    insta::assert_snapshot!(below("# left \u{202e}thgir\n"), @r"
    error[F021]: the hidden character U+202E
     --> x.toml:5:8
      |
    5 | # left �thgir
      |        ^ can disguise what stands here
      |
      = help: leave it out; line breaks and tabs are the only control characters allowed
    ");
}

#[test]
fn f022_newer() {
    insta::assert_snapshot!(report("schema = 2\nnovelty = true\n", false), @r"
    error[F022]: schema 2 needs a newer pkg
     --> x.toml:1:10
      |
    1 | schema = 2
      |          ^ this pkg reads schema 1
      |
      = help: upgrade pkg to use this formula
    ");
}

#[test]
fn f023_environment() {
    insta::assert_snapshot!(below("
[source]
http = 'https://example.org/x'
[env]
LD_PRELOAD = '{keg}/lib/x.so'
[version.'1.0.0']
any = 'DIGEST'
"), @r"
    error[F023]: a package may not set `LD_PRELOAD`
     --> x.toml:9:1
      |
    9 | LD_PRELOAD = '{keg}/lib/x.so'
      | ^^^^^^^^^^ changes how other programs run
      |
      = help: leave it out; what the program itself needs has a name of its own
    ");
}

/// A formula that has nothing to be said of.
const CLEAN: &str = "schema = 1
name = 'x'
summary = 'An example'
license = 'MIT'

[source]
http = 'https://example.org/{os}/{version}'

[test]
run = 'x --version'

[version.'1.1.0']
date = 2026-05-01
linux-amd64 = 'DIGEST'
macos-arm64 = 'DIGEST'

[version.'1.0.0']
date = 2026-04-01
linux-amd64 = 'DIGEST'
macos-arm64 = 'DIGEST'
";

#[test]
fn nothing_is_said_of_a_clean_formula() {
    assert_eq!(report(CLEAN, true), "");
}

#[test]
fn w1_idle() {
    let rule = "\n[[when]]\nplatform = 'windows'\nkeg-only = 'why'\n\n[test]";
    insta::assert_snapshot!(lint(Code::Idle, &CLEAN.replace("\n[test]", rule)), @r"
    warning[W1]: this rule never matches
     --> x.toml:9:1
      |
    9 | [[when]]
      | ^^^^^^^^ fits no version on any of its platforms
      |
      = help: leave it out, or correct its `platform` or `version`
    ");
}

#[test]
fn w2_untested() {
    let text = CLEAN.replace("[test]\nrun = 'x --version'\n", "");
    insta::assert_snapshot!(lint(Code::Untested, &text), @r#"
    warning[W2]: `x` has no test
     --> x.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ nothing says whether it works
      |
      = help: add `[test]` with `run = "x --version"`
    "#);
}

#[test]
fn w3_redundant() {
    let text = CLEAN.replace("{version}'", "{version}'\ntag = '{version}'");
    insta::assert_snapshot!(lint(Code::Redundant, &text), @r"
    warning[W3]: `tag` is the default
     --> x.toml:8:7
      |
    8 | tag = '{version}'
      |       ^^^^^^^^^^^ holds without it
      |
      = help: leave it out
    ");
    let rule = "\n[[when]]\nplatform = 'linux'\nlicense = 'MIT'\n\n[test]";
    insta::assert_snapshot!(lint(Code::Redundant, &CLEAN.replace("\n[test]", rule)), @r"
    warning[W3]: this rule changes nothing
     --> x.toml:9:1
      |
    9 | [[when]]
      | ^^^^^^^^ says what holds without it
      |
      = help: leave it out
    ");
}

#[test]
fn w4_order() {
    let text = CLEAN.replace(
        "summary = 'An example'\nlicense = 'MIT'",
        "license = 'MIT'\nsummary = 'An example'",
    );
    insta::assert_snapshot!(lint(Code::Order, &text), @r"
    warning[W4]: `summary` comes before `license`
     --> x.toml:4:1
      |
    4 | summary = 'An example'
      | ^^^^^^^ out of order
      |
      = help: the order is schema, name, summary, license
    ");
    let text = CLEAN.replacen(
        "date = 2026-05-01\nlinux-amd64 = 'DIGEST'",
        "linux-amd64 = 'DIGEST'\ndate = 2026-05-01",
        1,
    );
    insta::assert_snapshot!(lint(Code::Order, &text), @r"
    warning[W4]: `date` comes before `linux-amd64`
      --> x.toml:14:1
       |
    14 | date = 2026-05-01
       | ^^^^ out of order
       |
       = help: the order is revision, date, tag, then digests, then package and yanked
    ");
}

#[test]
fn w5_undated() {
    insta::assert_snapshot!(lint(Code::Undated, &CLEAN.replace("date = 2026-05-01\n", "")), @r"
    warning[W5]: 1 of 2 versions has no date
      --> x.toml:12:10
       |
    12 | [version.'1.1.0']
       |          ^^^^^^^ released when?
       |
       = help: add `date = 2026-05-01`, the day of the release
    ");
}

#[test]
fn w7_lost_platform() {
    let text = CLEAN.replacen("macos-arm64 = 'DIGEST'\n", "", 1);
    insta::assert_snapshot!(lint(Code::LostPlatform, &text), @r"
    warning[W7]: version `1.1.0` lost macos-arm64
      --> x.toml:12:10
       |
    12 | [version.'1.1.0']
       |          ^^^^^^^ `1.0.0` has it
       |
       = help: add the digest, or leave it so if upstream builds it no more
    ");
}

#[test]
fn a_mistake_in_the_taps_defaults_points_there() {
    let text = "name = 'acme'\n[defaults]\nlicense = 'mit'\nkeep = 3\n";
    let report = TapFile::parse(text, "tap.toml").unwrap_err();
    insta::assert_snapshot!(report.render(false), @r#"
    error[F011]: `mit` is not an SPDX expression
     --> tap.toml:3:11
      |
    3 | license = 'mit'
      |           ^^^^^ unknown term
      |
      = help: write `"MIT"`

    error[F001]: unknown key `keep`
     --> tap.toml:4:1
      |
    4 | keep = 3
      | ^^^^ unknown key
      |
      = help: the keys here are license, maintainers, depends
    "#);
    let tap = TapFile::parse("[defaults]\ndepends = { '' = '*' }\n", "tap.toml").unwrap_err();
    assert!(tap.has_errors());
}

#[test]
fn defaults_lie_below_the_formula() {
    let text = "name = 'acme'\nregistry = 'ghcr.io/acme'\nkeep = 20\n
[defaults]\nlicense = 'ISC'\nmaintainers = ['A team']\ndepends = { base = '*', old = '*' }\n";
    let tap = TapFile::parse(text, "tap.toml").unwrap();
    assert_eq!((tap.name.as_deref(), tap.keep), (Some("acme"), Some(20)));
    let text = CLEAN
        .replace("DIGEST", DIGEST)
        .replace("license = 'MIT'\n", "depends = { old = false, new = '1' }\n");
    let formula = Formula::parse(&text, "x.toml", &tap.defaults).unwrap();
    let version = formula.releases()[0].version.clone();
    let resolved = formula.resolve(&version, &"linux-amd64".parse().unwrap()).unwrap();
    let depends: Vec<String> = resolved.depends.keys().map(ToString::to_string).collect();
    assert_eq!(depends, ["base", "new"]);
    assert_eq!((formula.license(), resolved.license.as_str()), (Some("ISC"), "ISC"));
    assert_eq!(formula.maintainers(), ["A team"]);
}
