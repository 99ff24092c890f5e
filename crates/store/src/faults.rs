//! What a kill, a full disk, a read-only one and a user without privileges meet; tests only.
//!
//! Each test starts its own program again in a worse world and looks at what that leaves.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as StdError,
    io::{self, BufRead as _, BufReader, Write as _},
    ops::ControlFlow,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use digest::Digest;
use rustix::{fs::Mode, io::Errno};

use crate::{
    Content, Layout, Lock, Staging,
    collect::{Keep, Needed, collect},
    commit::{Receipt, commit},
    disk::{self, faults::Fault},
    generation::{self, Claim, Record},
    keg::{self, Copy, Source},
    lock,
    recover::recover,
    sandbox::{Item, contents, plan, sealed},
    verify::Verifier,
};

/// Says where the program that was started again finds its root.
pub(crate) const ROOT: &str = "PKG_STORE_TEST_ROOT";

/// Says at which of its steps the program that was started again meets a fault.
const STEP: &str = "PKG_STORE_TEST_STEP";

/// This test program, started again for one test.
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command
}

/// Waits for a lock to be let go that a process shares for a moment which a test is starting.
pub(crate) fn eventually(free: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !free() {
        assert!(Instant::now() < end, "the lock is never let go");
        std::thread::yield_now();
    }
}

/// What `tool` consists of in its `number`th version: some that changes and some that stays.
fn tool(number: u64) -> Vec<(String, Item)> {
    let changing = (0..4).map(|file| {
        (format!("share/tool/{}/{file}", file % 2), Item::File(format!("{file} of {number}")))
    });
    let staying =
        (0..2).map(|file| (format!("lib/tool/{file}"), Item::File(format!("always {file}"))));
    let program = Item::Program(format!("run {number}"));
    let link = Item::Link("tool".to_owned());
    changing
        .chain(staying)
        .chain([("bin/tool".to_owned(), program), ("bin/alias".to_owned(), link)])
        .collect()
}

fn tool_id(number: u64) -> keg::Id {
    keg::Id { name: "tool".into(), leaf: format!("{number}-0123456789ab") }
}

fn wrapper(number: u64) -> Copy {
    Copy {
        path: ".pkg/wrap/tool".into(),
        source: Source::Bytes(format!("wrap {number}").into()),
        executable: true,
        mtime: None,
    }
}

