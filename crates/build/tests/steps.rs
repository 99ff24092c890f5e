//! Builds as a whole: what the steps see and make, and what they are kept from.
//!
//! A step is run by the program itself, so this file is a program of its own: called by the
//! sandbox it runs a step, called by a step it tries what is forbidden, else it runs the tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::{UnixListener, UnixStream},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use binary::PLACEHOLDER;
use formula::{Defaults, Formula, FullName, Resolved};
use fs_err as fs;
use libtest_mimic::{Arguments, Trial};
use pkg_build::run::{self, Error, Event, Job, Place, sandbox};

/// Long enough for every machine; it is only met when something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    if let Some(code) = sandbox::main() {
        return code;
    }
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("try") => attempt(&words[2..]),
        Some("build") => build_apart(&words[2..]),
        _ => tests(),
    }
}

fn tests() -> ExitCode {
    let can_confine = {
        let bench = Bench::new();
        let build = bench.build(&["true"]);
        !build.events.iter().any(|event| matches!(event, Event::Unconfined { .. }))
    };
    let has_compiler = Path::new("/usr/bin/cc").exists();
    let plain: [(&str, fn()); 7] = [
        ("what_the_steps_make_becomes_one_tree", what_the_steps_make_becomes_one_tree),
        ("the_source_is_its_own", the_source_is_its_own),
        ("dependencies_are_found", dependencies_are_found),
        ("patches_come_first", patches_come_first),
        ("a_failed_step_is_named", a_failed_step_is_named),
        ("without_a_sandbox_it_is_said", without_a_sandbox_it_is_said),
        ("nothing_is_left_of_a_build_without_a_sandbox", || nothing_is_left(false)),
    ];
    let confined: [(&str, fn()); 7] = [
        ("the_environment_is_the_same_everywhere", the_environment_is_the_same_everywhere),
        ("nothing_outside_can_be_written", nothing_outside_can_be_written),
        ("nobody_can_be_reached", nobody_can_be_reached),
        ("no_secret_can_be_read", no_secret_can_be_read),
        ("a_step_has_no_rights", a_step_has_no_rights),
        ("nothing_is_left_of_a_build", || nothing_is_left(true)),
        ("nothing_is_left_of_a_step", nothing_is_left_of_a_step),
    ];
    let compiled: [(&str, fn()); 1] = [("a_c_program_holds_no_path", a_c_program_holds_no_path)];
    let trials = |tests: &[(&str, fn())], is_possible: bool| {
        let trial = |(name, test): &(&str, fn())| {
            let test = *test;
            Trial::test(*name, move || {
                test();
                Ok(())
            })
            .with_ignored_flag(!is_possible)
        };
        tests.iter().map(trial).collect::<Vec<_>>()
    };
    let all =
        [trials(&plain, true), trials(&confined, can_confine), trials(&compiled, has_compiler)];
    libtest_mimic::run(&Arguments::from_args(), all.into_iter().flatten().collect()).exit_code()
}

/// What a step tries of what is forbidden; 0 is that it could.
fn attempt(words: &[String]) -> ExitCode {
    let target = &words[1];
    let done = match words[0].as_str() {
        "write" => fs::write(target, "x"),
        "mkdir" => fs::create_dir(target),
        "read" => fs::read(target).map(|bytes| assert!(!bytes.is_empty(), "it is empty")),
        "list" => fs::read_dir(target).map(|entries| assert!(entries.count() > 0, "it is empty")),
        "connect" => TcpStream::connect(target).map(drop),
        "unix" => UnixStream::connect(target).map(drop),
        #[cfg(target_os = "linux")]
        "abstract" => {
            use std::os::linux::net::SocketAddrExt as _;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(target).unwrap();
            UnixStream::connect_addr(&address).map(drop)
        }
        other => panic!("{other}"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::from(9)
        }
    }
}

/// A build in a process of its own, so that it can be killed: root, whether in a sandbox, steps.
fn build_apart(words: &[String]) -> ExitCode {
    let bench = Bench { folder: None, root: PathBuf::from(&words[0]) };
    let steps: Vec<&str> = words[2..].iter().map(String::as_str).collect();
    let built = bench.carry_out(&bench.package("", &steps), &[], words[1] == "true");
    ExitCode::from(u8::from(built.tree.is_err()))
}

/// A private root, which disappears with this.
struct Bench {
    folder: Option<tempfile::TempDir>,
    root: PathBuf,
}

