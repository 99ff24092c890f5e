//! Choosing what a project is locked to, for all its platforms: what is locked stays where it can.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{DIRECT, Spec, locate};
use formula::{Name, Platform};
use install::{
    Home, Host, Setting,
    proposal::{self, Asking, Exact},
};

use crate::{
    lock::{Edition, Entry, Lock, Request},
    platform,
    project::Project,
    taps,
    wants::{Want, Wants},
};

/// What moves although it could stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Nothing.
    Nothing,
    /// These, to the newest release inside what is asked for.
    Names(Vec<Name>),
    /// Everything.
    All,
}

/// A new lock.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The lock.
    pub lock: Lock,
    /// What it has otherwise than the one before.
    pub changes: Vec<Change>,
    /// What the user should know, one line each.
    pub notes: Vec<String>,
}

/// One package that is locked otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// `name` or `name@slot`.
    pub name: String,
    /// The releases before, by version.
    pub before: BTreeSet<String>,
    /// The releases after.
    pub after: BTreeSet<String>,
}

/// Nothing can be locked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tap cannot be had.
    #[error(transparent)]
    Taps(#[from] taps::Error),
    /// The root cannot be worked on.
    #[error(transparent)]
    Home(#[from] install::home::Error),
    /// There is no solution for a platform.
    #[error("cannot lock for {platform}")]
    Choose {
        /// The platform.
        platform: Platform,
        /// Why.
        #[source]
        source: Box<proposal::Error>,
    },
    /// A package is not called as `pkg.toml` calls it.
    #[error("`{from}` is a `{is}`, and pkg.toml calls it `{name}`")]
    Named {
        /// The reference or file.
        from: String,
        /// The package's name.
        is: Name,
        /// The name in `pkg.toml`.
        name: Name,
    },
    /// What is to be updated is not locked.
    #[error("`{name}` is not in pkg.lock")]
    NotLocked {
        /// The name.
        name: Name,
    },
}

/// What of a lock is chosen anew, and for whom.
struct Locking<'a> {
    project: &'a Project,
    wants: &'a Wants,
    before: Option<&'a Lock>,
    update: Vec<Name>,
    requests: BTreeMap<Name, Request>,
}

/// The lock for what `wants` ask; `before` is what there was, of which stays what can.
pub fn lock(
    project: &Project,
    wants: &Wants,
    before: Option<&Lock>,
    update: &Update,
    setting: &Setting,
) -> Result<Locked, Error> {
    if let (Some(before), Update::Nothing) = (before, update)
        && before.differences(wants).is_empty()
    {
        return Ok(Locked { lock: before.clone(), changes: Vec::new(), notes: Vec::new() });
    }
    let lent = taps::bring(project, wants, setting, before)?;
    let mut locking = Locking {
        project,
        wants,
        before: before.filter(|_| *update != Update::All),
        update: updated(update, before)?,
        requests: wants.packages.iter().map(|want| (want.name.clone(), request(want))).collect(),
    };
    let (platforms, may_fail) = locking.platforms(before);
    let mut lock = Lock::default();
    let mut notes = Vec::new();
    let home = Home::open(project.setting(setting, None, lent))?;
    for platform in platforms {
        let home = home.for_platform(platform)?;
        match locking.choose(&home, platform, &mut notes) {
            Ok(entries) => {
                lock.packages.extend(entries);
                lock.platforms.insert(platform);
            }
            Err(error) if may_fail && Some(platform) != here() && is_lack(&error) => {
                notes.push(left_out(platform, &error));
            }
            Err(error) => return Err(error),
        }
    }
    lock.sort();
    let is_used = |tap: &&String| lock.packages.iter().any(|entry| entry.tap == **tap);
    let taps = wants.taps.iter().filter(|(tap, _)| is_used(tap));
    lock.taps = taps.map(|(tap, at)| (tap.clone(), at.clone())).collect();
    lock.requests = locking.requests;
    notes.extend(other_bytes(before, &lock));
    notes.sort();
    notes.dedup();
    Ok(Locked { changes: changes(before, &lock), lock, notes })
}

fn here() -> Option<Platform> {
    Host::detect().map(|host| *host.platform())
}

fn request(want: &Want) -> Request {
    Request {
        request: want.name.clone(),
        means: None,
        group: want.group.clone(),
        version: want.version.clone(),
        tap: want.tap.clone(),
        from: want.from.clone(),
    }
}