/// Nobody holds the lock but, for a moment, a process that another test is just starting.
fn soon(_: &lock::Holder, waited: Duration) -> ControlFlow<()> {
    if waited < Duration::from_secs(30) {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// One whole transaction, as `install` does it: the next version replaces the last.
fn change(layout: &Layout) -> Result<u64, Box<dyn StdError>> {
    let lock = Lock::acquire(layout, "upgrade tool", &mut soon)?;
    recover(layout, &lock)?;
    let last = generation::current_number(layout)?.unwrap_or(0);
    let (number, package) = (last + 1, tool(last + 1));
    let staging = Staging::begin(layout)?;
    for (content, bytes) in contents(&package) {
        if !layout.file(&content).exists() {
            staging.put(&content, bytes.as_bytes())?;
        }
    }
    let id = tool_id(number);
    let keg = keg::link(layout, &staging, &sealed(&package), &id, &[wrapper(number)])?;
    let receipt = Receipt { keg: id.clone(), bytes: number.to_string().into_bytes() };
    let blob = Digest::sha256(number.to_string().as_bytes());
    commit(layout, &staging, &[keg], &[receipt], &[(blob, plan(&package))])?;
    let mut record = Record::new("upgrade tool", 0);
    record.kegs.push(generation::Keg {
        name: id.name.clone(),
        slot: None,
        tap: "main".into(),
        version: number.to_string(),
        revision: 0,
        leaf: id.leaf.clone(),
        linked: true,
        keg_only: None,
    });
    let claim = |path: &str, folder, target: &str| Claim {
        path: path.into(),
        folder,
        keg: id.clone(),
        target: target.into(),
    };
    let claims = vec![
        claim("bin/tool", false, ".pkg/wrap/tool"),
        claim("bin/plain", false, "bin/tool"),
        claim("share", true, "share"),
        claim("lib/tool/0", false, "lib/tool/0"),
        claim("opt/tool", false, ""),
    ];
    let entries = |keg: &keg::Id, path: &str| generation::entries(layout, keg, path);
    let links = generation::layout(claims, &BTreeMap::new(), &entries)?;
    let written = generation::write(layout, &staging, &links, &record)?;
    assert_eq!(written, number);
    generation::switch(layout, &staging, number)?;
    clean(layout, number)?;
    Ok(number)
}

/// Deletes everything but the current version and the one before.
fn clean(layout: &Layout, current: u64) -> Result<(), Box<dyn StdError>> {
    let number = |keg: &keg::Id| keg.leaf.split_once('-').unwrap().0.parse().unwrap();
    let keep = Keep {
        generations: BTreeSet::from([current.saturating_sub(1)]),
        kegs: BTreeSet::new(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &|keg| {
            let contents = contents(&tool(number(keg))).into_iter().map(|pair| pair.0).collect();
            Ok(Needed { contents, plans: Vec::new() })
        },
    };
    collect(layout, &keep, false)?;
    Ok(())
}

/// The prefix shows one version whole, and every generation that can be gone back to is whole.
fn check_whole(layout: &Layout, told: u64) {
    let current = generation::current(layout).unwrap().map_or(0, |(number, _)| number);
    assert!(current >= told, "generation {told} was said to be current, {current} is");
    let mut verifier = Verifier::new(true);
    for number in generation::list(layout).unwrap() {
        let record = generation::read(layout, number).unwrap();
        assert_eq!(record.kegs[0].leaf, tool_id(number).leaf);
        let (tree, copies) = (sealed(&tool(number)), [wrapper(number)]);
        let damage = verifier.keg(layout, &tool_id(number), &tree, &copies).unwrap();
        assert_eq!(damage, [], "the keg of generation {number}");
        let prefix = layout.generation(number);
        let read = |path: &str| fs_err::read_to_string(prefix.join(path)).unwrap();
        assert_eq!(read("bin/tool"), format!("wrap {number}"));
        assert_eq!(read("bin/plain"), format!("run {number}"));
        assert_eq!(read("lib/tool/0"), "always 0");
        assert_eq!(read("opt/tool/bin/alias"), format!("run {number}"));
        for file in 0..4 {
            let path = format!("share/tool/{}/{file}", file % 2);
            assert_eq!(read(&path), format!("{file} of {number}"));
        }
        let id = tool_id(number);
        assert_eq!(
            fs_err::read_to_string(layout.receipt(&id.name, &id.leaf)).unwrap(),
            number.to_string()
        );
    }
    assert_eq!(
        verifier.files(layout).unwrap(),
        Vec::<PathBuf>::new(),
        "contents under wrong names"
    );
}

fn entries(path: &Path) -> usize {
    fs_err::read_dir(path).unwrap().count()
}

/// A root in memory where that can be: more of the time is spent in steps that a kill can split.
fn fast_root() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let layout = Layout::new(folder.path().join("root"));
    layout.create().unwrap();
    (folder, layout)
}

/// After a fault: one whole version is current, and the next change works at once; its number.
fn check_recovered(layout: &Layout, told: u64) -> u64 {
    check_whole(layout, told);
    // No lock is left, nothing has to be repaired, and leftovers go by themselves.
    let lock = Lock::acquire(layout, "look", &mut soon).unwrap();
    recover(layout, &lock).unwrap();
    assert_eq!(entries(&layout.staging()), 0);
    let last = generation::current_number(layout).unwrap();
    assert_eq!(generation::all(layout).unwrap().last().copied(), last);
    check_whole(layout, told);
    drop(lock);
    let number = change(layout).unwrap();
    check_whole(layout, number);
    assert_eq!(entries(&layout.cellar().join("tool")), 2);
    assert_eq!(entries(&layout.receipts().join("tool")), 2);
    assert_eq!(entries(&layout.generations()), 4);
    number
}

/// Steps of one whole change at the least; fewer would mean that steps are not counted.
const STEPS_MIN: u64 = 100;

#[test]
fn a_kill_at_each_step_leaves_the_old_generation_or_the_new() {
    if let Some(root) = std::env::var_os(ROOT) {
        let step = std::env::var_os(STEP).unwrap().into_string().unwrap().parse().unwrap();
        disk::faults::arm(step, Fault::Kill);
        change(&Layout::new(root.into())).unwrap();
        return;
    }
    let (_folder, layout) = fast_root();
    change(&layout).unwrap();
    let mut before = change(&layout).unwrap();
    for step in 1.. {
        let output = again("faults::a_kill_at_each_step_leaves_the_old_generation_or_the_new")
            .env(ROOT, layout.root())
            .env(STEP, step.to_string())
            .output()
            .unwrap();
        if output.status.success() {
            assert!(step > STEPS_MIN, "a change ended in {step} steps");
            check_whole(&layout, before + 1);
            break;
        }
        assert_eq!(output.status.signal(), Some(9), "step {step}: {output:?}");
        before = check_recovered(&layout, before);
    }
}

#[test]
fn an_error_at_each_step_leaves_the_old_generation_or_the_new() {
    // In a process of its own: other tests would meet the errors.
    let Some(root) = std::env::var_os(ROOT) else {
        let (_folder, layout) = fast_root();
        let output = again("faults::an_error_at_each_step_leaves_the_old_generation_or_the_new")
            .env(ROOT, layout.root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(generation::list(&layout).unwrap().len(), 2);
        return;
    };
    let layout = Layout::new(root.into());
    change(&layout).unwrap();
    let mut before = change(&layout).unwrap();
    for step in 1.. {
        let errno = if step % 2 == 0 { Errno::NOSPC } else { Errno::IO };
        disk::faults::arm(step, Fault::Error(errno));
        let changed = change(&layout);
        if disk::faults::disarm() {
            assert!(step > STEPS_MIN, "a change ended in {step} steps");
            break;
        }
        let after = generation::current_number(&layout).unwrap().unwrap();
        assert!(changed.is_err() || after == before + 1, "step {step}");
        before = check_recovered(&layout, before);
    }
}

const KILLS: u64 = 30;

#[test]
fn a_kill_at_any_moment_leaves_the_old_generation_or_the_new() {
    if let Some(root) = std::env::var_os(ROOT) {
        let layout = Layout::new(root.into());
        loop {
            let number = change(&layout).unwrap();
            writeln!(io::stdout(), "current {number}").unwrap();
        }
    }
    let (_folder, layout) = fast_root();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..KILLS {
        let mut child = again("faults::a_kill_at_any_moment_leaves_the_old_generation_or_the_new")
            .env(ROOT, layout.root())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut told = output.lines().map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("current ").map(|number| number.parse::<u64>().unwrap())
        });
        let first = told.next().expect("the child makes a first change");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = Instant::now() + Duration::from_micros(random % 12_000);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        check_recovered(&layout, told.last().unwrap_or(first));
    }
}

/// Starts a test again with a small filesystem of its own as its root; `None` where the kernel
/// gives none to users.
fn with_small_disk(test: &str) -> Option<std::process::ExitStatus> {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=2m,mode=0755 tmpfs \"$1\" || exit 99; shift; exec \"$@\"";
    let program = again(test);
    let status = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(program.get_program())
        .args(program.get_args())
        .env(ROOT, folder.path())
        .status()
        .ok()?;
    // 99: no mount; 1: no namespace, or a failed test has 101.
    (!matches!(status.code(), Some(1 | 99))).then_some(status)
}

/// Whether an error's chain of causes holds one from the system, of this kind.
fn check_cause<T, E: StdError + 'static>(result: Result<T, E>, kind: io::ErrorKind) {
    let Err(error) = result else { panic!("no error, but {kind} was due") };
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(this) = cause {
        if let Some(system) = this.downcast_ref::<io::Error>() {
            assert_eq!(system.kind(), kind, "{error}");
            return;
        }
        cause = this.source();
    }
    panic!("{error:?} has no cause");
}

