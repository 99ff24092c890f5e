//! `pkg config`

use clap::Args;

use crate::{
    args::examples,
    failure::Result,
    session::{Session, shown},
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg config", "what holds, and which flag, variable or line says so")]))]
pub struct Config {}

impl Config {
    pub(crate) fn run(self, session: &Session) -> Result {
        let view = view::Config::of(&session.settings);
        if session.printer.is_json() {
            session.printer.json(&view);
            return Ok(());
        }
        let mut table = Table::new(["Setting", "Value", "From"]);
        for setting in view.settings {
            let value = setting.text();
            table.row([setting.name, value, setting.origin]);
        }
        session.printer.table(&table);
        if let Some(file) = &session.settings.config_file {
            let away = if file.exists() { "" } else { ", which is not there" };
            session.printer.note(format_args!("config.toml is {}{away}", shown(file)));
        }
        Ok(())
    }
}
