use proptest::prelude::*;

use super::*;
use crate::{
    FullName, Platform, Scheme, Version,
    model::Variables,
    report::Sources,
    tree::{Table, parse},
};

const DEP: &str = "ca-certificates";

/// Expands `text` for a version and a platform, with `[vars]` as TOML.
fn expand_with(vars: &str, text: &str, on: (&str, &str), phase: Phase) -> Result<String, String> {
    let (version, platform) = on;
    let sources = Sources::new("x.toml", vars);
    let mut sink = Sink::new(&sources);
    let table: Table = parse(0, &mut sink).expect("TOML");
    let variables =
        Variables::read(&Node { at: At::default(), value: Value::Table(table) }, &mut sink);
    let at = At::default();
    let template = Template::parse(text, at, phase != Phase::Resolve);
    let version = Version::parse(version, Scheme::Loose).unwrap();
    let platform: Platform = platform.parse().unwrap();
    let words = Expander {
        name: "tool",
        version: &version,
        platform: Some(&platform),
        tag: Tag::Version,
        variables: variables.as_ref(),
    };
    let dep: FullName = DEP.parse().unwrap();
    let expanded = template
        .and_then(|value| words.expand(&Spanned { value, at }, phase, &[&dep]))
        .map_err(|finding| sink.push(finding));
    expanded.map_err(|()| sink.into_report().problems()[0].message.clone())
}

fn expand(text: &str, version: &str, platform: &str) -> Result<String, String> {
    expand_with("", text, (version, platform), Phase::Resolve)
}

#[test]
fn words_of_the_platform() {
    let check = |platform: &str, want: &str| {
        let text = "{os} {os:go} {os:uname} {arch} {arch:gnu} {arch:node} {arch:uname} x{exe}";
        assert_eq!(expand(text, "1", platform).as_deref(), Ok(want), "{platform}");
    };
    check("linux-amd64", "linux linux Linux amd64 x86_64 x64 x86_64 x");
    check("linux-arm64-musl", "linux linux Linux arm64 aarch64 arm64 aarch64 x");
    check("linux-386", "linux linux Linux 386 i686 ia32 i686 x");
    check("linux-armv7", "linux linux Linux armv7 armv7 arm armv7l x");
    check("linux-ppc64le", "linux linux Linux ppc64le powerpc64le ppc64 ppc64le x");
    check("macos-arm64", "macos darwin Darwin arm64 aarch64 arm64 arm64 x");
    check("windows-amd64", "windows windows Windows amd64 x86_64 x64 x86_64 x.exe");
    check("freebsd-amd64", "freebsd freebsd FreeBSD amd64 x86_64 x64 amd64 x");
}

#[test]
fn triples_are_rusts() {
    let check = |platform: &str, want: &str| {
        assert_eq!(expand("{triple} {triple:musl}", "1", platform).as_deref(), Ok(want));
    };
    check("linux-amd64", "x86_64-unknown-linux-musl x86_64-unknown-linux-musl");
    check("linux-amd64-gnu", "x86_64-unknown-linux-gnu x86_64-unknown-linux-musl");
    check("linux-arm64-musl", "aarch64-unknown-linux-musl aarch64-unknown-linux-musl");
    check("linux-riscv64-gnu", "riscv64gc-unknown-linux-gnu riscv64gc-unknown-linux-musl");
    check("linux-armv7-gnu", "armv7-unknown-linux-gnueabihf armv7-unknown-linux-musleabihf");
    check("linux-ppc64le-gnu", "powerpc64le-unknown-linux-gnu powerpc64le-unknown-linux-musl");
    check("macos-arm64", "aarch64-apple-darwin aarch64-apple-darwin");
    check("windows-amd64", "x86_64-pc-windows-msvc x86_64-pc-windows-msvc");
    check("freebsd-amd64", "x86_64-unknown-freebsd x86_64-unknown-freebsd");
}

#[test]
fn words_of_the_version() {
    let check = |text: &str, version: &str, want: &str| {
        assert_eq!(expand(text, version, "linux-amd64").as_deref(), Ok(want), "{text}");
    };
    check("{version}", "1.1.1w", "1.1.1w");
    check("{version.major}/{version.minor}/{version.patch}", "3.10.2", "3/10/2");
    check("{version.1} {version.2} {version.3}", "1.1.1w", "1 1.1 1.1.1w");
    check("{version.2}", "2024-05-01", "2024-05");
    check("{version:_} {version:-}", "1.86.0", "1_86_0 1-86-0");
    check("{name}-{tag}", "1.0", "tool-1.0");
    assert_eq!(
        expand("{version.3}", "1.2", "linux-amd64").unwrap_err(),
        "`{version.3}` is not there: version `1.2` has 2 part(s)"
    );
}

