use annotate_snippets::Renderer;
use insta::assert_snapshot;

use super::*;
use crate::{failure::excerpt::render, settings::Origin};

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/c/config.toml"))
}

fn at<T>(line: usize, value: T) -> Setting<T> {
    Setting { value, origin: Origin::File(line) }
}

fn refused(text: &str) -> String {
    match parse(text).unwrap_err() {
        Error::Malformed(malformed) => render(&malformed, &Renderer::plain()),
        Error::Read { source } => panic!("{source}"),
    }
}

#[test]
fn every_key_is_read_and_knows_its_line() {
    let text = r#"
offline = true
jobs = 1_0
ca = ["/etc/ca.pem", "own.pem"]

[mirror]
"https://github.com/" = "http://127.0.0.1:5000/gh/"
"https://a.example/" = "https://b.example/"

[registry."localhost:5000"]
plain-http = true
token-server = "https://auth.example/"
[registry."r.example"]
[registry."localhost:5001"]
plain-http = false
"#;
    let config = parse(text).unwrap();
    assert_eq!(config.offline, Some(at(2, true)));
    assert_eq!(
        config.jobs.map(|jobs| (jobs.value.get(), jobs.origin)),
        Some((10, Origin::File(3)))
    );
    let mirrors: Vec<_> = config
        .mirrors
        .iter()
        .map(|m| (m.value.from.as_str(), m.value.to.as_str(), m.origin))
        .collect();
    let expect = [
        ("https://github.com/", "http://127.0.0.1:5000/gh/", Origin::File(7)),
        ("https://a.example/", "https://b.example/", Origin::File(8)),
    ];
    assert_eq!(mirrors, expect);
    let of = |host: &str| Registry { host: host.into(), ..Registry::default() };
    let plain = Registry {
        plain_http: Some(at(11, true)),
        token_servers: Some(at(12, vec!["https://auth.example".into()])),
        ..of("localhost:5000")
    };
    let tls = Registry { plain_http: Some(at(15, false)), ..of("localhost:5001") };
    assert_eq!(config.registries, [plain, of("r.example"), tls]);
    assert_eq!(config.ca.unwrap().value, ["/etc/ca.pem", "/c/own.pem"].map(PathBuf::from));
}

#[test]
fn the_example_sets_every_key() {
    let config = parse(EXAMPLE).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("None") && !shown.contains("[]"), "{shown}");
    assert!(!shown.contains("password"), "{shown}");
    let seconds = |setting: Option<Setting<u64>>| setting.unwrap().value;
    assert_eq!((seconds(config.stall), seconds(config.lock)), (30, 600));
}

#[test]
fn without_a_file_nothing_is_set() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Config::of_folder(folder.path()).unwrap(), Config::default());
    fs_err::create_dir(folder.path().join("config.toml")).unwrap();
    assert!(matches!(Config::of_folder(folder.path()), Err(Error::Read { .. })));
}

