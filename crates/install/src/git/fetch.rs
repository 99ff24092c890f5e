//! Bringing a commit: alone where the server gives it, else with everything that leads to it; and
//! the names that a repository has for its commits.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    process::Stdio,
};

use super::{
    Error, Watch,
    program::{Program, SAID_BYTES_MAX, sentence},
};

/// How servers and `git` itself say that they have no way to give one commit alone.
const ONLY_WHOLE: &[&str] = &["unadvertised object", "dumb http", "shallow", "not valid"];
/// How a server says that there is no such commit.
const NOT_THERE: &str = "not our ref";
/// How it is said that a repository is for some only.
const LOGIN: &[&str] = &["could not read Username", "Authentication failed"];
/// What is said to have failed where a repository or the way to it is at fault.
pub const FETCHING: &str = "fetch it";
/// The same where only its tags were asked for.
pub const LISTING: &str = "list its tags";
/// Most branches and tags of a repository that are read.
const TIPS_MAX: usize = 100_000;

impl Program {
    /// Brings the commit and its tree.
    pub(super) fn fetch(&self, url: &str, commit: &str, watch: Watch<'_>) -> Result<(), Error> {
        let alone = ["--depth=1", "--", url, commit];
        let Some(said) = self.bring(&alone, None, watch)? else { return Ok(()) };
        if said.contains(NOT_THERE) {
            return Err(Error::NoCommit { url: url.to_owned(), commit: commit.to_owned() });
        }
        if !ONLY_WHOLE.iter().any(|phrase| said.contains(phrase)) {
            return Err(failed(FETCHING, url, &said));
        }
        tracing::debug!(url, "the server gives no single commit: everything is fetched");
        // By the names of its objects: names of branches would become files.
        let tips = self.tips(url)?;
        match self.bring(&["--stdin", "--", url], Some(&tips), watch)? {
            None => Ok(()),
            Some(said) => Err(failed(FETCHING, url, &said)),
        }
    }

    /// Runs one fetch; what it said where it failed.
    fn bring(
        &self,
        what: &[&str],
        input: Option<&str>,
        watch: Watch<'_>,
    ) -> Result<Option<String>, Error> {
        let words = ["fetch", "--progress", "--no-tags", "--no-recurse-submodules"];
        let words = [&words, what].concat();
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut running = self.talking(&words, stdin)?;
        if let (Some(input), Some(mut pipe)) = (input, running.input()) {
            // It reads all of it first; one that ended early says why.
            let _ = pipe.write_all(input.as_bytes()).is_ok();
        }
        let mut messages = Messages::default();
        if let Some(mut pipe) = running.messages() {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut piece) {
                let more = messages.take(&piece[..read]);
                if !watch(more) {
                    return Err(Error::Stopped);
                }
            }
        }
        let is_done = running.end()?;
        Ok((!is_done).then(|| messages.said()))
    }

    /// The objects that the branches and tags of a repository name, one a line.
    fn tips(&self, url: &str) -> Result<String, Error> {
        let listed = self.listed(FETCHING, &["ls-remote", "--", url])?;
        let names: BTreeSet<&str> = names(&listed).map(|(object, _)| object).collect();
        Ok(names.into_iter().flat_map(|name| [name, "\n"]).collect())
    }

    /// The tags of a repository, each with its commit.
    pub(super) fn tags(&self, url: &str) -> Result<BTreeMap<String, String>, Error> {
        let listed = self.listed(LISTING, &["ls-remote", "--tags", "--", url])?;
        let mut tags = BTreeMap::new();
        for (object, name) in names(&listed) {
            let Some(tag) = name.strip_prefix("refs/tags/") else { continue };
            // A tag that is an object itself is followed by what it leads to.
            tags.insert(tag.strip_suffix("^{}").unwrap_or(tag).to_owned(), object.to_owned());
        }
        Ok(tags)
    }

    /// What `git` lists of a repository.
    fn listed(&self, step: &'static str, words: &[&str]) -> Result<String, Error> {
        let mut running = self.answering(words, Stdio::null())?;
        let mut text = String::new();
        let bytes_max = TIPS_MAX as u64 * 128;
        if let Some(answer) = running.answer() {
            let read = answer.take(bytes_max).read_to_string(&mut text);
            read.map_err(|source| Error::Run { source })?;
        }
        if text.len() as u64 == bytes_max {
            return Err(Error::TooMuch { what: "branches", limit: TIPS_MAX as u64 });
        }
        if !running.end()? {
            let url = words.last().copied().unwrap_or_default();
            return Err(failed(step, url, &running.said()));
        }
        Ok(text)
    }

    /// The day of a commit that is here, where `git` can say it.
    pub(super) fn day(&self, commit: &str) -> Option<String> {
        let words = ["rev-list", "--max-count=1", "--format=%cs", commit, "--"];
        let mut running = self.answering(&words, Stdio::null()).ok()?;
        let mut text = String::new();
        running.answer()?.take(SAID_BYTES_MAX as u64).read_to_string(&mut text).ok()?;
        let day = text.lines().last()?;
        let is_day = |(at, byte)| matches!((at, byte), (4 | 7, b'-') | (_, b'0'..=b'9'));
        (day.len() == 10 && day.bytes().enumerate().all(is_day)).then(|| day.to_owned())
    }
}

