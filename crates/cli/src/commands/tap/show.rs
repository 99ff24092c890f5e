//! `pkg tap list` and `pkg tap info`

use crate::{failure::Result, session::Session, table::Table, view};

pub(super) fn list(session: &Session) -> Result {
    let view = view::Taps::of(&session.taps()?);
    if session.printer.is_json() {
        session.printer.json(&view);
        return Ok(());
    }
    let mut table = Table::new(["Tap", "Formulas", "Location", "Edition"]).right(1);
    for tap in view.taps {
        table.row([
            tap.name,
            tap.formulas.map_or_else(|| "unreadable".to_owned(), |n| n.to_string()),
            match (tap.location, tap.declared_by) {
                (Some(location), Some(by)) => format!("{location}, by {by}"),
                (location, _) => location.unwrap_or_else(|| "built in".to_owned()),
            },
            tap.serial
                .zip(tap.published_at)
                .map_or_else(String::new, |(s, t)| format!("{s} of {t}")),
        ]);
    }
    session.printer.table(&table);
    Ok(())
}

pub(super) fn info(session: &Session, name: &str) -> Result {
    let taps = session.taps()?;
    let view = view::TapInfo::of(taps.tap(name)?);
    if session.printer.is_json() {
        session.printer.json(&view);
        return Ok(());
    }
    let (tap, mut table) = (view.tap, Table::default());
    table.field("Name", tap.name);
    table.field("Location", tap.location.unwrap_or_else(|| "built in".to_owned()));
    table.field("Formulas", tap.formulas.map_or_else(String::new, |n| n.to_string()));
    table.field("Serial", tap.serial.map_or_else(String::new, |serial| serial.to_string()));
    table.field("Published", tap.published_at.unwrap_or_default());
    table.field("Digest", tap.digest.unwrap_or_default());
    table.field("As of", tap.as_of.unwrap_or_default());
    table.field("Checked", tap.checked_at.unwrap_or_default());
    table.field("Mirror of", view.mirror_of.unwrap_or_default());
    for skipped in view.skipped {
        table.field("Left out", format!("{}: {}", skipped.name, skipped.why));
    }
    session.printer.table(&table);
    Ok(())
}
