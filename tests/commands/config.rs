//! Where values come from, and what a mistake in `config.toml` looks like.

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn every_value_says_where_it_comes_from() {
    let sandbox = Sandbox::new();
    sandbox.config("jobs = 2\n[mirror]\n\"https://a.example/\" = \"https://b.example/\"\n");
    let mut command = sandbox.command("config --offline");
    command.env("XDG_DATA_HOME", sandbox.home().join("data")).env("PKG_YES", "1");
    assert_snapshot!(sandbox.finish(&mut command), @r#"
    exit 0
    --- stdout
    Setting  Value  From
    root  [HOME]/data/pkg  XDG_DATA_HOME
    jobs  2  config.toml:1
    offline  true  --offline
    yes  true  PKG_YES
    cache  [HOME]/.cache/pkg  default
    patience.stall-seconds  30  default
    patience.retries  5  default
    patience.lock-seconds  600  default
    mirror."https://a.example/"  https://b.example/  config.toml:3
    --- stderr
    config.toml is [HOME]/.config/pkg/config.toml
    "#);
    let root = &sandbox.run("config --json --root r").json()["settings"][0];
    assert_eq!((&root["name"], &root["origin"]), (&"root".into(), &"--root".into()));
    assert_eq!(root["value"].as_str(), sandbox.home().join("desk/r").to_str());
}

#[test]
fn a_relative_xdg_folder_is_ignored_and_a_relative_root_is_not() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("config");
    assert_snapshot!(sandbox.finish(command.env("XDG_DATA_HOME", "data")), @r"
    exit 0
    --- stdout
    Setting  Value  From
    root  [HOME]/.local/share/pkg  default
    jobs  4  default
    offline  false  default
    yes  false  default
    cache  [HOME]/.cache/pkg  default
    patience.stall-seconds  30  default
    patience.retries  5  default
    patience.lock-seconds  600  default
    --- stderr
    config.toml is [HOME]/.config/pkg/config.toml, which is not there
    ");
    assert_snapshot!(sandbox.finish(command.env("PKG_ROOT", "data")), @r"
    exit 2
    --- stderr
    error: the variable `PKG_ROOT` is `data`, which is not an absolute path
    ");
}

#[test]
fn a_mistake_in_the_file_is_shown_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.config("# ours\njob = 2\n");
    assert_snapshot!(sandbox.run("config"), @r"
    exit 2
    --- stderr
    error: unknown key `job`
     --> [HOME]/.config/pkg/config.toml:2:1
      |
    2 | job = 2
      | ^^^ nobody reads this
      |
      = help: did you mean `jobs`?
    ");
}

#[test]
fn a_number_may_be_as_large_as_it_likes() {
    let sandbox = Sandbox::new();
    for key in ["jobs", "connections", "keep-downloads"] {
        sandbox.config(&format!("{key} = {}\n[patience]\nretries = 0\n", usize::MAX));
        let output = sandbox.run("inspect oci://127.0.0.1:1/x:1");
        assert_eq!(output.code, 4, "{key}: {output}");
    }
}

#[test]
fn without_home_the_password_file_says_where_it_is() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("config --json");
    command.env_remove("HOME");
    let settings = sandbox.finish(&mut command).ok().json();
    let root = settings["settings"][0]["value"].as_str().unwrap().to_owned();
    assert!(root.ends_with("/.local/share/pkg"), "{root}");
    assert_snapshot!(sandbox.finish(command.env("HOME", "relative")), @r"
    exit 2
    --- stderr
    error: the variable `HOME` is `relative`, which is not an absolute path
    ");
}