/// Fills a disk to its last byte.
fn fill(path: &Path) {
    let mut file = fs_err::File::create(path).unwrap();
    let mut size = 1 << 16;
    while size > 0 {
        if file.write_all(&vec![b'x'; size]).is_err() {
            size /= 2;
        }
    }
}

#[test]
fn a_full_disk_is_an_error_that_says_so_and_can_be_cleaned() {
    let Some(disk) = std::env::var_os(ROOT).map(PathBuf::from) else {
        let test = "faults::a_full_disk_is_an_error_that_says_so_and_can_be_cleaned";
        let status = with_small_disk(test);
        assert!(status.is_none_or(|status| status.success()), "{status:?}");
        return;
    };
    let layout = Layout::new(disk.join("root"));
    layout.create().unwrap();
    change(&layout).unwrap();
    change(&layout).unwrap();
    let staging = Staging::begin(&layout).unwrap();
    fill(&disk.join("full"));
    let full = io::ErrorKind::StorageFull;
    let large = vec![b'y'; 100_000];
    let content = Content::of(&large, false);
    check_cause(staging.put(&content, &large), full);
    assert!(!staging.contains(&content));
    let half = staging.path().join("files").join(content.shelf_path());
    assert!(!half.exists(), "half a file must not have the name of the whole");
    let tree = sealed(&tool(2));
    let copy = Copy { source: Source::Bytes(large), ..wrapper(2) };
    check_cause(keg::link(&layout, &staging, &tree, &tool_id(2), &[copy]), full);
    let receipt = Receipt { keg: tool_id(9), bytes: vec![b'z'; 100_000] };
    check_cause(commit(&layout, &staging, &[], &[receipt], &[]), full);
    let record = Record::new(&"x".repeat(100_000), 0);
    check_cause(generation::write(&layout, &staging, &Default::default(), &record), full);
    drop(staging);
    fill(&disk.join("fuller"));
    check_whole(&layout, 2);
    let lock = Lock::acquire(&layout, "cleanup", &mut soon).unwrap();
    recover(&layout, &lock).unwrap();
    clean(&layout, 2).unwrap();
    drop(lock);
    let keep_one = generation::read(&layout, 2).unwrap();
    assert_eq!(keep_one.kegs.len(), 1);
    fs_err::remove_file(disk.join("full")).unwrap();
    assert_eq!(change(&layout).unwrap(), 3);
    check_whole(&layout, 3);
}

