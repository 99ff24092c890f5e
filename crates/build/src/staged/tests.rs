use std::os::unix::net::UnixListener;

use super::*;
use crate::sandbox::Sandbox;

#[test]
fn a_folder_is_read_in_the_order_of_its_paths() {
    let sandbox = Sandbox::new();
    sandbox.program("bin/x", "program").file("bin-x", "").folder("empty").link("lib", "bin");
    let staged = sandbox.read().unwrap();
    let file = |size, executable| Kind::File { size, executable };
    let found: Vec<_> =
        staged.entries().iter().map(|entry| (entry.path.as_str(), &entry.kind)).collect();
    let expected = [
        ("bin", &Kind::Folder),
        ("bin-x", &file(0, false)),
        ("bin/x", &file(7, true)),
        ("empty", &Kind::Folder),
        // What a link leads to is not read a second time.
        ("lib", &Kind::Link("bin".to_owned())),
    ];
    assert_eq!(found, expected);
    assert_eq!(staged.folded(), []);
}

#[test]
fn any_right_to_execute_counts() {
    let sandbox = Sandbox::new();
    for (name, mode) in [("a", 0o700), ("b", 0o610), ("c", 0o601), ("d", 0o666)] {
        sandbox.file(name, name).mode(name, mode);
    }
    let staged = sandbox.read().unwrap();
    let executable = |entry: &Entry| matches!(entry.kind, Kind::File { executable: true, .. });
    let found: Vec<_> = staged.entries().iter().map(executable).collect();
    assert_eq!(found, [true, true, true, false]);
}

#[test]
fn everything_that_cannot_be_packed_is_listed_at_once() {
    let sandbox = Sandbox::new();
    let long = "l".repeat(1025);
    sandbox.file("ok", "");
    sandbox.program("bin/su", "").mode("bin/su", 0o4755);
    sandbox.program("bin/wall", "").mode("bin/wall", 0o2755);
    sandbox.file("lib/.wh.gone", "").file(b"not-utf8-\xff", "").file("tab\there", "");
    sandbox.folder(&"d/".repeat(65)).file(".pkg/relocations.json", "");
    sandbox.link("absolute", "/etc/passwd").link("share/leaves", "../../x");
    sandbox.link("dangles", "nothing").link("turns", "turns");
    let long_target = rustix::fs::symlink(&*long, sandbox.staged().join("long"));
    assert_eq!(long_target, Ok(()));
    rustix::fs::mknodat(
        rustix::fs::CWD,
        sandbox.staged().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(sandbox.staged().join("socket")).unwrap();

    let Err(error @ Error::Refused { .. }) = sandbox.read() else { panic!("it was read") };
    let text = error.to_string();
    let (first, lines) = text.split_once('\n').unwrap();
    assert!(first.ends_with("/staged` cannot be packed:"), "{first}");
    let deep = format!("`{}d`: it lies more than 64 folders deep (rule depth)", "d/".repeat(64));
    let expected = [
        "`.pkg`: this name is kept for what pkg itself adds (rule reserved); rename it",
        "the link `absolute` leads to `/etc/passwd`, outside the keg; list `/etc/passwd` in \
         `[source] external-links` if that is meant",
        "`bin/su`: it would run as its owner (rule setuid); take that away with `chmod u-s`",
        "`bin/wall`: it would run as its group (rule setgid); take that away with `chmod g-s`",
        &deep,
        "the link `dangles` leads to `nothing`, which does not exist; list `nothing` in \
         `[source] external-links` if something else provides it",
        "`fifo`: it is a FIFO (rule fifo)",
        "`lib/.wh.gone`: its name begins with `.wh.`, which only layers of images may say (rule \
         whiteout)",
        "`long`: its target is empty or longer than 1,024 bytes (rule symlink-target)",
        "`not-utf8-\u{fffd}`: its name or target is not UTF-8 (rule utf-8)",
        "the link `share/leaves` leaves the keg by `../../x`; list `../../x` in `[source] \
         external-links` if that is meant",
        "`socket`: it is a socket (rule socket); remove it",
        "`tab\u{fffd}here`: its name or target holds a control character (rule \
         control-character)",
        "the link `turns` passes more than 8 links, or leads in a circle",
    ];
    assert_eq!(lines.split('\n').collect::<Vec<_>>(), expected);
}

#[test]
fn links_may_say_what_the_formula_allows_and_come_home() {
    let sandbox = Sandbox::new();
    sandbox.file("lib/libz.so.1", "").link("etc/motd", "/etc/motd");
    sandbox.link("lib/libz.so", "/build/keg/lib/libz.so.1").link("bin/z", "/build/keg/bin");
    let external = ["/etc/motd".to_owned()];
    let homes = ["/build/prefix".to_owned(), "/build/keg".to_owned()];
    let links = Links { external: &external, homes: &homes };
    let staged = Staged::read(&sandbox.staged(), links).unwrap();
    let target = |path: &str| {
        staged.entries().iter().find_map(|entry| match &entry.kind {
            Kind::Link(target) if entry.path == path => Some(target.as_str()),
            _ => None,
        })
    };
    assert_eq!(target("etc/motd"), Some("/etc/motd"));
    assert_eq!(target("lib/libz.so"), Some("libz.so.1"));
    assert_eq!(target("bin/z"), Some("../bin"));
}

#[test]
fn names_that_fold_together_are_told() {
    let sandbox = Sandbox::new();
    sandbox.file("Makefile", "1").file("a/x", "").file("makefile", "2");
    let pair = ("Makefile".to_owned(), "makefile".to_owned());
    assert_eq!(sandbox.read().unwrap().folded(), [pair]);
}

#[test]
fn a_folder_that_holds_nothing_is_no_package() {
    let sandbox = Sandbox::new();
    assert!(matches!(sandbox.read(), Err(Error::Empty { .. })));
    let missing = sandbox.staged().join("missing");
    assert!(matches!(Staged::read(&missing, Links::default()), Err(Error::Read { .. })));
}
