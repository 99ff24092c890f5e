//! The text of a formula that is being drafted, in canonical form but for what is to be filled in.

use std::fmt::Write as _;

use digest::Digest;
use formula::{Scheme, edit};

use super::{layout::Exposed, steps::System};

/// What stands where somebody has to write.
pub(crate) const FILL_IN: &str = "…";

/// Everything that a drafted formula says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sketch {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) is_loose: bool,
    pub(crate) date: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) license: Option<String>,
    /// Whether the tap says a license for all its formulas.
    pub(crate) has_tap_license: bool,
    /// What stands beside a license that is to be filled in or looked at.
    pub(crate) license_remark: Option<String>,
    /// Keys and texts of `[source]`; a text that holds a list is one as it stands.
    pub(crate) source: Vec<(String, Value)>,
    pub(crate) vars: Vec<(String, Vec<(String, String)>)>,
    /// The glibc that programs need, where some do.
    pub(crate) glibc: Option<String>,
    pub(crate) build: Option<System>,
    pub(crate) depends: Vec<String>,
    pub(crate) expose: Exposed,
    pub(crate) test: Option<String>,
    /// Whether nobody has seen the command that is tested.
    pub(crate) is_test_guessed: bool,
    /// Keys of the version table and digests.
    pub(crate) pins: Vec<(String, Digest)>,
}

/// A value of `[source]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
}

impl Sketch {
    /// The text, formatted.
    pub(crate) fn text(&self) -> Result<String, edit::Error> {
        edit::canonical(&self.write(), &format!("{}.toml", self.name))
    }

    /// Writing to a text does not fail.
    fn write(&self) -> String {
        let mut out = String::from("schema = 1\n");
        let mut line = |key: &str, value: &str| out.push_str(&format!("{key} = {value}\n"));
        line("name", &quoted(&self.name));
        match &self.summary {
            Some(summary) => line("summary", &quoted(summary)),
            None => line("summary", &format!("{}  # what it is, in a few words", quoted(FILL_IN))),
        }
        self.homepage.iter().for_each(|url| line("homepage", &quoted(url)));
        let license = self.license.as_deref().unwrap_or(FILL_IN);
        match &self.license_remark {
            Some(remark) => line("license", &format!("{}  # {remark}", quoted(license))),
            None if self.license.is_none() && self.has_tap_license => {}
            None => line("license", &quoted(license)),
        }
        if self.is_loose {
            line("versioning", &quoted(Scheme::Loose.as_str()));
        }
        self.write_source(&mut out);
        self.write_build(&mut out);
        self.write_expose(&mut out);
        if let Some(version) = &self.glibc {
            let _infallible = writeln!(
                out,
                "[[when]]\nplatform = \"linux-*-gnu\"\nrequires = {{ glibc = \">={version}\" }}"
            );
        }
        if let Some(command) = &self.test {
            let remark = if self.is_test_guessed { "  # is there such a command?" } else { "" };
            let run = quoted(&format!("{command} --version"));
            let _infallible =
                writeln!(out, "[test]\nrun = {run}{remark}\nexpect = \"{{version}}\"");
        }
        let _infallible = writeln!(out, "[version.{}]", quoted(&self.version));
        self.date.iter().for_each(|date| out.push_str(&format!("date = {date}\n")));
        for (key, digest) in &self.pins {
            let _infallible = writeln!(out, "{key} = \"{digest}\"");
        }
        out
    }

    fn write_source(&self, out: &mut String) {
        out.push_str("[source]\n");
        for (key, value) in &self.source {
            let value = match value {
                Value::Text(text) => quoted(text),
                Value::List(list) => self::list(list),
            };
            let _infallible = writeln!(out, "{key} = {value}");
        }
        if !self.depends.is_empty() {
            out.push_str("[depends]\n");
            for name in &self.depends {
                let _infallible = writeln!(out, "{name} = \"*\"");
            }
        }
        for (name, values) in &self.vars {
            let _infallible = writeln!(out, "[vars.{name}]");
            for (selector, value) in values {
                let selector =
                    if selector.contains('*') { quoted(selector) } else { selector.clone() };
                let _infallible = writeln!(out, "{selector} = {}", quoted(value));
            }
        }
    }

    fn write_build(&self, out: &mut String) {
        let Some(build) = &self.build else { return };
        out.push_str("[build]\n");
        match &build.steps[..] {
            [one] => out.push_str(&format!("steps = [{}]\n", quoted(one))),
            steps => {
                out.push_str("steps = [\n");
                steps.iter().for_each(|step| out.push_str(&format!("  {},\n", quoted(step))));
                out.push_str("]\n");
            }
        }
        if !build.env.is_empty() {
            let pairs = build.env.iter().map(|(name, value)| format!("{name} = {}", quoted(value)));
            let pairs: Vec<String> = pairs.collect();
            let _infallible = writeln!(out, "env = {{ {} }}", pairs.join(", "));
        }
    }

    fn write_expose(&self, out: &mut String) {
        let Exposed { bin, man, completions, .. } = &self.expose;
        if bin.is_empty() && man.is_empty() && completions.is_empty() {
            return;
        }
        out.push_str("[expose]\n");
        if bin.iter().any(|bin| bin.command.is_some()) {
            let pairs = bin.iter().map(|bin| {
                let file = bin.path.rsplit('/').next().unwrap_or(&bin.path);
                let command = bin.command.as_deref().unwrap_or(file);
                format!("{} = {}", key(command), quoted(&bin.path))
            });
            let _infallible = writeln!(out, "bin = {{ {} }}", pairs.collect::<Vec<_>>().join(", "));
        } else if !bin.is_empty() {
            let paths: Vec<String> = bin.iter().map(|bin| bin.path.clone()).collect();
            let _infallible = writeln!(out, "bin = {}", list(&paths));
        }
        if !man.is_empty() {
            let _infallible = writeln!(out, "man = {}", list(man));
        }
        if !completions.is_empty() {
            out.push_str("[expose.completions]\n");
        }
        for (shell, files) in completions {
            let value = match &files[..] {
                [(None, path)] => quoted(path),
                files if files.iter().any(|(name, _)| name.is_some()) => {
                    let pairs = files.iter().map(|(name, path)| {
                        let file = path.rsplit('/').next().unwrap_or(path);
                        format!("{} = {}", key(name.as_deref().unwrap_or(file)), quoted(path))
                    });
                    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
                }
                files => list(&files.iter().map(|(_, path)| path.clone()).collect::<Vec<_>>()),
            };
            let _infallible = writeln!(out, "{shell} = {value}");
        }
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    toml::Value::String(clean).to_string()
}

/// A key as TOML has it.
fn key(text: &str) -> String {
    let is_bare = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_bare && !text.is_empty() { text.to_owned() } else { quoted(text) }
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}
