//! The room's filesystem: the system to read, the build's folder to write, and nothing else.
//!
//! It is put together from what a build may see, not from what it may not: homes, sockets of
//! services, other disks and devices are not there at all. What is below `/usr`, `/etc` and the
//! like cannot be written, whoever owns it.

use std::{
    ffi::CString,
    io,
    os::unix::{
        ffi::OsStringExt as _,
        fs::{DirBuilderExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use fs_err as fs;
use rustix::{
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
        mount_remount, unmount,
    },
    process::{chdir, pivot_root},
};

use super::{
    Room,
    enter::{USER, said},
};

/// Folders of the system; a link among them stays one.
const SYSTEM: [&str; 11] = [
    "usr",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "etc",
    "opt",
    "nix/store",
    "gnu/store",
];

/// Devices without any power.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links that programs expect beside the devices.
const DEVICE_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Where the two roots stand while the new one is put together.
const OLD: &str = "/old";
const NEW: &str = "/new";

const PLAIN: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);

/// Makes the room this process's root.
pub(super) fn furnish(room: &Room) -> io::Result<()> {
    at("/", mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC))?;
    // As bubblewrap does: a workshop that holds both roots, so that none hides the other.
    tmpfs("/tmp", "mode=0755")?;
    make_folder(Path::new("/tmp/old"))?;
    make_folder(Path::new("/tmp/new"))?;
    chdir("/tmp")?;
    at("/tmp", pivot_root(".", "old"))?;
    chdir("/")?;
    tmpfs(NEW, "mode=0755")?;
    system()?;
    accounts()?;
    devices()?;
    processes()?;
    scratch(room)?;
    remount(Path::new(NEW), PLAIN | MountFlags::RDONLY)?;
    chdir(NEW)?;
    at(NEW, pivot_root(".", "."))?;
    // The workshop now lies over the room; without it nothing of the old root is left.
    at("/", unmount(".", UnmountFlags::DETACH))?;
    Ok(chdir("/")?)
}

fn system() -> io::Result<()> {
    for name in SYSTEM {
        let (from, to) = (Path::new(OLD).join(name), Path::new(NEW).join(name));
        match fs::symlink_metadata(&from) {
            Ok(found) if found.is_symlink() => {
                std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
            }
            Ok(_) => {
                make_folder(&to)?;
                bind(&from, &to)?;
                read_only(&to)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The same user on every machine, and nothing that only its owner may read.
fn accounts() -> io::Result<()> {
    let texts = [
        ("passwd", format!("build:x:{USER}:{USER}:build:/:/bin/sh\n")),
        ("group", format!("build:x:{USER}:\n")),
        ("hosts", "127.0.0.1 localhost build\n".to_owned()),
    ];
    for (name, text) in texts {
        let (from, to) = (Path::new("/").join(name), Path::new(NEW).join("etc").join(name));
        fs::write(&from, text)?;
        if to.is_file() {
            bind(&from, &to)?;
            read_only(&to)?;
        }
    }
    fs::write("/empty", "")?;
    make_folder(Path::new("/void"))?;
    let mut waiting = vec![Path::new(NEW).join("etc")];
    while let Some(folder) = waiting.pop() {
        // A folder that cannot be read holds nothing that could be.
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let Ok(found) = fs::symlink_metadata(&path) else { continue };
            let is_secret = found.permissions().mode() & 0o004 == 0;
            if found.is_dir() && is_secret {
                bind(Path::new("/void"), &path)?;
            } else if found.is_dir() {
                waiting.push(path);
            } else if found.is_file() && is_secret {
                bind(Path::new("/empty"), &path)?;
            }
        }
    }
    Ok(())
}

fn devices() -> io::Result<()> {
    let dev = Path::new(NEW).join("dev");
    make_folder(&dev)?;
    for name in DEVICES {
        let (from, to) = (Path::new(OLD).join("dev").join(name), dev.join(name));
        if from.exists() {
            fs::write(&to, "")?;
            bind(&from, &to)?;
        }
    }
    for (name, target) in DEVICE_LINKS {
        std::os::unix::fs::symlink(target, dev.join(name))?;
    }
    make_folder(&dev.join("shm"))?;
    tmpfs(dev.join("shm"), "mode=1777")
}

/// Read-only, since files there belong to root, and root may have started this.
fn processes() -> io::Result<()> {
    let proc = Path::new(NEW).join("proc");
    make_folder(&proc)?;
    let flags = PLAIN | MountFlags::NOEXEC | MountFlags::RDONLY;
    at(&proc, mount("proc", &proc, "proc", flags, None))
}

/// Folders that may be written: empty ones, and the build's own.
fn scratch(room: &Room) -> io::Result<()> {
    make_folder(&Path::new(NEW).join("tmp"))?;
    tmpfs(Path::new(NEW).join("tmp"), "mode=1777")?;
    make_folder(&Path::new(NEW).join("var"))?;
    std::os::unix::fs::symlink("/tmp", Path::new(NEW).join("var/tmp"))?;
    let from = below(OLD, &room.root);
    let to = below(NEW, &room.seen_at);
    make_folder(&to)?;
    bind(&from, &to)?;
    read_only(&to)?;
    let (from, to) = (from.join(&room.writable), to.join(&room.writable));
    bind(&from, &to)?;
    for (place, known) in mounts_below(&to)? {
        remount(&place, known | PLAIN)?;
    }
    Ok(())
}

fn below(root: &str, path: &Path) -> PathBuf {
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|error| said(&format!("cannot make `{}`", path.display()), error))
}

fn tmpfs(path: impl AsRef<Path>, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    at(path.as_ref(), mount("tmpfs", path.as_ref(), "tmpfs", PLAIN, options.as_c_str()))
}

fn at(path: impl AsRef<Path>, done: rustix::io::Result<()>) -> io::Result<()> {
    let path = path.as_ref().display();
    done.map_err(|error| said(&format!("cannot mount `{path}`"), error.into()))
}

fn bind(from: &Path, to: &Path) -> io::Result<()> {
    at(from, mount_bind_recursive(from, to))
}

/// Takes the right to write from a mount and from all below it.
fn read_only(path: &Path) -> io::Result<()> {
    for (place, known) in mounts_below(path)? {
        remount(&place, known | PLAIN | MountFlags::RDONLY)?;
    }
    Ok(())
}

fn remount(path: &Path, flags: MountFlags) -> io::Result<()> {
    at(path, mount_remount(path, MountFlags::BIND | flags, ""))
}

/// Each mount at or below a path, with what the kernel would not let go of.
fn mounts_below(path: &Path) -> io::Result<Vec<(PathBuf, MountFlags)>> {
    let table = fs::read_to_string(Path::new(OLD).join("proc/self/mountinfo"))?;
    let mounts = table.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(4);
        let (place, options) = (unescaped(fields.next()?), fields.next()?);
        place.starts_with(path).then(|| (place, flags(options)))
    });
    Ok(mounts.collect())
}

fn flags(options: &str) -> MountFlags {
    let flag = |option| match option {
        "nosuid" => MountFlags::NOSUID,
        "nodev" => MountFlags::NODEV,
        "noexec" => MountFlags::NOEXEC,
        "noatime" => MountFlags::NOATIME,
        "nodiratime" => MountFlags::NODIRATIME,
        "relatime" => MountFlags::RELATIME,
        _ => MountFlags::empty(),
    };
    options.split(',').map(flag).collect()
}

/// A path of the table of mounts, in which blanks and backslashes are octal numbers.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (byte, octal) {
            (b'\\', Some(octal)) => {
                bytes.push(octal);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}
