//! Expanding templates with what is known of one version on one platform.
//!
//! This file deliberately does not know in which keys templates stand.

use super::{Piece, RESERVED, Template, TemplateText, words};
use crate::{
    model::{Variable, Variables},
    name::FullName,
    platform::Platform,
    report::{Code, Finding, nearest},
    tree::At,
    version::Version,
};

/// When the last tokens of a template become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// With the version and the platform: the result is plain text.
    Resolve,
    /// On installing: `{prefix}`, `{keg}`, `{etc}`, `{var}`, `{dep:NAME}` stay, and braces doubled.
    Install,
    /// In a build: `{out}`, `{src}`, `{jobs}` stay as well.
    Build,
}

/// What `{tag}` stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tag<'a> {
    /// The tag that the version table gives.
    Fixed(&'a str),
    /// `[source] tag`.
    Template(&'a TemplateText),
    /// The default: the version.
    Version,
}

/// Everything that tokens can stand for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expander<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a Version,
    /// The platform of the digest; `None` for what is the same everywhere.
    pub(crate) platform: Option<&'a Platform>,
    pub(crate) tag: Tag<'a>,
    pub(crate) variables: Option<&'a Variables>,
}

/// One template being expanded: the phase, the packages for `{dep:…}`, the variables on the way.
struct Run<'a, 'b> {
    words: &'b Expander<'a>,
    phase: Phase,
    depends: &'b [&'b FullName],
    open: Vec<&'b str>,
    out: String,
    tokens: usize,
}

/// Longest text that a template may expand to, in bytes.
const EXPANDED_MAX: usize = 64 << 10;

/// Most tokens that one template may lead to: variables that use variables twice grow fast.
const TOKENS_MAX: usize = 10_000;

impl Expander<'_> {
    /// The text of a template that is known when the version and the platform are.
    pub(crate) fn resolve(&self, template: &TemplateText) -> Result<String, Finding> {
        self.expand(template, Phase::Resolve, &[])
    }

    /// What `{tag}` stands for; `at` is where an error points that has no place of its own.
    pub(crate) fn tag_text(&self, at: At) -> Result<String, Finding> {
        let (open, out) = (Vec::new(), String::new());
        let mut run =
            Run { words: self, phase: Phase::Resolve, depends: &[], open, out, tokens: 0 };
        run.tag(at)?;
        Ok(run.out)
    }

    /// The text of a template; `depends` are the packages that `{dep:…}` may name.
    pub(crate) fn expand(
        &self,
        template: &TemplateText,
        phase: Phase,
        depends: &[&FullName],
    ) -> Result<String, Finding> {
        let (open, out) = (Vec::new(), String::new());
        let mut run = Run { words: self, phase, depends, open, out, tokens: 0 };
        run.template(template, template.at)?;
        Ok(run.out)
    }
}

