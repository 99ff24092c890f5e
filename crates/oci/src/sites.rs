//! Where a repository is read: at the mirrors of its registry in their order, then at itself.
//!
//! A mirror is a registry of its own, with credentials, certificates and proxies of its own. What
//! a digest names is verified whoever sends it; what a tag names, and which things there are, is
//! the word of the server, so only mirrors that are said to know it are asked. Nothing is ever
//! written to a mirror; this file asks nobody.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use crate::{
    Error, Event, Kind, Reference,
    config::{Mirror, Registry},
    exchange::Exchange,
    host,
    mirror::Unusable,
};

/// A repository in one of the registries that have it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) reference: Reference,
    pub(crate) is_mirror: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What a digest names.
    Digest,
    /// What a tag names, or a list.
    Word,
}

/// The mirrors of all registries, and which of them are not worth another question.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    mirrored: HashMap<String, Mirrored>,
    given_up: Mutex<HashSet<String>>,
}

#[derive(Debug)]
struct Mirrored {
    mirrors: Vec<Held>,
    is_only_mirrored: bool,
}

/// A mirror by its host and the path there.
#[derive(Debug)]
struct Held {
    host: String,
    path: String,
    answers_tags: bool,
}

impl Sites {
    /// The mirrors that the registries' settings name.
    pub(crate) fn new(registries: &BTreeMap<String, Registry>) -> Result<Self, Unusable> {
        let mut mirrored = HashMap::new();
        for (host, registry) in registries.iter().filter(|(_, own)| !own.mirrors.is_empty()) {
            let mirrors = registry.mirrors.iter().map(|mirror| Held::new(host, mirror));
            let mirrors = mirrors.collect::<Result<_, _>>()?;
            let is_only_mirrored = registry.is_only_mirrored;
            mirrored.insert(host.clone(), Mirrored { mirrors, is_only_mirrored });
        }
        Ok(Self { mirrored, given_up: Mutex::default() })
    }

    /// Whom to ask, one after the other.
    pub(crate) fn of(&self, reference: &Reference, asked: Asked) -> Result<Vec<Site>, Error> {
        let itself = || Site { reference: reference.clone(), is_mirror: false };
        let Some(mirrored) = self.mirrored.get(reference.host()) else {
            return Ok(vec![itself()]);
        };
        let mirrors = mirrored.mirrors.iter();
        let mirrors = mirrors.filter(|mirror| asked == Asked::Digest || mirror.answers_tags);
        let site = |mirror: &Held| {
            let reference = reference.moved(&mirror.host, &mirror.path);
            Site { reference, is_mirror: true }
        };
        let all: Vec<Site> = mirrors.map(site).collect();
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = |site: &&Site| !given_up.contains(site.reference.host());
        let mut left: Vec<Site> = all.iter().filter(is_left).cloned().collect();
        if !mirrored.is_only_mirrored {
            left.push(itself());
        }
        match (left.is_empty(), all.is_empty()) {
            (false, _) => Ok(left),
            (true, false) => Ok(all),
            (true, true) => Err(Error::NoMirror { host: reference.host().to_owned() }),
        }
    }

    fn give_up(&self, host: &str) {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
    }
}

impl Held {
    fn new(host: &str, mirror: &Mirror) -> Result<Self, Unusable> {
        let location = mirror.location.trim_end_matches('/');
        let unusable = || Unusable {
            prefix: host.to_owned(),
            replacement: mirror.location.clone(),
            rule: "a mirror is a host, with a port and a path where it has them",
        };
        let (own, _) = location.split_once('/').unwrap_or((location, ""));
        let parsed: Result<Reference, _> = format!("{location}/x").parse();
        let place = parsed.ok().filter(|_| host::is_qualified(own)).ok_or_else(unusable)?;
        let path = place.repository().strip_suffix('x').ok_or_else(unusable)?.to_owned();
        if place.tag().is_some() || place.digest().is_some() {
            return Err(unusable());
        }
        let (host, answers_tags) = (place.host().to_owned(), mirror.answers_tags);
        Ok(Self { host, path, answers_tags })
    }
}