#[test]
fn a_read_only_root_can_be_read_and_says_that_it_cannot_be_written() {
    let Some(disk) = std::env::var_os(ROOT).map(PathBuf::from) else {
        let test = "faults::a_read_only_root_can_be_read_and_says_that_it_cannot_be_written";
        let status = with_small_disk(test);
        assert!(status.is_none_or(|status| status.success()), "{status:?}");
        return;
    };
    let layout = Layout::new(disk.join("root"));
    layout.create().unwrap();
    change(&layout).unwrap();
    let remount = ["-t", "tmpfs", "-o", "remount,ro", "tmpfs"];
    assert!(Command::new("mount").args(remount).arg(&disk).status().unwrap().success());
    check_whole(&layout, 1);
    let kind = io::ErrorKind::ReadOnlyFilesystem;
    check_cause(Lock::acquire(&layout, "install", &mut soon), kind);
    check_cause(Staging::begin(&layout), kind);
    check_cause(Layout::new(disk.join("other")).create(), kind);
    layout.create().unwrap();
}

#[test]
fn whatever_the_umask_modes_are_the_same() {
    let test = "faults::whatever_the_umask_modes_are_the_same";
    let Some(root) = std::env::var_os(ROOT) else {
        for umask in ["000", "022", "077"] {
            let (_folder, layout) = fast_root();
            let status = again(test).env(ROOT, layout.root()).env(STEP, umask).status().unwrap();
            assert!(status.success(), "umask {umask}");
            let found = fs_err::metadata(layout.cellar().join("tool")).unwrap();
            assert_eq!(found.permissions().mode() & 0o022, 0, "umask {umask}");
        }
        return;
    };
    let umask = std::env::var_os(STEP).unwrap().into_string().unwrap();
    let umask = u16::from_str_radix(&umask, 8).unwrap();
    rustix::process::umask(Mode::from_bits_truncate(umask.into()));
    let layout = Layout::new(root.into());
    let number = change(&layout).unwrap();
    check_whole(&layout, number);
}

/// Permissions do not stop root, so as root the tests of this crate prove little about them.
#[test]
fn all_of_it_works_for_a_user_who_is_not_root() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs_err::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tests");
    // By another process: what another test starts meanwhile must not keep it open for writing.
    let copied =
        Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap();
    assert!(copied.success());
    let own = folder.path().join("own");
    fs_err::create_dir(&own).unwrap();
    chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
    let rooms = ["collect", "commit", "generation", "in_use", "keg", "lock", "removal", "repair"];
    let rest = ["root", "staging", "verify", "faults::a_kill_at_any_moment"];
    let output = Command::new(&program)
        .args(rooms)
        .args(rest)
        .args(["--skip", "a_file_with_all_its_links", "--skip", "at_each_step"])
        .env("TMPDIR", &own)
        .current_dir(&own)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("collect::tests") && !said.contains(" 0 passed"), "{said}");
}
