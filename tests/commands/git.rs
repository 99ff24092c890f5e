//! `[source] git`: trees of commits, from this machine and from servers.

use fs_err as fs;
use insta::assert_snapshot;
use test_registry::TestRegistry;

use crate::support::{Repository, Sandbox, tree::Tree};

/// The digest of the tree of [`release`], as
/// `tar --format=ustar --sort=name -b1 --mtime=@315619200 --owner=0 --group=0 --numeric-owner`
/// makes an archive of its files.
const RELEASE: &str = "sha256:3543b7d5e2041c7c192abc03dc1d75d607ce1fdce883aaec06db9efd5af0292e";
const WRONG: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A repository with a release, and its commit.
fn release<'a>(sandbox: &'a Sandbox, path: &str) -> Option<(Repository<'a>, String)> {
    let repository = Repository::new(sandbox, path)?;
    repository
        .file("bin/tool", "#!/bin/sh\necho tool 1.0.0\n", 0o755)
        .file("share/tool/data", "data\n", 0o644)
        .file("README", "", 0o644)
        .link("share/tool/bin", "../../bin");
    let commit = repository.commit();
    Some((repository, commit))
}

/// Writes the formula `tool` of the tap `test`.
fn formula(sandbox: &Sandbox, url: &str, commit: &str, digest: &str) {
    let text = format!(
        "schema = 1\nname = \"tool\"\nsummary = \"The tool of a test\"\nlicense = \"MIT\"\n\n\
         [source]\ngit = \"{url}\"\n\n\
         [test]\nrun = \"tool\"\nexpect = \"tool 1.0.0\"\n\n\
         [version.\"1.0.0\"]\ndate = 2026-01-02\nsource = \"{digest}\"\ncommit = \"{commit}\"\n"
    );
    let is_first = !sandbox.home().join("test/tool.toml").exists();
    sandbox.write("../test/tool.toml", text);
    if is_first {
        sandbox.run("tap add ../test").ok();
    }
}

/// The digest that a mismatch says.
fn found(sandbox: &Sandbox, url: &str, commit: &str) -> String {
    formula(sandbox, url, commit, WRONG);
    let output = sandbox.run("install tool");
    assert_eq!(output.code, 6, "{output}");
    let at = output.stderr.find("has digest ").expect("the digest is told");
    output.stderr[at + "has digest ".len()..][..71].to_owned()
}