impl Mirror {
    /// Whether a text can be a mirror's location.
    pub fn is_location(text: &str) -> bool {
        let mirror = Self { location: text.to_owned(), answers_tags: false };
        Held::new("", &mirror).is_ok()
    }
}

impl Exchange {
    /// Says that a mirror is left out; one that is down or lies is not asked again.
    pub(crate) fn pass_over(&self, mirror: &Reference, next: &str, error: &Error) {
        let kind = error.kind();
        let is_lack = matches!(kind, Kind::NotFound | Kind::Unauthorized);
        if !is_lack {
            self.sites.give_up(mirror.host());
        }
        // A mirror without one thing of a repository may lack many.
        let about = if is_lack { mirror.repository() } else { "" };
        let host = mirror.host().to_owned();
        if self.is_new(&host, &format!("passed over {kind:?} {about}")) {
            let (next, reason) = (next.to_owned(), error.to_string());
            let is_fault = matches!(kind, Kind::Unauthorized | Kind::Integrity);
            (self.config.events)(Event::PassedOver { mirror: host, next, reason, is_fault });
        }
    }
}

/// What to say when one after the other failed.
///
/// The registry's own word is the last. Among mirrors alone the lack of one proves nothing as long
/// as another did not answer.
pub(crate) fn graver(before: Option<Error>, site: &Site, error: Error) -> Error {
    match before {
        Some(before) if site.is_mirror && error.kind() == Kind::NotFound => before,
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(mirrors: &[(&str, bool)], is_only_mirrored: bool) -> Result<Sites, Unusable> {
        let mirror = |(location, answers_tags): &(&str, bool)| Mirror {
            location: (*location).to_owned(),
            answers_tags: *answers_tags,
        };
        let mirrors = mirrors.iter().map(mirror).collect();
        let own = Registry { mirrors, is_only_mirrored, ..Registry::default() };
        Sites::new(&[("reg.example".to_owned(), own)].into())
    }

    fn check(sites: &Sites, reference: &str, asked: Asked, expected: &[&str]) {
        let found = sites.of(&reference.parse().unwrap(), asked);
        let found = found.map(|sites| {
            let shown = |site: &Site| site.reference.to_string();
            sites.iter().map(shown).collect::<Vec<_>>()
        });
        assert_eq!(found.unwrap_or_default(), expected, "{reference} {asked:?}");
    }

    #[test]
    fn d14_mirrors_are_asked_in_order_and_for_tags_only_where_they_know_them() {
        let all = sites(&[("m.example:5000/hub", false), ("n.example/", true)], false).unwrap();
        let itself = "reg.example/acme/tool:1";
        let near = ["m.example:5000/hub/acme/tool:1", "n.example/acme/tool:1", itself];
        check(&all, itself, Asked::Digest, &near);
        check(&all, itself, Asked::Word, &near[1..]);
        check(&all, "other.example/x:1", Asked::Digest, &["other.example/x:1"]);
        all.give_up("m.example:5000");
        check(&all, itself, Asked::Digest, &near[1..]);
        all.give_up("n.example");
        check(&all, itself, Asked::Digest, &[itself]);
    }

    #[test]
    fn d14_a_registry_that_is_only_mirrored_is_not_asked() {
        let all = sites(&[("m.example", false), ("n.example", true)], true).unwrap();
        let itself = "reg.example/tool:1";
        check(&all, itself, Asked::Digest, &["m.example/tool:1", "n.example/tool:1"]);
        check(&all, itself, Asked::Word, &["n.example/tool:1"]);
        // Whoever is left is asked again rather than nobody.
        all.give_up("n.example");
        check(&all, itself, Asked::Word, &["n.example/tool:1"]);
        let none = sites(&[("m.example", false)], true).unwrap();
        check(&none, itself, Asked::Word, &[]);
    }

    #[test]
    fn what_is_no_place_of_a_registry_is_no_mirror() {
        for location in ["", "mirror", "https://m.example", "m.example/x:1", "m.example/X", "a b.c"]
        {
            assert!(sites(&[(location, false)], false).is_err(), "{location}");
        }
        for location in ["localhost", "[::1]:5000/a", "docker.io/mirror", "127.0.0.1:5000"] {
            assert!(sites(&[(location, false)], false).is_ok(), "{location}");
        }
    }
}
