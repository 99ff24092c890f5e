//! Files of this machine that a formula names.

use std::{fs::File, io, path::Path};

use rustix::fs::{Mode, OFlags};

/// Opens a file for reading; a FIFO, on which opening would wait, or a device is none.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened_and_nothing_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs_err::write(path("file"), "x").unwrap();
        fs_err::os::unix::fs::symlink("file", path("link")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
        assert!(fifo.success());
        for (name, expect) in [
            ("file", None),
            ("link", None),
            ("fifo", Some("not a regular file")),
            (".", Some("not a regular file")),
            ("gone", Some("No such file")),
        ] {
            let why = open(&path(name)).err().map(|error| error.to_string());
            match expect {
                None => assert_eq!(why, None, "{name}"),
                Some(expect) => assert!(why.unwrap().contains(expect), "{name}"),
            }
        }
    }
}
