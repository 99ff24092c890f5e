//! Whole formulas, read, resolved and checked as users' are.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use pkg_formula::{
    Constraint, Defaults, Formula, Heading, Key, Patch, PatchPlace, Paths, Pin, Platform, Resolved,
    Source, Verb, Version, resolve,
};

fn fixture(name: &str) -> Formula {
    let file = format!("{}/tests/fixtures/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap();
    Formula::parse(&text, &format!("{name}.toml"), &Defaults::none())
        .unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn try_resolve(name: &str, version: &str, host: &str) -> Result<Resolved, resolve::Error> {
    let formula = fixture(name);
    let version = Version::parse(version, formula.scheme()).unwrap();
    formula.resolve(&version, &host.parse().unwrap())
}

fn resolve(name: &str, version: &str, host: &str) -> Resolved {
    try_resolve(name, version, host).unwrap_or_else(|error| match error {
        resolve::Error::Broken { report, .. } => panic!("{}", report.render(false)),
        other => panic!("{other}"),
    })
}

fn digest(digit: char) -> digest::Digest {
    format!("sha256:{}", String::from(digit).repeat(64)).parse().unwrap()
}

const ALL: [&str; 5] = ["hexyl", "ripgrep", "jq", "openssl", "grafana"];

#[test]
fn every_fixture_is_free_of_errors() {
    for name in ALL {
        let report = fixture(name).check();
        assert!(!report.has_errors(), "{}", report.render(false));
    }
}

#[test]
fn lints_of_the_fixtures() {
    let lines: Vec<String> = ALL.iter().map(|name| fixture(name).check().to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    hexyl.toml:14:10: warning[W5]: 2 of 2 versions have no date
    ripgrep.toml:10:10: warning[W3]: `tag` is the default
    ripgrep.toml:36:10: warning[W5]: 2 of 2 versions have no date
    jq.toml:22:10: warning[W5]: 2 of 2 versions have no date
    openssl.toml:12:10: warning[W1]: channel `lts` has no version
    openssl.toml:61:10: warning[W5]: 2 of 2 versions have no date
    ");
}

#[test]
fn an_index_says_the_platforms() {
    let formula = fixture("hexyl");
    let version = &formula.releases()[0].version;
    assert_eq!((version.as_str(), formula.platforms(version)), ("0.16.0", vec![]));
    let resolved = resolve("hexyl", "0.16.0", "linux-amd64-gnu");
    let Source::Oci { reference, pin: Pin::Index(_), .. } = &resolved.source else {
        panic!("{:?}", resolved.source);
    };
    assert_eq!(reference, "ghcr.io/pkg-rs/core/hexyl:0.16.0");
    assert_eq!(resolved.key, Key::Platform("linux-amd64-gnu".parse().unwrap()));
    assert_eq!(resolved.tests[0].run, ["hexyl", "--version"]);
    assert_eq!(resolved.tests[0].expect.as_deref(), Some("hexyl 0.16.0"));
}

#[test]
fn each_platform_has_its_file() {
    let url = |host: &str| match resolve("ripgrep", "15.1.0", host).source {
        Source::Http { urls, .. } => urls.join(" "),
        other => panic!("{other:?}"),
    };
    let base = "https://github.com/BurntSushi/ripgrep/releases/download/15.1.0/ripgrep-15.1.0";
    assert_eq!(url("linux-amd64-gnu"), format!("{base}-x86_64-unknown-linux-musl.tar.gz"));
    assert_eq!(url("linux-arm64-musl"), format!("{base}-aarch64-unknown-linux-gnu.tar.gz"));
    assert_eq!(url("macos-arm64"), format!("{base}-aarch64-apple-darwin.tar.gz"));
    let arm = resolve("ripgrep", "15.1.0", "linux-arm64-gnu");
    assert_eq!(arm.requires.glibc, Some(Constraint::parse(">=2.28").unwrap()));
    assert_eq!(resolve("ripgrep", "15.1.0", "linux-amd64-gnu").requires.glibc, None);
    assert_eq!(arm.expose.man, Some(Paths::List(vec!["doc/rg.1".to_owned()])));
}

#[test]
fn no_build_names_what_there_is() {
    let error = try_resolve("ripgrep", "14.1.1", "windows-amd64").unwrap_err();
    insta::assert_snapshot!(error, @"`ripgrep` 14.1.1 has no build for windows-amd64; there are: linux-amd64, macos-arm64");
    let error = try_resolve("openssl", "3.1.4", "windows-amd64").unwrap_err();
    insta::assert_snapshot!(error, @"`openssl` 3.1.4 has no build for windows-amd64; there are: linux-amd64, linux-arm64, macos-amd64, macos-arm64");
    let error = try_resolve("jq", "9.9.9", "linux-amd64").unwrap_err();
    insta::assert_snapshot!(error, @"`jq` has no version `9.9.9`");
}

#[test]
fn a_bottle_is_for_later() {
    let resolved = resolve("jq", "1.7.1", "linux-amd64-gnu");
    let later = Source::Later { strategy: "bottle".to_owned(), what: "jq".to_owned() };
    assert_eq!((resolved.source, resolved.revision), (later, 1));
    assert_eq!(resolved.requires.glibc, Some(Constraint::parse(">=2.35").unwrap()));
    let depend = &resolved.depends[&"oniguruma".parse().unwrap()];
    assert_eq!(depend.constraint.as_str(), "6.9");
}

const DESTDIR: [&str; 4] = ["make", "install_sw", "install_ssldirs", "DESTDIR={out}"];

#[test]
fn a_commit_and_its_tree_are_the_same_on_every_platform() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let text = format!(
        "schema = 1\nname = 'x'\nsummary = 'An example'\nlicense = 'MIT'\n\
         [source]\ngit = 'https://example.org/{{name}}'\nstrip = 1\n\
         [version.'1.0.0']\nsource = '{}'\ncommit = '{commit}'\n",
        digest('a')
    );
    let formula = Formula::parse(&text, "x.toml", &Defaults::none()).unwrap();
    let version = &formula.releases()[0].version;
    assert_eq!(formula.platforms(version).len(), Platform::usual().count());
    for platform in ["linux-amd64-gnu", "macos-arm64"] {
        let resolved = formula.resolve(version, &platform.parse().unwrap()).unwrap();
        let expected = Source::Git {
            url: "https://example.org/x".to_owned(),
            commit: commit.to_owned(),
            digest: digest('a'),
            strip: Some(1),
            external_links: Vec::new(),
        };
        assert_eq!(resolved.source, expected);
    }
}

#[test]
fn rules_by_version_make_slots() {
    let formula = fixture("openssl");
    let slots = formula.releases().iter().map(|r| formula.slot(&r.version).unwrap().unwrap());
    assert_eq!(slots.collect::<Vec<_>>(), ["3.1", "1.1"]);
    let new = resolve("openssl", "3.1.4", "linux-amd64");
    let old = resolve("openssl", "1.1.1w", "macos-arm64");
    assert_eq!((new.license.as_str(), old.license.as_str()), ("Apache-2.0", "OpenSSL"));
    assert_eq!(old.disabled.as_ref().unwrap().instead.as_deref(), Some("openssl@3"));
    assert_eq!((new.disabled, new.keg_only), (None, None));
    assert_eq!(old.keg_only.as_deref(), Some("macOS ships LibreSSL"));
    assert_eq!(new.package, Some(digest('b')));
    let what = "https://www.openssl.org/source/old/1.1.1/openssl-1.1.1w.tar.gz".to_owned();
    assert_eq!(old.source, Source::Build { what: what.clone() });
    let build = old.build.unwrap();
    assert_eq!(
        build.source,
        Source::Http {
            urls: vec![what],
            digest: digest('9'),
            format: None,
            strip: None,
            external_links: Vec::new(),
        }
    );
    assert_eq!(build.depends.len(), 3);
    assert_eq!(
        build.steps[0],
        [
            "./Configure",
            "darwin64-arm64-cc",
            "--prefix={keg}",
            "--libdir=lib",
            "--openssldir={etc}/openssl",
            "no-ssl3",
            "no-zlib",
        ]
    );
    assert_eq!(build.steps[1..], [vec!["make", "-j{jobs}"], DESTDIR.to_vec()]);
    assert_eq!((build.is_raw(), build.jobs), (false, None));
    let platforms = formula.platforms(&formula.releases()[0].version);
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux-amd64", "linux-arm64", "macos-amd64", "macos-arm64"]);
    assert_eq!(
        new.setup[1].verb,
        Verb::Symlink {
            path: "{etc}/openssl/cert.pem".to_owned(),
            to: "{dep:ca-certificates}/share/cert.pem".to_owned(),
        }
    );
}

#[test]
fn a_build_says_all_that_it_takes() {
    let text = format!(
        r#"
schema = 1
name = "x"
summary = "An example"
license = "MIT"
[source]
file = "x.sh"
format = "raw"
[depends]
zlib = "*"
[build]
jobs = 1
depends = {{ "core/make" = ">=4" }}
steps = ["'./a b' {{dep:zlib}} {{dep:make}} {{name}}-{{version}}", "sh {{src}}/x.sh {{out}} {{jobs}}"]
env = {{ MODE = "{{keg}}" }}
patches = [
  {{ file = "patches/{{version}}.diff", digest = "{0}" }},
  {{ url = "https://example.org/{{os}}.diff", digest = "{0}", strip = 0 }},
]
[version."1.0.0"]
source = "{0}"
"#,
        digest('a')
    );
    let formula = Formula::parse(&text, "x.toml", &Defaults::none()).unwrap();
    let host = "linux-amd64-gnu".parse().unwrap();
    let resolved = formula.resolve(&formula.releases()[0].version, &host).unwrap();
    let patch = |place, strip| Patch { place, digest: digest('a'), strip };
    let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let build = resolved.build.as_ref().unwrap();
    assert_eq!(
        build.steps,
        [
            words(&["./a b", "{dep:zlib}", "{dep:make}", "x-1.0.0"]),
            words(&["sh", "{src}/x.sh", "{out}", "{jobs}"]),
        ]
    );
    assert_eq!(
        build.patches,
        [
            patch(PatchPlace::File("patches/1.0.0.diff".to_owned()), 1),
            patch(PatchPlace::Url("https://example.org/linux.diff".to_owned()), 0),
        ]
    );
    assert_eq!((build.is_raw(), build.jobs), (true, Some(1)));
    assert_eq!(build.env["MODE"], "{keg}");
    let json = serde_json::to_string(&resolved).unwrap();
    assert_eq!(serde_json::from_str::<Resolved>(&json).unwrap(), resolved);
}

#[test]
fn everything_resolves() {
    let resolved = resolve("grafana", "12.0.0", "linux-arm64-gnu");
    let want: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/grafana.resolved.json")).unwrap();
    assert_eq!(serde_json::to_value(&resolved).unwrap(), want);
    let older = resolve("grafana", "11.5.0", "linux-amd64-gnu");
    assert_eq!((older.expose.wrap, older.requires.cpu), (false, None));
    assert_eq!(older.requires.glibc, Some(Constraint::parse(">=2.31").unwrap()));
    let musl = resolve("grafana", "11.5.0", "linux-amd64-musl");
    assert_eq!((musl.expose.wrap, musl.env["GF_FLAVOUR"].as_str()), (true, "musl {{brace}}"));
}

#[test]
fn what_is_resolved_can_be_remembered() {
    for name in ALL {
        let formula = fixture(name);
        for release in formula.releases() {
            let host: Platform = "linux-amd64-gnu".parse().unwrap();
            let resolved = formula.resolve(&release.version, &host).unwrap();
            let text = serde_json::to_string(&resolved).unwrap();
            assert_eq!(serde_json::from_str::<Resolved>(&text).unwrap(), resolved);
        }
    }
}

#[test]
fn a_heading_is_the_top_of_the_formula() {
    for name in ALL {
        let formula = fixture(name);
        let heading = Heading::parse(formula.text()).unwrap();
        assert_eq!((heading.name.as_str(), heading.summary.as_str()), (name, formula.summary()));
        assert_eq!(heading.homepage.as_deref(), formula.homepage());
        assert_eq!(heading.license.as_deref(), formula.license());
        assert_eq!(heading.aliases, formula.aliases().cloned().collect::<Vec<_>>());
        let cut = &formula.text()[..formula.text().find("\n[").unwrap() + 1];
        assert_eq!(Heading::parse(&format!("{cut}[broken")).unwrap(), heading);
    }
}
