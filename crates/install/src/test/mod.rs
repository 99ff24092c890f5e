//! The tests of an installed package: what they are run with, and how they end.
//!
//! A test works in a folder of its own with a clean environment. It sees the commands of the
//! package, of what that needs and of what the tests need, and beside them those of the system;
//! what else the user has installed here it does not see. What is said of a failure is not known.

mod process;
mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use catalog::{Spec, spec};
use formula::{Depend, FullName, template};
use store::lock::Wait;

pub use process::interrupted;
pub use run::{Expected, Outcome, Verdict};

use crate::{
    event::Listener, home::Home, launch, needs::Needs, proposal, receipt::Receipt, state,
    transaction, transaction::Realised,
};

/// The tests of one package, ready to be run.
pub struct Tests {
    /// The package, as `name` or `name@slot`.
    pub package: String,
    /// Its version as people read it.
    pub version: String,
    tests: Vec<Test>,
    /// Commands by their names, and where they lie.
    commands: BTreeMap<String, PathBuf>,
    /// Folders with other commands.
    path: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
    events: Listener,
    /// What keeps the kegs from being cleaned up.
    _realised: Vec<Realised>,
}

/// One test, its texts expanded.
struct Test {
    run: Vec<String>,
    stdin: Option<String>,
    expect: Option<String>,
    matches: Option<regex::Regex>,
    files: BTreeMap<String, String>,
}

