use annotate_snippets::Renderer;
use insta::assert_snapshot;

use super::*;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/c/config.toml"))
}

fn refused(text: &str) -> String {
    match parse(text).unwrap_err() {
        Error::Malformed(malformed) => excerpt::render(&malformed, &Renderer::plain()),
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
    assert_eq!(config.offline, Some(Located { value: true, line: 2 }));
    assert_eq!(config.jobs.map(|jobs| (jobs.value.get(), jobs.line)), Some((10, 3)));
    let mirrors: Vec<_> = config
        .mirrors
        .iter()
        .map(|m| (m.value.from.as_str(), m.value.to.as_str(), m.line))
        .collect();
    let expect = [
        ("https://github.com/", "http://127.0.0.1:5000/gh/", 7),
        ("https://a.example/", "https://b.example/", 8),
    ];
    assert_eq!(mirrors, expect);
    let registries: Vec<_> = config.registries.into_iter().map(|r| r.value).collect();
    let of = |host: &str| Registry { host: host.into(), ..Registry::default() };
    let token_servers = vec!["https://auth.example".into()];
    let plain = Registry { plain_http: true, token_servers, ..of("localhost:5000") };
    let tls = Registry { tls: true, ..of("localhost:5001") };
    assert_eq!(registries, [plain, of("r.example"), tls]);
    assert_eq!(config.ca.unwrap().value, ["/etc/ca.pem", "/c/own.pem"].map(PathBuf::from));
}

#[test]
fn the_example_sets_every_key() {
    let config = parse(EXAMPLE).unwrap();
    assert!(config.jobs.is_some() && config.offline.is_some() && config.mirrors.len() == 1);
    assert!(config.registries[0].value.plain_http && config.ca.is_some());
    let seconds = |located: Option<Located<u64>>| located.unwrap().value;
    assert_eq!((seconds(config.stall), seconds(config.lock)), (30, 600));
    assert_eq!(config.retries.unwrap().value, 5);
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
      = help: the keys here are `plain-http`, `token-server`
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
    error: this is an array, not a table
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
fn patience_may_be_less_but_a_wait_of_nothing_is_none() {
    let config = parse("[patience]\nretries = 0\nstall-seconds = 1\n").unwrap();
    assert_eq!(config.retries, Some(Located { value: 0, line: 2 }));
    assert_eq!(config.stall, Some(Located { value: 1, line: 3 }));
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
    error: `https://r.example/` is not a registry's host
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
