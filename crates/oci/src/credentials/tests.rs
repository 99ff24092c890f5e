use std::{ffi::OsString, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A home with configuration files, and a fake credential helper called `fake`.
struct Home {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
        let environment = Environment {
            home: Some(folder.path().to_owned()),
            path: Some(programs.into()),
            ..Environment::default()
        };
        let log = folder.path().join("log");
        Self { folder, environment }.with("FAKE_LOG", log).with("PATH", "/usr/bin:/bin")
    }

    /// Sets a variable of the helper.
    fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.helper_variables.push((name.into(), value.into()));
        self
    }

    fn answering(self, user: &str, secret: &str) -> Self {
        let answer = json!({"ServerURL": "x", "Username": user, "Secret": secret}).to_string();
        self.with("FAKE_ANSWER", answer)
    }

    fn write(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn docker(self, content: &Value) -> Self {
        self.write(".docker/config.json", content.to_string())
    }

    fn lookup(&self) -> Lookup {
        Lookup::new(self.environment.clone())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What a new look-up finds for `host/repository`.
    fn find(&self, reference: &str) -> (String, Vec<String>) {
        find(&self.lookup(), reference)
    }

    fn check(&self, reference: &str, expected: &str) {
        assert_eq!(self.find(reference), (expected.to_owned(), Vec::new()), "{reference}");
    }
}

fn find(lookup: &Lookup, reference: &str) -> (String, Vec<String>) {
    let (host, repository) = reference.split_once('/').unwrap();
    let answer = block_on(lookup.find(host, repository));
    let problems = answer.problems.iter().map(|problem| {
        let source = std::error::Error::source(problem);
        source.map_or(problem.to_string(), |source| format!("{problem}: {source}"))
    });
    (show(answer.found.map(|found| found.credential)), problems.collect())
}

fn show(credential: Option<Credential>) -> String {
    match credential {
        None => "-".to_owned(),
        Some(Credential::Basic { user, password }) => format!("{user}:{}", password.expose()),
        Some(Credential::Identity(token)) => format!("identity {}", token.expose()),
        Some(Credential::Bearer(token)) => format!("bearer {}", token.expose()),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The base64 of `me:pw`.
const ME: &str = "bWU6cHc=";
/// The base64 of `you:pw`.
const YOU: &str = "eW91OnB3";
/// The base64 of `old:pw`.
const OLD: &str = "b2xkOnB3";
fn auth(host: &str, auth: &str) -> Value {
    json!({"auths": {host: {"auth": auth}}})
}

#[test]
fn h15_docker_config_is_read_below_home_or_where_the_variable_says() {
    let mut home = Home::new()
        .docker(&auth("a.example", ME))
        .write("elsewhere/config.json", auth("a.example", YOU).to_string());
    home.check("a.example/x", "me:pw");
    home.check("b.example/x", "-");
    home.environment.docker_config = Some(home.folder.path().join("elsewhere"));
    home.check("a.example/x", "you:pw");
    home.environment = Environment::default();
    home.check("a.example/x", "-");
}

#[test]
fn h15_a_helper_for_the_host_is_asked_before_the_store_and_the_entries() {
    let mut config = auth("a.example", ME);
    config["credHelpers"] = json!({"a.example": "fake", "c.example": "fake"});
    let home = Home::new().docker(&config).answering("h", "s");
    home.check("a.example/x", "h:s");
    home.check("b.example/x", "-");
    assert_eq!(home.log(), "get a.example nothing\n");

    config["credsStore"] = "fake".into();
    config["credHelpers"] = json!({"a.example": "absent"});
    let home = Home::new().docker(&config).answering("h", "s");
    let (found, problems) = home.find("a.example/x");
    assert_eq!((found.as_str(), problems.len()), ("h:s", 1));
    home.check("b.example/x", "h:s");
}

#[test]
fn h16_docker_hub_is_known_by_its_old_url() {
    for key in ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"] {
        Home::new().docker(&auth(key, ME)).check("docker.io/library/ubuntu", "me:pw");
    }
    let store = json!({"credHelpers": {"https://index.docker.io/v1/": "fake"}});
    let home = Home::new().docker(&store).answering("h", "s");
    home.check("docker.io/acme/foo", "h:s");
    assert_eq!(home.log(), "get https://index.docker.io/v1/ nothing\n");
}

#[test]
fn h17_entries_in_all_their_forms() {
    let check = |entry: Value, expected: &str| {
        Home::new().docker(&json!({"auths": {"a.example": entry}})).check("a.example/x", expected);
    };
    check(json!({"auth": "bWU6cHc="}), "me:pw");
    check(json!({"auth": "bWU6cHc"}), "me:pw");
    check(json!({"auth": " bWU6cHc=\n"}), "me:pw");
    check(json!({"auth": "bWU6cHcAAAA="}), "me:pw");
    check(json!({"auth": "bWU6cDp3"}), "me:p:w");
    check(json!({"auth": "bWU6"}), "me:");
    check(json!({"username": "me", "password": "p:w"}), "me:p:w");
    check(json!({"username": "x", "password": "y", "auth": ME}), "me:pw");
    check(json!({"identitytoken": "id", "auth": ME}), "identity id");
    check(json!({"registrytoken": "reg", "identitytoken": "id", "auth": ME}), "bearer reg");
    check(json!({"identitytoken": "", "auth": ME, "email": "a@b", "later": 1}), "me:pw");
    check(json!({}), "-");
    check(Value::Null, "-");
    check(json!({"auth": ""}), "-");
}

#[test]
fn h17_a_broken_entry_is_skipped_and_told_once_without_its_text() {
    let check = |entry: Value, rule: &str| {
        let config = json!({"auths": {"a.example/x": entry, "a.example": {"auth": ME}}});
        let home = Home::new().docker(&config);
        let lookup = home.lookup();
        let (found, problems) = find(&lookup, "a.example/x");
        assert_eq!(found, "me:pw");
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        assert!(problem.contains("`a.example/x`") && problem.contains(rule), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
        assert_eq!(find(&lookup, "a.example/x"), ("me:pw".to_owned(), Vec::new()));
        home.check("b.example/x", "-");
    };
    check(json!("s3cret"), "no object of texts");
    check(json!({"auth": ["s3cret"]}), "no object of texts");
    check(json!({"auth": "s3cret!"}), "not base64");
    check(json!({"auth": "czNjcmV0"}), "no `:`");
    check(json!({"auth": "/zo="}), "no text");
}

#[test]
fn h17_a_broken_file_is_told_without_its_text_and_the_next_is_read() {
    let broken: [&[u8]; 5] =
        [b"{\"s3cret", b"[\"s3cret\"]", b"s3cret", b"{\"auths\":\"s3cret\"}", b"\xff"];
    for bytes in broken {
        let home =
            Home::new().write(".config/containers/auth.json", bytes).docker(&auth("a.example", ME));
        let (found, problems) = home.find("a.example/x");
        assert_eq!((found.as_str(), problems.len()), ("me:pw", 1));
        assert!(problems[0].contains("auth.json`: its JSON is broken at line 1"), "{problems:?}");
        assert!(!problems[0].contains("s3cret"), "{problems:?}");
    }
    for bytes in ["", " \n", "{}", "\u{feff}{}", r#"{"auths":null,"credsStore":null}"#] {
        Home::new().write(".docker/config.json", bytes).check("a.example/x", "-");
    }
    let marked = format!("\u{feff}{}", auth("a.example", ME));
    Home::new().write(".docker/config.json", marked).check("a.example/x", "me:pw");
    let home = Home::new().write(".docker/config.json/x", "");
    assert!(home.find("a.example/x").1[0].contains("cannot read credentials"));
    let home = Home::new().write(".docker/config.json", vec![b' '; (4 << 20) + 1]);
    assert!(home.find("a.example/x").1[0].contains("more than 4194304 bytes"));
}

#[test]
fn h18_a_helper_is_asked_once_for_each_server() {
    let home = Home::new().docker(&json!({"credsStore": "fake"})).answering("h", "s");
    let lookup = home.lookup();
    block_on(async {
        let (one, two) = tokio::join!(lookup.find("a.example", "x"), lookup.find("a.example", "y"));
        assert!(one.found.is_some() && two.found.is_some());
    });
    let other = lookup.clone();
    assert_eq!(find(&other, "a.example/z").0, "h:s");
    assert_eq!(home.log(), "get a.example nothing\n");
    assert_eq!(find(&other, "b.example/z").0, "h:s");
    other.forget("a.example");
    assert_eq!(find(&lookup, "a.example/x").0, "h:s");
    assert_eq!(find(&lookup, "b.example/x").0, "h:s");
    let asked = "get a.example nothing\nget b.example nothing\nget a.example nothing\n";
    assert_eq!(home.log(), asked);
}

#[test]
fn h18_not_found_is_no_error() {
    let said = [
        "credentials not found in native keychain\n",
        "No stored credential",
        "The specified item could not be found in the keychain.",
    ];
    for said in said {
        let mut config = auth("a.example", ME);
        config["credsStore"] = "fake".into();
        let home = Home::new().docker(&config).with("FAKE_ANSWER", said).with("FAKE_STATUS", "1");
        home.check("a.example/x", "me:pw");
        home.check("b.example/x", "-");
    }
    Home::new().docker(&json!({"credsStore": "fake"})).answering("", "").check("a.example/x", "-");
}

#[test]
fn h18_a_failing_helper_is_told_once_and_the_search_goes_on() {
    let check = |home: Home, helper: &str, part: &str| {
        let mut config = auth("a.example", ME);
        config["credsStore"] = helper.into();
        let home = home.docker(&config);
        let lookup = home.lookup();
        let (found, problems) = find(&lookup, "a.example/x");
        assert_eq!((found.as_str(), problems.len()), ("me:pw", 1), "{problems:?}");
        assert!(problems[0].contains(part) && !problems[0].contains("s3cret"), "{problems:?}");
        assert_eq!(find(&lookup, "a.example/x"), ("me:pw".to_owned(), Vec::new()));
        assert!(home.log().lines().count() <= 1, "{}", home.log());
    };
    let failing = || Home::new().with("FAKE_STATUS", "3");
    let locked = failing().with("FAKE_ANSWER", "lock\u{7}ed\n");
    check(locked, "fake", "docker-credential-fake` failed (exit status: 3): locked");
    check(failing().with("FAKE_COMPLAINT", "no bus"), "fake", "(exit status: 3): no bus");
    check(failing(), "fake", "it said nothing");
    check(Home::new().with("FAKE_ANSWER", "s3cret"), "fake", "is no JSON with `Username`");
    let half = r#"{"Username":"s3cret"}"#;
    check(Home::new().with("FAKE_ANSWER", half), "fake", "is no JSON with `Username`");
    for name in ["../fake", "a/b", "a b", "a\0"] {
        check(Home::new(), name, "is no name of a credential helper");
    }
    check(Home::new(), "absent", "`docker-credential-absent` is not in PATH");
    let mut relative = Home::new();
    relative.environment.path = Some("tests/programs".into());
    check(relative, "fake", "`docker-credential-fake` is not in PATH");
}

#[test]
fn h18_a_silent_helper_is_killed() {
    let home = Home::new().docker(&json!({"credsStore": "fake"}));
    let pid = home.folder.path().join("pid");
    let home = home.with("FAKE_PID", &pid);
    let lookup = Lookup::with_helper_limit(home.environment.clone(), Duration::from_secs(2));
    let (found, problems) = find(&lookup, "a.example/x");
    assert_eq!(found, "-");
    assert!(problems[0].contains("gave no answer for 2 s"), "{problems:?}");
    assert_gone(&pid);
}

fn assert_gone(pid: &Path) {
    let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    assert_eq!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH));
}

#[test]
fn h6_identity_tokens_of_helpers_and_of_entries() {
    let store = json!({"credsStore": "fake"});
    Home::new().docker(&store).answering("<token>", "id").check("a.example/x", "identity id");
    let nobody = "00000000-0000-0000-0000-000000000000";
    let expected = format!("{nobody}:id");
    Home::new().docker(&store).answering(nobody, "id").check("a.example/x", &expected);
    // The entry of `az acr login`: the user of all zeros, no password, and an identity token.
    let auth = "MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOg==";
    let entry = json!({"auths": {"a.azurecr.io": {"auth": auth, "identitytoken": "id"}}});
    Home::new().docker(&entry).check("a.azurecr.io/x", "identity id");
    let entry = json!({"auths": {"a.example": {"username": "<token>", "password": "id"}}});
    Home::new().docker(&entry).check("a.example/x", "identity id");
}

#[test]
fn h19_files_are_read_in_order_until_one_has_the_registry() {
    let files = ["named.json", "run/containers/auth.json", ".config/containers/auth.json"];
    let mut home = Home::new();
    let root = home.folder.path().to_owned();
    home.environment.registry_auth_file = Some(root.join("named.json"));
    home.environment.xdg_runtime_dir = Some(root.join("run"));
    for (position, path) in files.into_iter().chain([".docker/config.json"]).enumerate() {
        let own = format!("{position}.example");
        let entries = json!({own: {"auth": ME}, "all.example": {"auth": ME}, "none.example": {}});
        let content = json!({"auths": entries}).to_string();
        home = home.write(path, content);
    }
    let legacy = json!({"4.example": {"auth": OLD, "email": "a@b"}, "0.example": {"auth": OLD}});
    let home = home.write(".dockercfg", legacy.to_string());
    for (position, expected) in ["me:pw", "me:pw", "me:pw", "me:pw", "old:pw"].iter().enumerate() {
        home.check(&format!("{position}.example/x"), expected);
    }
    home.check("none.example/x", "-");
    let origin = |reference: &str| {
        let (host, repository) = reference.split_once('/').unwrap();
        block_on(home.lookup().find(host, repository)).found.unwrap().origin
    };
    let first = format!("`all.example` in `{}`", root.join("named.json").display());
    assert_eq!(origin("all.example/x").to_string(), first);
    assert_ne!(origin("3.example/x"), origin("2.example/x"));
}

#[test]
fn h19_xdg_config_home_stands_for_dot_config_when_it_is_set() {
    let mut home = Home::new()
        .write(".config/containers/auth.json", auth("a.example", ME).to_string())
        .write("cfg/containers/auth.json", auth("b.example", YOU).to_string());
    home.check("a.example/x", "me:pw");
    home.environment.xdg_config_home = Some(home.folder.path().join("cfg"));
    home.check("b.example/x", "you:pw");
    home.check("a.example/x", "-");
}

#[test]
fn h20_entries_for_a_path_come_before_those_for_the_host() {
    let entries = json!({
        "git.example": {"auth": OLD},
        "git.example/a": {"auth": YOU},
        "git.example/a/b": {"auth": ME},
        "git.example/empty": {},
    });
    let home = Home::new().docker(&json!({"auths": entries}));
    home.check("git.example/a/b/c", "me:pw");
    home.check("git.example/a/c", "you:pw");
    home.check("git.example/empty/c", "old:pw");
    home.check("git.example/ab", "old:pw");
}

#[test]
fn h21_variables_name_a_registry_and_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let check = |variables: &[(&str, &str)], host: &str, expected: &str| {
        let all = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let home = [("HOME".into(), folder.path().into())];
        let lookup = Lookup::new(Environment::from_variables(home.into_iter().chain(all)));
        assert_eq!(find(&lookup, &format!("{host}/x")), (expected.to_owned(), Vec::new()));
    };
    let token = ("PKG_REGISTRY_GHCR_IO_TOKEN", "t");
    check(&[token], "ghcr.io", "token:t");
    check(&[token, ("PKG_REGISTRY_GHCR_IO_USER", "me")], "ghcr.io", "me:t");
    check(&[("PKG_REGISTRY_GHCR_IO_USER", "me")], "ghcr.io", "-");
    check(&[("PKG_REGISTRY_GHCR_IO_TOKEN", "")], "ghcr.io", "-");
    check(&[token], "ghcr.io.example", "-");
    check(&[("PKG_REGISTRY_LOCALHOST_5000_TOKEN", "t")], "localhost:5000", "token:t");
    check(&[("PKG_REGISTRY_MY__REG_EXAMPLE_TOKEN", "t")], "my-reg.example", "token:t");
    check(&[("PKG_REGISTRY_MY__REG_EXAMPLE_TOKEN", "t")], "my.reg.example", "-");
    check(&[("GITHUB_TOKEN", "t")], "ghcr.io", "-");
    std::fs::create_dir(folder.path().join(".docker")).unwrap();
    let config = folder.path().join(".docker/config.json");
    std::fs::write(config, auth("ghcr.io", ME).to_string()).unwrap();
    check(&[token], "ghcr.io", "token:t");
    check(&[], "ghcr.io", "me:pw");
}

