//! `[[setup]]`: steps as data, each with exactly one verb.

use std::collections::BTreeMap;

use super::Resolving;
use crate::{
    Cache, Setup, Verb, model,
    path::check_relative,
    read::{Map, Placed, Text},
    report::{Code, Finding},
    template::{Content, Phase, TemplateText},
};

/// A verb, and what must and may stand beside it.
struct Grammar {
    verb: &'static str,
    needs: &'static [&'static str],
    may: &'static [&'static str],
}

const GRAMMAR: [Grammar; 7] = [
    Grammar { verb: "mkdir", needs: &[], may: &["mode"] },
    Grammar { verb: "copy", needs: &["to"], may: &["mode"] },
    Grammar { verb: "write", needs: &["text"], may: &["mode"] },
    Grammar { verb: "symlink", needs: &["to"], may: &[] },
    Grammar { verb: "replace", needs: &["with"], may: &[] },
    Grammar { verb: "chmod", needs: &["mode"], may: &[] },
    Grammar { verb: "cache", needs: &[], may: &[] },
];

impl Resolving<'_> {
    pub(super) fn setup(&mut self) -> Vec<Setup> {
        let steps = self.rules.setup.iter().flatten();
        steps.filter_map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &Placed<model::Setup>) -> Option<Setup> {
        self.sink.take(grammar(step))?;
        Some(Setup {
            verb: self.verb(step)?,
            keep: step.keep.unwrap_or(false),
            if_missing: step.if_missing.as_ref().and_then(|path| self.located(path)),
            if_exists: step.if_exists.as_ref().and_then(|path| self.located(path)),
        })
    }

    fn verb(&mut self, step: &model::Setup) -> Option<Verb> {
        let mode = match &step.mode {
            Some(text) => Some(self.sink.take(mode(text))?),
            None => None,
        };
        if let Some(path) = &step.mkdir {
            return Some(Verb::Mkdir { path: self.destination(path)?, mode });
        }
        if let (Some(from), Some(to)) = (&step.copy, &step.to) {
            return Some(Verb::Copy { from: self.of_keg(from)?, to: self.destination(to)?, mode });
        }
        if let (Some(path), Some(text)) = (&step.write, &step.text) {
            let text = self.later(text, Phase::Install)?;
            return Some(Verb::Write { path: self.destination(path)?, text, mode });
        }
        if let (Some(path), Some(to)) = (&step.symlink, &step.to) {
            return Some(Verb::Symlink { path: self.destination(path)?, to: self.located(to)? });
        }
        if let (Some(path), Some(with)) = (&step.replace, &step.with) {
            let with = self.replacements(with);
            return Some(Verb::Replace { path: self.destination(path)?, with });
        }
        if let (Some(path), Some(mode)) = (&step.chmod, mode) {
            return Some(Verb::Chmod { path: self.destination(path)?, mode });
        }
        let cache = self.sink.take(cache(step.cache.as_ref()?));
        Some(Verb::Cache { cache: cache? })
    }

    /// A path of the package; `{keg}/` in front of it changes nothing.
    fn of_keg(&mut self, template: &TemplateText) -> Option<String> {
        let text = self.later(template, Phase::Install)?;
        let path = text.strip_prefix("{keg}/").unwrap_or(&text);
        self.sink.take(check_relative(path, template.at))?;
        if path.contains(['{', '}']) {
            self.push(
                Finding::new(Code::Path, template.at, "only files of the package can be copied")
                    .label("is elsewhere")
                    .help("write the path in the package, such as `share/example.conf`"),
            );
            return None;
        }
        Some(path.to_owned())
    }

    fn replacements(&mut self, with: &Map<String, Content>) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (old, new) in with.iter() {
            if old.is_empty() {
                self.push(Finding::new(Code::Value, old.at, "nothing is replaced").label("empty"));
            }
            if let Some(new) = self.later(new, Phase::Install) {
                texts.insert(old.value.clone(), new);
            }
        }
        texts
    }
}

/// One verb, with all it needs and nothing else.
fn grammar(step: &Placed<model::Setup>) -> Result<(), Finding> {
    let there = [
        ("mkdir", step.mkdir.is_some()),
        ("copy", step.copy.is_some()),
        ("write", step.write.is_some()),
        ("symlink", step.symlink.is_some()),
        ("replace", step.replace.is_some()),
        ("chmod", step.chmod.is_some()),
        ("cache", step.cache.is_some()),
        ("to", step.to.is_some()),
        ("text", step.text.is_some()),
        ("with", step.with.is_some()),
        ("mode", step.mode.is_some()),
    ];
    let bad = |message: String| Finding::new(Code::Step, step.at, message);
    let keys: Vec<&str> = there.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
    let verbs: Vec<&Grammar> = GRAMMAR.iter().filter(|row| keys.contains(&row.verb)).collect();
    let [grammar] = verbs[..] else {
        let label = if verbs.is_empty() { "no verb" } else { "several verbs" };
        return Err(bad("a step has exactly one verb".to_owned()).label(label).help(
            "write one of mkdir, copy, write, symlink, replace, chmod and cache, \
             and a `[[setup]]` for each further step",
        ));
    };
    if let Some(needed) = grammar.needs.iter().find(|needed| !keys.contains(*needed)) {
        return Err(bad(format!("`{}` needs `{needed}`", grammar.verb))
            .label("incomplete")
            .help(format!("add `{needed} = …`")));
    }
    let fits = |key: &&str| {
        *key == grammar.verb || grammar.needs.contains(key) || grammar.may.contains(key)
    };
    match keys.iter().find(|key| !fits(key)) {
        Some(other) => Err(bad(format!("`{}` has no `{other}`", grammar.verb))
            .label("says too much")
            .help(format!("leave `{other}` out"))),
        None => Ok(()),
    }
}

/// `0755`: no bit that changes who a program runs as.
fn mode(text: &Text) -> Result<u32, Finding> {
    let digits = matches!(text.len(), 3 | 4) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
    match u32::from_str_radix(text, 8) {
        Ok(mode) if digits && mode <= 0o777 => Ok(mode),
        _ => Err(Finding::new(Code::Value, text.at, format!("`{}` is no mode", text.value))
            .label("unknown")
            .help("write three octal digits, such as `\"0755\"`")),
    }
}

fn cache(text: &Text) -> Result<Cache, Finding> {
    match text.as_str() {
        "fontconfig" => Ok(Cache::Fontconfig),
        "desktop" => Ok(Cache::Desktop),
        "mime" => Ok(Cache::Mime),
        other => Err(Finding::new(Code::Value, text.at, format!("`{other}` is no cache"))
            .label("unknown")
            .help("write `\"fontconfig\"`, `\"desktop\"` or `\"mime\"`")),
    }
}
