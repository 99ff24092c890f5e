//! Texts with a grammar: what each is read as, and what is said when it is malformed.

use digest::Digest;

use crate::{
    Constraint, FullName, Name, Scheme, Selector,
    format::Format,
    report::{Code, Finding, nearest},
    tree::At,
    version,
};

/// A type that a text is read as.
pub(crate) trait Leaf: Sized {
    /// What is wanted where another kind of value stands.
    const KIND: &'static str = "a text in quotes";
    /// Whether a TOML date is taken for the text.
    const IS_DATE: bool = false;
    /// The grammar as a regular expression, as far as one can say it.
    const PATTERN: Option<&'static str> = None;

    fn from_text(text: &str, at: At) -> Result<Self, Finding>;
}

impl Leaf for String {
    fn from_text(text: &str, _: At) -> Result<Self, Finding> {
        Ok(text.to_owned())
    }
}

impl Leaf for Digest {
    const KIND: &'static str = "a digest in quotes";
    const PATTERN: Option<&'static str> = Some("^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let bad =
            |message: String| Finding::new(Code::Digest, at, message).label("malformed digest");
        let hex = |c: char| c.is_ascii_hexdigit();
        match text.parse::<Self>() {
            Ok(digest) if matches!(digest.algorithm(), "sha256" | "sha512") => Ok(digest),
            Ok(digest) => {
                Err(bad(format!("digests of `{}` cannot be verified", digest.algorithm()))
                    .help("write a `sha256:` or `sha512:` digest"))
            }
            Err(_) if text.len() == 64 && text.chars().all(hex) => {
                Err(bad("a digest names its algorithm".to_owned())
                    .help(format!("write `\"sha256:{}\"`", text.to_lowercase())))
            }
            Err(error) => Err(bad(error.to_string())
                .help("a digest is `sha256:` and 64 lower-case hexadecimal digits")),
        }
    }
}

impl Leaf for Constraint {
    const KIND: &'static str = "a constraint in quotes, such as `\">=1.2\"`,";

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        Self::parse(text).map_err(|error| {
            Finding::new(Code::Constraint, at, error.to_string())
                .label("malformed constraint")
                .help("examples: `\"1.2\"` (1.2 and 1.2.x), `\">=1.2, <3\"`, `\"=1.2.3\"`, `\"*\"`")
        })
    }
}

impl Leaf for Selector {
    const PATTERN: Option<&'static str> = Some(concat!(
        r"^!?(\*|linux|macos|windows|freebsd)",
        r"(-(\*|amd64|arm64|386|armv7|riscv64|ppc64le|s390x)(-(\*|gnu|musl))?)?$",
    ));

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        text.parse().map_err(|error: crate::selector::Malformed| {
            let help = match &error.instead {
                Some(instead) => format!("write `{instead}`"),
                None => "examples: `linux`, `*-arm64`, `linux-*-musl`, `*`".to_owned(),
            };
            Finding::new(Code::Selector, at, error.to_string()).label("unknown platform").help(help)
        })
    }
}

const NAME: &str = r"^[a-z0-9]+\+{0,2}([._-]?[a-z0-9]+\+{0,2})*$";

fn bad_name(error: &crate::name::Malformed, at: At) -> Finding {
    Finding::new(Code::Name, at, error.to_string())
        .label("malformed name")
        .help("names are lower-case letters, digits and `+`, joined by single `.`, `_` or `-`")
}

impl Leaf for Name {
    const PATTERN: Option<&'static str> = Some(NAME);

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        Self::parse(text).map_err(|error| bad_name(&error, at))
    }
}

impl Leaf for FullName {
    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        text.parse().map_err(|error| bad_name(&error, at))
    }
}

impl Leaf for Scheme {
    const PATTERN: Option<&'static str> = Some("^(semver|loose)$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        match text {
            "semver" => Ok(Self::Semver),
            "loose" => Ok(Self::Loose),
            _ => Err(Finding::new(Code::Value, at, format!("`{text}` is no order of versions"))
                .label("unknown")
                .help("write `\"semver\"` or `\"loose\"`")),
        }
    }
}

/// A version before its formula's scheme is known.
#[derive(Debug, Clone)]
pub(crate) struct VersionText(pub(crate) Box<str>);

impl Leaf for VersionText {
    const PATTERN: Option<&'static str> = Some("^[A-Za-z0-9]+([.+~-][A-Za-z0-9]+)*$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        match crate::Version::parse(text, Scheme::Loose) {
            Ok(_) => Ok(Self(text.into())),
            Err(error @ (version::Error::Malformed { .. } | version::Error::NotSemver { .. })) => {
                Err(Finding::new(Code::Version, at, error.to_string())
                    .label("malformed version")
                    .help("versions are letters and digits, joined by single `.`, `+`, `~` or `-`"))
            }
        }
    }
}