#[test]
fn a_tree_is_installed_like_any_archive() {
    let sandbox = Sandbox::new();
    let Some((repository, commit)) = release(&sandbox, "test/upstream") else { return };
    // A later commit, and a way that leads nowhere: only the commit and its tree count.
    repository.file("bin/tool", "#!/bin/sh\necho tool 2.0.0\n", 0o755).commit();
    formula(&sandbox, "upstream", &commit, RELEASE);
    assert_snapshot!(sandbox.run("check ../test/tool.toml"), @"
    exit 0
    --- stderr
    Checked 1 formula
    ");
    assert_snapshot!(sandbox.run("versions tool"), @"
    exit 0
    --- stdout
    Version  Date        Slot  Platforms
    1.0.0    2026-01-02        any
    ");
    assert_snapshot!(sandbox.run("--offline fetch tool"), @"
    exit 0
    --- stderr
    Fetched tool 1.0.0
    ");
    fs::rename(repository.folder(), sandbox.home().join("gone")).unwrap();
    assert_snapshot!(sandbox.run("--offline install tool"), @r#"
    exit 0
    --- stderr
    Installed tool 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    let keg = fs::canonicalize(sandbox.prefix("opt/tool")).unwrap();
    assert_eq!(sandbox.finish(&mut sandbox.foreign(keg.join("bin/tool"))).stdout, "tool 1.0.0\n");
    assert_eq!(fs::read_to_string(keg.join("share/tool/data")).unwrap(), "data\n");
    assert_eq!(fs::read_link(keg.join("share/tool/bin")).unwrap().to_str(), Some("../../bin"));
    assert_eq!(fs::read(keg.join("README")).unwrap(), b"");
    assert!(!keg.join(".git").exists());
    sandbox.run("doctor").ok();
    assert_snapshot!(sandbox.run("info tool --json").ok().json()["fetch"], @r#"[{"commit":"e3482686f997254d8f0c27f15d8e0009e10e808a","digest":"sha256:3543b7d5e2041c7c192abc03dc1d75d607ce1fdce883aaec06db9efd5af0292e","platform":"any","url":"file:upstream"}]"#);
}

#[test]
fn a_lost_file_is_fetched_again() {
    let sandbox = Sandbox::new();
    let Some((_, commit)) = release(&sandbox, "test/upstream") else { return };
    formula(&sandbox, "upstream", &commit, RELEASE);
    sandbox.run("install tool").ok();
    let whole = Tree::of(&sandbox.root().join("cellar"));
    fs::remove_dir_all(sandbox.root().join("cellar/tool")).unwrap();
    fs::remove_dir_all(sandbox.root().join("store/files")).unwrap();
    fs::create_dir(sandbox.root().join("store/files")).unwrap();
    assert_eq!(sandbox.run("doctor").code, 6);
    sandbox.run("doctor --repair").ok();
    assert!(Tree::of(&sandbox.root().join("cellar")) == whole);
}

#[test]
fn another_tree_than_the_pinned_one_is_refused_with_its_digest() {
    let sandbox = Sandbox::new();
    let Some((_, commit)) = release(&sandbox, "test/upstream") else { return };
    formula(&sandbox, "upstream", &commit, WRONG);
    assert_snapshot!(sandbox.run("install tool"), @"
    exit 6
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from commit e3482686f997254d8f0c27f15d8e0009e10e808a of [HOME]/test/upstream
      caused by: cannot take the archive's bytes
      caused by: its tree has digest sha256:[DIGEST]; the formula pins sha256:[DIGEST]
    ");
    assert_eq!(found(&sandbox, "upstream", &commit), RELEASE);
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stderr
    nothing is installed
    ");
}

#[test]
fn what_a_formula_pins_is_looked_at_without_installing_it() {
    let sandbox = Sandbox::new();
    let Some((_, commit)) = release(&sandbox, "test/upstream") else { return };
    formula(&sandbox, "upstream", &commit, RELEASE);
    assert_snapshot!(sandbox.run("check --fetch ../test/tool.toml"), @"
    exit 0
    --- stdout
    ok  tool 1.0.0  ../test/upstream at e3482686f997254d8f0c27f15d8e0009e10e808a  5.6 kB
    --- stderr
    Checked 1 formula, 1 download as pinned
    ");
    formula(&sandbox, "upstream", &commit, WRONG);
    assert_snapshot!(sandbox.run("check --fetch ../test/tool.toml"), @"
    exit 6
    --- stdout
    differs  tool 1.0.0  ../test/upstream at e3482686f997254d8f0c27f15d8e0009e10e808a  the tree has the digest sha256:[DIGEST]
    --- stderr
    error: 1 of 1 download not as the formula says
    ");
    formula(&sandbox, "upstream", &"a".repeat(40), WRONG);
    assert_eq!(sandbox.run("check --fetch ../test/tool.toml").code, 3);
}

#[test]
fn a_new_version_is_found_by_its_tag() {
    let sandbox = Sandbox::new();
    let Some((repository, commit)) = release(&sandbox, "test/upstream") else { return };
    repository.git(&["tag", "v1.0.0"]);
    formula(&sandbox, "upstream", &commit, RELEASE);
    let file = sandbox.home().join("test/tool.toml");
    let text = || fs::read_to_string(&file).unwrap();
    assert_snapshot!(sandbox.run("bump ../test/tool.toml"), @r#"
    exit 3
    --- stderr
    error: upstream names no version that fits the formula; it names v1.0.0

    hint: `tag` of `[source]` says what a tag looks like, as in `tag = "v{version}"`; `match` of `[update]` is a regular expression whose group is the version
    "#);
    fs::write(&file, text().replace("\"upstream\"", "\"upstream\"\ntag = \"v{version}\"")).unwrap();
    sandbox.run("fmt ../test/tool.toml").ok();
    assert_snapshot!(sandbox.run("bump ../test/tool.toml"), @"
    exit 0
    --- stderr
    tool 1.0.0 is the newest
    ");
    // A tag that is an object of its own leads to a commit; others are no versions.
    let newer = repository.file("share/tool/data", "newer\n", 0o644).commit();
    repository.git(&["tag", "--annotate", "--message", "It", "v1.1.0"]);
    repository.git(&["tag", "nightly"]);
    assert_snapshot!(sandbox.run("bump ../test/tool.toml"), @"
    exit 0
    --- stderr
    source  sha256:[DIGEST]  upstream at 0fcfbb33886c68d16d245013dae62c0da2ad495b
    Bumped tool 1.0.0 -> 1.1.0 in ../test/tool.toml
    ");
    assert!(text().contains(&format!("commit = \"{newer}\"")), "{}", text());
    assert!(text().contains("[version.\"1.1.0\"]\ndate   = 2026-01-02\n"), "{}", text());
    sandbox.run("fmt --check ../test/tool.toml").ok();
    sandbox.run("check --fetch ../test/tool.toml").ok();
    sandbox.run("install tool").ok();
    assert_eq!(fs::read_to_string(sandbox.prefix("opt/tool/share/tool/data")).unwrap(), "newer\n");
    assert_snapshot!(sandbox.run("bump ../test/tool.toml 1.2.0"), @r#"
    exit 3
    --- stderr
    error: upstream has no tag of version 1.2.0

    hint: `tag` of `[source]` says what a tag looks like, as in `tag = "v{version}"`; `match` of `[update]` is a regular expression whose group is the version
    "#);
    fs::rename(repository.folder(), sandbox.home().join("gone")).unwrap();
    assert_snapshot!(sandbox.run("bump ../test/tool.toml"), @"
    exit 4
    --- stderr
    error: cannot ask upstream
      caused by: git cannot list its tags: '[HOME]/desk/../test/upstream' does not appear to be a git repository; Could not read from remote repository.
    ");
}

#[test]
fn what_a_repository_brings_along_is_never_run() {
    let sandbox = Sandbox::new();
    let Some((repository, _)) = release(&sandbox, "test/upstream") else { return };
    let canary = sandbox.home().join("ran");
    let script = format!("#!/bin/sh\necho \"$0\" >> '{}'\ncat\n", canary.display());
    let evil = sandbox.write("../evil", script);
    let evil = evil.display();
    // Everything that `git` could be told to run: by the repository, by the user, by attributes.
    repository.file(".gitattributes", "* filter=evil diff=evil text eol=crlf ident\n", 0o644);
    let commit = repository.commit();
    let config = format!(
        "[filter \"evil\"]\n\tsmudge = {evil}\n\tclean = {evil}\n\trequired = true\n\
         [diff \"evil\"]\n\ttextconv = {evil}\n\
         [uploadpack]\n\tpackObjectsHook = {evil}\n\
         [core]\n\tfsmonitor = {evil}\n\tsshCommand = {evil}\n\thooksPath = {hooks}\n\tpager = {evil}\n\
         [credential]\n\thelper = {evil}\n\
         [url \"ext::{evil} \"]\n\tinsteadOf = /\n\
         [protocol]\n\tallow = always\n",
        hooks = sandbox.home().join("hooks").display(),
    );
    sandbox.write("../.gitconfig", &config);
    fs::write(repository.folder().join(".git/config"), &config).unwrap();
    for hook in ["post-checkout", "reference-transaction", "pre-auto-gc", "post-update"] {
        for folder in [sandbox.home().join("hooks"), repository.folder().join(".git/hooks")] {
            fs::create_dir_all(&folder).unwrap();
            fs::copy(sandbox.home().join("evil"), folder.join(hook)).unwrap();
        }
    }
    let digest = found(&sandbox, "upstream", &commit);
    formula(&sandbox, "upstream", &commit, &digest);
    let mut install = sandbox.command("install tool");
    for variable in ["GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_ASKPASS"] {
        install.env(variable, sandbox.home().join("evil"));
    }
    install.env("GIT_CONFIG_COUNT", "1");
    install.env("GIT_CONFIG_KEY_0", "uploadpack.packObjectsHook");
    install.env("GIT_CONFIG_VALUE_0", sandbox.home().join("evil"));
    sandbox.finish(&mut install).ok();
    let keg = sandbox.prefix("opt/tool");
    assert_eq!(fs::read_to_string(keg.join("share/tool/data")).unwrap(), "data\n");
    assert!(!canary.exists(), "{}", fs::read_to_string(&canary).unwrap());
}

/// Hostile commits by what the error says.
fn hostile(repository: &Repository<'_>) -> Vec<(String, &'static str)> {
    let blob = repository.object("blob", b"x");
    let raw = (0..20).map(|at| u8::from_str_radix(&blob[2 * at..][..2], 16).unwrap());
    let raw: Vec<u8> = raw.collect();
    let tree = |names: &[&[u8]]| {
        let entry = |name: &&[u8]| [b"100644 ", *name, b"\0", &raw].concat();
        repository.commit_tree(&names.iter().flat_map(entry).collect::<Vec<u8>>())
    };
    let mut commits = vec![
        (tree(&[b".git"]), "hasDotgit"),
        (tree(&[b".GIT"]), "hasDotgit"),
        (tree(&[b".."]), "hasDotdot"),
        (tree(&[b"../escape"]), "fullPathname"),
        (tree(&[b"a", b"a"]), "duplicateEntries"),
        (tree(&[b"a\x1b[2J"]), "control-character"),
        (tree(&[b"a\xff"]), "not UTF-8"),
    ];
    let mut link = |target: &str, says| {
        let target = repository.object("blob", target.as_bytes());
        repository.git(&["read-tree", "--empty"]);
        repository.entry("120000", "bin", &target);
        commits.push((repository.commit_index(), says));
    };
    link("../../escape", "leaves the keg");
    link("/etc/passwd", "`/etc/passwd`");
    link(&"x".repeat(2000), "too long");
    repository.git(&["read-tree", "--empty"]);
    let other = "0123456789012345678901234567890123456789";
    repository.entry("160000", "vendor/lib", other);
    commits.push((repository.commit_index(), "`vendor/lib` is a submodule"));
    commits.push((other.to_owned(), "has no commit"));
    commits.push((blob, "has no commit"));
    commits
}

#[test]
fn a_hostile_repository_is_refused_with_its_reason_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let Some(repository) = Repository::new(&sandbox, "test/upstream") else { return };
    formula(&sandbox, "upstream", &"0".repeat(40), WRONG);
    for (commit, says) in hostile(&repository) {
        formula(&sandbox, "upstream", &commit, WRONG);
        let mut output = sandbox.run("install tool");
        if output.code == 6 {
            // Another digest counts more than what the tree holds.
            let digest = found(&sandbox, "upstream", &commit);
            formula(&sandbox, "upstream", &commit, &digest);
            output = sandbox.run("install tool");
        }
        assert_ne!(output.code, 0, "{says}");
        assert!(output.stderr.contains(says), "{says}: {output}");
        assert!(!output.stderr.contains('\x1b'), "{output}");
        for left in ["staging", "store/files", "cellar"] {
            let left = sandbox.root().join(left);
            assert!(fs::read_dir(&left).is_ok_and(|all| all.count() == 0), "{says}: {left:?}");
        }
    }
    assert!(!sandbox.home().join("escape").exists());
}

#[test]
fn names_that_fold_together_are_for_filesystems_that_tell_them_apart() {
    let sandbox = Sandbox::new();
    let Some(repository) = Repository::new(&sandbox, "test/upstream") else { return };
    for (name, text) in [("share/data", b"1"), ("share/DATA", b"2")] {
        repository.entry("100644", name, &repository.object("blob", text));
    }
    let commit = repository.commit_index();
    let digest = found(&sandbox, "upstream", &commit);
    formula(&sandbox, "upstream", &commit, &digest);
    sandbox.write("../case", "");
    let output = sandbox.run("install tool");
    if sandbox.home().join("CASE").exists() {
        assert!(output.code == 1 && output.stderr.contains("share/DATA"), "{output}");
    } else {
        output.ok();
        let read = |name| fs::read_to_string(sandbox.prefix("opt/tool").join(name)).unwrap();
        assert_eq!((read("share/data"), read("share/DATA")), ("1".into(), "2".into()));
    }
}

#[test]
fn a_repository_of_the_other_hash_is_one_too() {
    let sandbox = Sandbox::new();
    let Some((repository, _)) = release(&sandbox, "test/upstream") else { return };
    fs::remove_dir_all(repository.folder().join(".git")).unwrap();
    repository.git(&["init", "-q", "--object-format=sha256", "."]);
    let commit = repository.commit();
    assert_eq!(commit.len(), 64);
    formula(&sandbox, "upstream", &commit, RELEASE);
    sandbox.run("install tool").ok();
}

#[test]
fn pointers_of_git_lfs_are_told() {
    let sandbox = Sandbox::new();
    let Some((repository, _)) = release(&sandbox, "test/upstream") else { return };
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid {WRONG}\nsize 12345\n");
    repository.file("share/tool/large", pointer, 0o644);
    let commit = repository.commit();
    let digest = found(&sandbox, "upstream", &commit);
    formula(&sandbox, "upstream", &commit, &digest);
    assert_snapshot!(sandbox.run("install tool"), @r#"
    exit 0
    --- stderr
    warning: commit 92a0ac882ea3b8ff14de8e851517a6f61bb01f7a of [HOME]/test/upstream: `share/tool/large` is only a pointer of git LFS, and what it means is not fetched
    Installed tool 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
}

#[test]
fn without_git_it_is_said_what_is_missing() {
    let sandbox = Sandbox::new();
    formula(&sandbox, "upstream", &"a".repeat(40), WRONG);
    let mut install = sandbox.command("install tool");
    assert_snapshot!(sandbox.finish(install.env("PATH", sandbox.home())), @"
    exit 1
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from commit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa of [HOME]/test/upstream
      caused by: cannot take the archive's bytes
      caused by: `git` is not on PATH; it is what brings sources from git repositories

    hint: the system's package manager installs it
    ");
}

/// Serves the files of a repository, from which a client takes everything or nothing.
fn serve(server: &TestRegistry, repository: &Repository<'_>, at: &str) {
    repository.git(&["gc", "-q"]);
    repository.git(&["update-server-info"]);
    let top = repository.folder().join(".git");
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&top).unwrap().display().to_string();
                server.file(&format!("{at}/{name}"), fs::read(&path).unwrap());
            }
        }
    }
}

#[test]
fn a_server_is_asked_through_mirrors_and_only_online() {
    let sandbox = Sandbox::new();
    let Some((repository, commit)) = release(&sandbox, "upstream") else { return };
    repository.file("bin/tool", "#!/bin/sh\necho tool 2.0.0\n", 0o755).commit();
    serve(sandbox.registry(), &repository, "/github/acme/tool.git");
    let mirror = sandbox.registry().url("/github/");
    sandbox.config(&format!("[mirror]\n\"https://github.com/\" = \"{mirror}\"\n"));
    formula(&sandbox, "https://github.com/acme/tool.git", &commit, RELEASE);
    assert_snapshot!(sandbox.run("--offline install tool"), @r"
    exit 4
    --- stderr
    error: the network is off, and `tool` is not here

    hint: while there is a network, `pkg fetch tool` brings what is missing
    hint: `pkg import` brings what `pkg export` wrote elsewhere
    ");
    assert!(sandbox.registry().requests().is_empty());
    assert_snapshot!(sandbox.run("install tool"), @r#"
    exit 0
    --- stderr
    Installed tool 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert!(!sandbox.registry().requests_to("/github/acme/tool.git/*").is_empty());
    sandbox.run("uninstall tool").ok();
    sandbox.registry().forget_requests();
    sandbox.run("--offline install tool").ok();
    assert!(sandbox.registry().requests().is_empty(), "the store has it");
    sandbox.run("uninstall tool").ok();
    formula(&sandbox, "https://github.com/acme/gone.git", &commit, WRONG);
    assert_snapshot!(sandbox.run("install tool"), @"
    exit 4
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from commit e3482686f997254d8f0c27f15d8e0009e10e808a of https://github.com/acme/gone.git
      caused by: cannot take the archive's bytes
      caused by: git cannot fetch it: repository 'http://[HOST]/github/acme/gone.git/' not found
    ");
    let server = sandbox.registry();
    server.on("/github/*").answering(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], "");
    assert_snapshot!(sandbox.run("install tool"), @"
    exit 5
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from commit e3482686f997254d8f0c27f15d8e0009e10e808a of https://github.com/acme/gone.git
      caused by: cannot take the archive's bytes
      caused by: http://[HOST]/github/acme/gone.git wants a login; git sources are fetched without one
    ");
}

#[test]
fn the_place_of_a_repository_is_no_way_to_run_something() {
    let sandbox = Sandbox::new();
    let canary = sandbox.home().join("ran");
    for (url, says) in [
        (format!("ext::sh -c 'touch {}'", canary.display()), "is no address that git sources have"),
        (format!("--upload-pack=touch {}", canary.display()), "is no address"),
        ("-v".to_owned(), "is no address"),
        ("ssh://git@example.org/a/b".to_owned(), "is no address"),
        ("git@example.org:a/b".to_owned(), "is no address"),
        ("http://example.org/a/b".to_owned(), "has no TLS"),
        ("https://me:secret@example.org/a/b".to_owned(), "holds credentials"),
        ("../upstream".to_owned(), "is not a path inside"),
        ("file://example.org/upstream".to_owned(), "names a host"),
    ] {
        formula(&sandbox, &url, &"a".repeat(40), WRONG);
        for command in ["check ../test/tool.toml", "install tool"] {
            let output = sandbox.run(command);
            let told = format!("{}{}", output.stdout, output.stderr);
            assert!(output.code != 0 && told.contains(says), "{url}: {output}");
        }
    }
    formula(&sandbox, "upstream", "v1.0.0", WRONG);
    assert!(sandbox.run("check ../test/tool.toml").stdout.contains("F005"));
    assert!(!canary.exists());
}
