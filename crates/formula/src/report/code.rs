//! The codes of problems: stable, so that scripts and searches can rely on them.

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The formula cannot be used.
    Error,
    /// The formula works, and would be better otherwise.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        /// What kind of problem it is. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!($code, ": ", $meaning, ".")] $name,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is shown, `F001` or `W1`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What the code means, in a few words.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    UnknownKey = "F001", "unknown key";
    Strategy = "F002", "not exactly one strategy in `[source]`, or a key of another one";
    Selector = "F003", "unknown or ambiguous platform selector";
    Version = "F004", "version not in the scheme, or there twice";
    Digest = "F005", "malformed digest";
    Unpinned = "F006", "bytes without a digest, or a digest that the source cannot have";
    Token = "F007", "unknown or wrong-phase `{token}`";
    NoValue = "F008", "variable without a value for a platform that has a digest";
    Path = "F009", "unsafe path or link name";
    Name = "F010", "malformed or clashing name";
    License = "F011", "malformed SPDX expression";
    Constraint = "F012", "malformed constraint, or one that the scheme does not have";
    Forbidden = "F013", "`[[when]]` touches what selects it";
    Insecure = "F014", "URL without TLS, with credentials, or to a private address";
    Step = "F015", "setup step without exactly one verb";
    Unresolved = "F016", "`use` or a dependency names nothing in the tap";
    Cycle = "F017", "cycle of dependencies";
    Syntax = "F018", "not TOML, or beyond the limits of size and depth";
    Missing = "F019", "required key is missing";
    Value = "F020", "value of the wrong kind";
    Hidden = "F021", "control or direction character";
    Newer = "F022", "written for a newer pkg";
    Environment = "F023", "environment variable that a package may not set";
    Idle = "W1", "rule that never matches";
    Untested = "W2", "no test";
    Redundant = "W3", "value equal to what holds without it";
    Order = "W4", "keys not in canonical order";
    Undated = "W5", "version without a date";
    LostPlatform = "W7", "the latest version lost a platform";
}

impl Code {
    /// Whether a problem of this code is an error or a lint.
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('F') { Severity::Error } else { Severity::Warning }
    }
}