/// A build that was carried out.
struct Built {
    events: Vec<Event>,
    tree: Result<PathBuf, Error>,
    log: String,
}

impl Built {
    fn failure(&self) -> &Error {
        self.tree.as_ref().unwrap_err()
    }

    fn read(&self, path: &str) -> String {
        let tree = self.tree.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", self.log));
        fs::read_to_string(tree.join(path)).unwrap()
    }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        drop(Place::open(&root).unwrap());
        // Where steps find this program.
        let (this, there) = (std::env::current_exe().unwrap(), root.join("this"));
        drop(fs::hard_link(&this, &there).or_else(|_| fs::copy(&this, &there).map(drop)));
        Self { folder: Some(folder), root }
    }

    fn source(&self, path: &str, text: &str) {
        fs::write(self.root.join("build/src").join(path), text).unwrap();
    }

    fn package(&self, top: &str, steps: &[&str]) -> Resolved {
        let digest = format!("sha256:{}", "a".repeat(64));
        let (depends, build) = top.split_once("---").unwrap_or(("", top));
        let text = format!(
            "schema = 1\nname = 'x'\nsummary = 'An example'\nlicense = 'MIT'\n\
             [source]\nfile = 'x.tar'\n[depends]\n{depends}\n[build]\nsteps = {steps:?}\n{build}\n\
             [version.'1.0.0']\nrevision = 2\nsource = '{digest}'\n"
        );
        let text = text.replace("DIGEST", &digest);
        let formula = Formula::parse(&text, "x.toml", &Defaults::none())
            .unwrap_or_else(|report| panic!("{report}\n{text}"));
        let host = "linux-amd64-gnu".parse().unwrap();
        formula.resolve(&formula.releases()[0].version, &host).unwrap()
    }

    fn carry_out(&self, package: &Resolved, patches: &[Vec<u8>], sandbox: bool) -> Built {
        let place = Place::open(&self.root).unwrap();
        let log = self.root.parent().unwrap().join("log");
        let events = RefCell::new(Vec::new());
        let build = package.build.as_ref().unwrap();
        let names = package.depends.keys().chain(build.depends.keys());
        let leaf = |name: &FullName| (name.clone(), name.name.as_str().to_owned());
        let dependencies: BTreeMap<FullName, String> = names.map(leaf).collect();
        let job = Job {
            package,
            build,
            place: &place,
            dependencies: &dependencies,
            patches,
            jobs: 3,
            log: &log,
            sandbox,
            program: &std::env::current_exe().unwrap(),
        };
        let tree = run::run(&job, &|event| events.borrow_mut().push(event));
        let log = fs::read_to_string(log).unwrap();
        Built { events: events.into_inner(), tree, log }
    }

    fn build(&self, steps: &[&str]) -> Built {
        self.carry_out(&self.package("", steps), &[], true)
    }

    /// Whether a step can do what [`attempt`] tries; else what it says.
    fn can(&self, what: &str, target: &str) -> Result<(), String> {
        // A build makes its tree once.
        drop(fs::remove_dir_all(self.root.join("tree")));
        let build =
            self.build(&[&format!("{PLACEHOLDER}/this try {what} '{target}'"), "touch {out}/done"]);
        match build.tree {
            Ok(_) => Ok(()),
            Err(Error::Step { number: 1, tail, .. }) => Err(tail.last().unwrap().clone()),
            Err(error) => panic!("{error}"),
        }
    }
}

fn what_the_steps_make_becomes_one_tree() {
    let bench = Bench::new();
    bench.source(
        "build.sh",
        "set -e
mkdir -p $1$2/bin $1$3/share $1$4/x $1/doc
echo \"#!$2/bin/sh\" > $1$2/bin/x
ln -s $2/bin/x $1$3/share/link
echo $4 > $1$4/x/conf
pwd > $1/doc/pwd
: > /tmp/scratch
",
    );
    let build = bench.build(&["sh build.sh {out} {prefix} {keg} {etc}"]);
    assert_eq!(build.read("bin/x"), format!("#!{PLACEHOLDER}/current/bin/sh\n"));
    let link = fs::read_link(bench.root.join("tree/share/link")).unwrap();
    assert_eq!(link, Path::new(PLACEHOLDER).join("current/bin/x"));
    assert_eq!(build.read("etc/x/conf"), format!("{PLACEHOLDER}/etc\n"));
    assert_eq!(build.read("doc/pwd"), format!("{PLACEHOLDER}/build/src\n"));
    let command = "sh build.sh {out} {prefix} {keg} {etc}".to_owned();
    assert_eq!(build.events.last(), Some(&Event::Step { number: 1, total: 1, command }));
    let keg = format!("{PLACEHOLDER}/cellar/x/1.0.0_2-@@@@@@@@@@@@ ");
    assert!(build.log.contains(&keg), "{}", build.log);
    Place::open(&bench.root).unwrap().remove().unwrap();
    assert!(!bench.root.exists());
}

