//! What a user names on a command line: `NAME@1.2`, `TAP/NAME`, `./FILE.toml`, `oci://HOST/REPO:TAG`.

use std::{fmt, path::PathBuf, str::FromStr};

use formula::Name;

/// A package as a user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Where the package is to be found.
    pub kind: Kind,
    /// The text after `@`: a channel, a slot or a constraint of the formula. Never for references.
    pub at: Option<String>,
}

/// Where a named package is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A formula of a tap, by its name or alias.
    Name {
        /// The tap, where the user named it.
        tap: Option<String>,
        /// The formula's name, or an alias of it.
        name: Name,
    },
    /// A formula file that belongs to no tap of the user.
    File(PathBuf),
    /// A package straight from a registry or a layout, in a folder or an archive.
    Reference(oci::Place),
}

/// A text that names no package; the cause says which part is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name breaks the grammar of package names.
    #[error("`{spec}` does not name a package")]
    Name {
        /// The text as given.
        spec: String,
        /// What is wrong with the name.
        #[source]
        source: formula::name::Malformed,
    },
    /// The reference breaks the grammar of references.
    #[error("`{spec}` is not a reference")]
    Reference {
        /// The text as given.
        spec: String,
        /// What is wrong with the reference.
        #[source]
        source: oci::place::Error,
    },
    /// Nothing stands after the `@`.
    #[error("`{spec}` has nothing after `@`: write a version, a constraint, a channel or a slot")]
    Empty {
        /// The text as given.
        spec: String,
    },
    /// An address with another scheme than `oci`.
    #[error(
        "`{spec}` is not a package: one in a registry is `oci://HOST/REPOSITORY`, and for a release \
         `pkg new` drafts a formula"
    )]
    Scheme {
        /// The text as given.
        spec: String,
    },
    /// More than one `/`, and no `oci://` before it.
    #[error("`{spec}` has more than one `/`: write `TAP/NAME`, or `oci://{spec}` for a reference")]
    Slashes {
        /// The text as given.
        spec: String,
    },
}

impl Spec {
    /// A formula of any tap, by name.
    pub fn named(name: Name) -> Self {
        Self { kind: Kind::Name { tap: None, name }, at: None }
    }
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self, Error> {
        if spec.starts_with("oci:") || spec.starts_with("oci-archive:") {
            let place = oci::Place::parse(spec)
                .map_err(|source| Error::Reference { spec: spec.to_owned(), source })?;
            return Ok(Self { kind: Kind::Reference(place), at: None });
        }
        if spec.contains("://") && !spec.starts_with(['/', '.']) {
            return Err(Error::Scheme { spec: spec.to_owned() });
        }
        let (what, at) = match spec.rsplit_once('@') {
            Some((_, "")) => return Err(Error::Empty { spec: spec.to_owned() }),
            // A folder may have an `@` in its name; what follows the last `/` decides.
            Some((what, at)) if !at.contains('/') => (what, Some(at.to_owned())),
            _ => (spec, None),
        };
        Ok(Self { kind: kind(spec, what)?, at })
    }
}

fn kind(spec: &str, what: &str) -> Result<Kind, Error> {
    let is_path = what.starts_with(['/', '.']) || what.ends_with(".toml");
    if is_path {
        return Ok(Kind::File(PathBuf::from(what)));
    }
    let name = |text: &str| {
        Name::parse(text).map_err(|source| Error::Name { spec: spec.to_owned(), source })
    };
    match what.split_once('/') {
        None => Ok(Kind::Name { tap: None, name: name(what)? }),
        Some((_, rest)) if rest.contains('/') => Err(Error::Slashes { spec: spec.to_owned() }),
        Some((tap, rest)) => {
            Ok(Kind::Name { tap: Some(name(tap)?.as_str().to_owned()), name: name(rest)? })
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Name { tap: Some(tap), name } => write!(f, "{tap}/{name}")?,
            Kind::Name { tap: None, name } => write!(f, "{name}")?,
            Kind::File(path) => write!(f, "{}", path.display())?,
            Kind::Reference(place) => write!(f, "{place}")?,
        }
        self.at.as_ref().map_or(Ok(()), |at| write!(f, "@{at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = match text.parse::<Spec>() {
            Ok(Spec { kind: Kind::Name { tap, name }, at }) => {
                format!("name {tap:?} {name} {at:?}")
            }
            Ok(Spec { kind: Kind::File(path), at }) => format!("file {} {at:?}", path.display()),
            Ok(Spec { kind: Kind::Reference(place), at }) => format!("reference {place} {at:?}"),
            Err(error) => format!("error {error}"),
        };
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn each_form_is_told_apart() {
        check("foo", "name None foo None");
        check("foo@1.2", "name None foo Some(\"1.2\")");
        check("foo@>=1, <2", "name None foo Some(\">=1, <2\")");
        check("acme/foo@lts", "name Some(\"acme\") foo Some(\"lts\")");
        check("./foo.toml", "file ./foo.toml None");
        check("foo.toml@2", "file foo.toml Some(\"2\")");
        check("/a@b/foo.toml", "file /a@b/foo.toml None");
        check(
            "foo@",
            "error `foo@` has nothing after `@`: write a version, a constraint, a channel or a slot",
        );
        for address in ["https://a.example/foo-1.0.tar.gz", "http://a/foo.toml", "docker://a"] {
            let error = format!(
                "error `{address}` is not a package: one in a registry is `oci://HOST/REPOSITORY`, \
                 and for a release `pkg new` drafts a formula"
            );
            check(address, &error);
        }
        check("./a://b.toml", "file ./a://b.toml None");
        check(
            "a/b/c",
            "error `a/b/c` has more than one `/`: write `TAP/NAME`, or `oci://a/b/c` for a reference",
        );
    }

    #[test]
    fn a_name_that_breaks_the_grammar_is_refused() {
        for text in ["", "Foo", "-rf", "a b", "..x", "a/../b", "foo\n"] {
            let spec = text.parse::<Spec>();
            assert!(
                spec.is_err() || matches!(spec, Ok(Spec { kind: Kind::File(_), .. })),
                "{text}"
            );
        }
    }
}
