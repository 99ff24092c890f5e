//! What `doctor` finds, what `cleanup` frees, and the variables of `env`.

use std::path::Path;

use install::{Home, cleanup::Cleaned, doctor::Finding, launch::Variable, with_causes};
use publish::work::Left;
use serde::Serialize;
use store::verify::{Damage, What};

use crate::session::shown;

/// What is wrong, and what was.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosis<'a> {
    schema: u32,
    problems: &'a [Problem],
    repaired: &'a [Problem],
    /// What is not damaged and yet worth saying.
    notices: &'a [String],
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Problem {
    /// Name and version; empty for what belongs to no package.
    pub(crate) package: String,
    pub(crate) path: String,
    pub(crate) problem: String,
}

impl<'a> Diagnosis<'a> {
    pub(crate) fn of(
        problems: &'a [Problem],
        repaired: &'a [Problem],
        notices: &'a [String],
    ) -> Self {
        Self { schema: 1, problems, repaired, notices }
    }
}

/// The findings, a damaged path each.
pub(crate) fn problems(home: &Home, findings: &[Finding]) -> Vec<Problem> {
    findings.iter().flat_map(|finding| of_finding(home, finding)).collect()
}

fn of_finding(home: &Home, finding: &Finding) -> Vec<Problem> {
    let problem =
        |package: String, path: String, problem: String| Problem { package, path, problem };
    match finding {
        Finding::Damaged { keg, damages } => {
            let package = name(keg);
            let top = home.layout().keg(&keg.name, &keg.leaf);
            let damage = |Damage { path, what }: &Damage| {
                problem(package.clone(), below(&top, path), sentence(what))
            };
            damages.iter().map(damage).collect()
        }
        Finding::Unknown { keg, source } => {
            let top = home.layout().keg(&keg.name, &keg.leaf);
            vec![problem(
                name(keg),
                shown(&top),
                format!("cannot be checked: {}", with_causes(source)),
            )]
        }
        Finding::Stored { path } => {
            vec![problem(String::new(), shown(path), "does not hold what its name says".into())]
        }
        Finding::Lost { number } => {
            let path = home.layout().current();
            let what = format!("leads to no generation; the newest is {number}");
            vec![problem(String::new(), shown(&path), what)]
        }
        Finding::Links { damages } => {
            let top = home.layout().current();
            let damage = |Damage { path, what }: &Damage| {
                problem(String::new(), below(&top, path), sentence(what))
            };
            damages.iter().map(damage).collect()
        }
    }
}

/// A damaged path, which is empty for the folder itself.
fn below(top: &Path, path: &str) -> String {
    if path.is_empty() { shown(top) } else { shown(&top.join(path)) }
}

/// `name version` of a keg; what follows the version in its folder's name says nothing to people.
fn name(keg: &store::keg::Id) -> String {
    let version = keg.leaf.rsplit_once('-').map_or(keg.leaf.as_str(), |(version, _)| version);
    format!("{} {version}", keg.name)
}

fn sentence(what: &What) -> String {
    match what {
        What::Missing => "is missing".to_owned(),
        What::Extra => "does not belong there".to_owned(),
        What::Kind => "is another kind of thing".to_owned(),
        What::Size { expected, found } => {
            format!("has {found} bytes where it must have {expected}")
        }
        What::Bytes => "holds other bytes".to_owned(),
        What::Mode { expected, found } => {
            format!("has the permissions {found:o} where it must have {expected:o}")
        }
        What::Target { expected, found } => {
            format!("leads to {} where it must lead to {expected}", found.display())
        }
        What::Time => "has another time".to_owned(),
        What::Unreadable(kind) => format!("cannot be read: {kind}"),
    }
}

/// What was freed, or would be.
#[derive(Debug, Serialize)]
pub(crate) struct Freed {
    schema: u32,
    dry_run: bool,
    bytes: u64,
    generations: Vec<u64>,
    /// Packages, as `name/version-id`.
    packages: Vec<String>,
    /// Packages that stay because a program runs from them.
    in_use: Vec<String>,
    files: u64,
    plans: u64,
    partials: u64,
    /// Downloads that stayed in the cache.
    downloads: u64,
    /// Folders of projects that are gone, and with them their packages.
    projects: Vec<String>,
    /// Folders that interrupted builds left.
    builds: u64,
}

impl Freed {
    pub(crate) fn of(cleaned: &Cleaned, left: &Left, dry_run: bool) -> Self {
        let freed = &cleaned.freed;
        let names = |kegs: &[store::keg::Id]| kegs.iter().map(ToString::to_string).collect();
        Self {
            schema: 1,
            dry_run,
            bytes: freed.bytes + cleaned.downloads.bytes + left.bytes,
            generations: freed.generations.clone(),
            packages: names(&freed.kegs),
            in_use: names(&freed.in_use),
            files: freed.files,
            plans: freed.plans,
            partials: freed.partials,
            downloads: cleaned.downloads.blobs,
            projects: cleaned.projects.iter().map(|folder| shown(folder)).collect(),
            builds: left.folders,
        }
    }
}

/// The variables that packages ask for.
#[derive(Debug, Serialize)]
pub(crate) struct Variables<'a> {
    schema: u32,
    variables: Vec<Set<'a>>,
}

#[derive(Debug, Serialize)]
struct Set<'a> {
    name: &'a str,
    value: &'a str,
    package: &'a str,
}

impl<'a> Variables<'a> {
    pub(crate) fn of(variables: &'a [Variable]) -> Self {
        let set = |variable: &'a Variable| Set {
            name: &variable.name,
            value: &variable.value,
            package: &variable.package,
        };
        Self { schema: 1, variables: variables.iter().map(set).collect() }
    }
}