#[test]
fn braces() {
    let on = ("1.0", "linux-amd64");
    let check = |phase, text: &str, want: Result<&str, &str>| {
        let got = expand_with("", text, on, phase);
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    };
    check(Phase::Resolve, "{{x}} {{{version}}}", Ok("{x} {1.0}"));
    check(Phase::Resolve, "a{version", Err(NO_TOKEN));
    check(Phase::Resolve, "a}", Err(NO_TOKEN));
    check(Phase::Resolve, "{}", Err(NO_TOKEN));
    check(Phase::Install, r#"{"bar": 2} {version}"#, Ok(r#"{{"bar": 2}} 1.0"#));
    check(Phase::Install, r"\d{3} {etc}", Ok(r"\d{{3}} {etc}"));
    check(Phase::Install, "{{x}} {prefix}", Ok("{{x}} {prefix}"));
    check(Phase::Install, r#"{"a":{"b":1}}"#, Err("single and double braces in one text"));
}

#[test]
fn later_tokens_stay_and_early_ones_do_not() {
    let on = ("1.0", "linux-amd64");
    let install = "{prefix} {keg} {etc} {var} {dep:ca-certificates} {name}";
    let kept = "{prefix} {keg} {etc} {var} {dep:ca-certificates} tool";
    assert_eq!(expand_with("", install, on, Phase::Install).as_deref(), Ok(kept));
    assert_eq!(
        expand_with("", "{out} {src}{jobs}", on, Phase::Build).as_deref(),
        Ok("{out} {src}{jobs}")
    );
    for (token, phase) in [
        ("{prefix}", Phase::Resolve),
        ("{dep:ca-certificates}", Phase::Resolve),
        ("{out}", Phase::Resolve),
        ("{out}", Phase::Install),
        ("{dep:other}", Phase::Install),
        ("{dep:}", Phase::Build),
        ("{nothing}", Phase::Build),
        ("{Version}", Phase::Install),
    ] {
        assert!(expand_with("", token, on, phase).is_err(), "{token}");
    }
}

#[test]
fn variables() {
    let check = |vars: &str, text: &str, platform: &str, want: Result<&str, &str>| {
        let got = expand_with(vars, text, ("1.0", platform), Phase::Resolve);
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{vars} {text}");
    };
    let cases =
        "[word]\n'*' = 'any'\nlinux = '{os}!'\nlinux-arm64 = 'arm'\n'linux-*-musl' = 'musl'";
    check(cases, "{word}", "macos-arm64", Ok("any"));
    check(cases, "{word}", "linux-amd64-gnu", Ok("linux!"));
    check(cases, "{word}", "linux-arm64", Ok("arm"));
    check(cases, "{word}", "linux-amd64-musl", Ok("musl"));
    check(
        cases,
        "{word}",
        "linux-arm64-musl",
        Err("`linux-arm64` and `linux-*-musl` both fit linux-arm64-musl"),
    );
    check("a = '{b}{b}'\nb = '{version}'", "{a}", "linux-amd64", Ok("1.01.0"));
    check(
        "a = '{b}'\nb = '{c}'\nc = '{a}'",
        "{a}",
        "linux-amd64",
        Err("a cycle: `a` uses `b` uses `c` uses `a`"),
    );
    check("a = '{a}'", "{a}", "linux-amd64", Err("a cycle: `a` uses `a`"));
    check("[a]\nmacos = 'x'", "{a}", "linux-amd64", Err("`{a}` has no value for linux-amd64"));
}

#[test]
fn variables_cannot_explode() {
    let line = |i: usize| format!("v{i} = '{{v{}}}{{v{}}}'\n", i + 1, i + 1);
    for last in ["", "x"] {
        let vars: String = (0..60).map(line).chain([format!("v60 = '{last}'\n")]).collect();
        let got = expand_with(&vars, "{v0}", ("1.0", "linux-amd64"), Phase::Resolve);
        assert!(got.unwrap_err().contains("more than"));
    }
}

#[test]
fn installing() {
    let value = |token: &Token| match token {
        Token::Prefix => Some("/opt/pkg".to_owned()),
        Token::Dep(name) => Some(format!("/opt/{name}")),
        _ => None,
    };
    let check = |text: &str, want: Result<&str, Error>| {
        assert_eq!(install(text, &value).as_deref(), want.as_ref().map(|text| *text));
    };
    check("{prefix}/etc {{x}} {dep:a+b}", Ok("/opt/pkg/etc {x} /opt/a+b"));
    check("{keg}", Err(Error::NoValue { token: "keg".to_owned() }));
    check("{version}", Err(Error::Unknown { token: "version".to_owned() }));
    check("{dep:}", Err(Error::Unknown { token: "dep:".to_owned() }));
}

proptest! {
    /// What is literal in the formula is literal on the machine.
    #[test]
    fn literal_text_comes_through_both_phases(text in r#"[a-z{}":0-9 \n]{0,24}"#) {
        let on = ("1.0", "linux-amd64");
        let doubled = text.replace('{', "{{").replace('}', "}}");
        let kept = expand_with("", &doubled, on, Phase::Install).unwrap();
        prop_assert_eq!(install(&kept, &|_| None), Ok(text.clone()));
        prop_assert_eq!(expand_with("", &doubled, on, Phase::Resolve), Ok(text));
    }

    #[test]
    fn no_text_panics(text in r#"([{}]|\{[a-z:.0-9]{0,7}\}|prefix|é| )*"#) {
        let on = ("1.0", "linux-amd64");
        for phase in [Phase::Resolve, Phase::Install, Phase::Build] {
            if let Ok(kept) = expand_with("", &text, on, phase) {
                install(&kept, &|_| Some(String::new())).ok();
            }
        }
    }
}