/// The objects of a list and their names.
fn names(listed: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = listed.lines().filter_map(|line| line.split_once('\t'));
    lines.filter(|(object, _)| object.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn failed(step: &'static str, url: &str, said: &str) -> Error {
    if LOGIN.iter().any(|phrase| said.contains(phrase)) {
        return Error::Unauthorized { url: url.to_owned() };
    }
    Error::Said { step, said: said.to_owned() }
}

/// What a fetch says, without the lines that only say how far it is.
#[derive(Default)]
struct Messages {
    line: Vec<u8>,
    kept: String,
    arrived: u64,
}

impl Messages {
    /// Takes the next bytes; how many more bytes of objects arrived.
    fn take(&mut self, bytes: &[u8]) -> u64 {
        let before = self.arrived;
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end_line(),
                byte if self.line.len() < SAID_BYTES_MAX => self.line.push(*byte),
                _ => {}
            }
        }
        self.arrived - before
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if let Some(bytes) = arrived(&line) {
            self.arrived = self.arrived.max(bytes);
        } else if !is_progress(&line) && self.kept.len() + line.len() < SAID_BYTES_MAX {
            self.kept.push_str(&line);
            self.kept.push('\n');
        }
    }

    fn said(mut self) -> String {
        self.end_line();
        sentence(&self.kept)
    }
}

fn is_progress(line: &str) -> bool {
    let line = line.trim_start_matches("remote: ");
    ["Enumerating ", "Counting ", "Compressing ", "Receiving ", "Resolving ", "Total "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// The bytes of `Receiving objects:  45% (45/100), 1.25 MiB | 2.00 MiB/s`.
fn arrived(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("Receiving objects:")?.split_once("), ")?.1;
    let mut words = rest.split([' ', ',']);
    let number: f64 = words.next()?.parse().ok()?;
    let unit = match words.next()? {
        "bytes" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    Some((number * f64::from(1_u32 << unit)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_read_from_the_progress() {
        for (line, expect) in [
            ("Receiving objects:  20% (1/5)", None),
            ("Receiving objects: 100% (5/5), 256 bytes | 256.00 KiB/s, done.", Some(256)),
            ("Receiving objects:  45% (45/100), 1.25 MiB | 2.00 MiB/s", Some(1_310_720)),
            ("Receiving objects:  45% (45/100), 2.00 GiB | 2.00 MiB/s", Some(2 << 30)),
            ("Receiving objects:  45% (45/100), x y", None),
            ("remote: Total 5 (delta 0), reused 0", None),
        ] {
            assert_eq!(arrived(line), expect, "{line}");
        }
    }

    #[test]
    fn faults_are_kept_and_progress_is_not() {
        let mut messages = Messages::default();
        let mut more = 0;
        for piece in [
            "remote: Counting objects: 1\rReceiving objects: 50% (1/2), 1.00 KiB | 1\rRecei",
            "ving objects: 100% (2/2), 3.00 KiB | 1, done.\nfatal: it\u{1b} broke\nerror: twice\n",
            "hint: no fault\nerror: twice",
        ] {
            more += messages.take(piece.as_bytes());
        }
        assert_eq!(more, 3 << 10);
        assert_eq!(messages.said(), "it\u{fffd} broke; twice");
        assert_eq!(Messages::default().said(), "it ended without a word");
    }
}