/// The name of a slot, which follows the grammar of versions.
#[derive(Debug, Clone)]
pub(crate) struct SlotName(pub(crate) Box<str>);

impl Leaf for SlotName {
    const PATTERN: Option<&'static str> = VersionText::PATTERN;

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        if crate::Version::parse(text, Scheme::Loose).is_ok() {
            return Ok(Self(text.into()));
        }
        let message = format!("`{}` cannot name a slot", crate::name::printable(text));
        Err(Finding::new(Code::Name, at, message)
            .label("malformed slot")
            .help("write letters and digits, joined by single `.`, `+`, `~` or `-`"))
    }
}

/// A license as an SPDX expression.
#[derive(Debug, Clone)]
pub(crate) struct License(pub(crate) Box<str>);

impl Leaf for License {
    const KIND: &'static str = "an SPDX expression in quotes";

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let bad = |label: String| {
            let message = format!("`{}` is not an SPDX expression", crate::name::printable(text));
            Finding::new(Code::License, at, message).label(label)
        };
        if text.len() > 512 {
            return Err(bad("longer than 512 bytes".to_owned()));
        }
        let Err(error) = spdx::Expression::parse(text) else { return Ok(Self(text.into())) };
        let canonical = spdx::Expression::canonicalize(text).ok().flatten();
        let meant = canonical.filter(|meant| spdx::Expression::parse(meant).is_ok());
        let near = || spdx::imprecise_license_id(text).map(|(id, _)| id.name.to_owned());
        let help = match meant.or_else(near) {
            Some(meant) => format!("write `\"{meant}\"`"),
            None => "write identifiers of spdx.org/licenses, joined by `OR`, `AND` or `WITH`; \
                     for any other text `LicenseRef-` and a name"
                .to_owned(),
        };
        Err(bad(error.reason.to_string()).help(help))
    }
}

/// The full name of a commit, which is a digest: SHA-1, or SHA-256 in repositories of that kind.
#[derive(Debug, Clone)]
pub(crate) struct Commit(pub(crate) Box<str>);

impl Leaf for Commit {
    const KIND: &'static str = "a commit in quotes";
    const PATTERN: Option<&'static str> = Some("^([0-9a-f]{40}|[0-9a-f]{64})$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if matches!(text.len(), 40 | 64) && text.bytes().all(hex) {
            return Ok(Self(text.into()));
        }
        let message = format!("`{}` is no full name of a commit", crate::name::printable(text));
        Err(Finding::new(Code::Digest, at, message)
            .label("malformed commit")
            .help("write all 40 hexadecimal digits, as `git rev-parse` prints them; tags move"))
    }
}

/// A day, `2026-05-01`.
#[derive(Debug, Clone)]
pub(crate) struct Date(pub(crate) Box<str>);

impl Leaf for Date {
    const KIND: &'static str = "a date";
    const IS_DATE: bool = true;
    const PATTERN: Option<&'static str> = Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        // toml's own reader knows how many days a month has.
        if shape && text.parse::<toml::value::Datetime>().is_ok() {
            return Ok(Self(text.into()));
        }
        Err(Finding::new(Code::Value, at, "expected a date")
            .label("not a date")
            .help("write year, month and day, such as `2026-05-01`"))
    }
}

impl Leaf for Format {
    const PATTERN: Option<&'static str> = Some("^(raw|tar|tar\\.(gz|zst|xz|bz2)|zip)$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        Self::from_name(text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|format| format.as_str()).collect();
            let help = match nearest(text, names.iter().copied()) {
                Some(near) => format!("did you mean `\"{near}\"`?"),
                None => format!("formats are {}", names.join(", ")),
            };
            Finding::new(Code::Value, at, format!("`{text}` is no format"))
                .label("unknown")
                .help(help)
        })
    }
}

/// The name of a variable of `[vars]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VariableName(pub(crate) Box<str>);

impl Leaf for VariableName {
    const PATTERN: Option<&'static str> = Some("^[a-z][a-z0-9_-]*$");

    fn from_text(text: &str, at: At) -> Result<Self, Finding> {
        let bad = |message: String| Finding::new(Code::Token, at, message);
        let known =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if crate::template::RESERVED.contains(&text) {
            return Err(bad(format!("`{text}` is a word that templates have already"))
                .label("reserved")
                .help("choose another name for the variable"));
        }
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(known) {
            return Ok(Self(text.into()));
        }
        Err(bad(format!("`{text}` cannot name a variable"))
            .label("malformed")
            .help("names of variables are lower-case letters, digits, `_` and `-`"))
    }
}