#[test]
fn h21_variables_are_sorted_and_pkgs_own_reach_no_helper() {
    let variables = [
        ("HOME", "/h"),
        ("DOCKER_CONFIG", "d"),
        ("REGISTRY_AUTH_FILE", ""),
        ("XDG_RUNTIME_DIR", "relative"),
        ("XDG_CONFIG_HOME", "/c"),
        ("PATH", "/bin"),
        ("AWS_PROFILE", "work"),
        ("PKG_JOBS", "1"),
        ("PKG_REGISTRY_A_TOKEN", "s3cret"),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let found = Environment::from_variables(variables);
    assert_eq!(found.home.as_deref(), Some(Path::new("/h")));
    assert_eq!(found.docker_config.as_deref(), Some(Path::new("d")));
    assert_eq!(found.registry_auth_file, None);
    assert_eq!(found.xdg_runtime_dir, None);
    assert_eq!(found.xdg_config_home.as_deref(), Some(Path::new("/c")));
    let names: Vec<_> = found.helper_variables.iter().map(|(name, _)| name.to_str()).collect();
    let expected =
        ["HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PATH", "AWS_PROFILE"];
    assert_eq!(names, expected.map(Some));
}

#[test]
fn h23_debug_shows_no_secret() {
    let entries = json!({"auth": "bWU6czNjcmV0", "registrytoken": ""});
    let mut home = Home::new().docker(&json!({"auths": {"a.example": entries}}));
    home.environment.registries.insert("PKG_REGISTRY_B_TOKEN".into(), Secret::new("s3cret".into()));
    let home = home.with("AWS_SECRET_ACCESS_KEY", "s3cret");
    let lookup = home.lookup();
    let answer = block_on(lookup.find("a.example", "x"));
    let credentials = [
        Credential::Identity(Secret::new("s3cret".to_owned())),
        Credential::Bearer(Secret::new("s3cret".to_owned())),
    ];
    let shown = format!("{lookup:?} {:?} {answer:#?} {credentials:?}", home.environment);
    assert!(shown.contains("me") && shown.contains("PKG_REGISTRY_B_TOKEN"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_eq!(show(answer.found.map(|found| found.credential)), "me:s3cret");
}

proptest! {
    #[test]
    fn any_file_is_read_without_panic(bytes: Vec<u8>, text in ".{0,80}", legacy: bool) {
        let path = if legacy { ".dockercfg" } else { ".docker/config.json" };
        for content in [bytes, text.into_bytes()] {
            let (found, _) = Home::new().write(path, content).find("a.example/x");
            prop_assert_eq!(found, "-");
        }
    }

    #[test]
    fn any_entry_is_read_without_panic(key in ".{0,30}", auth in ".{0,30}") {
        let home = Home::new().docker(&json!({"auths": {key: {"auth": auth}}}));
        prop_assert_eq!(home.find("a.example/x").0, "-");
    }
}

fn basic(user: &str, password: &str) -> Credential {
    Credential::Basic { user: user.to_owned(), password: Secret::new(password.to_owned()) }
}

impl Home {
    fn store(&self, registry: &str, credential: &Credential) -> Result<Stored, login::Error> {
        block_on(self.lookup().store(&registry.parse().unwrap(), credential))
    }

    fn erase(&self, registry: &str) -> Vec<Keeper> {
        block_on(self.lookup().erase(&registry.parse().unwrap())).unwrap()
    }

    fn read(&self, path: &str) -> Value {
        let text = std::fs::read(self.folder.path().join(path)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn keeper(&self, path: &str) -> Keeper {
        Keeper::File { path: self.folder.path().join(path) }
    }
}

const DOCKER: &str = ".docker/config.json";
const PODMAN: &str = ".config/containers/auth.json";

#[test]
fn h22_a_login_is_kept_in_a_file_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let stored = home.store("reg.example:5000", &basic("me", "p:w")).unwrap();
    assert_eq!(stored, Stored { keeper: home.keeper(DOCKER), hidden_by: None });
    let mode = |path: &str| {
        std::fs::metadata(home.folder.path().join(path)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode(DOCKER), mode(".docker")), (0o600, 0o700));
    assert_eq!(home.read(DOCKER), auth("reg.example:5000", "bWU6cDp3"));
    home.check("reg.example:5000/x", "me:p:w");
    // What somebody made readable for others is so no more.
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(home.folder.path().join(DOCKER), open).unwrap();
    home.store("reg.example:5000", &basic("you", "pw")).unwrap();
    assert_eq!(mode(DOCKER), 0o600);
    home.check("reg.example:5000/x", "you:pw");
    assert_eq!(std::fs::read_dir(home.folder.path().join(".docker")).unwrap().count(), 1);
}

#[test]
fn h22_everything_else_in_the_file_is_kept() {
    let config = json!({
        "auths": {
            "other.example": {"auth": YOU, "email": "a@b"},
            "https://reg.example/v2/": {"auth": OLD},
            "reg.example": {"auth": OLD},
            "reg.example/ns": {"auth": OLD},
        },
        "HttpHeaders": {"X": "y"},
        "psFormat": "table",
        "credHelpers": {"third.example": "fake"},
        "later": [1, 2.5, null, {"a": "\u{e9}"}],
    });
    let home = Home::new().docker(&config);
    home.store("REG.example", &basic("me", "pw")).unwrap();
    let mut expected = config.clone();
    let auths = expected["auths"].as_object_mut().unwrap();
    auths.remove("https://reg.example/v2/");
    auths.insert("reg.example".to_owned(), json!({"auth": ME}));
    assert_eq!(home.read(DOCKER), expected);
    assert_eq!(home.erase("reg.example"), [home.keeper(DOCKER)]);
    expected["auths"].as_object_mut().unwrap().remove("reg.example");
    assert_eq!(home.read(DOCKER), expected);
    home.check("reg.example/ns/x", "old:pw");
    home.check("reg.example/x", "-");
    assert_eq!(home.erase("reg.example"), []);
}

#[test]
fn h22_the_file_that_is_read_first_is_the_one_that_is_written() {
    let me = basic("me", "pw");
    // Where a file has the registry already, another one would be in vain.
    let home = Home::new().write(PODMAN, auth("reg.example", OLD).to_string()).docker(&json!({}));
    assert_eq!(home.store("reg.example", &me).unwrap().keeper, home.keeper(PODMAN));
    home.check("reg.example/x", "me:pw");
    assert_eq!(home.store("other.example", &me).unwrap().keeper, home.keeper(DOCKER));
    let mut home = Home::new();
    home.environment.registry_auth_file = Some(home.folder.path().join("named/auth.json"));
    assert_eq!(home.store("reg.example", &me).unwrap().keeper, home.keeper("named/auth.json"));
    home.check("reg.example/x", "me:pw");
    home.environment = Environment::default();
    let error = home.store("reg.example", &me).unwrap_err();
    assert!(matches!(error, login::Error::Homeless), "{error:?}");
}

#[test]
fn h22_docker_hub_and_tokens_are_kept_as_docker_has_them() {
    let home = Home::new();
    home.store("docker.io", &basic("me", "pw")).unwrap();
    assert_eq!(home.read(DOCKER), auth("https://index.docker.io/v1/", ME));
    home.check("docker.io/library/x", "me:pw");
    home.store("index.docker.io", &Credential::Identity(Secret::new("id".to_owned()))).unwrap();
    home.check("docker.io/library/x", "identity id");
    home.store("docker.io", &Credential::Bearer(Secret::new("reg".to_owned()))).unwrap();
    home.check("docker.io/library/x", "bearer reg");
    assert_eq!(home.read(DOCKER)["auths"].as_object().unwrap().len(), 1);
}

#[test]
fn h22_a_helper_keeps_the_login_where_one_is_configured() {
    for config in [json!({"credsStore": "fake"}), json!({"credHelpers": {"a.example": "fake"}})] {
        let mut config = config;
        config["auths"] = json!({"a.example": {"auth": OLD}, "b.example": {"auth": YOU}});
        let home = Home::new().docker(&config);
        let stored = home.store("a.example", &basic("me", "s3cret")).unwrap();
        assert_eq!(stored.keeper, Keeper::Helper { name: "fake".to_owned() });
        let said = r#"{"ServerURL":"a.example","Username":"me","Secret":"s3cret"}"#;
        // It is asked again, as whatever was used before would show.
        assert_eq!(home.log(), format!("store {said} nothing\nget a.example nothing\n"));
        // No old secret stays in the file, and no new one comes there.
        config["auths"].as_object_mut().unwrap().remove("a.example");
        assert_eq!(home.read(DOCKER), config);
    }
    let home = Home::new().docker(&json!({"credsStore": "fake"}));
    home.store("docker.io", &Credential::Identity(Secret::new("id".to_owned()))).unwrap();
    assert!(home.log().contains(r#""https://index.docker.io/v1/","Username":"<token>""#));
    let token = Credential::Bearer(Secret::new("reg".to_owned()));
    assert!(matches!(home.store("a.example", &token), Err(login::Error::Unfit { .. })));
}

#[test]
fn h22_a_login_is_erased_wherever_it_is() {
    let mut config = auth("a.example", ME);
    config["credsStore"] = "fake".into();
    let home = Home::new()
        .docker(&config)
        .write(PODMAN, auth("a.example", YOU).to_string())
        .write(".dockercfg", json!({"https://a.example": {"auth": OLD}, "b": {}}).to_string())
        .answering("h", "s");
    let helper = Keeper::Helper { name: "fake".to_owned() };
    let files = [PODMAN, DOCKER, ".dockercfg"].map(|path| home.keeper(path));
    let [podman, docker, legacy] = files;
    assert_eq!(home.erase("a.example"), [podman, docker, legacy, helper]);
    assert_eq!(home.log(), "get a.example nothing\nerase a.example nothing\n");
    assert_eq!(home.read(".dockercfg"), json!({"b": {}}));
    assert_eq!(home.read(DOCKER), json!({"auths": {}, "credsStore": "fake"}));
    let nothing = "credentials not found in native keychain";
    let home = Home::new()
        .docker(&json!({"credsStore": "fake"}))
        .with("FAKE_ANSWER", nothing)
        .with("FAKE_STATUS", "1");
    assert_eq!(home.erase("a.example"), []);
}

#[test]
fn h22_a_helper_that_fails_keeps_no_entry_from_being_erased() {
    let mut config = auth("a.example", ME);
    config["credsStore"] = "absent".into();
    let legacy = json!({"a.example": {"auth": OLD}});
    let home = Home::new().docker(&config).write(".dockercfg", legacy.to_string());
    let key = "a.example".parse().unwrap();
    let erased = block_on(async { home.lookup().erase(&key).await });
    assert!(matches!(erased, Err(login::Error::Helper { .. })), "{erased:?}");
    assert_eq!(home.read(DOCKER), json!({"auths": {}, "credsStore": "absent"}));
    assert_eq!(home.read(".dockercfg"), json!({}));
}

#[test]
fn h22_what_cannot_be_kept_leaves_everything_as_it_was() {
    let me = basic("me", "s3cret");
    for broken in ["{\"auths\": {", "[]", "{\"auths\": []}"] {
        let home = Home::new().write(DOCKER, broken);
        let error = home.store("a.example", &me).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let shown = format!("{error}: {source:?} {error:?}");
        assert!(shown.contains("config.json") && !shown.contains("s3cret"), "{shown}");
        let text = std::fs::read_to_string(home.folder.path().join(DOCKER)).unwrap();
        assert_eq!(text, broken);
    }
    let home = Home::new()
        .docker(&json!({"credsStore": "fake"}))
        .with("FAKE_ANSWER", "locked")
        .with("FAKE_STATUS", "1");
    let error = home.store("a.example", &me).unwrap_err();
    assert!(matches!(error, login::Error::Helper { .. }), "{error:?}");
    assert_eq!(home.read(DOCKER), json!({"credsStore": "fake"}));
}

#[test]
fn h22_no_part_of_a_secret_is_told_that_a_helper_repeats() {
    let me = basic("me", "s3cret-and-more");
    let echo = r#"cannot keep {"ServerURL":"a","Username":"me","Secret":"s3cret\"-and-more"}"#;
    // What is told is cut after 80 characters, here in the middle of the secret.
    for said in [format!("{} s3cret-and-more", "-".repeat(75)), echo.to_owned()] {
        let home = Home::new()
            .docker(&json!({"credsStore": "fake"}))
            .with("FAKE_COMPLAINT", &said)
            .with("FAKE_STATUS", "1");
        let error = home.store("a.example", &me).unwrap_err();
        let shown = format!("{error:?}");
        assert!(shown.contains("Failed") && !shown.contains("s3"), "{shown}");
    }
}

#[test]
fn h22_a_link_to_the_file_stays_a_link() {
    let home = Home::new().write("dotfiles/config.json", "{}").write(".docker/x", "");
    let link = home.folder.path().join(DOCKER);
    std::os::unix::fs::symlink("../dotfiles/config.json", &link).unwrap();
    home.store("a.example", &basic("me", "pw")).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(home.read("dotfiles/config.json"), auth("a.example", ME));
}

#[test]
fn h22_many_logins_at_once_are_all_kept() {
    let home = Home::new();
    let logins = (0..16).map(|number| {
        let lookup = home.lookup();
        std::thread::spawn(move || {
            let host = format!("r{number}.example");
            block_on(lookup.store(&host.parse().unwrap(), &basic("me", "pw"))).unwrap();
        })
    });
    logins.collect::<Vec<_>>().into_iter().for_each(|login| login.join().unwrap());
    assert_eq!(home.read(DOCKER)["auths"].as_object().unwrap().len(), 16);
}

#[test]
fn h22_a_login_is_seen_at_once_and_a_variable_before_it_is_said() {
    let mut home = Home::new();
    let lookup = home.lookup();
    assert_eq!(find(&lookup, "a.example/x").0, "-");
    block_on(lookup.store(&"a.example".parse().unwrap(), &basic("me", "pw"))).unwrap();
    assert_eq!(find(&lookup, "a.example/x").0, "me:pw");
    block_on(lookup.erase(&"a.example".parse().unwrap())).unwrap();
    assert_eq!(find(&lookup, "a.example/x").0, "-");
    let name = "PKG_REGISTRY_A_EXAMPLE_TOKEN";
    home.environment.registries.insert(name.to_owned(), Secret::new("t".to_owned()));
    let stored = home.store("a.example", &basic("me", "pw")).unwrap();
    assert_eq!(stored.hidden_by, Some(Origin::Variable { name: name.to_owned() }));
}

#[test]
fn h20_a_login_for_a_path_is_kept_where_paths_are_known() {
    // Docker would take the entry for the whole registry's, and helpers know no paths.
    let config = json!({"credsStore": "fake", "auths": {"a.example": {"auth": YOU}}});
    let home = Home::new().docker(&config);
    let stored = home.store("a.example/team", &basic("me", "pw")).unwrap();
    assert_eq!(stored, Stored { keeper: home.keeper(PODMAN), hidden_by: None });
    assert_eq!(home.read(PODMAN), auth("a.example/team", ME));
    assert_eq!((home.read(DOCKER), home.log()), (config, String::new()));
    home.check("a.example/team/x", "me:pw");
    assert_eq!(home.log(), "");
    let parts = |key: &str| block_on(home.lookup().parts(&key.parse().unwrap())).unwrap();
    let entry =
        Origin::Entry { file: home.folder.path().join(PODMAN), key: "a.example/team".into() };
    assert_eq!(parts("a.example"), [entry]);
    assert_eq!(parts("a.example/team"), []);
    assert_eq!(home.erase("a.example/team"), [home.keeper(PODMAN)]);
    assert_eq!(home.read(PODMAN), json!({"auths": {}}));
}

#[test]
fn h22_what_is_used_before_a_new_login_is_said() {
    // Podman's file is read first, and a helper of a later one is given the login.
    let config = json!({"credsStore": "fake"});
    let home = Home::new().docker(&config).write(PODMAN, auth("a.example", OLD).to_string());
    let stored = home.store("a.example", &basic("me", "pw")).unwrap();
    let entry = Origin::Entry { file: home.folder.path().join(PODMAN), key: "a.example".into() };
    assert_eq!(stored.hidden_by, Some(entry));
    // A helper for the whole registry counts before the entries of its file.
    let mut home = Home::new().answering("h", "s");
    home.environment.registry_auth_file = Some(home.folder.path().join("auth.json"));
    let home = home.write("auth.json", config.to_string());
    let stored = home.store("a.example/team", &basic("me", "pw")).unwrap();
    assert_eq!(stored.keeper, home.keeper("auth.json"));
    assert!(matches!(stored.hidden_by, Some(Origin::Helper { .. })), "{stored:?}");
}
