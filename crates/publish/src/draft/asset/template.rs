//! One template for the names of files for several platforms: tokens where they fit all, else
//! variables.

use std::collections::BTreeMap;

use formula::{Key, Os, Platform};

use super::{Word, words};

/// Name of a variable, and its values by selector.
pub(crate) type Variable = (String, Vec<(String, String)>);

/// A name for every platform, as one template with its variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) text: String,
    pub(crate) vars: Vec<Variable>,
}

pub(super) fn os_of(key: &Key) -> Option<Os> {
    match key {
        Key::Any => None,
        Key::Platform(platform) => Some(platform.os),
    }
}

/// The words of a platform's key; `any` has none.
pub(super) fn platform_of(key: &Key) -> Option<Platform> {
    match key {
        Key::Any => None,
        Key::Platform(platform) => Some(*platform),
    }
}

/// Whether a text of tokens becomes this text on a platform.
fn expands_to(template: &str, key: &Key, text: &str) -> bool {
    let Some(platform) = platform_of(key) else { return template == text };
    let mut expanded = template.to_owned();
    for (token, word) in formula::template::platform_words(&platform) {
        expanded = expanded.replace(&format!("{{{token}}}"), &word);
    }
    expanded == text
}

/// Most templates that a text may have been made of; each word of a platform has several tokens.
const CANDIDATES_MAX: usize = 4096;

/// The templates that a text may have been made of.
fn candidates(text: &str) -> Vec<String> {
    let mut all =
        vec!["{triple}".to_owned(), "{triple:musl}".to_owned(), "{triple:gnu}".to_owned()];
    let mut texts = vec![String::new()];
    let mut place = 0;
    for word in words(&text.to_ascii_lowercase()) {
        let between = &text[place..word.at.start];
        let tokens: &[&str] = match (word.os, word.arch) {
            (Some(_), None) => &["{os}", "{os:go}", "{os:uname}"],
            (None, Some(_)) => &["{arch}", "{arch:gnu}", "{arch:node}", "{arch:uname}"],
            _ => &[],
        };
        let is_much = texts.len() * (tokens.len() + 1) > CANDIDATES_MAX;
        let tokens = if is_much { &[] } else { tokens };
        let literal = &text[word.at.clone()];
        let choices: Vec<&str> = tokens.iter().copied().chain([literal]).collect();
        texts = texts
            .iter()
            .flat_map(|text| choices.iter().map(move |word| format!("{text}{between}{word}")))
            .collect();
        place = word.at.end;
    }
    texts.iter_mut().for_each(|made| made.push_str(&text[place..]));
    all.extend(texts);
    all
}

/// The template that all texts follow, if there is one.
pub(crate) fn common(targets: &BTreeMap<Key, &str>) -> Option<String> {
    let first = targets.values().next()?;
    let fits =
        |template: &String| targets.iter().all(|(key, text)| expands_to(template, key, text));
    candidates(first).into_iter().find(fits)
}

/// The part of a name that says the platform: tokens, else variables.
pub(super) fn target_template(targets: &BTreeMap<Key, &str>) -> (String, Vec<Variable>) {
    if let Some(text) = common(targets) {
        return (text, Vec::new());
    }
    if let Some(found) = by_words(targets) {
        return found;
    }
    let mut values: BTreeMap<Key, String> = BTreeMap::new();
    for os in Os::ALL {
        let own: BTreeMap<Key, &str> = targets
            .iter()
            .filter(|(key, _)| os_of(key) == Some(*os))
            .map(|(key, text)| (*key, *text))
            .collect();
        let text = common(&own);
        values.extend(
            own.iter().map(|(key, own)| (*key, text.clone().unwrap_or_else(|| (*own).to_owned()))),
        );
    }
    ("{target}".to_owned(), vec![("target".to_owned(), by_selector(&values))])
}

/// A variable for the system and one for the processor, where names are built alike.
fn by_words(targets: &BTreeMap<Key, &str>) -> Option<(String, Vec<Variable>)> {
    let shapes: Vec<(&Key, &str, Vec<Word>)> =
        targets.iter().map(|(key, text)| (key, *text, words(&text.to_ascii_lowercase()))).collect();
    let shape = |text: &str, words: &[Word]| {
        let mut place = 0;
        let mut shape = Vec::new();
        for word in words {
            shape.push((
                text[place..word.at.start].to_owned(),
                word.os.is_some(),
                word.arch.is_some(),
            ));
            place = word.at.end;
        }
        shape
    };
    let (_, text, words) = shapes.first()?;
    let first = shape(text, words);
    let is_plain = first.iter().all(|(_, is_os, is_arch)| is_os != is_arch);
    let is_alike = shapes.iter().all(|(_, text, words)| shape(text, words) == first);
    if !is_plain || !is_alike {
        return None;
    }
    let (mut out, mut vars) = (String::new(), Vec::new());
    for (position, (between, is_os, _)) in first.iter().enumerate() {
        let values: BTreeMap<Key, &str> = shapes
            .iter()
            .map(|(key, text, words)| (**key, &text[words[position].at.clone()]))
            .collect();
        out.push_str(between);
        if let Some(token) = common(&values) {
            out.push_str(&token);
            continue;
        }
        let name = if *is_os { "system" } else { "cpu" };
        out.push_str(&format!("{{{name}}}"));
        let values = values.into_iter().map(|(key, text)| (key, text.to_owned())).collect();
        vars.push((name.to_owned(), by_selector(&values)));
    }
    Some((out, vars))
}

/// Values by as few selectors as there can be: by system, by processor, else one for each.
pub(super) fn by_selector(values: &BTreeMap<Key, String>) -> Vec<(String, String)> {
    let by = |word: fn(&Platform) -> String| -> Option<BTreeMap<String, String>> {
        let mut map: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in values {
            let word = word(&platform_of(key)?);
            match map.get(&word) {
                Some(there) if there != value => return None,
                _ => drop(map.insert(word, value.clone())),
            }
        }
        Some(map)
    };
    let by_os = by(|platform| platform.os.as_str().to_owned());
    let by_arch = by(|platform| format!("*-{}", platform.arch.as_str()));
    let Some(map) = by_os.or(by_arch) else {
        return values.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    };
    // The value that most keys have holds for every other one too.
    let count = |value: &str| values.values().filter(|other| *other == value).count();
    let usual = map.values().max_by_key(|value| count(value)).cloned().unwrap_or_default();
    let shared = map.values().filter(|value| **value == usual).count();
    let mut out = Vec::new();
    if shared > 1 {
        out.push(("*".to_owned(), usual.clone()));
    }
    out.extend(map.into_iter().filter(|(_, value)| shared < 2 || *value != usual));
    out
}

/// A text with the version as a token, and braces doubled.
pub(crate) fn versioned(text: &str, version: &str) -> String {
    let text = text.replace('{', "{{").replace('}', "}}");
    if version.is_empty() {
        return text;
    }
    let forms = [
        (version.to_owned(), "{version}"),
        (version.replace('.', "_"), "{version:_}"),
        (version.replace('.', "-"), "{version:-}"),
    ];
    forms
        .into_iter()
        .find(|(form, _)| text.contains(form.as_str()))
        .map_or(text.clone(), |(form, token)| text.replace(&form, token))
}