/// The names of packages to update, by those that `pkg.toml` calls them.
fn updated(update: &Update, before: Option<&Lock>) -> Result<Vec<Name>, Error> {
    let Update::Names(names) = update else { return Ok(Vec::new()) };
    let own = |name: &Name| {
        let lock = before?;
        let requested = lock.requests.get(name).map(|request| request.package().clone());
        let is_it = |entry: &&Entry| entry.package == *name;
        requested.or_else(|| lock.packages.iter().find(is_it).map(|e| e.package.clone()))
    };
    let own = |name: &Name| own(name).ok_or_else(|| Error::NotLocked { name: name.clone() });
    names.iter().map(own).collect()
}

impl Locking<'_> {
    /// This machine's platform first; the others may be left out where nobody named them.
    fn platforms(&self, before: Option<&Lock>) -> (Vec<Platform>, bool) {
        if let Some(asked) = &self.wants.platforms {
            return (asked.clone(), false);
        }
        let known = before.iter().flat_map(|lock| lock.platforms.iter().copied());
        let others: BTreeSet<Platform> = platform::usual().chain(known).collect();
        let first = here().into_iter();
        (first.chain(others.into_iter().filter(|one| Some(*one) != here())).collect(), true)
    }

    /// The packages for one platform.
    fn choose(
        &mut self,
        home: &Home,
        platform: Platform,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Entry>, Error> {
        let folder = self.project.folder();
        let kept = self.kept(platform);
        let is_new = |want: &&Want| !self.is_kept(want, &kept);
        let new: Vec<&Want> = self.wants.packages.iter().filter(is_new).collect();
        let specs: Vec<Spec> = new.iter().map(|want| want.spec(folder)).collect();
        let exact: Vec<Exact> = kept.iter().map(|(_, exact)| exact.clone()).collect();
        let has = |name: &&Name| exact.iter().any(|one| one.package.name == **name);
        let update: Vec<Name> = self.update.iter().filter(has).cloned().collect();
        let asking = Asking { kept: &exact, specs: &specs, update: &update };
        let failed = |source| Error::Choose { platform, source: Box::new(source) };
        let chosen = home.choose(&asking).map_err(failed)?;
        notes.extend(chosen.notes);
        for (want, is) in new.iter().zip(chosen.meant) {
            if let Some(from) = want.from.as_ref().filter(|_| want.name != is) {
                let (from, name) = (from.clone(), want.name.clone());
                return Err(Error::Named { from, is, name });
            }
            let request = self.requests.get_mut(&want.name).expect("made of the same packages");
            request.means = (is != want.name).then_some(is);
        }
        let entries = chosen.packages.iter().map(|one| self.entry(one, platform, &kept, home));
        Ok(entries.collect())
    }

    /// What was locked for the platform and may stay, with the constraints of today's requests.
    fn kept(&mut self, platform: Platform) -> Vec<(Entry, Exact)> {
        let Some(before) = self.before else { return Vec::new() };
        let mut kept = Vec::new();
        for entry in before.on(platform) {
            // What a tap said that is elsewhere by now counts no more.
            let is_same_tap = before.taps.get(&entry.tap) == self.wants.taps.get(&entry.tap);
            if !is_same_tap {
                continue;
            }
            let same = before.requests.values().find(|request| {
                entry.answers(request)
                    && self.requests.get(&request.request).is_some_and(|now| is_same(now, request))
            });
            // What is of no tap is what one request names, and nobody else could find it again.
            if entry.tap == DIRECT && same.is_none() {
                continue;
            }
            if let Some(request) = same.and_then(|old| self.requests.get_mut(&old.request)) {
                request.means = same.and_then(|old| old.means.clone());
            }
            let requested = same.map(|request| request.version.clone());
            kept.push((entry.clone(), entry.exact(platform, requested, self.project.folder())));
        }
        kept
    }

    /// Whether what a want asks for was locked just so.
    fn is_kept(&self, want: &Want, kept: &[(Entry, Exact)]) -> bool {
        let request = &self.requests[&want.name];
        let is_it = |one: &Exact| one.requested.is_some() && one.package.name == *request.package();
        kept.iter().any(|(_, exact)| is_it(exact))
    }

    fn entry(
        &self,
        one: &Exact,
        platform: Platform,
        kept: &[(Entry, Exact)],
        home: &Home,
    ) -> Entry {
        // Another slot of what was asked for may be there as well, because something needs it.
        let is_it = |request: &&Request| *request.package() == one.package.name;
        let asked = one.requested.as_ref();
        let request = asked.and_then(|_| self.requests.values().find(is_it));
        let edition = || {
            let tap = home.taps().ok()?.tap(&one.tap).ok()?;
            let edition = &tap.subscription()?.edition;
            Some(Edition { serial: edition.serial, digest: edition.digest.clone() })
        };
        let mut entry = Entry::of(one, platform, request, self.project.folder());
        // What stays keeps the edition that said so.
        let same = kept.iter().map(|(old, _)| old).find(|old| {
            let old = Entry { platforms: entry.platforms.clone(), edition: None, ..(*old).clone() };
            old == Entry { requested: old.requested, from: old.from.clone(), ..entry.clone() }
        });
        entry.edition = same.map_or_else(edition, |old| old.edition.clone());
        entry
    }
}

