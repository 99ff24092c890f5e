use std::collections::BTreeMap;

use serde_json::Value;

use super::{template::platform_of, *};

fn group(names: &[&str], version: &str, wanted: Option<&str>) -> Group {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Group::choose(&names, version, wanted).unwrap()
}

fn shown(template: &Template) -> String {
    let mut lines = vec![template.text.clone()];
    for (name, values) in &template.vars {
        let values: Vec<_> =
            values.iter().map(|(selector, value)| format!("{selector}={value}")).collect();
        lines.push(format!("{name}: {}", values.join(" ")));
    }
    lines.join(" | ")
}

#[track_caller]
fn check(names: &[&str], version: &str, expect: &str) {
    assert_eq!(shown(&group(names, version, None).template(version)), expect);
}

#[test]
fn names_are_read() {
    let check = |name: &str, expect: &str| {
        let keys = Asset::read(name).map(|asset| asset.keys());
        let keys =
            keys.map(|keys| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        assert_eq!(keys.as_deref().unwrap_or("none"), expect, "{name}");
    };
    check("rg-15.1.0-x86_64-unknown-linux-musl.tar.gz", "linux-amd64");
    check("rg-15.1.0-aarch64-unknown-linux-gnu.tar.gz", "linux-arm64-gnu");
    check("rg-15.1.0-armv7-unknown-linux-gnueabihf.tar.gz", "linux-armv7-gnu");
    check("rg-15.1.0-x86_64-pc-windows-msvc.zip", "windows-amd64");
    check("tool_1.0_macOS-ARM64.tar.gz", "macos-arm64");
    check("tool-universal-apple-darwin.tar.gz", "macos-amd64 macos-arm64");
    check("jq-linux64", "linux-amd64");
    check("jq-win64.exe", "windows-amd64");
    check("jq-macos-arm64", "macos-arm64");
    check("shellcheck-v0.9.0.linux.aarch64.tar.xz", "linux-arm64");
    check("protoc-3.36.0-osx-aarch_64.zip", "macos-arm64");
    check("protoc-3.36.0-linux-ppcle_64.zip", "linux-ppc64le");
    check("linuxkit-1.0.tar.gz", "");
    check("tool-1.0.tar.gz", "");
    check("tool-x86_64-linux.tar.gz.sha256", "none");
    check("tool_1.0_amd64.deb", "none");
    check("tool-linux-amd64.sbom.json", "none");
}

#[test]
fn a_name_of_many_platforms_ends_in_time() {
    let name = |os: &str| format!("t{}", format!("-{os}-amd64").repeat(12));
    let names = ["linux", "darwin"].map(name);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let template = group(&names, "1.0", None).template("1.0");
    assert!(template.text.starts_with("t-{"), "{template:?}");
}

#[test]
fn templates_have_tokens_where_they_can() {
    check(
        &[
            "t-1.0-x86_64-unknown-linux-musl.tar.gz",
            "t-1.0-aarch64-apple-darwin.tar.gz",
            "t-1.0-x86_64-pc-windows-msvc.zip",
        ],
        "1.0",
        "t-{version}-{triple}.{ext} | ext: *=tar.gz windows=zip",
    );
    check(
        &["t_linux_amd64", "t_darwin_arm64", "t_windows_amd64.exe"],
        "1.0",
        "t_{os:go}_{arch}{exe}",
    );
    check(&["t-1.0-amd64.tar.gz", "t-1.0-arm64.tar.gz"], "1.0", "t-{version}-{arch}.tar.gz");
    check(
        &[
            "t_1.0_Linux-64bit.tar.gz",
            "t_1.0_Linux-ARM64.tar.gz",
            "t_1.0_macOS-ARM64.tar.gz",
            "t_1.0_windows-64bit.zip",
        ],
        "1.0",
        "t_{version}_{system}-{cpu}.{ext} | system: linux=Linux macos=macOS windows=windows | \
         cpu: *-amd64=64bit *-arm64=ARM64 | ext: *=tar.gz windows=zip",
    );
    check(
        &[
            "m-v1.0-linux-x64-musl.tar.gz",
            "m-v1.0-macos-arm64.tar.gz",
            "m-v1.0-macos-x64.tar.gz",
            "m-v1.0-windows-x64.zip",
        ],
        "1.0",
        "m-v{version}-{target}.{ext} | target: *={os}-{arch:node} linux={os}-{arch:node}-musl | ext: *=tar.gz windows=zip",
    );
    check(
        &["R_1_0_0-linux-arm64.zip", "R_1_0_0-macos-arm64.zip"],
        "1.0.0",
        "R_{version:_}-{os}-{arch}.zip",
    );
}

#[test]
fn one_file_is_chosen_for_each_platform() {
    let names = [
        "t-x86_64-unknown-linux-gnu.tar.gz",
        "t-x86_64-unknown-linux-musl.tar.gz",
        "t-x86_64-unknown-linux-musl.zip",
        "t-x86_64-unknown-linux-musl.tar.gz.sha256",
        "t-riscv64gc-unknown-linux-gnu.tar.gz",
        "t-lsp-x86_64-unknown-linux-musl.tar.gz",
        "t-x86_64.AppImage",
        "source.tar.gz",
    ];
    let found = group(&names, "1.0", None);
    let found: Vec<_> =
        found.assets.iter().map(|(key, asset)| format!("{key} {}", asset.name)).collect();
    assert_eq!(
        found,
        [
            "linux-amd64 t-x86_64-unknown-linux-musl.tar.gz",
            "linux-riscv64-gnu t-riscv64gc-unknown-linux-gnu.tar.gz"
        ]
    );
    let found = group(&names, "1.0", Some("t-lsp-x86_64-unknown-linux-musl.tar.gz"));
    assert_eq!(found.assets.len(), 1);
}

/// Every release of the data that the built-in tap was checked with: the template that is made of
/// its names gives every one of them back.
#[test]
fn real_releases_are_given_back_by_their_templates() {
    let data: Value =
        serde_json::from_str(include_str!("../../../../../tests/data/release-digests.json"))
            .unwrap();
    let (mut releases, mut simple) = (0, 0);
    for (tool, facts) in data["tools"].as_object().unwrap() {
        for (version, assets) in facts["versions"].as_object().unwrap() {
            let url = |platform: &str| {
                let own = assets[platform]["url"].as_str();
                own.or(facts["template"][platform]["url"].as_str())
                    .unwrap_or_default()
                    .replace("${version}", version)
            };
            let platforms =
                assets.as_object().unwrap().keys().filter(|key| assets[*key]["sha256"].is_string());
            let names: Vec<String> = platforms
                .map(|platform| url(platform).rsplit('/').next().unwrap().to_owned())
                .collect();
            let Some(group) = Group::choose(&names, version, None) else {
                panic!("{tool} {version}: {names:?}")
            };
            let template = group.template(version);
            for (key, asset) in &group.assets {
                assert_eq!(
                    expand(&template, key, version),
                    asset.name,
                    "{tool} {}",
                    shown(&template)
                );
            }
            releases += 1;
            simple += usize::from(template.vars.iter().all(|(name, _)| name == "ext"));
        }
    }
    assert!(releases > 100, "{releases}");
    assert!(simple * 10 > releases * 8, "{simple} of {releases} need no variable but the end");
}

/// What a template stands for, by the rules of the format.
fn expand(template: &Template, key: &Key, version: &str) -> String {
    let platform = platform_of(key).unwrap();
    let mut text = template.text.clone();
    for (name, values) in &template.vars {
        let fits =
            |selector: &str| selector.parse::<formula::Selector>().unwrap().matches(&platform);
        let best = values
            .iter()
            .filter(|(selector, _)| fits(selector))
            .max_by_key(|(selector, _)| selector.split('-').filter(|part| *part != "*").count());
        text = text.replace(&format!("{{{name}}}"), &best.unwrap().1);
    }
    let mut words: BTreeMap<String, String> = formula::template::platform_words(&platform)
        .map(|(token, word)| (token.to_owned(), word))
        .collect();
    words.insert("version".to_owned(), version.to_owned());
    words.insert("version:_".to_owned(), version.replace('.', "_"));
    words.iter().fold(text, |text, (token, word)| text.replace(&format!("{{{token}}}"), word))
}