impl<'b> Run<'_, 'b> {
    fn template(&mut self, template: &'b Template, at: At) -> Result<(), Finding> {
        for piece in &template.pieces {
            match piece {
                Piece::Literal(text) => self.literal(text),
                Piece::Token { name, at } => self.token(name, *at)?,
            }
        }
        self.tokens += template.pieces.len();
        if self.out.len() > EXPANDED_MAX || self.tokens > TOKENS_MAX {
            let message = "the text expands to more than 64 KiB, or by more than 10,000 tokens";
            return Err(Finding::new(Code::Token, at, message));
        }
        Ok(())
    }

    /// Text that is still to be expanded keeps its braces doubled.
    fn literal(&mut self, text: &str) {
        match self.phase {
            Phase::Resolve => self.out.push_str(text),
            Phase::Install | Phase::Build => {
                self.out.push_str(&text.replace('{', "{{").replace('}', "}}"));
            }
        }
    }

    fn token(&mut self, token: &'b str, at: At) -> Result<(), Finding> {
        let words = self.words;
        if words::OF_PLATFORM.contains(&token) {
            let platform = words.platform.ok_or_else(|| {
                bad(token, at, "differs by platform, and this must be the same on every one")
            })?;
            self.literal(&words::of_platform(token, platform).unwrap_or_default());
            return Ok(());
        }
        if let Some(text) = words::of_version(token, words.version) {
            let text = text.map_err(|short| {
                let why = format!("version `{}` has {} part(s)", words.version, short.parts);
                bad(token, at, &format!("is not there: {why}"))
            })?;
            self.literal(&text);
            return Ok(());
        }
        match token {
            "name" => self.literal(words.name),
            "tag" => self.tag(at)?,
            "prefix" | "keg" | "etc" | "var" => self.keep(token, at, Phase::Install)?,
            "out" | "src" | "jobs" => self.keep(token, at, Phase::Build)?,
            _ => match token.strip_prefix("dep:") {
                Some(name) => self.dependency(token, name, at)?,
                None => self.variable(token, at)?,
            },
        }
        Ok(())
    }

    fn tag(&mut self, at: At) -> Result<(), Finding> {
        match self.words.tag {
            Tag::Fixed(tag) => self.literal(tag),
            Tag::Version => self.literal(self.words.version.as_str()),
            Tag::Template(template) => {
                self.enter("tag", at)?;
                // The tag is part of an address: no token of a later phase may be in it.
                let (phase, start) = (self.phase, self.out.len());
                self.phase = Phase::Resolve;
                self.template(template, template.at)?;
                self.phase = phase;
                let tag = self.out.split_off(start);
                self.literal(&tag);
                self.open.pop();
            }
        }
        Ok(())
    }

    fn variable(&mut self, token: &'b str, at: At) -> Result<(), Finding> {
        let Some(variable) = self.words.variables.and_then(|all| all.find(token)) else {
            return Err(self.unknown(token, at));
        };
        let value = match (variable, self.words.platform) {
            (Variable::Constant(value), _) => value,
            (Variable::Cases(_), None) => {
                return Err(bad(
                    token,
                    at,
                    "differs by platform, and this must be the same on every one",
                ));
            }
            (Variable::Cases(cases), Some(platform)) => match cases.pick(platform)? {
                Some(value) => value,
                None => return Err(no_value(token, at, platform)),
            },
        };
        self.enter(token, at)?;
        self.template(value, value.at)?;
        self.open.pop();
        Ok(())
    }

    fn enter(&mut self, name: &'b str, at: At) -> Result<(), Finding> {
        if self.open.contains(&name) {
            let way = [&self.open[..], &[name]].concat().join("` uses `");
            return Err(Finding::new(Code::Token, at, format!("a cycle: `{way}`"))
                .label("uses itself in the end")
                .help("write the text out in one of them"));
        }
        self.open.push(name);
        Ok(())
    }

    fn dependency(&mut self, token: &str, name: &str, at: At) -> Result<(), Finding> {
        self.check_phase(token, at, Phase::Install)?;
        let named = |full: &&FullName| full.name.as_str() == name || full.to_string() == name;
        if !self.depends.iter().any(named) {
            return Err(bad(token, at, "names no dependency")
                .help(format!("add `{name} = \"*\"` to `[depends]`")));
        }
        self.out.push_str(&format!("{{{token}}}"));
        Ok(())
    }

    fn keep(&mut self, token: &str, at: At, since: Phase) -> Result<(), Finding> {
        self.check_phase(token, at, since)?;
        self.out.push_str(&format!("{{{token}}}"));
        Ok(())
    }

    /// Whether a token that is known from phase `since` on may stand here.
    fn check_phase(&self, token: &str, at: At, since: Phase) -> Result<(), Finding> {
        let why = match (since, self.phase) {
            (_, Phase::Build) | (Phase::Install, Phase::Install) => return Ok(()),
            (Phase::Build, _) => "is known in a build only: it can stand in `[build]`",
            _ => {
                "is known when the package is installed: it can stand in `[setup]`, `[env]`, \
                 `[service]`, `[test]` and `[build]`"
            }
        };
        Err(bad(token, at, why))
    }

    fn unknown(&self, token: &str, at: At) -> Finding {
        let variables = self.words.variables.into_iter().flat_map(Variables::names);
        let known = RESERVED.iter().filter(|word| **word != "dep").copied();
        let known = known.chain(words::OF_PLATFORM).chain(words::OF_VERSION).chain(variables);
        let help = match nearest(token, known) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("define it with `[vars] {token} = \"…\"`, or write `{{{{` for a brace"),
        };
        Finding::new(Code::Token, at, format!("unknown token `{{{token}}}`"))
            .label("unknown")
            .help(help)
    }
}

fn bad(token: &str, at: At, why: &str) -> Finding {
    Finding::new(Code::Token, at, format!("`{{{token}}}` {why}")).label("cannot stand here")
}

fn no_value(token: &str, at: At, platform: &Platform) -> Finding {
    let os = platform.os.as_str();
    Finding::new(Code::NoValue, at, format!("`{{{token}}}` has no value for {platform}"))
        .label(format!("no value for {platform}"))
        .help(format!("add `{os} = \"…\"` or `\"*\" = \"…\"` to `[vars.{token}]`"))
}
