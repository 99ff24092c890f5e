//! Expanding what is left of a template when a package is installed.

use super::{Part, Parts};

/// A token that is known only on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Token {
    /// `{prefix}`: the folder that users have on PATH.
    Prefix,
    /// `{keg}`: the package's own folder.
    Keg,
    /// `{etc}`: the user's settings.
    Etc,
    /// `{var}`: the user's data.
    Var,
    /// `{dep:NAME}`: the folder of a dependency.
    Dep(String),
    /// `{out}`: where a build puts its files.
    Out,
    /// `{src}`: the unpacked source of a build.
    Src,
    /// `{jobs}`: how many jobs a build may run at once.
    Jobs,
}

/// A text of a resolved formula cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is none that an installation knows.
    #[error("unknown token `{{{token}}}`")]
    Unknown {
        /// The token without its braces.
        token: String,
    },
    /// The token is known, and has no value here.
    #[error("`{{{token}}}` has no value here")]
    NoValue {
        /// The token without its braces.
        token: String,
    },
}

impl Token {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "prefix" => Self::Prefix,
            "keg" => Self::Keg,
            "etc" => Self::Etc,
            "var" => Self::Var,
            "out" => Self::Out,
            "src" => Self::Src,
            "jobs" => Self::Jobs,
            _ => Self::Dep(name.strip_prefix("dep:").filter(|name| !name.is_empty())?.to_owned()),
        })
    }
}

/// Expands a text of a resolved formula; `value` says what each token stands for here.
pub fn install(text: &str, value: &dyn Fn(&Token) -> Option<String>) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    for part in Parts::of(text) {
        match part {
            Part::Literal(literal) => out.push_str(literal),
            Part::Doubled(brace) | Part::Alone { brace, .. } => out.push_str(brace),
            Part::Token { name, .. } => {
                let unknown = || Error::Unknown { token: name.to_owned() };
                let token = Token::parse(name).ok_or_else(unknown)?;
                let no_value = || Error::NoValue { token: name.to_owned() };
                out.push_str(&value(&token).ok_or_else(no_value)?);
            }
        }
    }
    Ok(out)
}
