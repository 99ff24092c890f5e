//! `keep-downloads`: a cache folder that many jobs share, each with a root of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use digest::Digest;
use insta::assert_snapshot;

use crate::support::Sandbox;

/// The packages that every job installs.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// A home whose jobs share its cache and its settings.
struct Runner {
    sandbox: Sandbox,
}

impl Runner {
    fn new() -> Self {
        let sandbox = Sandbox::in_memory();
        for name in NAMES {
            let text = format!("#!/bin/sh\necho {name}\n");
            let path = format!("bin/{name}");
            let recipe = sandbox.formula(name);
            drop(recipe.package("1.0.0", |package| {
                let package = package.file(&path, text, 0o755);
                package.file(&format!("share/{name}/data"), data(name), 0o644)
            }));
        }
        sandbox.config("keep-downloads = 1\n");
        Self { sandbox }
    }

    /// The program in a home of a job's own.
    fn job(&self, job: usize, words: &str) -> Command {
        let home = self.home(job);
        fs::create_dir_all(&home).unwrap();
        let mut command = self.sandbox.command(words);
        command
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", self.sandbox.home().join(".config"))
            .env("XDG_CACHE_HOME", self.sandbox.home().join("shared"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn home(&self, job: usize) -> PathBuf {
        self.sandbox.home().join(format!("job-{job}"))
    }

    fn install(&self, job: usize) -> Command {
        let files = NAMES.map(|name| format!("../test/{name}.toml")).join(" ");
        self.job(job, &format!("install {files}"))
    }

    /// That a job has every byte as it was published.
    #[track_caller]
    fn check(&self, job: usize) {
        let root = self.home(job).join(".local/share/pkg");
        for name in NAMES {
            let mut kegs = fs::read_dir(root.join("cellar").join(name)).unwrap();
            let keg = kegs.next().unwrap().unwrap().path();
            assert!(fs::read(keg.join(format!("share/{name}/data"))).unwrap() == data(name));
            let script = fs::read_to_string(root.join("current/bin").join(name)).unwrap();
            assert_eq!(script, format!("#!/bin/sh\necho {name}\n"));
        }
    }

    /// The files of the blobs that are kept, and of those that somebody did not finish.
    fn blobs(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let folder = self.sandbox.home().join("shared/pkg/blobs/sha256");
        let files = fs::read_dir(folder).into_iter().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.into_iter().partition(|file| !name(file).starts_with('.'))
    }

    /// Clears what a job installed.
    fn clear(&self, job: usize) {
        let home = self.home(job);
        let open = Command::new("chmod").args(["-R", "u+w"]).arg(&home).status().unwrap();
        assert!(open.success());
        fs::remove_dir_all(home).unwrap();
    }
}

fn name(file: &Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

/// Bytes that no compressor makes much smaller.
fn data(name: &str) -> Vec<u8> {
    let block = |n: u32| Digest::sha256(format!("{name} {n}").as_bytes()).encoded().to_owned();
    (0..2000).flat_map(|n| block(n).into_bytes()).collect()
}

#[test]
fn a_job_with_the_cache_of_another_asks_no_server() {
    let runner = Runner::new();
    let sandbox = &runner.sandbox;
    sandbox.finish(&mut runner.install(1)).ok();
    runner.check(1);
    assert_eq!(runner.blobs().0.len(), NAMES.len());
    sandbox.registry().forget_requests();
    sandbox.finish(&mut runner.install(2)).ok();
    runner.check(2);
    assert!(sandbox.registry().requests().is_empty(), "everything is in the cache");
    let words = "--offline install ../test/one.toml";
    sandbox.finish(&mut runner.job(3, words)).ok();

    // Other bytes, fewer and more of them: each is noticed, and the blob fetched again.
    let blobs = runner.blobs().0;
    let whole: Vec<_> = blobs.iter().map(|blob| fs::read(blob).unwrap()).collect();
    fs::write(&blobs[0], &whole[0][..whole[0].len() / 2]).unwrap();
    fs::write(&blobs[1], [&whole[1][..], b"more"].concat()).unwrap();
    let mut other = whole[2].clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    fs::write(&blobs[2], other).unwrap();
    sandbox.finish(&mut runner.install(4)).ok();
    runner.check(4);
    assert_eq!(sandbox.registry().requests_to("GET /v2/*/blobs/*").len(), NAMES.len());
    for (blob, whole) in blobs.iter().zip(whole) {
        assert!(fs::read(blob).unwrap() == whole, "{}", blob.display());
    }
    assert_snapshot!(sandbox.finish(&mut runner.job(4, "cleanup --all --dry-run")), @r"
    exit 0
    --- stderr
    Would free 197 kB (3 kept downloads)
    ");
    sandbox.finish(&mut runner.job(4, "cleanup --all")).ok();
    assert_eq!(runner.blobs().0.len(), 0);
}

#[test]
fn nothing_is_kept_where_nobody_says_so() {
    let runner = Runner::new();
    runner.sandbox.config("");
    runner.sandbox.finish(&mut runner.install(1)).ok();
    assert_eq!(runner.blobs(), (Vec::new(), Vec::new()));
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod killed {
    use std::{process::Child, thread};

    use nix::errno::Errno;

    use super::*;
    use crate::support::{
        skipped,
        tracer::{self, End, Fault},
    };

    /// Jobs that run at the same time, and how often they do; each time one is killed a bit later.
    const JOBS: usize = 6;
    const ROUNDS: usize = 24;

    #[test]
    fn jobs_that_share_a_cache_get_the_right_bytes_whoever_is_killed() {
        let runner = Runner::new();
        let victim = |moment| {
            let command = runner.install(0);
            thread::spawn(move || tracer::run(&command, moment, Fault::Kill))
        };
        let changes = match victim(0).join().unwrap() {
            Ok(End::Exited(0, changes)) => changes,
            Err(Errno::EPERM | Errno::ENOSYS) => return skipped("nothing may be traced here"),
            other => panic!("an undisturbed run ended as {other:?}"),
        };
        runner.clear(0);
        let mut killed = 0;
        for round in 0..ROUNDS {
            // One blob is to be fetched, one has lost its end, and one is whole.
            for (blob, number) in runner.blobs().0.into_iter().zip(round..) {
                match number % 3 {
                    0 => fs::remove_file(blob).unwrap(),
                    1 => fs::write(&blob, &fs::read(&blob).unwrap()[..1000]).unwrap(),
                    _ => {}
                }
            }
            let victim = victim(1 + round as u64 * changes / ROUNDS as u64);
            let others: Vec<Child> =
                (1..JOBS).map(|job| runner.install(job).spawn().unwrap()).collect();
            for (job, child) in (1..).zip(others) {
                runner.sandbox.end(child).ok();
                runner.check(job);
                runner.clear(job);
            }
            if victim.join().unwrap().unwrap() == End::Killed {
                killed += 1;
                // Nothing holds up who comes after it.
                runner.sandbox.finish(&mut runner.install(0)).ok();
            }
            runner.check(0);
            runner.clear(0);
        }
        assert!(killed > ROUNDS / 2, "{killed} killed");
        let (blobs, unfinished) = runner.blobs();
        for blob in &blobs {
            let found = Digest::sha256(&fs::read(blob).unwrap());
            assert_eq!(found.encoded(), name(blob), "what is kept is what it is called");
        }
        assert_eq!(blobs.len(), NAMES.len());
        assert!(unfinished.len() <= killed * NAMES.len());
    }
}
