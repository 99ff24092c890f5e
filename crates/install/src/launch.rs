//! Running a package's program without linking it: its keg, those that it needs, its environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use catalog::{Spec, spec, tap};
use formula::{Constraint, Name};
use plan::{Key, query};
use store::{Layout, in_use::Hold, keg, lock::Wait};

use crate::{
    expose::Link,
    home::Home,
    identity,
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

/// What every program of a root runs with.
#[derive(Debug)]
pub struct Surroundings {
    /// The folder of all commands.
    pub commands: PathBuf,
    /// What `[env]` of the linked packages says.
    pub variables: Vec<Variable>,
    /// What keeps their kegs from being cleaned up.
    pub holds: Vec<Hold>,
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
        wait: &mut Wait<'_>,
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
        let (name, target) = program(main, command)?;
        let needs = Needs::kegs(&self.written, &realised);
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
            let needs = Needs::linked(&self.written, &receipt.package, &kegs);
            variables.extend(self.variables(&receipt, &package.keg, &needs)?);
        }
        Ok(variables)
    }

    /// What programs run with that are to find everything that is linked here.
    pub fn surroundings(&self) -> Result<Surroundings, Error> {
        let installed = self.installed()?;
        let kegs: Vec<keg::Id> = installed.packages().iter().map(|one| one.keg.clone()).collect();
        let linked = installed.packages().iter().filter(|one| one.linked);
        let variables = self.environment(&linked.cloned().collect::<Vec<_>>())?;
        let holds = self.hold_all(&kegs)?.into_iter().map(|one| one.hold).collect();
        Ok(Surroundings { commands: self.layout.current().join("bin"), variables, holds })
    }

    pub(crate) fn variables(
        &self,
        receipt: &Receipt,
        keg: &keg::Id,
        needs: &Needs,
    ) -> Result<Vec<Variable>, Error> {
        let package = shown(receipt);
        let variable = |(name, text): (&String, &String)| {
            let value = Self::expand(&self.written, text, keg, needs);
            let value =
                value.map_err(|source| Error::Expand { package: package.clone(), source })?;
            Ok(Variable { name: name.clone(), value, package: package.clone() })
        };
        receipt.package.env.iter().map(variable).collect()
    }

    /// The kegs of an installed package that a spec means, what it needs first.
    pub(crate) fn installed_for(&self, spec: &Spec) -> Result<Option<Vec<keg::Id>>, Error> {
        let spec::Kind::Name { tap, name } = &spec.kind else { return Ok(None) };
        let installed = self.installed()?;
        let takes = |at: &str, package: &Package| {
            // The newest may be newer than what is here.
            let is_within = || at != tap::LATEST && is_within(&package.version, at);
            package.slot.as_deref() == Some(at) || is_within()
        };
        let own_name = self.own_name(&installed, name.as_str());
        let meant = match &spec.at {
            None => installed.meant(&own_name, None),
            Some(at) => installed.named(&own_name).into_iter().find(|p| takes(at, p)),
        };
        let is_of_tap = |package: &&Package| tap.as_ref().is_none_or(|tap| *tap == package.tap);
        let Some(package) = meant.filter(is_of_tap) else { return Ok(None) };
        let world = self.installed_needs()?;
        let Ok(name) = Name::parse(&package.name) else { return Ok(None) };
        let key = Key { name, slot: package.slot.clone() };
        let tree = query::tree(&world, &key);
        let needed: BTreeSet<String> =
            tree.iter().flat_map(query::Tree::keys).map(ToString::to_string).collect();
        let is_needed =
            |other: &&Package| other.keg != package.keg && needed.contains(&other.shown_name());
        let needed = installed.packages().iter().filter(is_needed);
        Ok(Some(needed.chain([package]).map(|package| package.keg.clone()).collect()))
    }
}

fn is_within(version: &str, constraint: &str) -> bool {
    let Ok(constraint) = Constraint::parse(constraint) else { return false };
    identity::version(version).is_some_and(|version| constraint.matches(&version))
}

/// The command to run, and its program in the keg.
fn program(receipt: &Receipt, command: Option<&str>) -> Result<(String, String), Error> {
    let links = receipt.exposed.links.iter();
    let programs: BTreeMap<&str, &str> = links
        .filter_map(|link| Some((link.path.strip_prefix("bin/")?, unwrapped(receipt, link))))
        .collect();
    let package = &receipt.package;
    let names = std::iter::once(&package.name).chain(&package.aliases).map(Name::as_str);
    let chosen = choose(&programs, names, command);
    match chosen.and_then(|name| Some((name, programs.get(name)?))) {
        Some((name, target)) => Ok((name.to_owned(), (*target).to_owned())),
        None => Err(Error::NoProgram {
            package: package.name.as_str().to_owned(),
            named: command.is_some(),
            programs: programs.keys().map(|name| (*name).to_owned()).collect(),
        }),
    }
}

/// The command that was named, else the first one of the package's names, else the only one.
fn choose<'a>(
    programs: &BTreeMap<&'a str, &str>,
    mut names: impl Iterator<Item = &'a str>,
    command: Option<&'a str>,
) -> Option<&'a str> {
    let only = || programs.keys().next().copied().filter(|_| programs.len() == 1);
    command.or_else(|| names.find(|name| programs.contains_key(name)).or_else(only))
}

/// The program of a command: a wrapper's variables are set anyway, to what is not linked too.
fn unwrapped<'a>(receipt: &'a Receipt, link: &'a Link) -> &'a str {
    let copied = receipt.recipe.copies.iter().find(|copied| copied.path == link.target);
    copied.and_then(|copied| copied.wraps.as_deref()).unwrap_or(&link.target)
}

/// The folders of a keg in which commands lie by the names that they are called by.
fn command_folders(layout: &Layout, one: &Realised) -> BTreeSet<PathBuf> {
    let keg = layout.keg(&one.keg.name, &one.keg.leaf);
    let links = one.receipt.exposed.links.iter();
    let folder = |link: &Link| {
        let name = link.path.strip_prefix("bin/").or_else(|| link.path.strip_prefix("sbin/"))?;
        let (folder, file) = link.target.rsplit_once('/').unwrap_or(("", &link.target));
        (file == name).then(|| keg.join(folder))
    };
    links.filter_map(folder).collect()
}

fn shown(receipt: &Receipt) -> String {
    crate::state::shown(receipt.package.name.as_str(), receipt.package.slot.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_named_or_called_as_the_package_or_the_only_one() {
        for (programs, command, expect) in [
            (&["rg", "other"][..], Some("other"), Some("other")),
            (&["ripgrep", "rg"], None, Some("ripgrep")),
            (&["other", "rg"], None, Some("rg")),
            (&["other"], None, Some("other")),
            (&["other", "another"], None, None),
            (&[], None, None),
        ] {
            let map = programs.iter().map(|name| (*name, "bin/x")).collect();
            let names = ["ripgrep", "rg"].into_iter();
            assert_eq!(choose(&map, names, command), expect, "{programs:?} {command:?}");
        }
    }

    #[test]
    fn a_version_is_within_what_a_user_wrote() {
        for (version, at, expect) in [
            ("1.2.3", "1", true),
            ("1.2.3", "1.2", true),
            ("1.2.3", ">=2", false),
            ("2024a", "2024a", true),
            ("1.2.3", "no constraint", false),
        ] {
            assert_eq!(is_within(version, at), expect, "{version} {at}");
        }
    }
}