fn the_environment_is_the_same_everywhere() {
    let bench = Bench::new();
    let package = bench.package(
        "env = { MODE = '{name} {jobs}', TZ = 'Asia/Tokyo' }\njobs = 2",
        &["sh -c 'env > {out}/env'", "sh -c 'umask > {out}/mask'"],
    );
    let build = bench.carry_out(&package, &[], true);
    let is_amd64 = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let tuned = if is_amd64 { " -mtune=znver1" } else { "" };
    let want = format!(
        "CFLAGS=-O2{tuned} -ffile-prefix-map={PLACEHOLDER}/build/src=.
CXXFLAGS=-O2{tuned} -ffile-prefix-map={PLACEHOLDER}/build/src=.
HOME={PLACEHOLDER}/build/home
LANG=C.UTF-8
LDFLAGS=-Wl,-rpath,{PLACEHOLDER}/cellar/x/1.0.0_2-@@@@@@@@@@@@/lib
MAKEFLAGS=-j2
MODE=x 2
PATH=/usr/bin:/bin
PWD={PLACEHOLDER}/build/src
SOURCE_DATE_EPOCH=315619200
TMPDIR={PLACEHOLDER}/build/tmp
TZ=Asia/Tokyo
ZERO_AR_DATE=1"
    );
    let env = build.read("env");
    let mut lines: Vec<&str> = env.lines().filter(|line| !line.starts_with("_=")).collect();
    lines.sort_unstable();
    assert_eq!(lines.join("\n"), want);
    assert_eq!(build.read("mask"), "0022\n");
}

