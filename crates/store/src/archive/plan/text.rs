//! A plan as text: one line per entry, a digest of them all in the first line.
//!
//! Paths hold no control characters, so tabs separate fields and newlines end entries. Reading
//! back checks everything again: a plan that was damaged is refused and never trusted.

use std::fmt::Write as _;

use digest::Sha256;

use super::{Dropped, Entry, Kind, Note, Plan};
use crate::{
    Content,
    archive::{Format, Profile, Rule, name},
};

const HEAD: &str = "pkg-plan 1 ";

/// A stored plan that is damaged; the archive has to be decoded again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the stored plan is malformed: {reason}")]
pub struct Malformed {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Plan {
    /// The plan as text; equal plans give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = String::with_capacity(128 * (self.entries.len() + 1));
        let asked = self.asked.map_or("-", Format::name);
        let profile = self.profile.name();
        let (format, entries, notes) = (self.format.name(), self.entries.len(), self.notes.len());
        let size = self.size_bytes;
        put(&mut body, format_args!("{format}\t{asked}\t{profile}\t{size}\t{entries}\t{notes}\n"));
        for entry in &self.entries {
            put_entry(&mut body, entry);
        }
        for Note { path, dropped } in &self.notes {
            put(&mut body, format_args!("{}\t{path}\n", dropped.name()));
        }
        let mut text = format!("{HEAD}{}\n", Sha256::of(body.as_bytes()));
        text.push_str(&body);
        text.into_bytes()
    }

    /// Reads a plan back.
    ///
    /// # Errors
    ///
    /// Any difference to what [`Plan::to_bytes`] writes, and any name that breaks a rule.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let failed = |line, reason| Malformed { line, reason };
        let text = str::from_utf8(bytes).map_err(|_| failed(1, "it is not UTF-8"))?;
        let (head, body) = text.split_once('\n').ok_or(failed(1, "it has no end"))?;
        let sum = head.strip_prefix(HEAD).ok_or(failed(1, "it is no plan of version 1"))?;
        if Sha256::from_hex(sum) != Some(Sha256::of(body.as_bytes())) {
            return Err(failed(1, "its digest is not that of the other lines"));
        }
        let lines: Vec<&str> = body.split_terminator('\n').collect();
        let (first, rest) = lines.split_first().ok_or(failed(2, "it is missing"))?;
        let (mut plan, entries, notes) = summary(first).map_err(|reason| failed(2, reason))?;
        if rest.len() != entries.saturating_add(notes) || !body.ends_with('\n') {
            return Err(failed(2, "the number of lines is another"));
        }
        plan.entries.reserve_exact(entries);
        for (line, text) in (3..).zip(rest) {
            let read = if plan.entries.len() < entries {
                entry(text, plan.profile).and_then(|entry| append(&mut plan.entries, entry))
            } else {
                note(text).map(|note| plan.notes.push(note))
            };
            read.map_err(|reason| failed(line, reason))?;
        }
        Ok(plan)
    }
}

fn put(body: &mut String, line: std::fmt::Arguments<'_>) {
    body.write_fmt(line).expect("writing to a string cannot fail");
}

fn put_entry(body: &mut String, Entry { path, kind, mtime }: &Entry) {
    match kind {
        Kind::Opaque => put(body, format_args!("o\t{mtime}\t{path}\n")),
        Kind::Whiteout => put(body, format_args!("w\t{mtime}\t{path}\n")),
        Kind::Directory => put(body, format_args!("d\t{mtime}\t{path}\n")),
        Kind::File(Content { sha256, size, executable }) => {
            let letter = if *executable { 'x' } else { 'f' };
            put(body, format_args!("{letter}\t{mtime}\t{sha256}\t{size}\t{path}\n"));
        }
        Kind::Symlink(target) => put(body, format_args!("l\t{mtime}\t{target}\t{path}\n")),
        Kind::Refused(rule) => put(body, format_args!("r\t{mtime}\t{}\t{path}\n", rule.name())),
    }
}

