//! `pkg info`

use catalog::{DIRECT, Found, Spec, spec::Kind};
use clap::Args;
use formula::{Platform, Release, Resolved};
use install::Home;

use crate::{
    amount::bytes,
    args::examples,
    complete,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg info jaq", "the newest version"),
    ("pkg info jaq@3.0 --json", "where each platform's bytes come from, and their digests"),
]))]
pub struct Info {
    /// NAME[@VERSION], TAP/NAME[@VERSION] or ./FILE.toml[@VERSION]
    #[arg(add = complete::formulas())]
    pub spec: String,
}

impl Info {
    pub(crate) fn run(self, session: &Session) -> Result {
        let spec: Spec = self.spec.parse()?;
        let home = session.home()?;
        let view = match session.formula_meant(&spec) {
            Ok(found) => {
                let installed = home.installed()?;
                let (release, resolved) = pick(&found, &spec, home.host().platform())?;
                let named = installed.named(found.formula.name().as_str());
                view::Info::of(&found, release, &resolved, &named)
            }
            Err(failure) => without_tap(&home, &spec)?.ok_or(failure)?,
        };
        if session.printer.is_json() {
            session.printer.json(&view);
        } else {
            session.printer.table(&page(&view));
        }
        Ok(())
    }
}

/// An installed package that no tap has, as its receipt remembers it.
fn without_tap(home: &Home, spec: &Spec) -> Result<Option<view::Info>> {
    let Kind::Name { tap, name } = &spec.kind else { return Ok(None) };
    if tap.as_ref().is_some_and(|tap| tap != DIRECT) || spec.at.is_some() {
        return Ok(None);
    }
    let installed = home.installed()?;
    let package = installed.named(name.as_str()).into_iter().find(|p| p.tap == DIRECT);
    let Some(package) = package else { return Ok(None) };
    Ok(Some(view::Info::of_receipt(&home.receipt(package)?, package)))
}

/// The newest release that fits, for this machine where there is one, else for its first platform.
fn pick<'a>(found: &'a Found, spec: &Spec, host: &Platform) -> Result<(&'a Release, Resolved)> {
    let formula = &found.formula;
    let fits = fitting(found, spec)?;
    let fitting: Vec<&Release> = formula.releases().iter().filter(|r| fits(r)).collect();
    let here = |release: &&&Release| formula.resolve(&release.version, host).is_ok();
    // Of a formula with no other versions, one that `pkg install` passes over is shown.
    let any = formula.releases().first().filter(|_| spec.at.is_none());
    let chosen = fitting.iter().find(here).or(fitting.first()).copied().or(any);
    let Some(release) = chosen else {
        let there: Vec<_> = formula.releases().iter().take(5).map(|r| r.version.as_str()).collect();
        let sentence = format!("`{spec}` names no version; there are: {}", there.join(", "));
        return Err(Failure::told(Exit::NotFound, sentence));
    };
    let first = formula.platforms(&release.version).into_iter().next();
    let resolved = match (formula.resolve(&release.version, host), first) {
        (Err(_), Some(platform)) => formula.resolve(&release.version, &platform)?,
        (resolved, _) => resolved?,
    };
    Ok((release, resolved))
}

/// Whether a release is one of those that a spec asks for.
type Fits<'a> = Box<dyn Fn(&Release) -> bool + 'a>;

/// Without `@X` any release that is neither a pre-release nor yanked.
fn fitting<'a>(found: &'a Found, spec: &Spec) -> Result<Fits<'a>> {
    let Some(at) = spec.at.clone() else {
        return Ok(Box::new(|release| {
            !release.version.is_prerelease() && release.yanked.is_none()
        }));
    };
    let at = found.at(&at).map_err(|error| {
        Failure::new(Exit::Usage, error).context(format!("`{spec}` names no version"))
    })?;
    Ok(Box::new(move |release| found.takes(&at, release)))
}

fn page(view: &view::Info) -> Table {
    let mut table = Table::default();
    let slot = view.slot.as_ref().map(|slot| format!(" (slot {slot})")).unwrap_or_default();
    table.field("Name", format!("{}/{}", view.tap, view.name));
    table.field("Summary", view.summary.as_str());
    table.field("Version", format!("{}{slot}", view.version));
    table.field("Date", view.date.clone().unwrap_or_default());
    table.field("License", view.license.as_str());
    table.field("Homepage", view.homepage.clone().unwrap_or_default());
    table.field("Aliases", view.aliases.join(", "));
    let depends = view.depends.iter().map(|depend| {
        let optional = if depend.optional { " (optional)" } else { "" };
        format!("{} {}{optional}", depend.name, depend.constraint)
    });
    table.field("Needs", depends.collect::<Vec<_>>().join(", "));
    table.field("Not linked", view.keg_only.clone().unwrap_or_default());
    table.field("Yanked", view.yanked.clone().unwrap_or_default());
    let why = |told: &Option<view::Told>| told.as_ref().map(|t| t.why.clone()).unwrap_or_default();
    table.field("Deprecated", why(&view.deprecated));
    table.field("Disabled", why(&view.disabled));
    for package in &view.installed {
        table.field("Installed", package.described());
    }
    table.field("Package", view.package.clone().unwrap_or_default());
    for fetch in &view.fetch {
        let from = fetch.url.as_ref().or(fetch.reference.as_ref()).cloned().unwrap_or_default();
        table.field(&format!("From {}", fetch.platform), from);
    }
    for package in &view.published {
        let unpacked = package.unpacked_size.map(|size| format!(", {} unpacked", bytes(size)));
        let sizes = format!("{}{}", bytes(package.size), unpacked.unwrap_or_default());
        table.field(&format!("Package {}", package.platform), sizes);
    }
    let service = view.service.as_ref();
    let service = service.map(|run| format!("{} (pkg does not start it)", run.join(" ")));
    table.field("Service", service.unwrap_or_default());
    table.field("Caveats", view.caveats.clone().unwrap_or_default());
    table
}