fn the_source_is_its_own() {
    let bench = Bench::new();
    bench.source("read-only", "before");
    let (source, stored) = (bench.root.join("build/src"), bench.root.join("stored"));
    fs::hard_link(source.join("read-only"), &stored).unwrap();
    fs::set_permissions(&stored, std::fs::Permissions::from_mode(0o444)).unwrap();
    fs::create_dir(source.join("folder")).unwrap();
    fs::set_permissions(source.join("folder"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let build = bench.build(&["sh -c 'echo after > read-only; cp read-only folder {out}/ -r'"]);
    assert_eq!(build.read("read-only"), "after\n");
    assert_eq!(fs::read_to_string(stored).unwrap(), "before");
}

fn dependencies_are_found() {
    let bench = Bench::new();
    for (name, folders) in [("zlib", &["lib/pkgconfig", "include"][..]), ("tool", &["bin", "lib"])]
    {
        let keg = bench.root.join("cellar").join(name);
        folders.iter().for_each(|folder| fs::create_dir_all(keg.join(folder)).unwrap());
        let opt = bench.root.join("generations/1/opt");
        fs::create_dir_all(&opt).unwrap();
        symlink(format!("../../../cellar/{name}"), opt.join(name)).unwrap();
    }
    symlink("generations/1", bench.root.join("current")).unwrap();
    let tool = bench.root.join("cellar/tool/bin/tool");
    fs::write(&tool, "#!/bin/sh\nprintenv CPPFLAGS LDFLAGS PKG_CONFIG_PATH > \"$1\"\n").unwrap();
    fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let package = bench.package(
        "zlib = '*' --- depends = { tool = '*' }",
        &["tool {out}/found", "sh -c 'echo {dep:zlib} > {out}/zlib'"],
    );
    let build = bench.carry_out(&package, &[], true);
    let opt = format!("{PLACEHOLDER}/current/opt");
    let keg = format!("{PLACEHOLDER}/cellar/x/1.0.0_2-@@@@@@@@@@@@");
    let want = format!(
        "-I{opt}/zlib/include
-L{opt}/tool/lib -L{opt}/zlib/lib -Wl,-rpath,{opt}/zlib/lib -Wl,-rpath,{keg}/lib
{opt}/zlib/lib/pkgconfig
"
    );
    assert_eq!(build.read("found"), want);
    assert_eq!(build.read("zlib"), format!("{opt}/zlib\n"));
}

fn patches_come_first() {
    let bench = Bench::new();
    bench.source("hello.sh", "echo hello\n");
    let package = bench.package(
        "patches = [{ file = 'a.diff', digest = 'DIGEST' }]",
        &["sh -c 'sh hello.sh > {out}/x'"],
    );
    let patch = "--- a/hello.sh\n+++ b/hello.sh\n@@ -1 +1 @@\n-echo hello\n+echo world\n";
    let build = bench.carry_out(&package, &[patch.into()], true);
    assert_eq!(build.read("x"), "world\n");
    assert_eq!(build.events[0], Event::Patch { name: "a.diff".to_owned() });
    let again = bench.carry_out(&package, &[patch.into()], true);
    let error = again.failure();
    assert_eq!(error.to_string(), "cannot apply the patch `a.diff`");
}

fn a_failed_step_is_named() {
    let bench = Bench::new();
    let build =
        bench.build(&["true", "sh -c 'echo so far; echo \"\\033[2Jno\" >&2; exit 3'", "true"]);
    let Error::Step { number, total, status, tail, log, .. } = build.failure() else {
        panic!("{}", build.failure())
    };
    assert_eq!((*number, *total, status.code()), (2, 3, Some(3)));
    assert_eq!(tail[tail.len() - 2..], ["so far", "?[2Jno"]);
    assert_eq!(fs::read_to_string(log).unwrap(), build.log);
    assert!(build.log.contains("\n$ true\n\n$ sh -c "), "{}", build.log);
    assert!(build.failure().to_string().starts_with("step 2 of 3, `sh -c"), "{}", build.failure());

    let build = bench.build(&["no-such-program --x"]);
    let Error::Step { number: 1, tail, .. } = build.failure() else { panic!() };
    assert!(tail.last().unwrap().contains("cannot start `no-such-program`"), "{tail:?}");

    let build = bench.build(&["true"]);
    assert!(matches!(build.failure(), Error::Collect(run::CollectError::Empty)));
}

fn without_a_sandbox_it_is_said() {
    let bench = Bench::new();
    bench.source("hello", "");
    let package = bench.package("", &["sh -c 'pwd > {out}/pwd; ls {src} > {out}/list'"]);
    let build = bench.carry_out(&package, &[], false);
    let said = Event::Unconfined { why: "none is wanted".to_owned() };
    assert!(build.events.contains(&said), "{:?}", build.events);
    assert_eq!(build.read("pwd"), format!("{PLACEHOLDER}/build/src\n"));
    assert_eq!(build.read("list"), "hello\n");
}

fn nothing_outside_can_be_written() {
    let bench = Bench::new();
    let home = std::env::home_dir().unwrap().join("x").display().to_string();
    let read_only = "Read-only file system (os error 30)";
    let missing = "No such file or directory (os error 2)";
    for (what, target, want) in [
        ("write", "/usr/bin/x", read_only),
        ("write", "/etc/x", read_only),
        ("write", "/x", read_only),
        ("write", "/dev/x", read_only),
        ("write", "/proc/sys/kernel/core_pattern", read_only),
        ("mkdir", &format!("{PLACEHOLDER}/current"), read_only),
        ("mkdir", &format!("{PLACEHOLDER}/x"), read_only),
        ("write", &bench.root.join("x").display().to_string(), missing),
        ("write", &home, missing),
        ("write", "/run/x", missing),
    ] {
        let said = bench.can(what, target).unwrap_err();
        assert!(said.ends_with(want), "{target}: {said}");
    }
    let scratch = format!("/tmp/pkg-test-{}", std::process::id());
    for target in [&scratch, "/var/tmp/x", "/dev/null", "/dev/shm/x", "in-the-source"] {
        bench.can("write", target).unwrap();
    }
    assert!(!Path::new(&scratch).exists(), "its /tmp is its own");
}

fn nobody_can_be_reached() {
    let bench = Bench::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let said = bench.can("connect", &address).unwrap_err();
    assert!(said.contains("unreachable"), "{said}");

    // A service of this machine, in a place where services have them and in one that has no place.
    let socket = bench.folder.as_ref().unwrap().path().join("socket");
    let _server = UnixListener::bind(&socket).unwrap();
    UnixStream::connect(&socket).unwrap();
    bench.can("unix", &socket.display().to_string()).unwrap_err();
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("pkg-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let _server = UnixListener::bind_addr(&address).unwrap();
        bench.can("abstract", &name).unwrap_err();
    }
}

fn no_secret_can_be_read() {
    let bench = Bench::new();
    let secret = bench.folder.as_ref().unwrap().path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let home = std::env::home_dir().unwrap().display().to_string();
    let own = format!("/proc/{}/environ", std::process::id());
    for (what, target) in [
        ("list", &home[..]),
        ("read", &secret.display().to_string()),
        ("list", "/home"),
        ("list", "/run"),
        ("list", "/sys"),
        ("read", "/etc/shadow"),
        ("read", &own),
    ] {
        bench.can(what, target).unwrap_err();
    }
    bench.can("read", "/etc/passwd").unwrap();
}

fn a_step_has_no_rights() {
    let bench = Bench::new();
    let build = bench.build(&[
        "sh -c 'id -u > {out}/user; uname -n > {out}/host'",
        "sh -c 'grep -E \"^(Cap|NoNewPrivs|NSpid)\" /proc/self/status > {out}/status'",
        "sh -c 'if mount -t tmpfs none /tmp; then exit 1; fi'",
        "sh -c 'if chown 0 {src}; then exit 1; fi'",
    ]);
    assert_eq!((build.read("user"), build.read("host")), ("1000\n".into(), "build\n".into()));
    let status = build.read("status");
    let no_rights = ["CapInh", "CapPrm", "CapEff", "CapAmb"];
    for right in no_rights {
        assert!(status.contains(&format!("{right}:\t0000000000000000\n")), "{status}");
    }
    assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
}

/// What is written into `fifo`, and after it that nobody has it open any more.
fn listen(fifo: &Path) -> mpsc::Receiver<Option<u8>> {
    let (sender, receiver) = mpsc::channel();
    let fifo = fifo.to_owned();
    thread::spawn(move || {
        let mut file = fs::File::open(fifo).unwrap();
        let mut byte = [0];
        while file.read(&mut byte).unwrap() == 1 {
            sender.send(Some(byte[0])).unwrap();
        }
        sender.send(None).unwrap();
    });
    receiver
}

/// A step that leaves processes behind, all of which hold the file open.
const FOREVER: &str = "sh -c 'exec 3> fifo; sleep 1000 & echo >&3; exec sleep 1000'";

fn make_fifo(bench: &Bench) -> PathBuf {
    let fifo = bench.root.join("build/src/fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fifo
}

fn nothing_is_left(sandbox: bool) {
    let bench = Bench::new();
    let heard = listen(&make_fifo(&bench));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("build")
        .arg(&bench.root)
        .args([&sandbox.to_string(), FOREVER])
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Some(b'\n')));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(None), "all that had the file are gone");
    if !sandbox {
        // The link that the killed one left stands in nobody's way.
        let package = bench.package("", &["touch {out}/x"]);
        assert!(bench.carry_out(&package, &[], false).tree.is_ok());
    }
}

