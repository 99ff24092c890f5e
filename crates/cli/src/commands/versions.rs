//! `pkg versions`

use clap::Args;

use crate::{args::examples, complete, failure::Result, session::Session, table::Table, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg versions jaq", "with platforms and dates")]))]
pub struct Versions {
    /// NAME, TAP/NAME or ./FILE.toml
    #[arg(add = complete::formulas())]
    pub spec: String,
}

impl Versions {
    pub(crate) fn run(self, session: &Session) -> Result {
        let found = session.formula_meant(&self.spec.parse()?)?;
        let installed = session.home()?.installed()?;
        let view = view::Versions::of(&found, &installed.named(found.formula.name().as_str()));
        if session.printer.is_json() {
            session.printer.json(&view);
            return Ok(());
        }
        let mut table = Table::new(["Version", "Date", "Slot", "Platforms", ""]);
        for version in view.versions {
            let mut remarks = Vec::new();
            remarks.extend(version.installed.then(|| "installed".to_owned()));
            remarks.extend(version.prerelease.then(|| "pre-release".to_owned()));
            remarks.extend(version.yanked.map(|why| format!("yanked: {why}")));
            let platforms = match version.platforms.join(" ") {
                none if none.is_empty() => "as its index says".to_owned(),
                platforms => platforms,
            };
            let shown = formula::shown_version(&version.version, version.revision);
            let (date, slot) = (version.date.unwrap_or_default(), version.slot.unwrap_or_default());
            table.row([shown, date, slot, platforms, remarks.join(", ")]);
        }
        session.printer.table(&table);
        Ok(())
    }
}
