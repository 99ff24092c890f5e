//! Which contents the store holds, asked once per file of an archive.
//!
//! A transaction begins with a look at the folders of contents: in a new store most are missing,
//! and then no file needs a look of its own.

use rustix::{
    fd::OwnedFd,
    fs::{Access, AtFlags, accessat},
};

use crate::{Content, Layout, disk::open_folder};

/// The folders of contents as they were when this was made.
#[derive(Debug)]
pub struct Shelves {
    files: Option<OwnedFd>,
    exist: [bool; 256],
}

impl Shelves {
    /// Looks at the store; call it when the writer's lock is held, then nobody else adds to it.
    pub fn open(layout: &Layout) -> Self {
        let mut exist = [false; 256];
        let path = layout.files_dir();
        for entry in fs_err::read_dir(&path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let first = name.to_str().and_then(|name| u8::from_str_radix(name, 16).ok());
            if let Some(first) = first {
                exist[usize::from(first)] = true;
            }
        }
        Self { files: open_folder(&path).ok(), exist }
    }

    /// Whether the store holds a content; if that cannot be told it does not.
    pub fn hold(&self, content: &Content) -> bool {
        let Some(files) = &self.files else { return false };
        self.exist[usize::from(content.sha256.as_bytes()[0])]
            && accessat(files, content.shelf_path(), Access::EXISTS, AtFlags::empty()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Staging, commit::commit};

    #[test]
    fn a_content_is_held_once_it_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("root"));
        let (plain, program) = (Content::of(b"bytes", false), Content::of(b"bytes", true));
        assert!(!Shelves::open(&layout).hold(&plain), "there is no store yet");
        layout.create().unwrap();
        assert!(!Shelves::open(&layout).hold(&plain));
        let staging = Staging::begin(&layout).unwrap();
        staging.put(&plain, b"bytes").unwrap();
        commit(&layout, &staging, &[], &[], &[]).unwrap();
        let shelves = Shelves::open(&layout);
        assert!(shelves.hold(&plain));
        assert!(!shelves.hold(&program), "the mode is a part of a content");
    }
}
