//! The rules of a lock: what git merged of two must be as sound as what was written at once.
//!
//! A line that goes missing, or that comes twice, breaks one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use catalog::{BUILTIN, DIRECT, Spec, spec};
use digest::Digest;
use formula::{Annotation, Extent, Name, Pin, Platform, Relocations, Source, Unsound, Version};

use super::{
    Entry, Request,
    text::{Facts, Placed, Refused},
};

type Checked = Result<(), Refused>;

/// Refuses facts that cannot be of one lock.
pub(super) fn check(facts: &Facts) -> Checked {
    once(&facts.platforms, |platform| format!("platform {platform}"))?;
    once(&facts.taps, |tap| format!("tap `{}`", tap.tap))?;
    elsewhere(facts)?;
    once(&facts.requests, |request| format!("request `{}`", request.request))?;
    facts.packages.iter().try_for_each(|fact| {
        alone(&fact.value).map_err(|rule| Refused { line: fact.line, rule })
    })?;
    places(facts)?;
    for Placed { value: platform, .. } in &facts.platforms {
        on(facts, *platform)?;
    }
    used(facts)
}

/// That nothing is said twice.
fn once<T>(facts: &[Placed<T>], shown: impl Fn(&T) -> String) -> Checked {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for Placed { line, value } in facts {
        let shown = shown(value);
        if let Some(first) = seen.get(&shown) {
            let rule = format!("{shown} stands in line {first} already");
            return Err(Refused { line: *line, rule });
        }
        seen.insert(shown, *line);
    }
    Ok(())
}

/// That nothing says where the taps are that pkg has by itself: what may be used is told by where
/// it is, and these are listed by their names.
fn elsewhere(facts: &Facts) -> Checked {
    let own = facts.taps.iter().find(|fact| [BUILTIN, DIRECT].contains(&&*fact.value.tap));
    own.map_or(Ok(()), |Placed { line, value }| {
        let rule = format!("`{}` is a tap that pkg has by itself, and nowhere else", value.tap);
        Err(Refused { line: *line, rule })
    })
}

/// What can be told of a package by its own line.
fn alone(entry: &Entry) -> Result<(), String> {
    let name = &entry.package;
    if Version::parse(&entry.version, entry.scheme).is_err() {
        return Err(format!("the version of `{name}` is not one"));
    }
    let platforms = &entry.platforms;
    let Some(platform) = platforms.first().filter(|_| platforms.is_sorted_by(|a, b| a < b)) else {
        return Err(format!("the platforms of `{name}` are not a sorted list"));
    };
    match &entry.source {
        Source::Oci { reference, pin, .. } | Source::Image { reference, pin, .. } => {
            let Pin::Manifest(digest) = pin else {
                return Err(format!("`{name}` is pinned to an index, and not to its manifest"));
            };
            known(name, digest)?;
            oci::Place::parse(reference)
                .map_err(|error| format!("`{name}`: {}", install::with_causes(&error)))?;
        }
        Source::Http { urls, digest, .. } => {
            known(name, digest)?;
            let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
            if urls.is_empty() || !urls.iter().all(is_web) {
                return Err(format!("`{name}` has no address on the web"));
            }
        }
        Source::File { digest, .. } => known(name, digest)?,
        Source::Git { commit, digest, .. } => {
            known(name, digest)?;
            if commit.len() < 40 || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(format!("`{name}` is of no commit"));
            }
        }
        Source::Build { .. } | Source::Later { .. } => {
            return Err(format!("there are no bytes for `{name}`"));
        }
    }
    sound(entry, *platform)
        .map_err(|why| format!("`{name}` says what no package may say: {why}"))?;
    from(entry)
}

fn known(name: &Name, digest: &Digest) -> Result<(), String> {
    match digest.algorithm() {
        "sha256" | "sha512" => Ok(()),
        other => Err(format!("`{name}` has a digest of `{other}`, which nobody here can check")),
    }
}

fn from(entry: &Entry) -> Result<(), String> {
    let name = &entry.package;
    let kind = entry.from.as_ref().map(|from| from.parse::<Spec>().map(|spec| spec.kind));
    match (entry.tap == DIRECT, kind) {
        (false, None) => Ok(()),
        (true, Some(Ok(spec::Kind::File(_) | spec::Kind::Reference(_)))) => Ok(()),
        (true, _) => Err(format!("nothing says where `{name}` is from")),
        (false, Some(_)) => Err(format!("`{name}` says twice where it is from")),
    }
}

/// The same rules that hold for what a registry says of a package.
fn sound(entry: &Entry, platform: Platform) -> Result<(), Unsound> {
    let package = entry.exact(platform, None, Path::new("")).package;
    // How much there is stands nowhere in a lock, and no rule asks for it.
    let nothing = Extent { unpacked_size: 0, entries: 0 };
    Annotation::about(&package, nothing, Relocations::default()).check()
}