/// Tests cannot be run; that one failed is no such error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such package is installed.
    #[error("`{name}` is not installed")]
    NotInstalled {
        /// What the user named.
        name: String,
    },
    /// The package has no tests.
    #[error("`{package}` has no test")]
    NoTest {
        /// The package.
        package: String,
    },
    /// The package and what it needs cannot be looked up.
    #[error(transparent)]
    Launch(#[from] launch::Error),
    /// What the tests need cannot be found.
    #[error("cannot find what the tests of `{package}` need")]
    Needs {
        /// The package.
        package: String,
        /// What is wrong.
        #[source]
        source: Box<proposal::Error>,
    },
    /// What the tests need cannot be had.
    #[error("cannot get what the tests of `{package}` need")]
    Get {
        /// The package.
        package: String,
        /// What is wrong.
        #[source]
        source: Box<transaction::Error>,
    },
    /// A text holds a token that means nothing here.
    #[error("cannot expand a test of `{package}`")]
    Expand {
        /// The package.
        package: String,
        /// The token.
        #[source]
        source: template::Error,
    },
    /// What the output must match is no regular expression.
    #[error("`{pattern}` in a test of `{package}` is no regular expression")]
    Pattern {
        /// The package.
        package: String,
        /// The pattern, expanded.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: Box<regex::Error>,
    },
    /// The folder of a test cannot be made or filled.
    #[error("cannot make the folder of a test")]
    Folder(#[source] std::io::Error),
    /// A test has a file outside its folder.
    #[error("`{path}` is no path in the folder of a test")]
    Path {
        /// The path.
        path: String,
    },
    /// The command can be found, but not started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Home {
    /// The tests of an installed package; what only they need is fetched, and not linked.
    pub fn tests(&self, spec: &Spec, wait: &mut Wait<'_>) -> Result<Tests, Error> {
        let kegs = self.installed_for(spec)?;
        let kegs = kegs.ok_or_else(|| Error::NotInstalled { name: spec.to_string() })?;
        let own = self.hold_all(&kegs).map_err(launch::Error::from)?;
        let main = &own.last().expect("the package itself comes last").receipt;
        let package = state::shown(main.package.name.as_str(), main.package.slot.as_deref());
        if main.package.tests.is_empty() {
            return Err(Error::NoTest { package });
        }
        let mut realised = self.needed_by_tests(main, &package, wait)?;
        let brought: BTreeSet<_> = own.iter().map(|one| one.keg.name.clone()).collect();
        realised.retain(|one| !brought.contains(&one.keg.name));
        realised.extend(own);
        let needs = Needs::kegs(&self.written, &realised);
        let main = realised.last().expect("it was put there above");
        let expand = |text: &String| {
            let expanded = Self::expand(&self.written, text, &main.keg, &needs);
            expanded.map_err(|source| Error::Expand { package: package.clone(), source })
        };
        let tests = main.receipt.package.tests.iter();
        let tests =
            tests.map(|test| expanded(test, &package, &expand)).collect::<Result<_, _>>()?;
        let mut variables = BTreeMap::new();
        for one in &realised {
            let own = self.variables(&one.receipt, &one.keg, &needs)?;
            variables.extend(own.into_iter().map(|own| (own.name, own.value)));
        }
        let path = self.setting.path.iter().flat_map(std::env::split_paths);
        Ok(Tests {
            tests,
            commands: self.commands(&realised),
            path: path.filter(|folder| !folder.starts_with(self.layout.root())).collect(),
            variables,
            events: self.setting.events.clone(),
            version: crate::identity::shown(&main.receipt.package),
            package,
            _realised: realised,
        })
    }

    /// What the tests alone need, each with what it needs in turn.
    fn needed_by_tests(
        &self,
        receipt: &Receipt,
        package: &str,
        wait: &mut Wait<'_>,
    ) -> Result<Vec<Realised>, Error> {
        let depends = receipt.package.tests.iter().flat_map(|test| &test.depends);
        let specs: Vec<Spec> =
            depends.map(|(full, depend)| self.need(&receipt.tap, full, depend)).collect();
        if specs.is_empty() {
            return Ok(Vec::new());
        }
        let package = || package.to_owned();
        let proposal = self.propose_apart(&specs);
        let proposal = proposal
            .map_err(|source| Error::Needs { package: package(), source: Box::new(source) })?;
        self.realise(&proposal, wait)
            .map_err(|source| Error::Get { package: package(), source: Box::new(source) })
    }

    /// A need as a user would name it: of the package's own tap, where that has it.
    fn need(&self, own_tap: &str, full: &FullName, depend: &Depend) -> Spec {
        let named = full.tap.as_ref().map(ToString::to_string);
        let own = || {
            let taps = self.taps().ok()?;
            taps.find(Some(own_tap), full.name.as_str()).ok().map(|found| found.tap)
        };
        let constraint = (!depend.constraint.is_any()).then(|| depend.constraint.to_string());
        Spec {
            kind: spec::Kind::Name { tap: named.or_else(own), name: full.name.clone() },
            at: depend.slot.clone().or(constraint),
        }
    }

    /// The commands of kegs by the names that they are linked by; a later keg's win.
    fn commands(&self, realised: &[Realised]) -> BTreeMap<String, PathBuf> {
        let of = |one: &Realised| {
            let keg = self.layout.keg(&one.keg.name, &one.keg.leaf);
            let links = one.receipt.exposed.links.clone().into_iter();
            links.filter_map(move |link| {
                let path = &link.path;
                let name = path.strip_prefix("bin/").or_else(|| path.strip_prefix("sbin/"))?;
                Some((name.to_owned(), keg.join(&link.target)))
            })
        };
        realised.iter().flat_map(of).collect()
    }
}

fn expanded(
    test: &formula::Test,
    package: &str,
    expand: &dyn Fn(&String) -> Result<String, Error>,
) -> Result<Test, Error> {
    let formula::Test { run, stdin, expect, matches, files, depends: _ } = test;
    let text = |text: &Option<String>| text.as_ref().map(expand).transpose();
    let pattern = |pattern: String| {
        let failed = |source| {
            let (package, pattern) = (package.to_owned(), pattern.clone());
            Error::Pattern { package, pattern, source: Box::new(source) }
        };
        // What a program prints are lines: `^` and `$` are their ends.
        regex::RegexBuilder::new(&pattern).multi_line(true).build().map_err(failed)
    };
    let file = |(path, text): (&String, &String)| Ok((path.clone(), expand(text)?));
    Ok(Test {
        run: run.iter().map(expand).collect::<Result<_, _>>()?,
        stdin: text(stdin)?,
        expect: text(expect)?,
        matches: text(matches)?.map(pattern).transpose()?,
        files: files.iter().map(file).collect::<Result<_, Error>>()?,
    })
}
