//! Commands about formulas and taps: `search`, `cat`, `home`, `tap` and `check`.

use insta::assert_snapshot;

use crate::support::{Sandbox, workspace};

#[test]
fn search_finds_by_name_alias_and_summary() {
    let sandbox = Sandbox::new();
    sandbox.formula("widget").key("aliases = [\"wg\"]").version("1.0.0");
    assert_snapshot!(sandbox.run("search widget"), @r"
    exit 0
    --- stdout
    test/widget  The widget of a test
    ");
    assert_eq!(sandbox.run("search WG").stdout, sandbox.run("search widget").stdout);
    let all = sandbox.run("search").ok().stdout;
    assert!(all.starts_with("biome") && all.contains("test/widget"), "{all}");
    assert_snapshot!(sandbox.run("search widget --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "formulas": [
        {
          "name": "widget",
          "tap": "test",
          "summary": "The widget of a test",
          "homepage": null,
          "license": "MIT",
          "aliases": [
            "wg"
          ]
        }
      ]
    }
    "#);
    assert_snapshot!(sandbox.run("search no such thing"), @r"
    exit 3
    --- stderr
    error: no formula has `no such thing`
    ");
    assert_eq!(sandbox.run("search nonesuch --json").json()["formulas"], serde_json::json!([]));
}

#[test]
fn cat_prints_what_the_author_wrote() {
    let sandbox = Sandbox::new();
    let hello = fs_err::read_to_string(workspace().join("formulas/hello.toml")).unwrap();
    assert_eq!(sandbox.run("cat hello").ok().stdout, hello);
    assert_eq!(sandbox.run("cat core/hello --json").ok().json()["text"], hello.as_str());
    sandbox.write("hello.toml", &hello);
    assert_eq!(sandbox.run("cat ./hello.toml").ok().stdout, hello);
    assert_snapshot!(sandbox.run("cat helo"), @r"
    exit 3
    --- stderr
    error: there is no formula `helo`

    hint: did you mean `hello`?
    ");
    assert_snapshot!(sandbox.run("cat acme/hello"), @r"
    exit 3
    --- stderr
    error: there is no tap `acme`; there are: core
    ");
    assert_snapshot!(sandbox.run("cat ./gone.toml"), @r"
    exit 3
    --- stderr
    error: there is no file `./gone.toml`
    ");
    assert_snapshot!(sandbox.run("cat Hello"), @r"
    exit 2
    --- stderr
    error: `Hello` does not name a package
      caused by: `Hello` is not a name: it holds upper-case letters
    ");
    assert_snapshot!(sandbox.run("cat oci://ghcr.io/acme/hello:1"), @r"
    exit 2
    --- stderr
    error: `oci://ghcr.io/acme/hello:1` is a package without a formula

    hint: `pkg inspect oci://ghcr.io/acme/hello:1` shows what is there
    ");
}

#[test]
fn a_name_of_two_taps_is_nobodys() {
    let sandbox = Sandbox::new();
    sandbox.formula("hello").version("2.0.0");
    assert_snapshot!(sandbox.run("cat hello"), @r"
    exit 2
    --- stderr
    error: `hello` is in more than one tap: say which, `core/hello` or `test/hello`
    ");
    assert!(sandbox.run("cat test/hello").ok().stdout.contains("\"2.0.0\""));
}

#[test]
fn home_prints_the_address_alone() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("home jaq"), @r"
    exit 0
    --- stdout
    https://github.com/01mf02/jaq
    ");
    assert_snapshot!(sandbox.run("home jaq --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "name": "jaq",
      "tap": "core",
      "homepage": "https://github.com/01mf02/jaq"
    }
    "#);
    assert_snapshot!(sandbox.run("home hello"), @r"
    exit 3
    --- stderr
    error: the formula `hello` names no homepage
    ");
}

#[test]
fn taps_are_added_listed_and_forgotten() {
    let sandbox = Sandbox::new();
    let hello = fs_err::read_to_string(workspace().join("formulas/hello.toml")).unwrap();
    sandbox.write("ours/greeting.toml", hello.replace("\"hello\"", "\"greeting\""));
    assert_snapshot!(sandbox.run("tap add ours"), @r"
    exit 0
    --- stderr
    Added tap ours (1 formula)
    ");
    assert_snapshot!(sandbox.run("tap add ours"), @r"
    exit 0
    --- stderr
    Unchanged tap ours: it is from there already
    ");
    assert_snapshot!(sandbox.run("tap add ours --name other"), @r"
    exit 0
    --- stderr
    Added tap other (1 formula)
    ");
    assert_snapshot!(sandbox.run("tap"), @r"
    exit 0
    --- stdout
    Tap  Formulas  Location  Edition
    core  46  built in
    ours  1  [HOME]/desk/ours
    other  1  [HOME]/desk/ours
    ");
    assert_snapshot!(sandbox.run("tap list --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "taps": [
        {
          "name": "core",
          "location": null,
          "formulas": 46,
          "builtin": true,
          "serial": null,
          "published_at": null,
          "digest": null,
          "as_of": null,
          "checked_at": null
        },
        {
          "name": "ours",
          "location": "[HOME]/desk/ours",
          "formulas": 1,
          "builtin": false,
          "serial": null,
          "published_at": null,
          "digest": null,
          "as_of": null,
          "checked_at": null
        },
        {
          "name": "other",
          "location": "[HOME]/desk/ours",
          "formulas": 1,
          "builtin": false,
          "serial": null,
          "published_at": null,
          "digest": null,
          "as_of": null,
          "checked_at": null
        }
      ]
    }
    "#);
    assert_snapshot!(sandbox.run("tap remove ours"), @r"
    exit 0
    --- stderr
    Removed tap ours
    ");
    assert_snapshot!(sandbox.run("tap remove ours"), @r"
    exit 3
    --- stderr
    error: there is no tap `ours`; there are: core, other
    ");
    assert_snapshot!(sandbox.run("tap remove core"), @r"
    exit 2
    --- stderr
    error: tap `core` is built into the program and stays
    ");
    assert_snapshot!(sandbox.run("tap add nowhere"), @r"
    exit 3
    --- stderr
    error: `[HOME]/desk/nowhere` is no folder with formulas

    hint: a tap in a registry is written `oci://HOST/REPOSITORY`
    ");
    sandbox.write("ours/tap.toml", "nam = \"ours\"\n");
    assert_snapshot!(sandbox.run("tap add ours"), @r#"
    exit 1
    --- stderr
    error: cannot look into tap `ours`
      caused by: `[HOME]/desk/ours/tap.toml` breaks the formula format

    error[F001]: unknown key `nam`
     --> [HOME]/desk/ours/tap.toml:1:1
      |
    1 | nam = "ours"
      | ^^^ unknown key
      |
      = help: did you mean `name`?

    hint: `pkg tap remove ours` forgets it, `pkg tap add` adds it anew
    "#);
}

#[test]
fn check_shows_every_mistake_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox
        .formula("good")
        .table("[test]\nrun = \"good\"")
        .version("1.0.0")
        .also("date = 2026-05-01");
    assert_snapshot!(sandbox.run("check ../test/good.toml"), @r"
    exit 0
    --- stdout
    warning[W4]: `date` comes before `any`
      --> ../test/good.toml:14:1
       |
    14 | date = 2026-05-01
       | ^^^^ out of order
       |
       = help: the order is revision, date, tag, then digests, then package and yanked
    --- stderr
    Checked 1 formula, 1 warning
    ");
    sandbox.formula("bad").key("sumary = \"twice\"").version("one");
    let folder = sandbox.run("check ../test");
    assert_eq!(folder.code, 1, "{folder}");
    assert_snapshot!(sandbox.run("check ../test/bad.toml"), @r#"
    exit 1
    --- stdout
    error[F001]: unknown key `sumary`
     --> ../test/bad.toml:5:1
      |
    5 | sumary = "twice"
      | ^^^^^^ unknown key
      |
      = help: did you mean `summary`?

    error[F004]: version `one` is not SemVer
      --> ../test/bad.toml:10:10
       |
    10 | [version."one"]
       |          ^^^^^ cannot be ordered as SemVer
       |
       = help: add `versioning = "loose"` to order versions the way distributions do
    --- stderr
    error: 2 errors in 1 formula
    "#);
    let json = sandbox.run("check --json ../test");
    let codes: Vec<_> = json.json()["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| format!("{}:{}", problem["code"].as_str().unwrap(), problem["line"]))
        .collect();
    assert_eq!(
        (json.code, codes),
        (1, vec!["F001:5".to_owned(), "F004:10".to_owned(), "W4:14".to_owned()])
    );
    // What only a whole tap can tell is asked of the folder.
    sandbox.formula("needy").depends("nobody = \"*\"").version("1.0.0");
    let tells = |path| sandbox.run(&format!("check {path}")).stdout.contains("error[F016]");
    assert!(tells("../test") && !tells("../test/needy.toml"));
    assert_snapshot!(sandbox.run("check"), @r"
    exit 3
    --- stderr
    error: there is no formula in `.`
    ");
    assert_snapshot!(sandbox.run("check gone.toml"), @r"
    exit 3
    --- stderr
    error: there is no file `gone.toml`
    ");
}
