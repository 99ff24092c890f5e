//! The files of a release that are the same program for other platforms.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use formula::{Key, Libc, Os, Platform};

use super::{
    Asset, ENDS, Template,
    template::{Variable, by_selector, os_of, target_template, versioned},
};

/// The files of one kind, one for each platform.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) assets: BTreeMap<Key, Asset>,
}

impl Group {
    /// Of all files of a release those that belong together: with the file `wanted`, else those
    /// of the kind that has most platforms.
    pub(crate) fn choose(names: &[String], version: &str, wanted: Option<&str>) -> Option<Self> {
        let read: Vec<Asset> = names.iter().filter_map(|name| Asset::read(name)).collect();
        // Where no name says a system, an architecture alone means Linux.
        let says_system = read.iter().any(|asset| asset.os.is_some());
        let completed = |asset: Asset| if says_system { asset } else { asset.or_linux() };
        let mut kinds: BTreeMap<String, Vec<Asset>> = BTreeMap::new();
        for asset in read.into_iter().map(completed).filter(|asset| !asset.keys().is_empty()) {
            kinds.entry(asset.skeleton(version)).or_default().push(asset);
        }
        let wanted = wanted.and_then(Asset::read).map(completed);
        let kind = match &wanted {
            Some(wanted) => kinds.remove(&wanted.skeleton(version))?,
            None => {
                let platforms = |kind: &[Asset]| {
                    let keys = kind.iter().flat_map(Asset::keys);
                    keys.collect::<BTreeSet<_>>().len()
                };
                let best = kinds
                    .into_iter()
                    .max_by_key(|(skeleton, kind)| (platforms(kind), Reverse(skeleton.len())));
                best?.1
            }
        };
        Some(Self::of(kind, wanted.as_ref()))
    }

    /// One file for each platform: of the usual format, and for musl rather than for glibc,
    /// since that runs everywhere.
    fn of(kind: Vec<Asset>, wanted: Option<&Asset>) -> Self {
        let count = |end: &str| kind.iter().filter(|asset| asset.end == end).count();
        let mut assets: BTreeMap<Key, Asset> = BTreeMap::new();
        let rank = |asset: &Asset| {
            let is_wanted = wanted.is_some_and(|wanted| wanted.end == asset.end);
            let is_static = asset.libc == Some(Libc::Musl);
            let place = ENDS.iter().position(|end| *end == asset.end);
            (is_wanted, is_static, count(asset.end), Reverse(place))
        };
        for asset in &kind {
            for key in asset.keys() {
                let there = assets.get(&key);
                if there.is_none_or(|there| rank(there) < rank(asset)) {
                    assets.insert(key, asset.clone());
                }
            }
        }
        let plain = |key: &Key| match key {
            Key::Platform(p) if p.libc.is_some() => Key::Platform(Platform::new(p.os, p.arch)),
            key => *key,
        };
        let keys: Vec<Key> = assets.keys().copied().collect();
        let wanted_key = wanted.and_then(|wanted| wanted.keys().first().copied());
        assets.retain(|key, _| {
            plain(key) == *key || !keys.contains(&plain(key)) || wanted_key == Some(*key)
        });
        Self { assets }
    }

    /// The names of all files as one template.
    pub(crate) fn template(&self, version: &str) -> Template {
        let Some(first) = self.assets.values().next() else { return Template::default() };
        let targets: BTreeMap<Key, &str> =
            self.assets.iter().map(|(key, asset)| (*key, asset.target_text())).collect();
        let (target, mut vars) = target_template(&targets);
        let (before, after) = match &first.target {
            Some(range) => (&first.stem()[..range.start], &first.stem()[range.end..]),
            None => (first.stem(), ""),
        };
        let (end, end_vars) = self.end_template();
        vars.extend(end_vars);
        let literal = |text: &str| versioned(text, version);
        let text = format!("{}{target}{}{end}", literal(before), literal(after));
        Template { text, vars }
    }

    fn end_template(&self) -> (String, Vec<Variable>) {
        let ends: BTreeMap<Key, &str> =
            self.assets.iter().map(|(key, asset)| (*key, asset.end)).collect();
        let dotted = |end: &str| if end.is_empty() { String::new() } else { format!(".{end}") };
        let mut kinds: Vec<&str> = ends.values().copied().collect();
        kinds.sort_unstable();
        kinds.dedup();
        match &kinds[..] {
            [] => (String::new(), Vec::new()),
            [one] => (dotted(one), Vec::new()),
            ["", "exe"]
                if ends
                    .iter()
                    .all(|(key, end)| (os_of(key) == Some(Os::Windows)) == (*end == "exe")) =>
            {
                ("{exe}".to_owned(), Vec::new())
            }
            _ => {
                let values = ends.iter().map(|(key, end)| (*key, (*end).to_owned())).collect();
                let is_dotted = !kinds.contains(&"");
                let values = if is_dotted {
                    values
                } else {
                    ends.iter().map(|(key, end)| (*key, dotted(end))).collect()
                };
                let text = if is_dotted { ".{ext}" } else { "{ext}" };
                (text.to_owned(), vec![("ext".to_owned(), by_selector(&values))])
            }
        }
    }
}