/// Whether two requests ask for the same, whatever the group.
fn is_same(a: &Request, b: &Request) -> bool {
    (&a.version, &a.tap, &a.from) == (&b.version, &b.tap, &b.from)
}

/// Whether there is just nothing for the platform.
fn is_lack(error: &Error) -> bool {
    let Error::Choose { source, .. } = error else { return false };
    match &**source {
        proposal::Error::Plan(error) => !matches!(error.kind(), plan::Kind::Lookup),
        proposal::Error::NotHere { .. } => true,
        proposal::Error::Locate { source, .. } => {
            matches!(source, locate::Error::NoPlatform { .. } | locate::Error::Unbuilt { .. })
        }
        _ => false,
    }
}

fn left_out(platform: Platform, error: &Error) -> String {
    let why = std::error::Error::source(error).map(install::with_causes);
    format!("not locked for {platform}: {}", why.unwrap_or_default())
}

/// What has other bytes than before, although it is the same release.
fn other_bytes(before: Option<&Lock>, after: &Lock) -> Vec<String> {
    let mut notes = Vec::new();
    for old in before.iter().flat_map(|lock| &lock.packages) {
        let is_it = |new: &&Entry| {
            new.shown_name() == old.shown_name()
                && new.shown_version() == old.shown_version()
                && new.tap == old.tap
                && new.platforms.iter().any(|platform| old.platforms.contains(platform))
        };
        for new in after.packages.iter().filter(is_it) {
            let (was, is) = (old.source.digest(), new.source.digest());
            if was != is {
                let (name, version) = (old.shown_name(), old.shown_version());
                let was = was.map_or_else(String::new, |digest| format!(" {}", digest.short()));
                let is = is.map_or_else(String::new, |digest| format!(" {}", digest.short()));
                notes.push(format!(
                    "`{name}` {version} was pushed again: its digest was{was}, and is{is} now"
                ));
            }
        }
    }
    notes
}

