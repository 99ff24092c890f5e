//! What a maintainer does to formula files: `fmt`, `yank`, `check --fetch`.

use digest::Digest;
use insta::assert_snapshot;

use crate::support::Sandbox;

const CROOKED: &str = "# A tool.\n\nschema=1\nname = \"tool\"\nlicense = \"MIT\"\nsummary = \"An example\"\n\
    [source]\ntag = \"v{version}\"\nhttp = \"https://example.org/{tag}\" # where\n\
    [version.\"1.0.0\"]\nany = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";

fn text(sandbox: &Sandbox, file: &str) -> String {
    fs_err::read_to_string(sandbox.home().join("desk").join(file)).unwrap()
}

#[test]
fn fmt_says_what_it_would_write_and_then_writes_it() {
    let sandbox = Sandbox::new();
    sandbox.write("tool.toml", CROOKED);
    assert_snapshot!(sandbox.run("fmt --check tool.toml"), @r"
    exit 1
    --- stdout
    tool.toml
    --- stderr
    error: 1 file not in canonical form

    hint: `pkg fmt` writes it
    ");
    assert_eq!(text(&sandbox, "tool.toml"), CROOKED);
    assert_snapshot!(sandbox.run("fmt tool.toml"), @r"
    exit 0
    --- stderr
    Formatted tool.toml
    ");
    assert_snapshot!(text(&sandbox, "tool.toml"), @r#"
    # A tool.

    schema  = 1
    name    = "tool"
    summary = "An example"
    license = "MIT"

    [source]
    http = "https://example.org/{tag}" # where
    tag  = "v{version}"

    [version."1.0.0"]
    any = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    "#);
    assert_snapshot!(sandbox.run("fmt --check ."), @r"
    exit 0
    --- stderr
    Checked 1 file, nothing to change
    ");
    let json = sandbox.run("fmt --check --json .").ok().json();
    assert_eq!((json["files"].as_u64(), json["changed"].as_array().unwrap().len()), (Some(1), 0));
}

#[test]
fn fmt_leaves_alone_what_it_cannot_read() {
    let sandbox = Sandbox::new();
    sandbox.write("tool.toml", "name = ");
    assert_snapshot!(sandbox.run("fmt tool.toml"), @r"
    exit 1
    --- stderr
    error: cannot edit `tool.toml`
      caused by: the formula cannot be read

    error[F018]: not TOML: string values must be quoted, expected literal string
     --> tool.toml:1:8
      |
    1 | name = 
      |        ^
    ");
    assert_eq!(text(&sandbox, "tool.toml"), "name = ");
    assert_snapshot!(sandbox.run("fmt none.toml"), @r"
    exit 3
    --- stderr
    error: there is no file `none.toml`
    ");
}

#[test]
fn a_yanked_version_is_not_offered_until_that_is_taken_back() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").version("1.0.0").version("1.1.0");
    assert_snapshot!(sandbox.run("yank ../test/tool.toml@1.1.0 --why 'deletes files'"), @r"
    exit 0
    --- stderr
    Yanked 1.1.0 in ../test/tool.toml
    ");
    let again = "yank ../test/tool.toml@1.1.0 --why 'deletes files'";
    assert_snapshot!(sandbox.run(again), @"
    exit 0
    --- stderr
    1.1.0 in ../test/tool.toml is yanked already
    ");
    let newest =
        || sandbox.run("install tool --dry-run --json").ok().json()["steps"][0]["to"].clone();
    assert_eq!(newest(), "1.0.0");
    assert_snapshot!(sandbox.run("yank ../test/tool.toml@1.1.0 --undo"), @r"
    exit 0
    --- stderr
    Offered again 1.1.0 in ../test/tool.toml
    ");
    assert_eq!(newest(), "1.1.0");
    assert_snapshot!(sandbox.run("yank ../test/tool.toml@1.1.0 --undo"), @"
    exit 0
    --- stderr
    1.1.0 in ../test/tool.toml is not yanked
    ");
    assert_eq!(sandbox.run("yank ../test/tool.toml@9 --undo").code, 3);
    assert_snapshot!(sandbox.run("yank ../test/tool.toml@9 --why x"), @r"
    exit 3
    --- stderr
    error: cannot edit `../test/tool.toml`
      caused by: the formula has no version `9`
    ");
    assert_snapshot!(sandbox.run("yank ../test/tool.toml --why x"), @r"
    exit 2
    --- stderr
    error: `../test/tool.toml` is not FILE@VERSION

    hint: for example `tool.toml@1.2.0`
    ");
    assert_eq!(sandbox.run("yank ../test/tool.toml@1.1.0").code, 2);
    drop(tool);
}

#[test]
fn a_name_where_a_file_is_meant_leads_to_it() {
    let sandbox = Sandbox::new();
    sandbox.write("tool.toml", "");
    sandbox.write("acme/tool.toml", "");
    for (words, meant) in [
        ("publish tool", "did you mean `tool.toml`?"),
        ("publish acme/tool", "did you mean `acme/tool.toml`?"),
        ("publish ./tool", "did you mean `./tool.toml`?"),
        ("pack tool", "did you mean `tool.toml`?"),
        ("check tool", "did you mean `tool.toml`?"),
        ("fmt tool", "did you mean `tool.toml`?"),
        ("bump tool", "did you mean `tool.toml`?"),
        ("yank tool@1.0.0 --undo", "for example `tool.toml@1.0.0`"),
    ] {
        let said = sandbox.run(words);
        assert!(said.stderr.contains(&format!("hint: {meant}")), "{words}: {said}");
    }
    let said = sandbox.run("publish other");
    assert!(!said.stderr.contains("did you mean"), "{said}");
}

/// A formula of two platforms and a mirror, served by the registry.
fn served(sandbox: &Sandbox) -> String {
    let registry = sandbox.registry();
    registry.file("/tool-linux", "for linux");
    registry.file("/mirror-linux", "for linux");
    registry.file("/tool-macos", "for macos");
    let (linux, macos) = (Digest::sha256(b"for linux"), Digest::sha256(b"for macos"));
    let (url, mirror) = (registry.url("/tool-{os}"), registry.url("/mirror-{os}"));
    format!(
        "schema = 1\nname = \"tool\"\nsummary = \"An example\"\nlicense = \"MIT\"\n\n\
         [source]\nhttp = \"{url}\"\n\n[[when]]\nplatform = \"linux\"\nsource = {{ mirrors = [\"{mirror}\"] }}\n\n\
         [test]\nrun = \"tool\"\n\n\
         [version.\"1.0.0\"]\ndate = 2026-05-01\nlinux-amd64 = \"{linux}\"\nlinux-arm64 = \"{linux}\"\nmacos-arm64 = \"{macos}\"\n"
    )
}

#[test]
fn check_fetch_asks_for_each_byte_once() {
    let sandbox = Sandbox::new();
    sandbox.write("tool.toml", served(&sandbox));
    assert_snapshot!(sandbox.run("check --fetch tool.toml"), @r"
    exit 0
    --- stdout
    ok  tool 1.0.0 linux-amd64, linux-arm64  http://[HOST]/tool-linux    9 B
    ok  tool 1.0.0 linux-amd64, linux-arm64  http://[HOST]/mirror-linux  9 B
    ok  tool 1.0.0 macos-arm64               http://[HOST]/tool-macos    9 B
    --- stderr
    Checked 1 formula, 3 downloads as pinned
    ");
    assert_eq!(sandbox.registry().requests().len(), 3);
    let json = sandbox.run("check --fetch --json tool.toml").ok().json();
    assert_eq!(json["fetched"][0]["named"].as_array().unwrap().len(), 2);
    assert_eq!(json["fetched"][0]["finding"], "ok");
    assert!(sandbox.run("check --json tool.toml").ok().json()["fetched"].is_null());
}

#[test]
fn check_fetch_tells_what_differs_and_what_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.write("tool.toml", served(&sandbox));
    sandbox.registry().file("/tool-macos", "for nobody");
    sandbox.registry().on("/mirror-linux").status(404);
    assert_snapshot!(sandbox.run("check --fetch tool.toml"), @r"
    exit 6
    --- stdout
    ok       tool 1.0.0 linux-amd64, linux-arm64  http://[HOST]/tool-linux    9 B
    missing  tool 1.0.0 linux-amd64, linux-arm64  http://[HOST]/mirror-linux  GET http://[HOST]/mirror-linux answered 404 Not Found
    differs  tool 1.0.0 macos-arm64               http://[HOST]/tool-macos    the 10 bytes received for sha256:[DIGEST] have the digest sha256:[DIGEST]
    --- stderr
    error: 2 of 3 downloads not as the formula says
    ");
    let json = sandbox.run("check --fetch --json tool.toml");
    assert_eq!((json.code, json.json()["fetched"][2]["finding"].as_str()), (6, Some("differs")));
}

#[test]
fn check_fetch_reads_each_index_once() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let layer = test_registry::Layer::new("a/b", "bytes");
    let mut inner = registry.push_artifact("tool", "0", "a/b", &[layer]);
    for depth in 1..=4 {
        let twice = [("linux/amd64", inner.clone()), ("linux/arm64", inner)];
        inner = registry.push_index("tool", &depth.to_string(), &twice);
    }
    let host = registry.host();
    sandbox.write(
        "tool.toml",
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"An example\"\nlicense = \"MIT\"\n\n\
             [source]\noci = \"{host}/tool\"\ntag = \"4\"\n\n[test]\nrun = \"tool\"\n\n\
             [version.\"1.0.0\"]\ndate = 2026-05-01\nindex = \"{inner}\"\n"
        ),
    );
    sandbox.run("check --fetch tool.toml").ok();
    assert_eq!(registry.requests_to("GET /v2/tool/manifests/*").len(), 5);
}

#[test]
fn check_fetch_reads_files_and_artifacts_to_their_last_blob() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").version("1.0.0");
    assert_snapshot!(sandbox.run("check --fetch ../test"), @r#"
    exit 0
    --- stdout
    warning[W2]: `tool` has no test
     --> ../test/tool.toml:2:8
      |
    2 | name = "tool"
      |        ^^^^^^ nothing says whether it works
      |
      = help: add `[test]` with `run = "tool --version"`

    warning[W5]: the version has no date
     --> ../test/tool.toml:9:10
      |
    9 | [version."1.0.0"]
      |          ^^^^^^^ released when?
      |
      = help: add `date = 2026-05-01`, the day of the release

    ok  tool 1.0.0 any  [HOST]/tool:1.0.0  739 B
    --- stderr
    Checked 1 formula, 2 warnings, 1 download as pinned
    "#);
    let blobs: Vec<_> = sandbox.registry().requests_to("GET /v2/tool/blobs/*");
    assert_eq!(blobs.len(), 2);
    let layer = blobs[1].path.rsplit('/').next().unwrap().parse().unwrap();
    sandbox.registry().remove_blob("tool", &layer);
    assert_eq!(sandbox.run("check --fetch ../test").code, 3);
    drop(tool);
    let digest = Digest::sha256(b"bytes");
    sandbox.write("bytes", "bytes");
    sandbox.write(
        "local.toml",
        format!(
            "schema = 1\nname = \"local\"\nsummary = \"An example\"\nlicense = \"MIT\"\n\
             [source]\nfile = \"bytes\"\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
        ),
    );
    sandbox.run("check --fetch local.toml").ok();
    sandbox.write("bytes", "other");
    assert_eq!(sandbox.run("check --fetch local.toml").code, 6);
}