/// That each package is for platforms and from a tap that the lock has.
fn places(facts: &Facts) -> Checked {
    let platforms: BTreeSet<Platform> = facts.platforms.iter().map(|fact| fact.value).collect();
    let taps: BTreeSet<&str> = facts.taps.iter().map(|fact| fact.value.tap.as_str()).collect();
    let mut seen: BTreeMap<(String, Platform), usize> = BTreeMap::new();
    for Placed { line, value } in &facts.packages {
        let refused = |rule| Err(Refused { line: *line, rule });
        let name = value.shown_name();
        if value.tap != BUILTIN && value.tap != DIRECT && !taps.contains(value.tap.as_str()) {
            return refused(format!("no line says where tap `{}` of `{name}` is", value.tap));
        }
        for platform in &value.platforms {
            if !platforms.contains(platform) {
                return refused(format!("`{name}` is for {platform}, which has no line"));
            }
            if let Some(first) = seen.insert((name.clone(), *platform), *line) {
                return refused(format!("`{name}` for {platform} stands in line {first} already"));
            }
        }
    }
    Ok(())
}

/// That on one platform everything is there that is asked for or needed, and nothing else.
fn on(facts: &Facts, platform: Platform) -> Checked {
    let here: Vec<&Placed<Entry>> =
        facts.packages.iter().filter(|fact| fact.value.platforms.contains(&platform)).collect();
    for Placed { line, value: request } in &facts.requests {
        if !here.iter().any(|fact| fact.value.answers(request)) {
            return Err(Refused { line: *line, rule: unanswered(request, &here, platform) });
        }
    }
    for Placed { line, value } in &here {
        let refused = |rule| Err(Refused { line: *line, rule });
        let name = value.shown_name();
        if value.requested && !facts.requests.iter().any(|fact| value.answers(&fact.value)) {
            return refused(format!("`{name}` was asked for, and no line says so"));
        }
        for (full, depend) in &value.depends {
            let met = here.iter().any(|other| other.value.meets(full, depend));
            if depend.optional || met {
                continue;
            }
            let there = here.iter().find(|other| other.value.is_called(full));
            let there = there.map_or("has no line".to_owned(), |other| {
                format!("is {} in line {}", other.value.shown_version(), other.line)
            });
            let wanted = match depend.constraint.is_any() {
                true => full.to_string(),
                false => format!("{full} {}", depend.constraint),
            };
            return refused(format!("`{name}` needs `{wanted}`, which {there} for {platform}"));
        }
        for conflict in value.conflicts.keys() {
            let other = here.iter().find(|other| other.value.package == *conflict);
            if let Some(other) = other {
                let line = other.line;
                let rule = format!("`{name}` cannot be beside `{conflict}`, which line {line} has");
                return refused(rule);
            }
        }
    }
    let wanted =
        closure(&here.iter().map(|fact| &fact.value).collect::<Vec<_>>(), &|entry| entry.requested);
    match here.iter().find(|fact| !wanted.contains(&fact.value.shown_name())) {
        None => Ok(()),
        Some(Placed { line, value }) => {
            let name = value.shown_name();
            let rule = format!("nothing asks for `{name}` on {platform}, and nothing needs it");
            Err(Refused { line: *line, rule })
        }
    }
}

/// Why no package is what a request asks for.
fn unanswered(request: &Request, here: &[&Placed<Entry>], platform: Platform) -> String {
    let name = request.package();
    let other = here.iter().find(|fact| fact.value.requested && fact.value.package == *name);
    let Some(Placed { line, value: other }) = other else {
        return format!("`{name}` has no line for {platform}");
    };
    let there = other.from.as_ref().unwrap_or(&other.tap);
    match request.from.as_ref().or(request.tap.as_ref()) {
        Some(asked) => {
            format!("`{name}` is asked for from `{asked}`, and is from `{there}` in line {line}")
        }
        None => format!("`{name}` is asked for from a tap, and is from `{there}` in line {line}"),
    }
}

/// The names of those that `is_root` chooses and of all that they need, among the packages of one
/// platform.
pub(crate) fn closure(here: &[&Entry], is_root: &dyn Fn(&Entry) -> bool) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    let mut next: Vec<&Entry> = here.iter().copied().filter(|entry| is_root(entry)).collect();
    while let Some(entry) = next.pop() {
        if !wanted.insert(entry.shown_name()) {
            continue;
        }
        for (full, depend) in &entry.depends {
            // What is optional only comes with what asks for it.
            let meets = |other: &&&Entry| !depend.optional && other.meets(full, depend);
            next.extend(here.iter().filter(meets));
        }
    }
    wanted
}

/// That every tap and request leads to a package.
fn used(facts: &Facts) -> Checked {
    for Placed { line, value } in &facts.taps {
        if !facts.packages.iter().any(|fact| fact.value.tap == value.tap) {
            let rule = format!("nothing is from tap `{}`", value.tap);
            return Err(Refused { line: *line, rule });
        }
    }
    match (facts.requests.first(), facts.platforms.is_empty()) {
        (Some(Placed { line, value }), true) => {
            let rule = format!("`{}` is locked for no platform", value.request);
            Err(Refused { line: *line, rule })
        }
        _ => Ok(()),
    }
}