/// What differs between two locks, by name.
pub fn changes(before: Option<&Lock>, after: &Lock) -> Vec<Change> {
    let mut found: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for entry in before.iter().flat_map(|lock| &lock.packages) {
        found.entry(entry.shown_name()).or_default().0.insert(entry.shown_version());
    }
    for entry in &after.packages {
        found.entry(entry.shown_name()).or_default().1.insert(entry.shown_version());
    }
    let differs = found.into_iter().filter(|(_, (before, after))| before != after);
    differs.map(|(name, (before, after))| Change { name, before, after }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fs_err as fs;

    use super::*;

    /// A project whose tap is a folder beside its `pkg.toml`.
    struct Desk {
        folder: tempfile::TempDir,
        project: Project,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("acme")).unwrap();
            let project = Project::in_folder(folder.path()).unwrap();
            Self { folder, project }
        }

        /// A formula of one file for every platform, at a path below the project's folder.
        fn formula(&self, path: &str, versions: &[&str], extra: &str) {
            let name = Path::new(path).file_stem().unwrap().to_string_lossy();
            let mut text = format!(
                "schema = 1\nname = \"{name}\"\nsummary = \"One of ours\"\nlicense = \"MIT\"\n\
                 {extra}\n[source]\nfile = \"x\"\nformat = \"raw\"\n"
            );
            for version in versions {
                let digest = digest::Digest::sha256(version.as_bytes());
                text.push_str(&format!("\n[version.\"{version}\"]\nany = \"{digest}\"\n"));
            }
            fs::write(self.project.folder().join(path), text).unwrap();
        }

        /// What `[packages]` of these lines are locked to, read back as it is written.
        fn lock(&self, packages: &str, before: Option<&Lock>) -> Result<Lock, String> {
            self.lock_with("./acme", packages, before)
        }

        /// The same with the tap at a path.
        fn lock_with(
            &self,
            at: &str,
            packages: &str,
            before: Option<&Lock>,
        ) -> Result<Lock, String> {
            let text = format!("[taps]\nacme = \"{at}\"\n\n[packages]\n{packages}");
            let wants = Wants::parse(&text, Path::new("pkg.toml")).unwrap();
            let locked = lock(&self.project, &wants, before, &Update::Nothing, &self.setting());
            let locked = locked.map_err(|error| install::with_causes(&error))?.lock;
            assert_eq!(Lock::parse(&locked.to_string()).as_ref(), Ok(&locked));
            assert!(locked.differences(&wants).is_empty());
            Ok(locked)
        }

        fn setting(&self) -> Setting {
            Setting {
                oci: oci::Config { offline: true, ..oci::Config::default() },
                ..Setting::new(self.folder.path().join("root"))
            }
        }
    }

    /// Name, version and whether it was asked for, of each package.
    fn shown(lock: &Lock) -> Vec<String> {
        let asked = |entry: &Entry| if entry.requested { " asked for" } else { "" };
        let line = |entry: &Entry| {
            format!("{} {}{}", entry.shown_name(), entry.shown_version(), asked(entry))
        };
        lock.packages.iter().map(line).collect()
    }

    #[test]
    fn a_slot_that_only_something_needs_was_not_asked_for() {
        let desk = Desk::new();
        desk.formula("acme/ssl.toml", &["1.1.0", "3.0.0"], "slot = \"{version.major}\"");
        let needs = "[depends]\nssl = { version = \"*\", slot = \"1\" }";
        desk.formula("acme/app.toml", &["1.0.0"], needs);
        let both = desk.lock("app = \"*\"\nssl = \"3\"\n", None).unwrap();
        assert_eq!(shown(&both), ["app 1.0.0 asked for", "ssl@1 1.1.0", "ssl@3 3.0.0 asked for"]);
        let one = desk.lock("ssl = \"3\"\n", Some(&both)).unwrap();
        assert_eq!(shown(&one), ["ssl@3 3.0.0 asked for"]);
        let again = desk.lock("app = \"*\"\nssl = \"3\"\n", Some(&one)).unwrap();
        assert_eq!(again, both);
    }

    #[test]
    fn a_tap_is_where_its_path_says_whatever_links_there_are() {
        let desk = Desk::new();
        let folder = desk.project.folder();
        fs::create_dir_all(folder.join("deep/acme")).unwrap();
        fs::create_dir(folder.join("deep/er")).unwrap();
        fs::os::unix::fs::symlink("deep/er", folder.join("up")).unwrap();
        desk.formula("acme/tool.toml", &["1.0.0"], "");
        desk.formula("deep/acme/tool.toml", &["2.0.0"], "");
        let locked = desk.lock_with("./up/../acme", "tool = \"*\"\n", None).unwrap();
        assert_eq!(shown(&locked), ["tool 1.0.0 asked for"]);
    }

    #[test]
    fn what_is_of_no_tap_goes_with_the_line_that_names_it() {
        let desk = Desk::new();
        desk.formula("acme/app.toml", &["1.0.0"], "[depends]\nlib = \"*\"");
        desk.formula("lib.toml", &["2.0.0"], "");
        let from = "app = \"*\"\nlib = { from = \"./lib.toml\" }\n";
        let whole = desk.lock(from, None).unwrap();
        assert_eq!(shown(&whole), ["app 1.0.0 asked for", "lib 2.0.0 asked for"]);
        let error = desk.lock("app = \"*\"\n", Some(&whole)).unwrap_err();
        assert!(error.contains("lib"), "{error}");
        let error = desk.lock("app = \"*\"\nlib = \"*\"\n", Some(&whole)).unwrap_err();
        assert!(error.contains("there is no formula `lib`"), "{error}");
        desk.formula("acme/lib.toml", &["1.0.0"], "");
        let tap = desk.lock("app = \"*\"\n", Some(&whole)).unwrap();
        assert_eq!(shown(&tap), ["app 1.0.0 asked for", "lib 1.0.0"]);
    }
}