#[test]
fn an_unknown_key_is_shown_with_the_one_that_was_meant() {
    assert_snapshot!(refused("job = 4\n"), @r"
    error: unknown key `job`
     --> /c/config.toml:1:1
      |
    1 | job = 4
      | ^^^ nobody reads this
      |
      = help: did you mean `jobs`?
    ");
    assert_snapshot!(refused("[registry.\"r.example\"]\ninsecure = true\n"), @r"
    error: unknown key `insecure`
     --> /c/config.toml:2:1
      |
    2 | insecure = true
      | ^^^^^^^^ nobody reads this
      |
      = help: the keys here are `ca`, `client-certificate`, `client-key`, `fallback`, `mirrors`, `plain-http`, `proxy`, `token-server`
    ");
}

#[test]
fn a_value_of_another_kind_is_shown() {
    assert_snapshot!(refused("jobs = 0\n"), @r"
    error: this is the number 0, not a whole number from 1 on
     --> /c/config.toml:1:8
      |
    1 | jobs = 0
      |        ^ must be a whole number from 1 on
    ");
    assert_snapshot!(refused("offline = 'no'\n"), @r"
    error: this is a string, not `true` or `false`
     --> /c/config.toml:1:11
      |
    1 | offline = 'no'
      |           ^^^^ must be `true` or `false`
    ");
    assert_snapshot!(refused("mirror = []\n"), @r"
    error: this is a list, not a table
     --> /c/config.toml:1:10
      |
    1 | mirror = []
      |          ^^ must be a table
    ");
    assert_snapshot!(refused("ca = 3\n"), @r"
    error: this is the number 3, not a path or a list of such
     --> /c/config.toml:1:6
      |
    1 | ca = 3
      |      ^ must be a path or a list of such
    ");
}

#[test]
fn a_mirror_is_the_start_of_an_address_up_to_a_slash() {
    assert_snapshot!(refused("[mirror]\n\"https://github.com\" = \"https://m.example/\"\n"), @r#"
    error: `https://github.com` is not the start of an address
     --> /c/config.toml:2:1
      |
    2 | "https://github.com" = "https://m.example/"
      | ^^^^^^^^^^^^^^^^^^^^ must start with `https://` and end with `/`
      |
      = help: write the scheme and the last slash: "https://github.com/"
    "#);
    for text in [
        "\"github.com/\" = \"https://m/\"",
        "\"https://a/\" = \"ftp://m/\"",
        "\"https:///\" = \"https://m/\"",
    ] {
        assert!(refused(&format!("[mirror]\n{text}\n")).contains("is not the start of an address"));
    }
}

#[test]
fn a_tap_that_is_mirrored_is_a_repository_on_both_sides() {
    let tap = "\"oci://a.example/tap\"";
    assert_snapshot!(refused(&format!("[mirror]\n{tap} = \"https://m.example/\"\n")), @r#"
    error: `https://m.example/` is no repository of a registry
     --> /c/config.toml:2:25
      |
    2 | "oci://a.example/tap" = "https://m.example/"
      |                         ^^^^^^^^^^^^^^^^^^^^ must be a repository alone
      |
      = help: write "oci://registry.example.org/tap"
    "#);
    for to in ["oci://m.example/tap:latest", "oci:folder", "m.example"] {
        let refused = refused(&format!("[mirror]\n{tap} = \"{to}\"\n"));
        assert!(refused.contains("is no repository of a registry"), "{refused}");
    }
}

#[test]
fn patience_may_be_less_but_a_wait_of_nothing_is_none() {
    let config = parse("[patience]\nretries = 0\nstall-seconds = 1\n").unwrap();
    assert_eq!(config.retries, Some(at(2, 0)));
    assert_eq!(config.stall, Some(at(3, 1)));
    assert_snapshot!(refused("[patience]\nlock-seconds = 0\n"), @r"
    error: this is the number 0, not a whole number from 1 on
     --> /c/config.toml:2:16
      |
    2 | lock-seconds = 0
      |                ^ must be a whole number from 1 on
    ");
    assert!(refused("[patience]\nretries = -1\n").contains("not a whole number"));
    assert!(refused("[patience]\nretrys = 1\n").contains("did you mean `retries`?"));
}

#[test]
fn a_registry_is_named_by_its_host() {
    assert_snapshot!(refused("[registry.\"https://r.example/\"]\n"), @r#"
    error: `https://r.example/` is not a registry's host: the port is not a number from 1 to 65535
     --> /c/config.toml:1:11
      |
    1 | [registry."https://r.example/"]
      |           ^^^^^^^^^^^^^^^^^^^^ a host, and a port where it has one
      |
      = help: write the host alone: [registry."registry.example.org:5000"]
    "#);
}

#[test]
fn what_is_not_toml_is_shown() {
    assert_snapshot!(refused("jobs = \n"), @r"
    error: this is not TOML: string values must be quoted, expected literal string
     --> /c/config.toml:1:8
      |
    1 | jobs = 
      |        ^ here
    ");
}

#[test]
fn a_proxy_is_an_address_whose_password_nobody_sees() {
    assert_snapshot!(refused("proxy = \"htp://me:s3cret@proxy.example\"\n"), @r#"
    error: this is not the address of a proxy
     --> /c/config.toml:1:9
      |
    1 | proxy = "htp://*********@proxy.example"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ must name scheme and host
      |
      = help: write "http://proxy.example.org:3128", or `false`
    "#);
    assert!(refused("proxy = true\n").contains("must be a proxy's address or `false`"));
    for text in [
        "proxy = \"http://me:s3cret@p\"\nx = 1\n",
        "proxy = \"http://me:x/s3cret@p\"\n",
        "proxy = \"http:me:s3cret@p\"\n",
        "[mirror]\n\"https://a.example/\" = \"https://me:s3cret@m.example/\"\n",
        "[mirror]\n\"https://a.example/\" = \"https://me:s3cret@m.example\"\n",
        "[registry.\"r.example\"]\ntoken-server = \"https://me:s3cret@a.example\"\n",
        "[registry.\"r.example\"]\nmirrors = [\"https://me:s3cret@m.example\"]\n",
        "[tap]\nacme = \"oci://me:s3cret@r.example/tap\"\n",
    ] {
        assert!(!refused(text).contains("s3cret"), "{}", refused(text));
    }
    assert_eq!(parse("proxy = false\n").unwrap().proxy, Some(at(1, Proxy::None)));
}

#[test]
fn a_token_server_is_an_origin() {
    assert_snapshot!(refused("[registry.\"r.example\"]\ntoken-server = \"https://a.example/token\"\n"), @r#"
    error: `https://a.example/token` is not the origin of a server
     --> /c/config.toml:2:16
      |
    2 | token-server = "https://a.example/token"
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^ a scheme, a host and no path
      |
      = help: write the scheme and the host: "https://auth.example.com"
    "#);
    for text in ["a.example", "ftp://a.example", "https://me:pw@a.example", "https://a.example/?x"]
    {
        let text = format!("[registry.\"r.example\"]\ntoken-server = [\"{text}\"]\n");
        assert!(refused(&text).contains("is not the origin of a server"), "{text}");
    }
}

#[test]
fn mirrors_are_places_and_somebody_answers_tags() {
    let own = |keys: &str| format!("[registry.\"r.example\"]\n{keys}\n");
    assert_snapshot!(refused(&own("mirrors = [\"https://m.example\"]")), @r#"
    error: `https://m.example` is not a place in a registry
     --> /c/config.toml:2:12
      |
    2 | mirrors = ["https://m.example"]
      |            ^^^^^^^^^^^^^^^^^^^ a host, and a path where it has one
      |
      = help: write it without a scheme: "mirror.example.org:5000/path"
    "#);
    assert_snapshot!(refused(&own("mirrors = [\"m.example\"]\nfallback = false")), @r#"
    error: nobody is left to say what a tag names
     --> /c/config.toml:1:1
      |
    1 | [registry."r.example"]
      | ^^^^^^^^^^^^^^^^^^^^^^ without a fallback a mirror must
      |
      = help: let a mirror answer tags: { location = "…", digest-only = false }
    "#);
    assert!(refused(&own("mirrors = \"m.example\"")).contains("must be a list of mirrors"));
    assert!(refused(&own("mirrors = [{ digest-only = true }]")).contains("without a `location`"));
    let text =
        own("mirrors = [\"m.example/x/\", { location = \"n.example\", digest-only = false }]");
    let config = parse(&format!("{text}fallback = false\n")).unwrap();
    let mirrors = &config.registries[0].mirrors.as_ref().unwrap().value;
    let mirrors: Vec<_> = mirrors.iter().map(|m| (m.location.as_str(), m.digest_only)).collect();
    assert_eq!(mirrors, [("m.example/x", true), ("n.example", false)]);
}

#[test]
fn a_certificate_and_its_key_go_together() {
    assert_snapshot!(refused("[registry.\"r.example\"]\nclient-key = \"me.key\"\n"), @r#"
    error: a client's certificate and its key go together
     --> /c/config.toml:1:1
      |
    1 | [registry."r.example"]
      | ^^^^^^^^^^^^^^^^^^^^^^ one of them is missing
      |
      = help: write both `client-certificate` and `client-key`
    "#);
}

#[test]
fn a_policy_lists_hosts_taps_and_starts_of_addresses() {
    let config =
        parse("[policy]\nregistries = [\"*.Corp.example:*\", \"R.example\"]\ntaps = []\n").unwrap();
    let registries = vec!["*.corp.example:*".to_owned(), "r.example".to_owned()];
    assert_eq!(config.policy.registries, Some(at(2, registries)));
    assert_eq!(config.policy.taps, Some(at(3, Vec::new())));
    assert!(config.policy.sources.is_none());
    assert_snapshot!(refused("[policy]\nregistries = [\"https://r.example/\"]\n"), @r#"
    error: `https://r.example/` is not a registry's host: the port is not a number from 1 to 65535
     --> /c/config.toml:2:15
      |
    2 | registries = ["https://r.example/"]
      |               ^^^^^^^^^^^^^^^^^^^^ a host, perhaps with `*` in it
      |
      = help: write the host alone, as in "registry.example.org:5000"
    "#);
    assert!(refused("[policy]\nsources = [\"https://a\"]\n").contains("is not the start of an"));
}