fn nothing_is_left_of_a_step() {
    let bench = Bench::new();
    let heard = listen(&make_fifo(&bench));
    let step = "sh -c 'exec 3> fifo; setsid sleep 1000 & echo >&3; touch {out}/x'";
    let build = bench.build(&[step]);
    assert!(build.tree.is_ok(), "{}", build.log);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(Some(b'\n')));
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(None));
}

fn a_c_program_holds_no_path() {
    let bench = Bench::new();
    bench.source("x.c", "#include <stdio.h>\nint main(void) { return puts(__FILE__) < 0; }\n");
    let compile = "sh -c 'cc -g $CFLAGS {src}/x.c -o {out}/x $LDFLAGS'";
    let build = bench.build(&[compile]);
    let program = build.tree.as_ref().unwrap_or_else(|error| panic!("{error}")).join("x");
    let bytes = fs::read(&program).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let keg = format!("{PLACEHOLDER}/cellar/x/1.0.0_2-@@@@@@@@@@@@");
    assert!(text.contains(&format!("{keg}/lib")), "its own libraries are found");
    assert!(!text.contains(&format!("{PLACEHOLDER}/build")), "the build's folder is not named");
    assert!(!text.contains(&bench.root.display().to_string()), "nor where it really is");
    let ran = Command::new(&program).output().unwrap();
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), "./x.c\n");
}
