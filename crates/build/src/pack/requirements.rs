//! What the programs of a package need, held against what its formula says.

use std::collections::BTreeSet;

use formula::{Annotation, Constraint, Scheme, Version};

use super::{Facts, Warning};
use crate::survey::{Libraries, glibc};

/// Says which glibc is needed where the formula does not; tells of what else it does not say.
pub(super) fn fill(
    annotation: &mut Annotation,
    facts: &Facts,
    libraries: &Libraries,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some((version, path)) = &libraries.glibc {
        match &annotation.requires.glibc {
            None => {
                annotation.requires.glibc = Constraint::parse(&format!(">={version}")).ok();
            }
            Some(said) if takes_older(said, version) => warnings.push(Warning::Glibc {
                said: said.as_str().to_owned(),
                needed: version.clone(),
                path: path.clone(),
            }),
            Some(_) => {}
        }
    }
    let provided: BTreeSet<&str> = facts.provided.values().flatten().map(String::as_str).collect();
    let mut needed = BTreeSet::new();
    for (library, path) in libraries.foreign() {
        needed.insert(library);
        if !provided.contains(library) {
            warnings
                .push(Warning::Unprovided { library: library.to_owned(), path: path.to_owned() });
        }
    }
    for (dependency, brings) in &facts.provided {
        let is_linked = brings.iter().any(|library| needed.contains(library.as_str()));
        if !brings.is_empty() && !is_linked {
            warnings.push(Warning::NeverLinked { dependency: dependency.clone() });
        }
    }
    warnings
}

/// Whether a constraint takes a release of glibc before this one.
fn takes_older(constraint: &Constraint, version: &str) -> bool {
    let minor = glibc(version).get(1).copied().unwrap_or_default();
    (0..minor).any(|minor| {
        let older = Version::parse(&format!("2.{minor}"), Scheme::Loose);
        older.is_ok_and(|older| constraint.matches_plain(&older))
    })
}

#[cfg(test)]
mod tests {
    use binary::inspect::{Elf, Machine, Mention, elf::Role};

    use super::*;
    use crate::sandbox::facts;

    fn elf(needed: &[&str], glibc: Option<&str>) -> Elf {
        let mention = |text: &&str| Mention { offset: 0, text: (*text).to_owned() };
        Elf {
            is_64: true,
            machine: Machine::Amd64,
            role: Role::Loaded,
            interpreter: None,
            soname: None,
            needed: needed.iter().map(mention).collect(),
            rpath: Vec::new(),
            runpath: Vec::new(),
            glibc: glibc.map(str::to_owned),
            has_debug: false,
        }
    }

    fn libraries() -> Libraries {
        let mut libraries = Libraries::default();
        libraries.add("bin/a", &elf(&["libc.so.6", "libz.so.1", "libown.so.2"], Some("2.9")));
        libraries.add("bin/b", &elf(&["libz.so.1", "libssl.so.3"], Some("2.34")));
        let own = Mention { offset: 0, text: "libown.so.2".to_owned() };
        libraries.add("lib/own", &Elf { soname: Some(own), ..elf(&[], Some("2.17")) });
        libraries
    }

    #[test]
    fn the_newest_glibc_is_required_where_the_formula_says_nothing() {
        let mut annotation = facts().annotation;
        fill(&mut annotation, &facts(), &libraries());
        assert_eq!(annotation.requires.glibc, Constraint::parse(">=2.34").ok());

        annotation.requires.glibc = Constraint::parse(">=2.17").ok();
        let before = annotation.clone();
        let warnings = fill(&mut annotation, &facts(), &libraries());
        assert_eq!(annotation, before);
        let [said, needed, path] = [">=2.17", "2.34", "bin/b"].map(str::to_owned);
        assert!(warnings.contains(&Warning::Glibc { said, needed, path }), "{warnings:?}");

        let mut annotation = facts().annotation;
        fill(&mut annotation, &facts(), &Libraries::default());
        assert_eq!(annotation.requires.glibc, None);
    }

    #[test]
    fn libraries_come_from_dependencies_and_dependencies_are_linked() {
        let brings = |dependency: &str, libraries: &[&str]| {
            let libraries = libraries.iter().map(|library| (*library).to_owned());
            (dependency.to_owned(), libraries.collect())
        };
        let provided = [
            brings("perl", &[]),
            brings("xz", &["liblzma.so.5"]),
            brings("zlib", &["libz.so", "libz.so.1"]),
        ];
        let facts = Facts { provided: provided.into(), ..facts() };
        let warnings = fill(&mut facts.annotation.clone(), &facts, &libraries());
        let (library, path) = ("libssl.so.3".to_owned(), "bin/b".to_owned());
        let expected = [
            Warning::Unprovided { library, path },
            Warning::NeverLinked { dependency: "xz".to_owned() },
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn constraints_that_take_too_old_a_glibc() {
        for (constraint, version, expected) in [
            (">=2.17", "2.34", true),
            (">=2.34", "2.34", false),
            (">=2.35", "2.34", false),
            ("*", "2.2.5", true),
            ("=2.31 || >=2.36", "2.36", true),
        ] {
            let constraint = Constraint::parse(constraint).unwrap();
            assert_eq!(takes_older(&constraint, version), expected, "{constraint:?} {version}");
        }
    }
}
