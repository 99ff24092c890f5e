//! Running a package's program without linking it: its keg, those that it needs, its environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    path::PathBuf,
    time::Duration,
};

use catalog::{Spec, spec};
use formula::{Constraint, Scheme, Version};
use plan::{Key, query};
use store::{Layout, in_use::Hold, keg, lock::Holder};

use crate::{
    home::Home,
    needs::Needs,
    proposal,
    receipt::{self, Receipt},
    state::Package,
    transaction::{self, Realised},
};

/// A program that can be run, and what it is to be run with.
#[derive(Debug)]
pub struct Program {
    /// The command's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Folders with the commands of the package and of what it needs, the package's first.
    pub folders: Vec<PathBuf>,
    /// What `[env]` of them says; the package's own win.
    pub variables: BTreeMap<String, String>,
    /// What keeps their kegs from being cleaned up.
    pub holds: Vec<Hold>,
}

/// A variable that a package asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The package, as `name` or `name@slot`.
    pub package: String,
}

/// There is no program to run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be told which packages it takes.
    #[error(transparent)]
    Proposal(#[from] proposal::Error),
    /// The packages cannot be had.
    #[error(transparent)]
    Transaction(#[from] transaction::Error),
    /// What is installed cannot be read.
    #[error("cannot read what is installed")]
    State(#[from] store::generation::Error),
    /// A receipt cannot be read.
    #[error(transparent)]
    Receipt(#[from] receipt::Error),
    /// A value of `[env]` holds a token that means nothing here.
    #[error("cannot expand the environment of `{package}`")]
    Expand {
        /// Name of the package.
        package: String,
        /// The token.
        #[source]
        source: formula::template::Error,
    },
    /// The package has no such program, or several and none of its own name.
    #[error("{}", told(package, *named, programs))]
    NoProgram {
        /// Name of the package.
        package: String,
        /// Whether the user named one.
        named: bool,
        /// The programs that it has.
        programs: Vec<String>,
    },
}

fn told(package: &str, named: bool, programs: &[String]) -> String {
    match (programs, named) {
        ([], _) => format!("`{package}` has no program to run"),
        (_, true) => format!("`{package}` has no such program; it has {}", programs.join(", ")),
        (_, false) => format!("`{package}` has several programs: {}", programs.join(", ")),
    }
}

impl Home {
    /// The program of a package, fetched where it is not here; `command` chooses one of several.
    pub fn program(
        &self,
        spec: &Spec,
        command: Option<&str>,
        wait: &mut dyn FnMut(&Holder, Duration) -> ControlFlow<()>,
    ) -> Result<Program, Error> {
        let realised = match self.installed_for(spec)? {
            Some(kegs) => self.hold_all(&kegs)?,
            None => {
                let proposal = self.propose_apart(std::slice::from_ref(spec))?;
                let asked = proposal.record.requests.keys().next().cloned();
                let mut realised = self.realise(&proposal, wait)?;
                // What was asked for comes last, after what it needs.
                realised.sort_by_key(|one| asked.as_deref() == Some(shown(&one.receipt).as_str()));
                realised
            }
        };
        let main = &realised.last().expect("a package was asked for").receipt;
        let (name, target) = choose(main, command)?;
        let needs = Needs::kegs(&self.layout, realised.iter().map(|one| &one.keg));
        let (mut folders, mut variables) = (Vec::new(), BTreeMap::new());
        for one in &realised {
            folders.splice(..0, command_folders(&self.layout, one));
            let expanded = self.variables(&one.receipt, &one.keg, &needs)?;
            variables.extend(expanded.into_iter().map(|v| (v.name, v.value)));
        }
        let keg = &realised.last().expect("a package was asked for").keg;
        let path = self.layout.keg(&keg.name, &keg.leaf).join(target);
        let holds = realised.into_iter().map(|one| one.hold).collect();
        Ok(Program { name, path, folders, variables, holds })
    }

    /// What `[env]` of installed packages says, in the order of the packages.
    pub fn environment(&self, packages: &[Package]) -> Result<Vec<Variable>, Error> {
        let kegs = self.installed()?.record.kegs;
        let mut variables = Vec::new();
        for package in packages {
            let receipt = self.receipt(package)?;
            let needs = Needs::linked(&self.layout, &receipt.package, &kegs);
            variables.extend(self.variables(&receipt, &package.keg, &needs)?);
        }
        Ok(variables)
    }

    fn variables(
        &self,
        receipt: &Receipt,
        keg: &keg::Id,
        needs: &Needs,
    ) -> Result<Vec<Variable>, Error> {
        let package = shown(receipt);
        let variable = |(name, text): (&String, &String)| {
            let value = self.expand(text, keg, needs);
            let value =
                value.map_err(|source| Error::Expand { package: package.clone(), source })?;
            Ok(Variable { name: name.clone(), value, package: package.clone() })
        };
        receipt.package.env.iter().map(variable).collect()
    }

    /// The kegs of an installed package that a spec means, what it needs first.
    fn installed_for(&self, spec: &Spec) -> Result<Option<Vec<keg::Id>>, Error> {
        let spec::Kind::Name { tap, name } = &spec.kind else { return Ok(None) };
        let installed = self.installed()?;
        let fits = |package: &&&Package| {
            tap.as_ref().is_none_or(|tap| *tap == package.tap)
                && match &spec.at {
                    None => package.linked || package.slot.is_none(),
                    Some(at) => package.slot.as_ref() == Some(at) || takes(at, &package.version),
                }
        };
        let named = installed.named(name.as_str());
        let Some(package) = named.iter().find(fits).or(named.first().filter(|p| fits(p))) else {
            return Ok(None);
        };
        let world = self.installed_needs()?;
        let key = Key { name: name.clone(), slot: package.slot.clone() };
        let needed = query::tree(&world, &key).map(|tree| keys(&tree)).unwrap_or_default();
        let is_needed =
            |other: &&Package| other.keg != package.keg && needed.contains(&other.shown_name());
        let needed = installed.packages().iter().filter(is_needed);
        Ok(Some(needed.chain([*package]).map(|package| package.keg.clone()).collect()))
    }
}

fn keys(tree: &query::Tree) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = tree.needs.iter().flat_map(keys).collect();
    keys.insert(tree.key.to_string());
    keys
}

fn takes(at: &str, version: &str) -> bool {
    let Ok(constraint) = Constraint::parse(at) else { return false };
    let version =
        Version::parse(version, Scheme::Semver).or_else(|_| Version::parse(version, Scheme::Loose));
    version.is_ok_and(|version| constraint.matches(&version))
}

/// The command that was named, else the one of the package's name, else the only one.
fn choose(receipt: &Receipt, command: Option<&str>) -> Result<(String, String), Error> {
    let links = receipt.exposed.links.iter();
    let programs: BTreeMap<&str, &str> = links
        .filter_map(|link| Some((link.path.strip_prefix("bin/")?, link.target.as_str())))
        .collect();
    let package = &receipt.package;
    let own = || {
        let names = std::iter::once(&package.name).chain(&package.aliases);
        names.map(formula::Name::as_str).find(|name| programs.contains_key(name))
    };
    let only = || programs.keys().next().copied().filter(|_| programs.len() == 1);
    let chosen = match command {
        Some(command) => Some(command),
        None => own().or_else(only),
    };
    match chosen.and_then(|name| Some((name, programs.get(name)?))) {
        Some((name, target)) => Ok((name.to_owned(), (*target).to_owned())),
        None => Err(Error::NoProgram {
            package: package.name.as_str().to_owned(),
            named: command.is_some(),
            programs: programs.keys().map(|name| (*name).to_owned()).collect(),
        }),
    }
}

/// The folders of a keg in which commands lie by the names that they are called by.
fn command_folders(layout: &Layout, one: &Realised) -> BTreeSet<PathBuf> {
    let keg = layout.keg(&one.keg.name, &one.keg.leaf);
    let links = one.receipt.exposed.links.iter();
    let folder = |link: &crate::expose::Link| {
        let name = link.path.strip_prefix("bin/").or_else(|| link.path.strip_prefix("sbin/"))?;
        let (folder, file) = link.target.rsplit_once('/').unwrap_or(("", &link.target));
        (file == name).then(|| keg.join(folder))
    };
    links.filter_map(folder).collect()
}

fn shown(receipt: &Receipt) -> String {
    crate::state::shown(receipt.package.name.as_str(), receipt.package.slot.as_deref())
}
