//! What is done with a package: built, exposed, set up, run, tested, retired.

use crate::{
    FullName,
    model::Depend,
    read::{Date, Leaf, Map, Placed, Read, Spanned, Text, table},
    report::{Code, Finding, Sink},
    template::{Content, TemplateText},
    tree::{At, Node, Value},
};

table! {
    /// How it is built. The commands are split like a shell does; there is no shell.
    struct Build {
        /// What the build needs.
        "depends" depends: Map<FullName, Depend>,
        /// The commands.
        "steps" steps: Vec<Content>,
        /// Environment variables of the commands.
        "env" env: Map<EnvName, Content>,
        /// Patches, applied in this order.
        "patches" patches: Vec<Placed<Patch>>,
        /// How many jobs may run at once.
        "jobs" jobs: u32,
    }
}

table! {
    /// A patch: `file` or `url`, and its digest.
    struct Patch {
        /// A file, relative to the formula's folder.
        "file" file: TemplateText,
        /// A URL.
        "url" url: TemplateText,
        /// The patch's digest.
        "digest" digest: Spanned<digest::Digest>,
        /// How many leading folders of its names to drop; 1 by default.
        "strip" strip: u32,
    }
}

table! {
    /// What is linked into the prefix.
    struct Expose {
        /// Programs.
        "bin" bin: Paths,
        /// Pages of the manual.
        "man" man: Paths,
        /// Completions of shells.
        "completions" completions: Completions,
        /// Libraries.
        "lib" lib: Paths,
        /// C headers.
        "include" include: Paths,
        /// Data.
        "share" share: Paths,
        /// Settings: copied, so that the user can change them.
        "etc" etc: Paths,
        /// Whether programs run in wrappers that set `[env]`.
        "wrap" wrap: bool,
    }
}

table! {
    /// Completions, by shell.
    struct Completions {
        /// For bash.
        "bash" bash: Paths,
        /// For zsh.
        "zsh" zsh: Paths,
        /// For fish.
        "fish" fish: Paths,
    }
}

/// Paths in the package: one, a list, or a table of new name and path.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Paths {
    One(TemplateText),
    List(Vec<TemplateText>),
    Map(Map<PathText, TemplateText>),
}

impl Read for Paths {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Array(_) => Read::read(node, sink).map(Self::List),
            Value::Table(_) => Read::read(node, sink).map(Self::Map),
            _ => Read::read(node, sink).map(Self::One),
        }
    }
}

/// A path below a folder of the package or the prefix.
#[derive(Debug, Clone)]
pub(crate) struct PathText(pub(crate) Box<str>);

impl Leaf for PathText {
    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        crate::path::check_relative(text, at)?;
        Ok(Self(text.into()))
    }
}

table! {
    /// A service of the user's session.
    struct Service {
        /// The command.
        "run" run: Content,
        /// Whether it is started again when it ends.
        "keep-alive" keep_alive: bool,
        /// How often it is run: `5m`, `12h`, or the five fields of cron.
        "every" every: Text,
        /// Environment variables.
        "env" env: Map<EnvName, Content>,
        /// The folder that it runs in.
        "cwd" cwd: TemplateText,
        /// The file that its output goes to.
        "log" log: TemplateText,
        /// Whether it must run as root.
        "root" root: bool,
    }
}

table! {
    /// A step after installing: exactly one verb.
    struct Setup {
        /// Make this folder.
        "mkdir" mkdir: TemplateText,
        /// Copy this file or folder of the package `to` a place.
        "copy" copy: TemplateText,
        /// Write `text` to this file.
        "write" write: TemplateText,
        /// Make this link; `to` is its target.
        "symlink" symlink: TemplateText,
        /// Replace texts in this file: `with` maps old to new.
        "replace" replace: TemplateText,
        /// Set the `mode` of this file or folder.
        "chmod" chmod: TemplateText,
        /// Refresh a cache: `fontconfig`, `desktop` or `mime`.
        "cache" cache: Text,
        /// With `copy`: the place. With `symlink`: the target.
        "to" to: TemplateText,
        /// With `write`: what is written.
        "text" text: Content,
        /// With `replace`: old text and new text.
        "with" with: Map<String, Content>,
        /// With `mkdir`, `copy`, `write` and `chmod`: the mode, such as `0700`.
        "mode" mode: Text,
        /// Whether what is there already stays as it is.
        "keep" keep: bool,
        /// Only if this does not exist.
        "if-missing" if_missing: TemplateText,
        /// Only if this exists.
        "if-exists" if_exists: TemplateText,
    }
}

table! {
    /// A command that must end with 0 and print what is expected.
    struct Test {
        /// The command, split like a shell does; there is no shell.
        "run" run: Content,
        /// What it reads.
        "stdin" stdin: Content,
        /// A text that its output contains.
        "expect" expect: Content,
        /// A regular expression that its output matches.
        "match" matches: Content,
        /// Files in its folder, by path.
        "files" files: Map<PathText, Content>,
        /// What must be installed for it.
        "depends" depends: Map<FullName, Depend>,
    }
}

table! {
    /// Why something is at an end, since when, and what to use instead.
    struct Notice {
        /// The day.
        "since" since: Spanned<Date>,
        /// The reason.
        "why" why: Text,
        /// What to use instead: a name, with `@` and a slot where that is needed.
        "use" instead: Text,
    }
}

/// The name of an environment variable that a package may set.
#[derive(Debug, Clone)]
pub(crate) struct EnvName(pub(crate) Box<str>);

/// Variables with which a package would take over every other program.
const REFUSED: [&str; 5] = ["PATH", "BASH_ENV", "ENV", "IFS", "NODE_OPTIONS"];
const REFUSED_PREFIXES: [&str; 3] = ["LD_", "DYLD_", "GIT_"];

impl Leaf for EnvName {
    const PATTERN: Option<&'static str> = Some("^[A-Za-z_][A-Za-z0-9_]*$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let shape = !text.starts_with(|c: char| c.is_ascii_digit())
            && !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !shape {
            let message = format!("`{text}` cannot name an environment variable");
            return Err(Finding::new(Code::Environment, at, message)
                .label("malformed")
                .help("write letters, digits and `_`, not starting with a digit"));
        }
        let upper = text.to_ascii_uppercase();
        if REFUSED.contains(&upper.as_str())
            || REFUSED_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
        {
            return Err(Finding::new(
                Code::Environment,
                at,
                format!("a package may not set `{text}`"),
            )
            .label("changes how other programs run")
            .help("leave it out; what the program itself needs has a name of its own"));
        }
        Ok(Self(text.into()))
    }
}