/// The second line: the plan without entries, and the numbers of entries and notes.
fn summary(line: &str) -> Result<(Plan, usize, usize), &'static str> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[format, asked, profile, size, entries, notes] = &fields[..] else {
        return Err("it has not six fields");
    };
    let known = |name| Format::from_name(name).filter(|format| format.name() == name);
    let asked = match asked {
        "-" => None,
        name => Some(known(name).ok_or("the format that was asked for is unknown")?),
    };
    let plan = Plan {
        entries: Vec::new(),
        notes: Vec::new(),
        format: known(format).ok_or("the format is unknown")?,
        asked,
        profile: Profile::from_name(profile).ok_or("the profile is unknown")?,
        size_bytes: number(size)?,
    };
    Ok((plan, number(entries)?, number(notes)?))
}

fn entry(line: &str, profile: Profile) -> Result<Entry, &'static str> {
    let mut fields = line.split('\t');
    let mut field = || fields.next().ok_or("a field is missing");
    let letter = field()?;
    let mtime = number(field()?)?;
    let kind = match letter {
        "o" => Kind::Opaque,
        "w" => Kind::Whiteout,
        "d" => Kind::Directory,
        "f" | "x" => {
            let sha256 = Sha256::from_hex(field()?).ok_or("the digest is malformed")?;
            Kind::File(Content { sha256, size: number(field()?)?, executable: letter == "x" })
        }
        "l" => {
            let target = field()?;
            Kind::Symlink(name::target(target.as_bytes()).map_err(|_| "the target is malformed")?)
        }
        "r" => Kind::Refused(Rule::from_name(field()?).ok_or("the rule is unknown")?),
        _ => return Err("the kind is unknown"),
    };
    let path = field()?.to_owned();
    if fields.next().is_some() {
        return Err("it has too many fields");
    }
    check_path(&path, &kind, profile)?;
    Ok(Entry { path, kind, mtime })
}

fn check_path(path: &str, kind: &Kind, profile: Profile) -> Result<(), &'static str> {
    let allowed = match (kind, profile) {
        (Kind::Opaque | Kind::Whiteout | Kind::Refused(_), Profile::Strict) => false,
        (Kind::Opaque, Profile::Image) if path.is_empty() => true,
        (Kind::Refused(_), Profile::Image) => !path.is_empty() && name::legible(path) == path,
        _ => name::check(path).is_ok(),
    };
    if allowed { Ok(()) } else { Err("the path breaks a rule") }
}

fn append(entries: &mut Vec<Entry>, next: Entry) -> Result<(), &'static str> {
    let after = entries
        .last()
        .is_none_or(|last| (&last.path, last.kind.rank()) < (&next.path, next.kind.rank()));
    if !after {
        return Err("the entries are not in order");
    }
    entries.push(next);
    Ok(())
}

fn note(line: &str) -> Result<Note, &'static str> {
    let (dropped, path) = line.split_once('\t').ok_or("a field is missing")?;
    name::check(path).map_err(|_| "the path breaks a rule")?;
    let dropped = Dropped::from_name(dropped).ok_or("the note is unknown")?;
    Ok(Note { path: path.to_owned(), dropped })
}

/// A number as this program writes it: no `+`, no leading zeros.
fn number<T: std::str::FromStr>(field: &str) -> Result<T, &'static str> {
    let digits = field.strip_prefix('-').unwrap_or(field);
    if digits.starts_with('+') || (digits.starts_with('0') && field != "0") {
        return Err("a number is not written canonically");
    }
    field.parse().map_err(|_| "a number is malformed")
}

impl Dropped {
    const ALL: [Self; 3] = [Self::Setuid, Self::Setgid, Self::Capability];

    fn name(self) -> &'static str {
        match self {
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::Capability => "capability",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dropped| dropped.name() == name)
    }
}
