//! A git repository of a test, made by the system's `git`, the same commits on every machine.

use std::path::{Path, PathBuf};

use super::{Sandbox, skipped};

/// A repository with a working folder, below the sandbox's home.
pub(crate) struct Repository<'a> {
    sandbox: &'a Sandbox,
    folder: PathBuf,
}

impl<'a> Repository<'a> {
    /// An empty repository; none where there is no `git`, which is said.
    pub(crate) fn new(sandbox: &'a Sandbox, path: &str) -> Option<Self> {
        if sandbox.foreign("git").arg("--version").output().is_err() {
            skipped("git is not here");
            return None;
        }
        let folder = sandbox.home().join(path);
        fs_err::create_dir_all(&folder).unwrap();
        let repository = Self { sandbox, folder };
        repository.git(&["init", "-q", "--initial-branch=main", "."]);
        Some(repository)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `git` in the folder; what it answers.
    #[track_caller]
    pub(crate) fn git(&self, words: &[&str]) -> String {
        self.try_git(words).unwrap_or_else(|said| panic!("git {words:?}: {said}"))
    }

    /// Runs `git` in the folder; what it answers, or what it says where it fails.
    pub(crate) fn try_git(&self, words: &[&str]) -> Result<String, String> {
        let output = self
            .sandbox
            .foreign("git")
            .current_dir(&self.folder)
            .args(["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"])
            .args(["-c", "core.protectHFS=false", "-c", "core.protectNTFS=false"])
            .args(words)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// Writes a file into the working folder.
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) -> &Self {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.folder.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, bytes).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Makes a link in the working folder.
    pub(crate) fn link(&self, path: &str, target: &str) -> &Self {
        std::os::unix::fs::symlink(target, self.folder.join(path)).unwrap();
        self
    }

    /// Puts an entry into the index that a working folder could not hold.
    pub(crate) fn entry(&self, mode: &str, path: &str, object: &str) -> &Self {
        self.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{object},{path}")]);
        self
    }

    /// Commits what the working folder holds; the commit's name.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "--all", "."]);
        self.commit_index()
    }

    /// Commits what the index holds; the commit's name.
    pub(crate) fn commit_index(&self) -> String {
        self.git(&["commit", "-q", "--allow-empty", "-m", "A commit"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits a tree of which each line is as `git mktree` reads it; the commit's name.
    pub(crate) fn commit_tree(&self, tree: &[u8]) -> String {
        let tree = self.object("tree", tree);
        self.git(&["commit-tree", "-m", "A commit", &tree])
    }

    /// Writes an object whatever it holds; its name.
    pub(crate) fn object(&self, kind: &str, bytes: &[u8]) -> String {
        let file = self.sandbox.home().join("object");
        fs_err::write(&file, bytes).unwrap();
        let file = file.display().to_string();
        self.git(&["hash-object", "-w", "--literally", "-t", kind, &file])
    }
}
